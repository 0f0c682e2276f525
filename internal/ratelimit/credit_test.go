package ratelimit_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/ratelimit"
)

// Processes that let requests through before they tell Redis take a little more
// than the limit together, and not a little more each time.
func TestReplicasTogetherStayNearALimitThatWasFar(t *testing.T) {
	t.Parallel()
	const limit, replicas = 20_000, 3
	url := startMini(t)
	limits := ratelimit.Limits{KeyStatements: limit, TenantStatements: 2 * limit}
	var allowed atomic.Int64
	start := time.Now()
	var wg sync.WaitGroup
	for range replicas {
		l := open(t, ratelimit.Config{URL: url, Limits: limits})
		wg.Go(func() {
			for range limit / 10 { // each alone would use it all up
				if l.Allow(t.Context(), ratelimit.Request{Tenant: 1, Key: 1, Statements: 10}).Allowed {
					allowed.Add(10)
				}
			}
		})
	}
	wg.Wait()
	drained := limit * time.Since(start).Seconds() / 60
	require.GreaterOrEqual(t, allowed.Load(), int64(limit))
	require.LessOrEqual(t, float64(allowed.Load()), 1.05*limit+drained)
}

func TestWhatWasTakenIsTold(t *testing.T) {
	t.Parallel()
	url := startMini(t)
	limits := ratelimit.Limits{KeyRequests: 10_000, TenantRequests: 10_000}
	r := ratelimit.Request{Tenant: 1, Key: 1, Requests: 1}
	one := open(t, ratelimit.Config{URL: url, Limits: limits})
	var last ratelimit.Decision
	for range 50 {
		last = one.Allow(t.Context(), r)
		require.True(t, last.Allowed)
	}
	require.InDelta(t, 9950, last.Remaining, 15, "the client is told what it has taken")
	other := func(key int64) int { // a process that knows nothing asks
		l := open(t, ratelimit.Config{URL: url, Limits: limits})
		return l.Allow(t.Context(), ratelimit.Request{Tenant: 1, Key: key, Requests: 1}).Remaining
	}
	require.Eventually(t, func() bool { return other(2) < 9965 }, 10*time.Second, 20*time.Millisecond, "the tenant's")
	require.Less(t, other(1), 9965, "and the key's")
}

func TestWhatWasTakenIsToldAtTheEnd(t *testing.T) {
	t.Parallel()
	url := startMini(t)
	limits := ratelimit.Limits{KeyRequests: 1_000_000}
	r := ratelimit.Request{Tenant: 1, Key: 1, Requests: 1000}
	one, err := ratelimit.New(ratelimit.Config{URL: url, Limits: limits})
	require.NoError(t, err)
	for range 6 {
		require.True(t, one.Allow(t.Context(), r).Allowed)
	}
	one.Close()
	two := open(t, ratelimit.Config{URL: url, Limits: limits})
	require.InDelta(t, 993_000, two.Allow(t.Context(), r).Remaining, 5_000)
}
