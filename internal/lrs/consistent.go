package lrs

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/postgres"
)

// queueConsistentThrough asks up to when everything that was stored is visible
// to the statements that follow in b (xAPI 1.0.3 Communication 2.1.3,
// X-Experience-API-Consistent-Through).
//
// The greatest visible stored time is always right: a store's transactions
// take their times under its lock, one after the other. When the lock is free
// now, nothing is under way, and whoever takes it next gets a time after this
// clock reading. The savepoint gives the lock back at once: a reader must not
// hold writers up.
func queueConsistentThrough(b *pgx.Batch, store int64, to *time.Time) {
	b.Queue(`savepoint consistent`)
	b.Queue(`
		select clock_timestamp(), pg_try_advisory_xact_lock_shared($1),
		       (select stored from statements where store_id = $1 order by stored desc limit 1)`, store).
		QueryRow(func(row pgx.Row) error {
			var clock time.Time
			var free bool
			var last *time.Time
			if err := row.Scan(&clock, &free, &last); err != nil {
				return err
			}
			*to = time.Unix(0, 0).UTC()
			if last != nil {
				*to = last.UTC()
			}
			if free && clock.After(*to) {
				*to = clock.UTC()
			}
			return nil
		})
	b.Queue(`rollback to savepoint consistent`)
}

// ConsistentThrough returns the time up to which everything that was stored is
// visible to the caller's next query.
func (r *LRS) ConsistentThrough(ctx context.Context, in Read) (time.Time, error) {
	var at time.Time
	err := r.read(ctx, in, func(tx *postgres.Tx) error {
		b := &pgx.Batch{}
		queueConsistentThrough(b, in.Store, &at)
		return tx.SendBatch(ctx, b).Close()
	})
	return at, err
}
