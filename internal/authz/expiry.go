package authz

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// That an operator is out when the time is over, the clock sees to
// (snapshot.until). The log is told by whoever reads the tenant's permissions
// next, on any replica and before anything is decided by them: so it stands
// there before anybody can look. Replicas that know of an entry do not wait for
// somebody to come.

// expiryEvery is how late the log is told of an entry in a tenant where nobody is.
const expiryEvery = 10 * time.Second

// expire looks at tenants in which an entry has ended, until ctx ends.
func (p *Policies) expire(ctx context.Context) {
	tick := time.NewTicker(expiryEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.expired(ctx)
		case <-ctx.Done():
			return
		}
	}
}

func (p *Policies) expired(ctx context.Context) {
	for _, tenant := range p.cache.over(p.clock()) {
		if _, err := p.cache.get(ctx, tenant); err != nil && ctx.Err() == nil {
			p.logger.Warn("an operator's entry that expired could not be told of; tried again soon", "tenant", tenant, "error", err)
		}
	}
}

// tell tells the log of entries that are over, if that can be written now.
func (p *Policies) tell(ctx context.Context, tenant int64, s *snapshot) {
	err := p.db.Tenant(ctx, postgres.NewScope(tenant, "system:authz"), func(tx *postgres.Tx) error { return tellExpired(tx, p.clock()) })
	if err == nil {
		s.untold = false
		return
	}
	p.logger.Warn("an operator's entry that expired could not be told of; tried again soon", "tenant", tenant, "error", err)
}

// tellExpired ends entries that are over and tells the tenant's log, once each:
// a replica that comes second waits for the row and finds it ended.
func tellExpired(tx *postgres.Tx, now time.Time) error {
	rows, err := tx.Query(tx.Context(), `update entries set left_at = expires_at where tenant_id = $1 and left_at is null and expires_at <= $2
		returning id, operator_id, operator, reason, level, entered_at, expires_at, left_at`, tx.TenantID(), now)
	if err != nil {
		return err
	}
	expired, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Entry])
	if err != nil {
		return err
	}
	for i := range expired {
		e := &expired[i]
		if err := audit.Record(tx, audit.Event{
			Type: audit.OperatorLeft, Target: e.target(),
			Details: map[string]any{"entry": id.Text(e.ID), "reason": e.Reason, "level": string(e.Level), "ended": "expired", "expired_at": e.ExpiresAt},
		}); err != nil {
			return err
		}
	}
	return nil
}
