package httpapi

import (
	"time"

	"github.com/stoa-lrs/stoa/internal/postgres"
)

// PruneIdempotency forgets answers of creates that nobody can ask for again, at
// most 1,000, and returns how many.
func PruneIdempotency(tx *postgres.Tx, now time.Time) (int64, error) {
	return tx.Exec(tx.Context(), `delete from idempotency where ctid = any (array(
		select ctid from idempotency where tenant_id = $1 and created_at < $2 order by created_at limit 1000 for update skip locked))`,
		tx.TenantID(), now.Add(-24*time.Hour))
}
