package httpapi

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A token opens for whom it was made, and for nobody else; no bit of it can be changed.
func TestMoreTokens(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		old := &moreTokens{map[int16][]byte{1: []byte("one")}, 1}
		rotated := &moreTokens{map[int16][]byte{1: []byte("one"), 2: []byte("two")}, 2}
		who := moreReader{rapid.Int64().Draw(t, "tenant"), rapid.Int64().Draw(t, "store"), rapid.Int64().Draw(t, "key")}
		query, cursor := rapid.String().Draw(t, "query"), rapid.Int64().Draw(t, "cursor")
		token := old.encode(who, query, cursor)
		for _, m := range []*moreTokens{old, rotated} {
			gotQuery, gotCursor, err := m.decode(who, token)
			require.NoError(t, err)
			require.Equal(t, query, gotQuery)
			require.Equal(t, cursor, gotCursor)
		}
		_, _, err := old.decode(who, rotated.encode(who, query, cursor))
		require.Error(t, err, "of a secret that is not known")
		for _, other := range []moreReader{{who.tenant + 1, who.store, who.key}, {who.tenant, who.store + 1, who.key}, {who.tenant, who.store, who.key + 1}} {
			_, _, err := old.decode(other, token)
			require.Error(t, err)
		}
		raw, err := base64.RawURLEncoding.DecodeString(token)
		require.NoError(t, err)
		i := rapid.IntRange(0, len(raw)*8-1).Draw(t, "bit")
		raw[i/8] ^= 1 << (i % 8)
		_, _, err = rotated.decode(who, base64.RawURLEncoding.EncodeToString(raw))
		require.Error(t, err)
	})
}

func FuzzMoreTokens(f *testing.F) {
	m := &moreTokens{map[int16][]byte{1: []byte("one")}, 1}
	who := moreReader{1, 2, 3}
	f.Add(m.encode(who, "limit=1", 7))
	f.Add("")
	f.Fuzz(func(t *testing.T, token string) {
		query, cursor, err := m.decode(who, token)
		if err == nil {
			require.Equal(t, token, m.encode(who, query, cursor))
		}
	})
}
