package xapi_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/stoa-lrs/stoa/internal/xapi"
)

var envelope = xapi.Envelope{
	ID:        uuid.MustParse(someID),
	Stored:    time.Date(2026, 1, 2, 3, 4, 5, 6_000, time.FixedZone("", 3600)),
	Authority: []byte(`{"objectType":"Agent","mbox":"mailto:key@example.org"}`),
}

const enveloped = `{"id":"` + someID + `","stored":"2026-01-02T02:04:05.000006Z","authority":{"objectType":"Agent","mbox":"mailto:key@example.org"}`

func TestEnvelopeAppend(t *testing.T) {
	t.Parallel()
	const stored = `,"timestamp":"2026-01-02T02:04:05.000006Z"`
	for name, c := range map[string]struct{ text, v1, v2 string }{
		"without a timestamp it is that of stored": {
			`{"verb":{"id":"a:b"}}`,
			enveloped + stored + `,"verb":{"id":"a:b"}}`,
			enveloped + stored + `,"verb":{"id":"a:b"}}`,
		},
		"with one in UTC nothing changes": {
			` { "timestamp" : "2026-01-01T00:00:00.10Z" } `,
			enveloped + `, "timestamp" : "2026-01-01T00:00:00.10Z" } `,
			enveloped + `, "timestamp" : "2026-01-01T00:00:00.10Z" } `,
		},
		"with an offset it is in UTC under 2.0, to the last digit": {
			`{"timestamp":"2026-01-01T00:30:00.1234567890120+01:00","x":1.0}`,
			enveloped + `,"timestamp":"2026-01-01T00:30:00.1234567890120+01:00","x":1.0}`,
			enveloped + `,"timestamp":"2025-12-31T23:30:00.1234567890120Z","x":1.0}`,
		},
		"a short form of 1.0.3 is spelled out under 2.0": {
			`{"timestamp":"20260101T0030Z"}`,
			enveloped + `,"timestamp":"20260101T0030Z"}`,
			enveloped + `,"timestamp":"2026-01-01T00:30:00Z"}`,
		},
		"a SubStatement's own timestamp too": {
			`{"object":{"objectType":"SubStatement","timestamp":"2026-01-01T02:00:00-02:00"},"timestamp":"2026-01-01T02:00:00+02:00"}`,
			enveloped + `,"object":{"objectType":"SubStatement","timestamp":"2026-01-01T02:00:00-02:00"},"timestamp":"2026-01-01T02:00:00+02:00"}`,
			enveloped + `,"object":{"objectType":"SubStatement","timestamp":"2026-01-01T04:00:00Z"},"timestamp":"2026-01-01T00:00:00Z"}`,
		},
		"a SubStatement's timestamp is not the statement's": {
			`{"object":{"timestamp":"2026-01-01T02:00:00+00:00","objectType":"SubStatement"}}`,
			enveloped + stored + `,"object":{"timestamp":"2026-01-01T02:00:00+00:00","objectType":"SubStatement"}}`,
			enveloped + stored + `,"object":{"timestamp":"2026-01-01T02:00:00Z","objectType":"SubStatement"}}`,
		},
		"what is called timestamp elsewhere is left alone": {
			`{"object":{"id":"a:b","definition":{"extensions":{"x:timestamp":"2026-01-01T02:00:00+01:00"}}},"context":{"extensions":{"y:z":{"timestamp":"2026-01-01T02:00:00+01:00"}}}}`,
			enveloped + stored + `,"object":{"id":"a:b","definition":{"extensions":{"x:timestamp":"2026-01-01T02:00:00+01:00"}}},"context":{"extensions":{"y:z":{"timestamp":"2026-01-01T02:00:00+01:00"}}}}`,
			enveloped + stored + `,"object":{"id":"a:b","definition":{"extensions":{"x:timestamp":"2026-01-01T02:00:00+01:00"}}},"context":{"extensions":{"y:z":{"timestamp":"2026-01-01T02:00:00+01:00"}}}}`,
		},
		"escapes do not hide it": {
			`{"\u0074imestamp":"2026-01-01T02:00:00\u002b01:00"}`,
			enveloped + `,"\u0074imestamp":"2026-01-01T02:00:00\u002b01:00"}`,
			enveloped + `,"\u0074imestamp":"2026-01-01T01:00:00Z"}`,
		},
		"nothing but the envelope": {`{}`, enveloped + stored + `}`, enveloped + stored + `}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.v1, string(envelope.Append(nil, []byte(c.text), xapi.V1)))
			require.Equal(t, "["+c.v2, string(envelope.Append([]byte("["), []byte(c.text), xapi.V2)))
			require.True(t, json.Valid([]byte(c.v2)), c.v2)
		})
	}
}

// anyValue draws JSON text of any shape, with names that the envelope looks for.
func anyValue(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		kind := rapid.IntRange(0, 5).Draw(t, "kind")
		if depth == 0 {
			kind %= 4
		}
		space := rapid.SampledFrom([]string{"", " ", "\n\t"}).Draw(t, "space")
		switch kind {
		case 0:
			return rapid.SampledFrom([]string{"0", "-1.50", "1e2", "123456789012345678901234567890", "true", "null"}).Draw(t, "literal")
		case 1:
			return rapid.SampledFrom([]string{
				`"2026-01-01T02:00:00+01:00"`, `"2026-01-01T02:00:00.5Z"`, `"SubStatement"`, `"\\\""`, `"{[,"`, `"]}\u0074"`,
			}).Draw(t, "known")
		case 2, 3:
			text, err := jsontext.AppendQuote(nil, strings.ToValidUTF8(rapid.String().Draw(t, "text"), "?"))
			require.NoError(t, err)
			return string(text)
		case 4:
			return "[" + space + strings.Join(rapid.SliceOfN(anyValue(depth-1), 0, 4).Draw(t, "elements"), space+","+space) + space + "]"
		}
		names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"timestamp", "object", "objectType", "context", "a", "b", `\"c`}), 0, 5, rapid.ID[string]).Draw(t, "names")
		for i, name := range names {
			names[i] = `"` + name + `"` + space + ":" + anyValue(depth-1).Draw(t, name)
		}
		return "{" + space + strings.Join(names, space+",") + space + "}"
	})
}

func TestEnvelopeIsValidJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := `{"verb":{"id":"a:b"},"object":` + anyValue(3).Draw(t, "object") + `,"result":` + anyValue(2).Draw(t, "result") + "}"
		for _, v := range xapi.Versions {
			got := envelope.Append(nil, []byte(text), v)
			require.True(t, jsontext.Value(got).IsValid(), "%s", got)
			var members map[string]json.RawMessage
			require.NoError(t, json.Unmarshal(got, &members))
			require.Len(t, members, 7)
			require.JSONEq(t, `{"id":"a:b"}`, string(members["verb"]))
			for f := range xapi.FormatCanonical + 1 {
				formatted, err := xapi.FormatStatement(nil, got, f, nil)
				if err == nil {
					require.True(t, jsontext.Value(formatted).IsValid(), "%s", formatted)
				}
			}
		}
	})
}

func BenchmarkEnvelope(b *testing.B) {
	text := []byte(strings.Replace(full, `"id":"`+someID+`",`, `"timestamp":"2026-01-02T03:04:05Z",`, 1))
	var dst []byte
	for b.Loop() {
		dst = envelope.Append(dst[:0], text, xapi.V2)
	}
	b.SetBytes(int64(len(dst)))
}

func BenchmarkFormat(b *testing.B) {
	for f := range xapi.FormatCanonical + 1 {
		b.Run(f.String(), func(b *testing.B) {
			formatter := xapi.NewFormatter(f, xapi.ParseAcceptLanguage("de-CH,de;q=0.9,en;q=0.8"))
			text, dst := []byte(full), []byte(nil)
			for b.Loop() {
				dst, _ = formatter.Append(dst[:0], text)
			}
			b.SetBytes(int64(len(dst)))
		})
	}
}
