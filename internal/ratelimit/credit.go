package ratelimit

import (
	"context"
	"sync"
	"time"
)

// Asking Redis for each request costs more than everything else that lets a
// request in. So a process that knows a limit to be far away lets requests
// through by itself and tells Redis a little later, all of a key at once.
//
// What all processes do not know of each other is at most a part of what was
// left, and nothing when little is left: then each request asks again.
const (
	creditPart   = 100                    // of what is left, a process may take this part before it tells
	creditAge    = time.Second            // for so long what was left is believed
	settleEvery  = 100 * time.Millisecond // how late Redis is told
	settlements  = 256                    // keys that are settled in one go, so that Close ends soon
	creditsKnown = 50_000                 // keys; beyond it Redis is asked
)

// two are requests and statements.
type two [2]float64

// credits is what a process knows of the shared buckets, and has taken from
// them without telling yet.
type credits struct {
	mu      sync.Mutex
	tenants map[int64]*tenantCredit
	keys    map[keyID]*keyCredit
}

type keyID struct{ tenant, key int64 }

// tenantCredit is a tenant's buckets as Redis told them last, and the debts of
// all its keys.
type tenantCredit struct {
	used, debt two
	at         time.Time
	keys       int
}

type keyCredit struct {
	used, debt two
	at         time.Time
	limits     four // of its last request: how fast its buckets drain
	tenant     *tenantCredit
}

func newCredits() *credits {
	return &credits{tenants: map[int64]*tenantCredit{}, keys: map[keyID]*keyCredit{}}
}

// take allows r without asking, if every window that it costs is far from its
// limit; false: ask.
func (c *credits) take(r Request, limits, costs four, now time.Time) (Decision, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.keys[keyID{r.Tenant, r.Key}]
	if k == nil || now.Sub(k.at) > creditAge || now.Sub(k.tenant.at) > creditAge {
		return Decision{}, false
	}
	used := four{k.used[0], k.used[1], k.tenant.used[0], k.tenant.used[1]}
	debt := four{k.debt[0], k.debt[1], k.tenant.debt[0], k.tenant.debt[1]}
	for i := range windows {
		if limits[i] > 0 && costs[i] > 0 && debt[i]+costs[i] > (limits[i]-used[i])/creditPart {
			return Decision{}, false
		}
	}
	for i := range k.debt {
		k.debt[i] += costs[i]
		k.tenant.debt[i] += costs[i]
	}
	for i := range used {
		used[i] += debt[i] + costs[i]
	}
	return decide(limits, costs, used, true), true
}

// claim takes a key's debt, which its caller now tells Redis, and returns it
// with the key's limits.
func (c *credits) claim(of keyID) (debt two, limits four) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.keys[of]
	if k == nil {
		return debt, limits
	}
	debt, limits, k.debt = k.debt, k.limits, two{}
	for i := range debt {
		k.tenant.debt[i] -= debt[i]
	}
	return debt, limits
}

// learn keeps what Redis told.
func (c *credits) learn(of keyID, limits, used four, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.keys[of]
	if k == nil {
		if len(c.keys) >= creditsKnown {
			return
		}
		t := c.tenants[of.tenant]
		if t == nil {
			t = &tenantCredit{}
			c.tenants[of.tenant] = t
		}
		t.keys++
		k = &keyCredit{tenant: t}
		c.keys[of] = k
	}
	k.used, k.at, k.limits = two{used[0], used[1]}, now, limits
	k.tenant.used, k.tenant.at = two{used[2], used[3]}, now
}

// indebted lists keys that have a debt, and forgets those that nobody uses.
func (c *credits) indebted(now time.Time) []keyID {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []keyID
	for of, k := range c.keys {
		switch {
		case k.debt != two{}:
			if len(all) < settlements {
				all = append(all, of)
			}
		case now.Sub(k.at) > creditAge:
			delete(c.keys, of)
			if k.tenant.keys--; k.tenant.keys == 0 {
				delete(c.tenants, of.tenant)
			}
		}
	}
	return all
}

// forget is for a Redis that is away: what was known of it means nothing when
// it is back.
func (c *credits) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.keys)
	clear(c.tenants)
}

// settle tells Redis every debt.
func (l *Limiter) settle(ctx context.Context) {
	for _, of := range l.credits.indebted(l.clock()) {
		debt, limits := l.credits.claim(of)
		used, _, err := l.shared.ask(ctx, of, limits, four{}, debt)
		if err != nil {
			l.fail(err)
			return
		}
		l.credits.learn(of, limits, used, l.clock())
	}
}

// settling settles until ctx ends, and then once more.
func (l *Limiter) settling(ctx context.Context) {
	tick := time.NewTicker(settleEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if !l.away.Load() {
				l.settle(ctx)
			}
		case <-ctx.Done():
			if !l.away.Load() {
				l.settle(ctx)
			}
			return
		}
	}
}
