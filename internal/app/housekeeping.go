package app

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/stoa-lrs/stoa/internal/httpapi"
	"github.com/stoa-lrs/stoa/internal/lrs"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
	"github.com/stoa-lrs/stoa/internal/usage"
)

const (
	housekeepingEvery = time.Hour // a tenant's turn; a third more or less, so that replicas do not meet
	housekeepingTurns = 20        // of one tenant in a row, each forgetting up to 1,000 rows of a table
)

// prune forgets some of what is over in the tenant of tx, at most 1,000 rows,
// and returns how many. Each belongs to the package that owns the table.
type prune func(tx *postgres.Tx, now time.Time) (int64, error)

// housekeeper forgets what is over and only takes up room. Every replica runs
// one: two at once do no harm, for what one has deleted the other does not find.
type housekeeper struct {
	db       *postgres.DB
	operator *postgres.Operator
	log      *slog.Logger
	prunes   []prune
}

func newHousekeeper(db *postgres.DB, operator *postgres.Operator, log *slog.Logger) *housekeeper {
	return &housekeeper{db: db, operator: operator, log: log, prunes: []prune{
		tenant.PruneEndedSessions, tenant.PruneRecoveries, tenant.PruneTokens, httpapi.PruneIdempotency, lrs.PruneViewings, usage.Prune,
	}}
}

// run keeps house until ctx ends.
func (h *housekeeper) run(ctx context.Context) {
	for {
		wait := time.NewTimer(housekeepingEvery*2/3 + rand.N(housekeepingEvery*2/3)) //nolint:gosec // when does not matter
		select {
		case <-ctx.Done():
			wait.Stop()
			return
		case <-wait.C:
		}
		began := time.Now()
		rows, err := h.round(ctx, began)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			h.log.WarnContext(ctx, "housekeeping did not come to its end; it is tried again", "rows", rows, "error", err)
		case rows > 0:
			h.log.InfoContext(ctx, "housekeeping", "rows", rows, "seconds", time.Since(began).Seconds())
		}
	}
}

// round visits the platform and every tenant, page by page, and returns how
// many rows went. One tenant's failure does not keep it from the next; it
// returns the last one.
func (h *housekeeper) round(ctx context.Context, now time.Time) (rows int64, err error) {
	platform, err := tenant.Platform(ctx, h.operator)
	if err != nil {
		return 0, err
	}
	rows, failed := h.visit(ctx, platform, now)
	for page := (tenant.Page{Limit: 1000}); ; {
		tenants, next, err := tenant.List(ctx, h.operator, page)
		if err != nil {
			return rows, err
		}
		for i := range tenants {
			n, err := h.visit(ctx, &tenants[i], now)
			rows += n
			if ctx.Err() != nil {
				return rows, ctx.Err()
			}
			if err != nil {
				failed = err
			}
		}
		if next == "" {
			return rows, failed
		}
		page.After = next
	}
}

// visit lets every prune run in one tenant, again while there was something. A
// tenant with nothing to do costs one transaction of a few look-ups.
func (h *housekeeper) visit(ctx context.Context, t *tenant.Tenant, now time.Time) (rows int64, err error) {
	for range housekeepingTurns {
		var deleted int64
		if err := h.db.Tenant(ctx, t.Scope("system:housekeeping"), func(tx *postgres.Tx) error {
			deleted = 0
			for _, p := range h.prunes {
				n, err := p(tx, now)
				if err != nil {
					return err
				}
				deleted += n
			}
			return nil
		}); err != nil {
			return rows, err
		}
		if rows += deleted; deleted == 0 {
			break
		}
	}
	return rows, nil
}
