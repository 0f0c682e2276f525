package tenant

import (
	"time"

	"github.com/stoa-lrs/stoa/internal/postgres"
)

// How long what is over can still be looked at. The log tells of it for longer.
const (
	recoveryKept = 30 * 24 * time.Hour
	tokenKept    = 90 * 24 * time.Hour
)

// PruneRecoveries forgets recovery links that ended a month ago, at most
// 1,000, and returns how many.
func PruneRecoveries(tx *postgres.Tx, now time.Time) (int64, error) {
	return tx.Exec(tx.Context(), `delete from recovery_links where ctid = any (array(
		select ctid from recovery_links where tenant_id = $1 and expires_at < $2 limit 1000 for update skip locked))`,
		tx.TenantID(), now.Add(-recoveryKept))
}

// PruneTokens forgets access tokens that expired or were revoked 90 days ago,
// at most 1,000, and returns how many.
func PruneTokens(tx *postgres.Tx, now time.Time) (int64, error) {
	return tx.Exec(tx.Context(), `delete from access_tokens where ctid = any (array(
		select ctid from access_tokens where tenant_id = $1 and least(expires_at, revoked_at) < $2 limit 1000 for update skip locked))`,
		tx.TenantID(), now.Add(-tokenKept))
}
