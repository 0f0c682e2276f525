package lrs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// A page of large statements, which a client stores cheaply since they are
// compressed, is not decompressed as a whole before it is cut.
func TestLargeStatementsAreLoadedFewAtATime(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a := f.author()
	var ids []uuid.UUID
	for i := range 7 {
		size := 6 << 20
		if i == 3 {
			size = loadBytes + 1 // more than is held at a time, alone
		}
		ids = append(ids, f.put(a, fmt.Sprintf(`{"actor":{"mbox":"mailto:ada@example.com"},"verb":{"id":"x:v"},"object":{"id":"x:%d"},"result":{"response":%q}}`,
			i, strings.Repeat("x", size)))...)
	}
	require.Equal(t, ids, f.walk(read(a), xapi.Query{Ascending: true}))
	require.Equal(t, ids, f.walk(read(a), xapi.Query{Ascending: true, Verb: "x:v"}))
	slices.Reverse(ids)
	require.Equal(t, ids, f.walk(read(a), xapi.Query{}))
	page, err := f.Find(t.Context(), read(a), &xapi.Query{}, 0)
	require.NoError(t, err)
	require.Len(t, page.Records, 3)

	var times []int64
	for _, rec := range page.Records {
		times = append(times, rec.Stored.UnixMicro())
	}
	f.tx(a.Tenant, func(ctx context.Context, tx *postgres.Tx) error {
		some, rest, err := f.load(ctx, tx, read(a), times)
		require.NoError(t, err)
		require.Len(t, some, 2)
		require.Equal(t, times[2:], rest)
		require.Equal(t, ids[0], some[0].id)
		return nil
	})
}
