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
	resumeTries       = 5         // at the start; after that a tenant's turn does it
	resumeRetry       = 10 * time.Second
)

// prune forgets some of what is over in the tenant of tx, at most 1,000 rows,
// and returns how many. Each belongs to the package that owns the table.
type prune func(tx *postgres.Tx, now time.Time) (int64, error)

// housekeeper forgets what is over and only takes up room, and goes on with what
// a process that is gone has left undone. Every replica runs one: two at once do
// no harm, for what one has done the other does not find.
type housekeeper struct {
	db       *postgres.DB
	operator *postgres.Operator
	log      *slog.Logger
	resume   func(tx *postgres.Tx) error // goes on in the tenant of tx
	prunes   []prune
}

func newHousekeeper(db *postgres.DB, operator *postgres.Operator, record *lrs.LRS, log *slog.Logger) *housekeeper {
	return &housekeeper{db: db, operator: operator, log: log, resume: record.Resume, prunes: []prune{
		tenant.PruneEndedSessions, tenant.PruneRecoveries, tenant.PruneTokens, httpapi.PruneIdempotency, lrs.PruneViewings, usage.Prune,
	}}
}

// run resumes at once, in every tenant, and keeps house until ctx ends.
func (h *housekeeper) run(ctx context.Context) {
	for range resumeTries {
		err := h.resumeAll(ctx)
		if err == nil || ctx.Err() != nil {
			break
		}
		h.log.WarnContext(ctx, "what another process may have left undone was not looked for; it is tried again", "error", err)
		pause(ctx, resumeRetry)
	}
	for {
		pause(ctx, housekeepingEvery*2/3+rand.N(housekeepingEvery*2/3)) //nolint:gosec // when does not matter
		if ctx.Err() != nil {
			return
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

// pause returns after wait, or when ctx ends.
func pause(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

func (h *housekeeper) resumeAll(ctx context.Context) error {
	_, err := h.each(ctx, func(t *tenant.Tenant) (int64, error) {
		return 0, h.db.Tenant(ctx, t.Scope("system:housekeeping"), h.resume)
	})
	return err
}

// round visits every tenant and returns how many rows went.
func (h *housekeeper) round(ctx context.Context, now time.Time) (rows int64, err error) {
	return h.each(ctx, func(t *tenant.Tenant) (int64, error) { return h.visit(ctx, t, now) })
}

// each calls visit for the platform and every tenant, page by page, and returns
// the sum. One tenant's failure does not keep it from the next; it returns the
// last one.
func (h *housekeeper) each(ctx context.Context, visit func(*tenant.Tenant) (int64, error)) (rows int64, err error) {
	platform, err := tenant.Platform(ctx, h.operator)
	if err != nil {
		return 0, err
	}
	rows, failed := visit(platform)
	for page := (tenant.Page{Limit: 1000}); ; {
		tenants, next, err := tenant.List(ctx, h.operator, page)
		if err != nil {
			return rows, err
		}
		for i := range tenants {
			n, err := visit(&tenants[i])
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

// visit resumes in one tenant and lets every prune run, again while there was
// something. A tenant with nothing to do costs one transaction of a few look-ups.
func (h *housekeeper) visit(ctx context.Context, t *tenant.Tenant, now time.Time) (rows int64, err error) {
	for range housekeepingTurns {
		var deleted int64
		if err := h.db.Tenant(ctx, t.Scope("system:housekeeping"), func(tx *postgres.Tx) error {
			deleted = 0
			if err := h.resume(tx); err != nil {
				return err
			}
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
