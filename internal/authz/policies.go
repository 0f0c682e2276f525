package authz

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// MaxAge is how long a snapshot is used before its version is compared with the
// database: the bound on how late a change takes effect on any replica, with or
// without Redis.
const MaxAge = 500 * time.Millisecond

// AnyStore as the store of a Request asks: in the whole tenant, or in at least
// one store of it?
const AnyStore int64 = -1

// Config says what Policies work with. DB is required.
type Config struct {
	DB       *postgres.DB
	Redis    redis.UniversalClient // announces changes; nil: none, then changes take effect within MaxAge
	Platform int64                 // id of the platform's tenant; 0: operators are let into no other tenant
	Size     int                   // snapshots kept, of as many tenants; 0 is 1000
	Clock    func() time.Time      // nil is time.Now
	Logger   *slog.Logger          // nil is slog.Default()
}

// Policies answers whether somebody may do something. It keeps a snapshot of
// each tenant's permissions (docs/decisions/0021). All methods may be called by
// many goroutines. Errors are Unavailable while the database cannot be reached:
// nothing is decided by rules that may have been withdrawn.
type Policies struct {
	db       *postgres.DB
	platform int64
	clock    func() time.Time
	logger   *slog.Logger
	cache    *cache
	news     *news
	uses     *uses
	close    func()
}

// NewPolicies starts listening for announcements and writing down uses, until Close.
func NewPolicies(c Config) *Policies {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Size <= 0 {
		c.Size = 1000
	}
	p := &Policies{db: c.DB, platform: c.Platform, clock: c.Clock, logger: c.Logger}
	p.cache = newCache(p.read, c.Clock, c.Size)
	p.uses = &uses{db: c.DB, logger: c.Logger, pending: map[use]time.Time{}}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	if c.Redis != nil {
		p.news = &news{client: c.Redis, logger: c.Logger, outbox: make(chan int64, outboxSize), heard: p.cache.stale}
		running.Go(func() { p.news.listen(ctx) })
		running.Go(func() { p.news.publish(ctx) })
	}
	running.Go(func() { p.expire(ctx) })
	running.Go(func() { p.uses.run(ctx) })
	p.close = sync.OnceFunc(func() {
		stop()
		running.Wait()
		p.uses.last()
	})
	return p
}

// Close ends what NewPolicies started and writes the uses that are still to be
// written. It does not close the database or the Redis client.
func (p *Policies) Close() { p.close() }

// Request asks whether somebody may do something.
type Request struct {
	Tenant  int64
	Subject string // see Subject and OperatorSubject; anything else holds nothing
	Store   int64  // of that tenant; 0: the whole tenant; or AnyStore
	Action  Action
	Only    []Action // what a token is limited to; nil: no limit
}

// Decide reports whether the request is permitted; what no grant permits is
// not. A grant that permits it is noted as used. A store of another tenant is
// not told from one of this tenant: who holds the action in the whole tenant is
// permitted, and does not find the store. Where the tenant is suspended, all but
// operators inside get ErrSuspended.
func (p *Policies) Decide(ctx context.Context, r Request) (bool, error) {
	d, err := p.decide(ctx, r)
	if err != nil {
		return false, err
	}
	if d.allowed {
		p.uses.note(r.Tenant, d, p.clock())
	}
	return d.allowed, nil
}

func (p *Policies) decide(ctx context.Context, r Request) (*decision, error) {
	if r.Action == "" || r.Only != nil && !slices.Contains(r.Only, r.Action) {
		return denied, nil
	}
	if inside, err := p.inside(ctx, r.Tenant, r.Subject); err != nil || !inside {
		return denied, err
	}
	s, err := p.cache.get(ctx, r.Tenant)
	switch {
	case err != nil:
		return nil, err
	case s.suspended && !isOperator(r.Subject):
		return nil, ErrSuspended()
	}
	return s.decideIn(r)
}

// ErrSuspended is the Forbidden that a suspended tenant's people are told.
func ErrSuspended() error { return fault.New(fault.Forbidden, "the organisation is suspended") }

// inside reports whether the subject may be asked about in that tenant: an
// operator inside a client's tenant must still be one on the platform.
func (p *Policies) inside(ctx context.Context, tenant int64, subject string) (bool, error) {
	if !isOperator(subject) || tenant == p.platform {
		return true, nil
	}
	if p.platform == 0 {
		return false, nil
	}
	s, err := p.cache.get(ctx, p.platform)
	if err != nil {
		return false, err
	}
	d, err := s.decide(question{subject, 0, TenantsEnter})
	return err == nil && d.allowed, err
}

// Permitted lists what subject may do, sorted: under 0 in the whole tenant,
// under a store's id what it may do there, where that is more.
func (p *Policies) Permitted(ctx context.Context, tenant int64, subject string, only []Action) (map[int64][]Action, error) {
	permitted := map[int64][]Action{0: {}}
	if inside, err := p.inside(ctx, tenant, subject); err != nil || !inside {
		return permitted, err
	}
	s, err := p.cache.get(ctx, tenant)
	if err != nil || s.suspended && !isOperator(subject) {
		return permitted, err
	}
	for _, store := range append([]int64{0}, s.stores(subject)...) {
		actions := []Action{}
		for _, a := range s.actions(subject) {
			d, err := s.decide(question{subject, store, a})
			if err != nil {
				return nil, err
			}
			if d.allowed && (only == nil || slices.Contains(only, a)) {
				actions = append(actions, a)
			}
		}
		if store == 0 || len(actions) > len(permitted[0]) {
			permitted[store] = actions
		}
	}
	return permitted, nil
}

// Active reports whether that member of the tenant may use the service at all.
func (p *Policies) Active(ctx context.Context, tenant, member int64) (bool, error) {
	s, err := p.cache.get(ctx, tenant)
	if err != nil {
		return false, err
	}
	_, active := s.active[member]
	return active, nil
}

// Suspended reports whether the tenant is suspended: whatever its people hold,
// they are refused with ErrSuspended.
func (p *Policies) Suspended(ctx context.Context, tenant int64) (bool, error) {
	s, err := p.cache.get(ctx, tenant)
	return err == nil && s.suspended, err
}

// Ended reports whether a session of a member was ended by a row of
// ended_sessions: that session's own, or, where it began before it, the one
// that ends all of them.
func (p *Policies) Ended(ctx context.Context, tenant, member int64, session string, begunAt time.Time) (bool, error) {
	s, err := p.cache.get(ctx, tenant)
	if err != nil {
		return true, err
	}
	if _, one := s.ended[ended{member, session}]; one && session != "" {
		return true, nil
	}
	all, some := s.ended[ended{member, ""}]
	return some && begunAt.Before(all), nil
}

// Announce says that what a tenant permits has changed, after the transaction
// was committed: it holds at once here, and as soon as they hear of it on the
// other replicas. It never waits and cannot fail; what is not heard is seen
// within MaxAge.
func (p *Policies) Announce(_ context.Context, tenant int64) {
	p.cache.stale(tenant)
	if p.news != nil {
		p.news.send(tenant)
	}
}

// FlushUses writes now what is written once a minute: when grants were last used.
func (p *Policies) FlushUses(ctx context.Context) { p.uses.flush(ctx) }

// Snapshots is how many tenants' snapshots are kept at present.
func (p *Policies) Snapshots() int {
	p.cache.mu.Lock()
	defer p.cache.mu.Unlock()
	return p.cache.order.Len()
}

// read is what the cache asks: the tenant's snapshot, or old where that is
// still true.
func (p *Policies) read(ctx context.Context, tenant int64, old *snapshot) (s *snapshot, err error) {
	now := p.clock()
	err = p.db.TenantRead(ctx, postgres.NewScope(tenant, "authz"), func(tx *postgres.Tx) error {
		if old != nil && !old.untold && (old.until.IsZero() || now.Before(old.until)) {
			version, suspended, err := state(ctx, tx)
			if err != nil {
				return err
			}
			if version == old.version && suspended == old.suspended {
				s = old
				return nil
			}
		}
		var err error
		s, err = load(tx, now, 0)
		return err
	})
	if err == nil && s.untold {
		p.tell(ctx, tenant, s)
	}
	return s, err
}
