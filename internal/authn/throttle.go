package authn

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// How many sign-ins may fail from one network in throttleWindow: at one tenant,
// and at all of them together.
const (
	maxFailures    = 20
	maxFailuresAll = 100
	throttleWindow = 10 * time.Minute
)

// Throttle counts sign-ins that fail, by where they come from. It never counts
// by tenant alone, or anybody could lock a tenant out. While Redis is away each
// process counts by itself.
type Throttle struct {
	redis *Redis
	clock func() time.Time

	mu    sync.Mutex
	local map[string]failures
}

type failures struct {
	count int
	until time.Time
}

// maxLocal bounds the memory while Redis is away.
const maxLocal = 50_000

// NewThrottle returns a Throttle; a nil clock is time.Now.
func NewThrottle(r *Redis, clock func() time.Time) *Throttle {
	if clock == nil {
		clock = time.Now
	}
	return &Throttle{redis: r, clock: clock, local: map[string]failures{}}
}

// Check returns RateLimited, with RetryAfter, where too many sign-ins failed.
// tenant 0 is "not known yet".
func (t *Throttle) Check(ctx context.Context, from Client, tenant int64) error {
	for key, limit := range t.keys(from, tenant) {
		count, left := t.read(ctx, key)
		if count >= limit {
			f := fault.New(fault.RateLimited, "too many sign-ins from here have failed; try again later")
			f.RetryAfter = max(left.Truncate(time.Second), time.Second)
			return f
		}
	}
	return nil
}

// Failed counts one sign-in that failed.
func (t *Throttle) Failed(ctx context.Context, from Client, tenant int64) {
	for key := range t.keys(from, tenant) {
		t.count(ctx, key)
	}
}

func (t *Throttle) keys(from Client, tenant int64) map[string]int {
	network := from.network()
	keys := map[string]int{"stoa:failed:" + network: maxFailuresAll}
	if tenant != 0 {
		keys["stoa:failed:"+network+":"+number(tenant)] = maxFailures
	}
	return keys
}

// countScript counts in a window that begins with the first failure.
var countScript = redis.NewScript(`
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return n`)

func (t *Throttle) count(ctx context.Context, key string) {
	if countScript.Run(context.WithoutCancel(ctx), t.redis.client, []string{key}, throttleWindow.Milliseconds()).Err() == nil {
		return
	}
	now := t.clock()
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.local[key]
	if !now.Before(f.until) {
		f = failures{until: now.Add(throttleWindow)}
	}
	if len(t.local) >= maxLocal {
		clear(t.local)
	}
	f.count++
	t.local[key] = f
}

// read adds up what is counted together and what this process counted alone.
func (t *Throttle) read(ctx context.Context, key string) (count int, left time.Duration) {
	var n *redis.StringCmd
	var ttl *redis.DurationCmd
	_, _ = t.redis.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		n, ttl = p.Get(ctx, key), p.PTTL(ctx, key)
		return nil
	})
	if shared, err := n.Int(); err == nil {
		count, left = shared, ttl.Val()
	}
	now := t.clock()
	t.mu.Lock()
	defer t.mu.Unlock()
	if f := t.local[key]; now.Before(f.until) {
		count, left = count+f.count, max(left, f.until.Sub(now))
	}
	return count, left
}
