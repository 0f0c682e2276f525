package lrs

import (
	"time"

	"github.com/stoa-lrs/stoa/internal/postgres"
)

// PruneViewings forgets how much people looked at before yesterday's hours, at
// most 1,000 rows, and returns how many. The log tells it for longer.
func PruneViewings(tx *postgres.Tx, now time.Time) (int64, error) {
	return tx.Exec(tx.Context(), `delete from viewings where ctid = any (array(
		select ctid from viewings where tenant_id = $1 and hour < $2 limit 1000 for update skip locked))`,
		tx.TenantID(), now.Add(-24*time.Hour))
}
