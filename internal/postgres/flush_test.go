package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/postgres"
)

func TestFlushMakesWhatIngestCommittedDurable(t *testing.T) {
	t.Parallel()
	w := setup(t)
	owner := w.as(w.urls.Owner)
	for range 20 { // the WAL writer may be faster, but not always
		var written string
		require.NoError(t, w.db.Ingest(t.Context(), []int64{w.mine.Tenant()}, func(tx *postgres.IngestTx) error {
			_, err := tx.Exec(t.Context(), `insert into pending_refs (tenant_id, store_id, target, referrer, voids) values ($1, 1, gen_random_uuid(), now(), false)`, w.mine.Tenant())
			return err
		}))
		require.NoError(t, owner.QueryRow(t.Context(), `select pg_current_wal_insert_lsn()`).Scan(&written))
		require.NoError(t, w.db.Flush(t.Context()))
		var durable bool
		require.NoError(t, owner.QueryRow(t.Context(), `select pg_current_wal_flush_lsn() >= $1::pg_lsn`, written).Scan(&durable))
		require.True(t, durable)
	}
}

func TestACommitThatDidNotHappenIsAnError(t *testing.T) {
	t.Parallel()
	w := setup(t)
	require.ErrorContains(t, w.db.Tenant(t.Context(), w.mine, func(tx *postgres.Tx) error {
		_, err := tx.Exec(t.Context(), `select 1/0`)
		require.Error(t, err)
		return nil // as if nothing had happened
	}), "nothing was committed")
}
