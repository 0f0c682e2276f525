package authn

import (
	"context"
	"sync"
	"time"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// cache keeps what is known of a key or a token for MaxAge, counted from the moment before
// it was asked for, and lets requests for one key share one question.
//
// Nobody may spoil it with made-up user names. Keys that exist and keys that do
// not are kept apart, so that guesses push out guesses only; and a key that was
// found before is asked for at once, while names never seen share a few places,
// so that guessing cannot take all connections of the database. A wrong secret
// changes nothing here: secrets are compared on each request.
type cache[T any] struct {
	load  func(context.Context, ref) (*T, error) // nil, nil: there is none
	clock func() time.Time

	mu      sync.Mutex
	size    int
	present map[ref]*entry[T] // entries past MaxAge stay, as a sign that the key exists
	absent  map[ref]*entry[T]
	flights map[ref]*entry[T]
	guesses chan struct{}
}

// ref is the id of a key or a token.
type ref struct{ tenant, key int64 }

// entry is one question to the database, and its answer once done is closed.
type entry[T any] struct {
	asked time.Time
	done  chan struct{}
	known *T
	err   error
}

// guessPlaces is how many names never seen are looked up at once.
const guessPlaces = 4

// loadTimeout bounds one question; no client waits longer than that anyway.
const loadTimeout = 5 * time.Second

func newCache[T any](load func(context.Context, ref) (*T, error), clock func() time.Time, size int) *cache[T] {
	return &cache[T]{
		load: load, clock: clock, size: size,
		present: map[ref]*entry[T]{}, absent: map[ref]*entry[T]{}, flights: map[ref]*entry[T]{},
		guesses: make(chan struct{}, guessPlaces),
	}
}

// get returns what is known of a key, nil when it does not exist. An error is
// that of the database, and is not kept.
func (c *cache[T]) get(ctx context.Context, of ref) (*T, error) {
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
func (c *cache[T]) entry(of ref) *entry[T] {
	now := c.clock()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, entries := range []map[ref]*entry[T]{c.present, c.flights, c.absent} {
		if e := entries[of]; e != nil && now.Sub(e.asked) < MaxAge {
			return e
		}
	}
	e := &entry[T]{asked: now, done: make(chan struct{})}
	c.flights[of] = e
	go c.ask(of, e, c.present[of] != nil)
	return e
}

// ask does not use the context of the request that came first: others wait too.
func (c *cache[T]) ask(of ref, e *entry[T], seen bool) {
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

func (c *cache[T]) guess(ctx context.Context, of ref) (*T, error) {
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
func keep[T any](entries map[ref]*entry[T], of ref, e *entry[T], size int) {
	if old := entries[of]; old != nil {
		if old.asked.Before(e.asked) {
			entries[of] = e
		}
		return
	}
	if len(entries) >= size {
		var oldest ref
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
