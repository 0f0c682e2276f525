package authn

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// uses collects when each secret or token was last used, and writes that down now and
// then: one UPDATE a tenant instead of one a request. What cannot be written
// stays for the next time. A crash loses the last seconds, which is fine for
// what people want to know: is this secret still in use?
type uses struct {
	db     *postgres.DB
	logger *slog.Logger
	record func(*postgres.Tx, []tenant.Use) error

	mu      sync.Mutex
	pending map[use]time.Time

	stop context.CancelFunc
	done chan struct{}
}

// use is of a secret of a key, or of a token, which has no secret beside itself.
type use struct{ tenant, key, secret int64 }

// maxPending bounds the memory while the database is away. Beyond it, secrets
// that are not in the list yet are left out.
const maxPending = 100_000

// maxUses is how many uses one statement writes.
const maxUses = 1000

func newUses(db *postgres.DB, logger *slog.Logger, every time.Duration, record func(*postgres.Tx, []tenant.Use) error) *uses {
	ctx, stop := context.WithCancel(context.Background())
	u := &uses{db: db, logger: logger, record: record, pending: map[use]time.Time{}, stop: stop, done: make(chan struct{})}
	go u.run(ctx, every)
	return u
}

func (u *uses) add(of use, at time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if last, there := u.pending[of]; !there && len(u.pending) >= maxPending || last.After(at) {
		return
	}
	u.pending[of] = at
}

func (u *uses) run(ctx context.Context, every time.Duration) {
	defer close(u.done)
	tick := time.NewTicker(every)
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

func (u *uses) close() {
	u.stop()
	<-u.done
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	u.flush(ctx)
}

// flush writes all pending uses, each tenant's in its own transaction.
func (u *uses) flush(ctx context.Context) {
	u.mu.Lock()
	taken := u.pending
	u.pending = make(map[use]time.Time, len(taken))
	u.mu.Unlock()

	byTenant := map[int64][]tenant.Use{}
	for of, at := range taken {
		byTenant[of.tenant] = append(byTenant[of.tenant], tenant.Use{Key: of.key, Secret: of.secret, At: at})
	}
	var failed error
	for t, all := range byTenant {
		// One order for all replicas, so that they seldom block each other crosswise.
		slices.SortFunc(all, func(a, b tenant.Use) int {
			return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Secret, b.Secret))
		})
		for some := range slices.Chunk(all, maxUses) {
			err := u.db.Tenant(ctx, postgres.NewScope(t, "authn"), func(tx *postgres.Tx) error {
				return u.record(tx, some)
			})
			if err != nil {
				failed = err
				for _, s := range some {
					u.add(use{t, s.Key, s.Secret}, s.At)
				}
			}
		}
	}
	if failed != nil {
		u.logger.Warn("last uses could not be written; they are kept for the next time", "error", failed)
	}
}
