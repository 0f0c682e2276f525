package authz

import (
	"container/list"
	"context"
	"sync"
	"time"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// cache keeps the snapshots of the tenants that were asked for last, and lets
// all who ask for one tenant share one reading.
type cache struct {
	read  func(context.Context, int64, *snapshot) (*snapshot, error)
	clock func() time.Time
	size  int

	mu      sync.Mutex
	order   *list.List // of *place, the one used last in front
	tenants map[int64]*list.Element
}

// place is what the cache has of one tenant.
type place struct {
	tenant   int64
	snapshot *snapshot
	asked    time.Time // when the reading began that last found it true
	changes  int       // announcements heard so far
	flight   *flight   // nil: nobody reads
}

// flight is one reading that is under way, until done is closed.
type flight struct {
	changes  int // announcements heard before it began
	done     chan struct{}
	snapshot *snapshot
	err      error
}

// readTimeout bounds one reading; no client waits longer than that anyway.
const readTimeout = 5 * time.Second

func newCache(read func(context.Context, int64, *snapshot) (*snapshot, error), clock func() time.Time, size int) *cache {
	return &cache{read: read, clock: clock, size: size, order: list.New(), tenants: map[int64]*list.Element{}}
}

// get returns a snapshot that was true not longer than MaxAge ago and after
// every announcement heard.
func (c *cache) get(ctx context.Context, tenant int64) (*snapshot, error) {
	now := c.clock()
	c.mu.Lock()
	p := c.place(tenant)
	if s := p.snapshot; s != nil && fresh(p.asked, now) && (s.until.IsZero() || now.Before(s.until)) {
		c.mu.Unlock()
		return s, nil
	}
	f := p.flight
	if f == nil || f.changes != p.changes { // a reading from before the announcement may have missed the change
		f = &flight{changes: p.changes, done: make(chan struct{})}
		p.flight = f
		go c.fly(p, f, now, p.snapshot)
	}
	c.mu.Unlock()
	select {
	case <-f.done:
		return f.snapshot, f.err
	case <-ctx.Done():
		return nil, fault.Wrap(fault.Unavailable, ctx.Err(), "the request was cancelled")
	}
}

// fresh is false for a clock that was set back, too.
func fresh(asked, now time.Time) bool {
	age := now.Sub(asked)
	return !asked.IsZero() && age >= 0 && age < MaxAge
}

// fly does not use the context of the request that came first: others wait too.
func (c *cache) fly(p *place, f *flight, asked time.Time, old *snapshot) {
	ctx, cancel := context.WithTimeout(context.Background(), readTimeout)
	defer cancel()
	f.snapshot, f.err = c.read(ctx, p.tenant, old)
	c.mu.Lock()
	defer c.mu.Unlock()
	if p.flight == f {
		p.flight = nil
	}
	// A reading that was overtaken by an announcement knows no later status of the same version.
	if f.err == nil && (p.snapshot == nil || f.snapshot.version > p.snapshot.version || f.changes == p.changes) {
		p.snapshot = f.snapshot
		if f.changes == p.changes {
			p.asked = asked
		}
	}
	close(f.done)
}

// place returns the tenant's place as the one used last. Another tenant loses
// its own where there are too many; readers of that one finish undisturbed.
func (c *cache) place(tenant int64) *place {
	if e := c.tenants[tenant]; e != nil {
		c.order.MoveToFront(e)
		return e.Value.(*place)
	}
	if c.order.Len() >= c.size {
		last := c.order.Back()
		delete(c.tenants, c.order.Remove(last).(*place).tenant)
	}
	p := &place{tenant: tenant}
	c.tenants[tenant] = c.order.PushFront(p)
	return p
}

// over lists the tenants in which an operator's entry is over, as far as is known here.
func (c *cache) over(now time.Time) (tenants []int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for tenant, e := range c.tenants {
		s := e.Value.(*place).snapshot
		if s != nil && (s.untold || !s.entryEnds.IsZero() && !now.Before(s.entryEnds)) {
			tenants = append(tenants, tenant)
		}
	}
	return tenants
}

// stale makes the next reader of that tenant look at the database.
func (c *cache) stale(tenant int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.tenants[tenant]; e != nil {
		p := e.Value.(*place)
		p.changes++
		p.asked = time.Time{}
	}
}
