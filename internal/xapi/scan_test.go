package xapi

import (
	"bytes"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"
)

// walk reads a value with scan and writes it again, without white space.
func walk(dst, raw []byte) []byte {
	s := scanOf(raw)
	if s.at == len(raw) {
		return append(dst, bytes.TrimSpace(raw)...)
	}
	brackets := "[]"
	if s.object {
		brackets = "{}"
	}
	dst = append(dst, brackets[0])
	for i := 0; s.next(); i++ {
		if i > 0 {
			dst = append(dst, ',')
		}
		if s.object {
			dst = append(append(dst, s.key...), ':')
		}
		dst = walk(dst, s.value)
	}
	return append(dst, brackets[1])
}

func FuzzScan(f *testing.F) {
	for _, seed := range []string{
		`{}`, ` [ ] `, `{"a":1,"b":[true,null,-1.5e+3],"c":{"d":"\"}\\"}}`, `"\\\\\""`, `[[[[{"":""}]]]]`, `{"a"`, `{"a":`, `[1,`, `{7:8}`, `{"a":}`, `]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got := walk(nil, raw)
		want := jsontext.Value(raw).Clone()
		if !want.IsValid() {
			return // that it came back is all that is asked
		}
		require.NoError(t, want.Compact())
		require.Equal(t, string(want), string(got), "%s", raw)
	})
}
