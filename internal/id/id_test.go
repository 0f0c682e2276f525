package id_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/stoa-lrs/stoa/internal/id"
)

func TestEveryIDHasOneSpelling(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, id.Max).Draw(t, "n")
		back, ok := id.Parse(id.Text(n))
		require.True(t, ok)
		require.Equal(t, n, back)
		text := rapid.StringMatching(`[0-9a-zA-Z]{7,9}`).Draw(t, "text")
		if n, ok := id.Parse(text); ok {
			require.Equal(t, text, id.Text(n))
		}
	})
	for _, text := range []string{"", "00000000", "h4k2m9q", "h4k2m9q00", "H4K2M9Q0", "h4k2m9i0", "h4k2m9 0"} {
		_, ok := id.Parse(text)
		require.False(t, ok, text)
	}
}

func TestIDsAreWithinTheirBounds(t *testing.T) {
	t.Parallel()
	seen := map[int64]bool{}
	for range 1000 {
		n := id.New()
		require.Positive(t, n)
		require.LessOrEqual(t, n, int64(id.Max))
		seen[n] = true
	}
	require.Len(t, seen, 1000)
}
