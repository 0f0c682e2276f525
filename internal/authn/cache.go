package authn

import (
	"context"
	"sync"
	"time"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// cache keeps what is known of a key for MaxAge, counted from the moment before
// it was asked for, and lets requests for one key share one question.
//
// Nobody may spoil it with made-up user names. Keys that exist and keys that do
// not are kept apart, so that guesses push out guesses only; and a key that was
// found before is asked for at once, while names never seen share a few places,
// so that guessing cannot take all connections of the database. A wrong secret
// changes nothing here: secrets are compared on each request.
type cache struct {
	load  func(context.Context, id) (*known, error) // nil, nil: there is none
	clock func() time.Time

	mu      sync.Mutex
	size    int
	present map[id]*entry // entries past MaxAge stay, as a sign that the key exists
	absent  map[id]*entry
	flights map[id]*entry
	guesses chan struct{}
}

type id struct{ tenant, key int64 }

type known struct {
	credential *tenant.Credential
	principal  *Principal
}

// entry is one question to the database, and its answer once done is closed.
type entry struct {
	asked time.Time
	done  chan struct{}
	known *known
	err   error
}

// guessPlaces is how many names never seen are looked up at once.
const guessPlaces = 4

// loadTimeout bounds one question; no client waits longer than that anyway.
const loadTimeout = 5 * time.Second

func newCache(load func(context.Context, id) (*known, error), clock func() time.Time, size int) *cache {
	return &cache{
		load: load, clock: clock, size: size,
		present: map[id]*entry{}, absent: map[id]*entry{}, flights: map[id]*entry{},
		guesses: make(chan struct{}, guessPlaces),
	}
}

// get returns what is known of a key, nil when it does not exist. An error is
// that of the database, and is not kept.
func (c *cache) get(ctx context.Context, of id) (*known, error) {
	e := c.entry(of)
	select {
	case <-e.done:
		return e.known, e.err
	default:
	}
	select {
	case <-e.done:
		return e.known, e.err
	case <-ctx.Done():
		return nil, fault.Wrap(fault.Unavailable, ctx.Err(), "the request was cancelled")
	}
}

// entry returns a question not older than MaxAge, answered or under way; if
// there is none, it asks.
func (c *cache) entry(of id) *entry {
	now := c.clock()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, entries := range []map[id]*entry{c.present, c.flights, c.absent} {
		if e := entries[of]; e != nil && now.Sub(e.asked) < MaxAge {
			return e
		}
	}
	e := &entry{asked: now, done: make(chan struct{})}
	c.flights[of] = e
	go c.ask(of, e, c.present[of] != nil)
	return e
}

// ask does not use the context of the request that came first: others wait too.
func (c *cache) ask(of id, e *entry, seen bool) {
	ctx, cancel := context.WithTimeout(context.Background(), loadTimeout)
	defer cancel()
	if seen {
		e.known, e.err = c.load(ctx, of)
	} else {
		e.known, e.err = c.guess(ctx, of)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.flights[of] == e {
		delete(c.flights, of)
	}
	switch {
	case e.err != nil:
	case e.known != nil:
		keep(c.present, of, e, c.size)
		delete(c.absent, of)
	default:
		keep(c.absent, of, e, c.size)
		delete(c.present, of)
	}
	close(e.done)
}

func (c *cache) guess(ctx context.Context, of id) (*known, error) {
	select {
	case c.guesses <- struct{}{}:
		defer func() { <-c.guesses }()
		return c.load(ctx, of)
	case <-ctx.Done():
		f := fault.New(fault.Unavailable, "too many unknown credentials are being checked; send the same request again")
		f.RetryAfter = time.Second
		return nil, f
	}
}

// keep stores e unless a later question was answered first. A full map gives up
// the oldest of a few entries that happen to come first: maps have no order, so
// that is a fair sample, and the hot ones are young.
func keep(entries map[id]*entry, of id, e *entry, size int) {
	if old := entries[of]; old != nil {
		if old.asked.Before(e.asked) {
			entries[of] = e
		}
		return
	}
	if len(entries) >= size {
		var oldest id
		var asked time.Time
		sampled := 0
		for of, e := range entries {
			if sampled == 0 || e.asked.Before(asked) {
				oldest, asked = of, e.asked
			}
			if sampled++; sampled == 16 {
				break
			}
		}
		delete(entries, oldest)
	}
	entries[of] = e
}
