package lrs

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// wide is a statement of a group of n members.
func wide(id uuid.UUID, n int) string {
	members := make([]string, n)
	for i := range members {
		members[i] = fmt.Sprintf(`{"mbox":"mailto:m%d@example.com"}`, i)
	}
	return fmt.Sprintf(`{"id":%q,"actor":{"objectType":"Group","member":[%s]},"verb":{"id":"https://example.com/verbs/did"},"object":{"id":"https://example.com/one"}}`,
		id, strings.Join(members, ","))
}

// A few statements may be in very many lists: they are merged as so many
// statements are, and a transaction at a time takes no more than it can.
func TestWideStatementsAreMergedSoonAndInPieces(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.merge, f.piece = 20, 1000
	f.LRS = f.another()
	a := f.author()
	state := func() (waiting, merged int) {
		f.tx(a.Tenant, func(ctx context.Context, tx *postgres.Tx) error {
			return tx.QueryRow(ctx, `select (select sum(length(lists)) from waiting_lists), (select count(*) from statement_rel)`).Scan(&waiting, &merged)
		})
		return waiting, merged
	}
	var ids []uuid.UUID
	put := func(body func(uuid.UUID) string) {
		ids = append([]uuid.UUID{uuid.New()}, ids...)
		f.put(a, body(ids[0]))
		for _, member := range []string{"m0", "m300", "m599"} {
			require.Equal(t, ids[len(ids)-1:], f.walk(read(a), xapi.Query{Agent: "mbox:mailto:" + member + "@example.com"}))
		}
		require.Equal(t, ids, f.walk(read(a), xapi.Query{Verb: "https://example.com/verbs/did"}))
	}
	put(func(id uuid.UUID) string { return wide(id, 600) }) // 6,000 bytes: as many as 23 statements have
	waiting, merged := state()
	require.InDelta(t, 400, merged, 20)
	require.InDelta(t, 2000, waiting, 200)
	for range 3 {
		put(func(id uuid.UUID) string { return simple(id, "ada", "did", "one") })
	}
	waiting, merged = state()
	require.Zero(t, waiting, "what was left went with the next groups")
	for range 10 { // few, and short again: they wait
		put(func(id uuid.UUID) string { return simple(id, "ada", "did", "one") })
	}
	waiting, again := state()
	require.NotZero(t, waiting)
	require.Equal(t, merged, again)
}
