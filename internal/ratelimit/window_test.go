package ratelimit

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestTheWindowThatMattersIsReported(t *testing.T) {
	t.Parallel()
	limits := four{100, 1000, 200, 500}
	for name, c := range map[string]struct {
		costs, used four
		allowed     bool
		want        Decision
	}{
		"least left": {
			four{1, 10, 1, 10},
			four{50, 10, 50, 400},
			true,
			Decision{Allowed: true, Window: TenantStatements, Limit: 500, Remaining: 100, Reset: 48 * time.Second},
		},
		"a window without a cost is not meant": {
			four{1, 0, 1, 0},
			four{50, 10, 50, 400},
			true,
			Decision{Allowed: true, Window: KeyRequests, Limit: 100, Remaining: 50, Reset: 30 * time.Second},
		},
		"the longest wait": {
			four{1, 10, 1, 10},
			four{100, 10, 200, 500},
			false,
			Decision{Window: TenantStatements, Limit: 500, Remaining: 0, Reset: time.Minute, RetryAfter: 1200 * time.Millisecond},
		},
		"a debt": {
			four{1, 10, 1, 10},
			four{1, 10, 1, 1000},
			false,
			Decision{Window: TenantStatements, Limit: 500, Remaining: 0, Reset: 2 * time.Minute, RetryAfter: 61200 * time.Millisecond},
		},
		"a batch beyond the limit waits for an empty bucket": {
			four{1, 600, 1, 600},
			four{1, 0, 1, 50},
			false,
			Decision{Window: TenantStatements, Limit: 500, Remaining: 450, Reset: 6 * time.Second, RetryAfter: 6 * time.Second},
		},
	} {
		require.Equal(t, c.want, decide(limits, c.costs, c.used, c.allowed), name)
	}
}

// Whatever a client sends: in any minute it gets at most the limit twice (what
// was saved up, and what drains meanwhile), refusals take nothing, and who waits
// for RetryAfter is allowed.
func TestLimitsHold(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(1e9, 0)
		l := newLocal(func() time.Time { return now })
		limit := rapid.IntRange(1, 100).Draw(t, "limit")
		tenantLimit := rapid.IntRange(1, 200).Draw(t, "tenant limit")
		type grant struct {
			at time.Time
			n  int
		}
		var grants []grant
		for range rapid.IntRange(1, 60).Draw(t, "requests") {
			now = now.Add(time.Duration(rapid.IntRange(0, 5000).Draw(t, "pause")) * time.Millisecond)
			r := Request{Tenant: 1, Key: 1, Statements: rapid.IntRange(1, limit).Draw(t, "n")}
			limits := four{0, float64(limit), 0, float64(tenantLimit)}
			used := func() float64 { // a bucket that has drained may be forgotten
				b := l.buckets[bucketID{1, 1}]
				return drained(b.statements, float64(limit), now.Sub(b.at))
			}
			before := used()
			d := l.allow(r, limits, r.costs())
			if !d.Allowed {
				require.InDelta(t, before, used(), dust, "a refusal takes nothing")
				require.Positive(t, d.RetryAfter)
				now = now.Add(d.RetryAfter)
				d = l.allow(r, limits, r.costs())
				require.True(t, d.Allowed, "after waiting as told")
			}
			grants = append(grants, grant{now, r.Statements})
			sum := 0
			for _, g := range grants {
				if now.Sub(g.at) <= period {
					sum += g.n
				}
			}
			require.LessOrEqual(t, sum, 2*limit)
		}
	})
}

func TestLocalMemoryIsBounded(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0)
	l := newLocal(func() time.Time { return now })
	limits := four{10, 10, 10, 10}
	ask := func(key int64) { l.allow(Request{Tenant: key, Key: key, Requests: 1}, limits, four{1, 0, 1, 0}) }
	for key := range int64(1000) {
		ask(key + 1)
	}
	require.Len(t, l.buckets, 2000)
	now = now.Add(2 * period)
	ask(1)
	require.Len(t, l.buckets, 2, "what has drained is forgotten")
	for key := range int64(maxBuckets) {
		ask(key + 1)
	}
	require.LessOrEqual(t, len(l.buckets), maxBuckets+1)
}
