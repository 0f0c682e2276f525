package authn_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/authz"
)

func TestNotesOfEntriesAreKeptForAsLongAsTheyCanHold(t *testing.T) {
	t.Parallel()
	redisServers(t, func(t *testing.T, server keptRedis) {
		t.Helper()
		p := setupPeople(t)
		p.redis = server.url
		r := p.replica()
		ctx := t.Context()
		operator := time.Now().UnixNano()
		noted := func(of int64) []string {
			t.Helper()
			slugs, err := r.sessions.NotedEntries(ctx, of)
			require.NoError(t, err)
			return slugs
		}
		require.Empty(t, noted(operator))
		require.NoError(t, r.sessions.NoteEntry(ctx, operator, "umbra", p.clock.Now().Add(time.Hour)))
		require.NoError(t, r.sessions.NoteEntry(ctx, operator, "acme", p.clock.Now().Add(2*time.Hour)))
		require.Equal(t, []string{"acme", "umbra"}, noted(operator))
		require.Empty(t, noted(operator+1))
		require.NoError(t, r.sessions.ForgetEntry(ctx, operator, "none"))
		p.clock.advance(61 * time.Minute)
		require.Equal(t, []string{"acme"}, noted(operator), "the other is over")
		require.NoError(t, r.sessions.ForgetEntry(ctx, operator, "acme"))
		require.Empty(t, noted(operator))

		for i := range 60 {
			require.NoError(t, r.sessions.NoteEntry(ctx, operator, fmt.Sprintf("t%02d", i), p.clock.Now().Add(authz.MaxEntry-time.Duration(i)*time.Minute)))
		}
		slugs := noted(operator)
		require.Len(t, slugs, 50)
		require.Equal(t, "t49", slugs[49], "those that last longest")
		require.NoError(t, r.sessions.Ping(ctx))
	})
}
