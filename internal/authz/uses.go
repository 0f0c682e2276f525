package authz

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/stoa-lrs/stoa/internal/postgres"
)

// uses collects when each grant was last used, and writes that down once a
// minute: one UPDATE a tenant instead of one a request. What cannot be written
// stays for the next time; a crash loses the last minute.
type uses struct {
	db     *postgres.DB
	logger *slog.Logger

	mu      sync.Mutex
	pending map[use]time.Time
}

type use struct{ tenant, grant int64 }

const (
	usesEvery  = time.Minute
	maxPending = 100_000 // bounds the memory while the database is away
	maxUses    = 1000    // that one statement writes
)

// note remembers that a decision was made use of, at most once a minute.
func (u *uses) note(tenant int64, d *decision, at time.Time) {
	if len(d.by) == 0 {
		return
	}
	minute, noted := at.Unix()/60, d.noted.Load()
	if noted >= minute || !d.noted.CompareAndSwap(noted, minute) {
		return
	}
	for _, grant := range d.by {
		u.add(use{tenant, grant}, at)
	}
}

func (u *uses) add(of use, at time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if last, there := u.pending[of]; !there && len(u.pending) >= maxPending || last.After(at) {
		return
	}
	u.pending[of] = at
}

func (u *uses) run(ctx context.Context) {
	tick := time.NewTicker(usesEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			u.flush(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// last writes what is there when all else has ended.
func (u *uses) last() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	u.flush(ctx)
}

func (u *uses) flush(ctx context.Context) {
	u.mu.Lock()
	taken := u.pending
	u.pending = make(map[use]time.Time, len(taken))
	u.mu.Unlock()

	byTenant := map[int64][]int64{}
	for of := range taken {
		byTenant[of.tenant] = append(byTenant[of.tenant], of.grant)
	}
	var failed error
	for tenant, grants := range byTenant {
		slices.Sort(grants) // one order for all replicas, so that they seldom block each other crosswise
		for some := range slices.Chunk(grants, maxUses) {
			at := make([]time.Time, len(some))
			for i, grant := range some {
				at[i] = taken[use{tenant, grant}]
			}
			err := u.db.Tenant(ctx, postgres.NewScope(tenant, "authz"), func(tx *postgres.Tx) error {
				return MarkUsed(tx, some, at)
			})
			if err != nil {
				failed = err
				for i, grant := range some {
					u.add(use{tenant, grant}, at[i])
				}
			}
		}
	}
	if failed != nil {
		u.logger.Warn("last uses of grants could not be written; they are kept for the next time", "error", failed)
	}
}

// MarkUsed writes when grants were last used, at most one time each; grants
// that are gone are left out. It is no change of what is permitted.
func MarkUsed(tx *postgres.Tx, grants []int64, at []time.Time) error {
	_, err := tx.Exec(tx.Context(), `
		update grants g set last_used_at = u.at from unnest($2::bigint[], $3::timestamptz[]) as u (id, at)
		where g.tenant_id = $1 and g.id = u.id and (g.last_used_at is null or g.last_used_at < u.at)`, tx.TenantID(), grants, at)
	return err
}
