package authn

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/keyring"
)

// Who can write to Redis can neither make a session nor move one to another cookie.
func TestASessionIsSealedToItsKey(t *testing.T) {
	t.Parallel()
	c := keyring.Config{File: filepath.Join(t.TempDir(), "keyring.json")}
	require.NoError(t, keyring.Create(t.Context(), c, time.Now()))
	ring, err := keyring.Open(t.Context(), c)
	require.NoError(t, err)
	s := &Sessions{keyring: ring}
	sealed, err := s.seal("stoa:session:a", &record{Device: "d", SignIns: []SignedIn{{Tenant: 1, Member: 2, Email: "ada@example.com"}}})
	require.NoError(t, err)
	require.NotContains(t, string(sealed), "ada@")
	require.Equal(t, "d", s.open("stoa:session:a", sealed).Device)
	require.Nil(t, s.open("stoa:session:b", sealed), "moved")
	require.Nil(t, s.open("stoa:session:a", nil))
	require.Nil(t, s.open("stoa:session:a", []byte(`{"begun":"2026-01-01T00:00:00Z","sign_ins":[{"tenant":1,"member":2}]}`)), "made by hand")
	for i := range sealed {
		changed := append([]byte{}, sealed...)
		changed[i] ^= 1
		require.Nil(t, s.open("stoa:session:a", changed), "byte %d", i)
	}
}
