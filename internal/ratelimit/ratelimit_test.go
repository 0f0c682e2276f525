package ratelimit_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/ratelimit"
)

func TestALimitIsUsedUpAndComesBack(t *testing.T) {
	t.Parallel()
	backends(t, func(t *testing.T, b backend) {
		l := b.open(ratelimit.Limits{KeyRequests: 3})
		r := ratelimit.Request{Tenant: 1, Key: 1, Requests: 1, Statements: 50}
		for left := 2; left >= 0; left-- {
			d := l.Allow(t.Context(), r)
			require.True(t, d.Allowed)
			require.Equal(t, ratelimit.KeyRequests, d.Window)
			require.Equal(t, []int{3, left}, []int{d.Limit, d.Remaining})
			require.InDelta(t, float64(3-left)*20, d.Reset.Seconds(), 5)
			require.Zero(t, d.RetryAfter)
		}
		d := l.Allow(t.Context(), r)
		require.False(t, d.Allowed)
		require.Equal(t, []int{3, 0}, []int{d.Limit, d.Remaining})
		require.InDelta(t, 20, d.RetryAfter.Seconds(), 5)

		b.advance(d.RetryAfter)
		require.True(t, l.Allow(t.Context(), r).Allowed)
		require.False(t, l.Allow(t.Context(), r).Allowed, "only what drained meanwhile")
		b.advance(time.Hour)
		require.Equal(t, 2, l.Allow(t.Context(), r).Remaining, "no more than the limit is saved up")
	})
}

func TestWhenOneWindowRefusesNoneIsCharged(t *testing.T) {
	t.Parallel()
	backends(t, func(t *testing.T, b backend) {
		l := b.open(ratelimit.Limits{KeyRequests: 10, KeyStatements: 10, TenantRequests: 10, TenantStatements: 10})
		ask := func(key int64, statements int) ratelimit.Decision {
			return l.Allow(t.Context(), ratelimit.Request{Tenant: 1, Key: key, Requests: 1, Statements: statements})
		}
		require.True(t, ask(1, 7).Allowed)
		for range 20 {
			d := ask(1, 4)
			require.False(t, d.Allowed)
			require.Equal(t, ratelimit.KeyStatements, d.Window)
			d = ask(2, 4)
			require.False(t, d.Allowed)
			require.Equal(t, ratelimit.TenantStatements, d.Window, "another key of the same tenant")
		}
		d := ask(2, 0)
		require.True(t, d.Allowed)
		require.Equal(t, []any{ratelimit.TenantRequests, 8}, []any{d.Window, d.Remaining}, "40 refused requests were not charged")
		require.True(t, ask(1, 3).Allowed)
	})
}

func TestTenantsAndKeysHaveTheirOwnBuckets(t *testing.T) {
	t.Parallel()
	backends(t, func(t *testing.T, b backend) {
		l := b.open(ratelimit.Limits{KeyRequests: 1, TenantRequests: 2})
		ask := func(tenant, key int64) bool {
			return l.Allow(t.Context(), ratelimit.Request{Tenant: tenant, Key: key, Requests: 1}).Allowed
		}
		require.Equal(t, []bool{true, false}, []bool{ask(1, 1), ask(1, 1)})
		require.Equal(t, []bool{true, false}, []bool{ask(1, 2), ask(1, 3)}, "the tenant's two are used")
		require.Equal(t, []bool{true, false}, []bool{ask(2, 1), ask(2, 1)}, "another tenant, the same key id")
	})
}

func TestATenantsOverrideReplacesItsDefaults(t *testing.T) {
	t.Parallel()
	backends(t, func(t *testing.T, b backend) {
		l := b.open(ratelimit.Limits{TenantRequests: 1, TenantStatements: 1})
		r := ratelimit.Request{Tenant: 1, Key: 1, Requests: 1, Statements: 1, Limits: ratelimit.Override{Requests: 5, Statements: 4}}
		d := l.Allow(t.Context(), r)
		require.Equal(t, []any{ratelimit.TenantStatements, 4, 3}, []any{d.Window, d.Limit, d.Remaining})
		r.Limits.Statements = 0
		d = l.Allow(t.Context(), r)
		require.False(t, d.Allowed)
		require.Equal(t, []any{ratelimit.TenantStatements, 1}, []any{d.Window, d.Limit}, "lowered while in use")
		r.Statements = 0
		require.True(t, l.Allow(t.Context(), r).Allowed)
	})
}

// A batch larger than the limit is defined: it needs an untouched allowance, and
// is then paid for.
func TestABatchBeyondTheLimit(t *testing.T) {
	t.Parallel()
	backends(t, func(t *testing.T, b backend) {
		l := b.open(ratelimit.Limits{KeyStatements: 10})
		ask := func(n int) ratelimit.Decision {
			return l.Allow(t.Context(), ratelimit.Request{Tenant: 1, Key: 1, Requests: 1, Statements: n})
		}
		require.True(t, ask(1).Allowed)
		d := ask(25)
		require.False(t, d.Allowed)
		require.InDelta(t, 6, d.RetryAfter.Seconds(), 3, "until nothing is in use")
		b.advance(d.RetryAfter)
		d = ask(25)
		require.True(t, d.Allowed)
		require.Equal(t, 0, d.Remaining)
		require.InDelta(t, 150, d.Reset.Seconds(), 5)
		d = ask(1)
		require.False(t, d.Allowed)
		require.InDelta(t, 96, d.RetryAfter.Seconds(), 5, "the debt of 15 and the 1")
		b.advance(d.RetryAfter)
		require.True(t, ask(1).Allowed)
	})
}

func TestRequestsAtOnceGetNoMoreThanTheLimit(t *testing.T) {
	t.Parallel()
	backends(t, func(t *testing.T, b backend) {
		limits := ratelimit.Limits{KeyRequests: 10}
		first := b.open(limits)
		var mu sync.Mutex
		allowed := 0
		var wg sync.WaitGroup
		for range 40 {
			wg.Go(func() {
				if first.Allow(t.Context(), ratelimit.Request{Tenant: 1, Key: 1, Requests: 1}).Allowed {
					mu.Lock()
					allowed++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		require.False(t, first.Degraded())
		require.InDelta(t, 10, allowed, 1) // one more may drain while the test runs
	})
}

func TestReplicasShareOneLimit(t *testing.T) {
	t.Parallel()
	url := startMini(t)
	one := open(t, ratelimit.Config{URL: url, Limits: ratelimit.Limits{KeyRequests: 2}})
	two := open(t, ratelimit.Config{URL: url, Limits: ratelimit.Limits{KeyRequests: 2}})
	r := ratelimit.Request{Tenant: 1, Key: 1, Requests: 1}
	require.True(t, one.Allow(t.Context(), r).Allowed)
	require.True(t, two.Allow(t.Context(), r).Allowed)
	require.False(t, one.Allow(t.Context(), r).Allowed)
	require.False(t, two.Allow(t.Context(), r).Allowed)
}

func TestNothingIsAskedWhereNothingIsLimited(t *testing.T) {
	t.Parallel()
	backends(t, func(t *testing.T, b backend) {
		l := b.open(ratelimit.Limits{KeyStatements: 1})
		require.Equal(t, ratelimit.Decision{Allowed: true}, l.Allow(t.Context(), ratelimit.Request{Tenant: 1, Key: 1, Requests: 1}))
		none := b.open(ratelimit.Limits{})
		require.Equal(t, ratelimit.Decision{Allowed: true}, none.Allow(t.Context(), ratelimit.Request{Tenant: 1, Key: 1, Requests: 1, Statements: 5}))
	})
}

func TestAWrongURLIsRefusedUnseen(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"localhost:6379", "http://:hunter2@localhost", "redis://:hunter2@localhost/x", "redis://:hunter2@a:1?addr=b&nonsense=1"} {
		_, err := ratelimit.New(ratelimit.Config{URL: url})
		require.Equal(t, fault.Invalid, fault.KindOf(err), url)
		require.NotContains(t, err.Error(), "hunter2")
	}
}
