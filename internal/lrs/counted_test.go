package lrs

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/usage"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// held is what a's store has been given and holds, as counted.
func (f *fixture) held(a Author) (statements, bytes int64, kept usage.Bytes) {
	f.t.Helper()
	require.NoError(f.t, f.meter.Flush(f.t.Context()))
	require.NoError(f.t, f.AddUp(f.t.Context()))
	f.tx(a.Tenant, func(ctx context.Context, tx *postgres.Tx) error {
		err := tx.QueryRow(ctx, `select coalesce(sum(statements), 0)::bigint, coalesce(sum(bytes), 0)::bigint from usage_statements where tenant_id = $1 and store_id = $2`,
			a.Tenant, a.Store).Scan(&statements, &bytes)
		if err != nil {
			return err
		}
		return tx.QueryRow(ctx, `select coalesce(sum(statements), 0)::bigint, coalesce(sum(documents), 0)::bigint, coalesce(sum(attachments), 0)::bigint
			from usage_storage where tenant_id = $1 and store_id = $2`, a.Tenant, a.Store).Scan(&kept.Statements, &kept.Documents, &kept.Attachments)
	})
	return statements, bytes, kept
}

// really is the same by the rows themselves.
func (f *fixture) really(a Author) (statements, bytes int64) {
	f.t.Helper()
	f.tx(a.Tenant, func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select count(*), coalesce(sum(octet_length(payload)), 0)::bigint from statements where tenant_id = $1 and store_id = $2`,
			a.Tenant, a.Store).Scan(&statements, &bytes)
	})
	return statements, bytes
}

// Replicas, duplicates, conflicts and groups of several stores: each statement counts once.
func TestStatementsAreCountedExactly(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.meter = usage.NewMeter(f.db, nil, nil)
	t.Cleanup(f.meter.Close)
	a, b := f.author(), f.author()
	replica := f.another()
	merging := New(Config{DB: f.db, Merge: 7}) // merges all the time
	t.Cleanup(merging.Close)
	same := make([]string, 20)
	for i := range same {
		same[i] = simple(uuid.New(), "ada", "did", "a")
	}
	taken := uuid.New()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			r, to := []*LRS{f.LRS, replica, merging}[i%3], a
			if i%4 < 2 {
				to = b
			}
			for _, s := range same { // again and again
				_, err := r.Commit(t.Context(), Write{to, batch(t, "["+s+","+simple(uuid.New(), "bob", "did", "b")+"]")})
				if err != nil {
					t.Error(err)
				}
				// One of these is stored, and the others are refused.
				_, _ = r.Commit(t.Context(), Write{to, batch(t, simple(taken, "ada", "did", uuid.NewString()))})
			}
		})
	}
	adding := make(chan struct{})
	go func() { // while they are stored
		defer close(adding)
		for range 20 {
			f.counter.touch(storeName{a.Tenant, a.Store}, storeName{b.Tenant, b.Store})
			if err := f.AddUp(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}()
	all.Wait()
	<-adding
	f.tx(a.Tenant, func(_ context.Context, tx *postgres.Tx) error { return f.Resume(tx) })
	f.tx(b.Tenant, func(_ context.Context, tx *postgres.Tx) error { return f.Resume(tx) })
	for _, of := range []Author{a, b} {
		statements, bytes := f.really(of)
		counted, size, kept := f.held(of)
		require.EqualValues(t, 20+4*20+1, statements)
		require.Equal(t, statements, counted)
		require.Equal(t, bytes, size)
		require.Zero(t, kept)
	}
}

func TestEmptyingLowersStorageAndNotWhatWasStored(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.meter = usage.NewMeter(f.db, nil, nil)
	t.Cleanup(f.meter.Close)
	a := f.author()
	f.put(a, simple(uuid.New(), "ada", "did", "a"))
	f.put(a, simple(uuid.New(), "ada", "did", "b"))
	for range 2 { // the second time it is there already
		require.NoError(t, f.PutAttachment(t.Context(), a, "abc", strings.NewReader("12345")))
	}
	require.NoError(t, f.WriteDocument(t.Context(), read(a), state("s"), set("1234567")))
	require.NoError(t, f.WriteDocument(t.Context(), read(a), state("s"), set("123")))
	require.NoError(t, f.WriteDocument(t.Context(), read(a), state("other"), set("12")))
	require.NoError(t, f.WriteDocument(t.Context(), read(a), state("gone"), set("1")))
	require.NoError(t, f.WriteDocument(t.Context(), read(a), state("gone"), func(*Document) (*xapi.Document, error) { return nil, nil }))
	statements, bytes, kept := f.held(a)
	require.EqualValues(t, 2, statements)
	require.Positive(t, bytes)
	require.Equal(t, usage.Bytes{Documents: 5, Attachments: 5}, kept)

	_, err := f.Empty(t.Context(), read(a).Scope, a.Store)
	require.NoError(t, err)
	again, size, kept := f.held(a)
	require.Equal(t, statements, again)
	require.Equal(t, bytes, size)
	require.Equal(t, usage.Bytes{Statements: -bytes}, kept, "nothing is left")

	require.NoError(t, f.WriteDocument(t.Context(), read(a), state("s"), set("123")))
	all := *state("")
	require.NoError(t, f.DeleteDocuments(t.Context(), read(a), &all))
	_, _, kept = f.held(a)
	require.Zero(t, kept.Documents)
	require.NoError(t, f.db.TenantRead(t.Context(), read(a).Scope, func(tx *postgres.Tx) error {
		day := time.Now().UTC().Truncate(24 * time.Hour)
		days, _, err := usage.Days(tx, a.Store, usage.Range{From: day, To: day}, postgres.Page{})
		require.Zero(t, days[0].Storage)
		return err
	}))
}

// Whoever holds one store's lock for long holds nobody else up, and its
// statements are counted later.
func TestAStoreThatIsBusyHoldsNoOtherUp(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.meter = usage.NewMeter(f.db, nil, nil)
	t.Cleanup(f.meter.Close)
	idle, busy := f.author(), f.author() // idle's lock is the first to be taken
	f.put(idle, simple(uuid.New(), "ada", "did", "a"))
	f.put(busy, simple(uuid.New(), "ada", "did", "a"))
	f.tx(busy.Tenant, func(ctx context.Context, tx *postgres.Tx) error {
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock($1)`, busy.Store); err != nil {
			return err
		}
		require.NoError(t, f.counter.add(context.Background()))
		for _, a := range []Author{idle, busy} {
			var n int
			if err := f.db.TenantRead(context.Background(), read(a).Scope, func(tx *postgres.Tx) error {
				return tx.QueryRow(tx.Context(), `select coalesce(sum(statements), 0) from usage_statements where tenant_id = $1`, a.Tenant).Scan(&n)
			}); err != nil {
				return err
			}
			require.Equal(t, a.Store == idle.Store, n == 1)
		}
		return nil
	})
	statements, _, _ := f.held(busy)
	require.EqualValues(t, 1, statements)
}
