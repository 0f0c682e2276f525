package ratelimit

import (
	"sync"
	"time"
)

// local holds the buckets of one process. It has the rules of the script.
type local struct {
	mu      sync.Mutex
	clock   func() time.Time
	buckets map[bucketID]bucket
	swept   time.Time
}

// bucketID is a tenant's bucket when key is 0, else a key's.
type bucketID struct{ tenant, key int64 }

type bucket struct {
	requests, statements float64 // used
	at                   time.Time
	empty                time.Time // when everything will have drained
}

// maxBuckets bounds the memory. Only authenticated keys get here, so more are
// not an attack but a platform that must not run without Redis.
const maxBuckets = 200_000

func newLocal(clock func() time.Time) *local {
	return &local{clock: clock, buckets: map[bucketID]bucket{}}
}

func (l *local) allow(r Request, limits, costs four) Decision {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock()
	l.sweep(now)
	ids := [2]bucketID{{r.Tenant, r.Key}, {r.Tenant, 0}}
	var used four
	allowed := true
	for i, id := range ids {
		b := l.buckets[id]
		used[2*i] = drained(b.requests, limits[2*i], now.Sub(b.at))
		used[2*i+1] = drained(b.statements, limits[2*i+1], now.Sub(b.at))
	}
	for i := range windows {
		allowed = allowed && fits(limits[i], costs[i], used[i])
	}
	if allowed {
		for i, id := range ids {
			b := bucket{at: now, empty: now}
			for j := 2 * i; j < 2*i+2; j++ {
				if limits[j] > 0 {
					used[j] += costs[j]
					b.empty = later(b.empty, now.Add(drainTime(used[j], limits[j])))
				}
			}
			b.requests, b.statements = used[2*i], used[2*i+1]
			l.buckets[id] = b
		}
	}
	return decide(limits, costs, used, allowed)
}

// sweep forgets what has drained, now and then, and everything when that is
// not enough.
func (l *local) sweep(now time.Time) {
	if len(l.buckets) < maxBuckets && now.Sub(l.swept) < period {
		return
	}
	l.swept = now
	for id, b := range l.buckets {
		if !b.empty.After(now) {
			delete(l.buckets, id)
		}
	}
	if len(l.buckets) >= maxBuckets {
		clear(l.buckets)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
