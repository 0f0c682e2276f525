// Package ratelimit says whether a request is within its limits. It owns the
// limits' state: in Redis, shared by all processes, or in memory, one process's
// own, while Redis is away. It never answers a request, and never fails one:
// what cannot be asked is decided locally.
//
// Each limit is a bucket that fills with what is used and drains evenly, at the
// limit a minute (GCRA by another name). So a client may use the whole limit at
// once and is then held to the rate; there is no edge of a window at which it
// gets twice as much at one moment, and the state is one number and one time,
// whatever the traffic.
package ratelimit

import (
	"math"
	"time"
)

// Window names one of the four limits that a request is held to.
type Window string

// The windows. The order is that of the script's arguments.
const (
	KeyRequests      Window = "key-requests"
	KeyStatements    Window = "key-statements"
	TenantRequests   Window = "tenant-requests"
	TenantStatements Window = "tenant-statements"
)

var windows = [...]Window{KeyRequests, KeyStatements, TenantRequests, TenantStatements}

// period is the time in which a limit may be used once.
const period = time.Minute

// Limits are numbers a minute; 0 is unlimited.
type Limits struct {
	KeyRequests, KeyStatements, TenantRequests, TenantStatements int
}

// Override is what a tenant has instead of the default of its own two windows;
// 0 is the default. tenant.Limits converts to it.
type Override struct{ Requests, Statements int }

// Request asks for an allowance.
type Request struct {
	Tenant, Key int64
	Limits      Override
	Requests    int // 1, or 0 when the request itself was counted before
	Statements  int // how many it writes
}

// Decision is the answer, with what a client is told. All but Allowed are about
// one window: the one that refuses longest, else the one with the least left.
type Decision struct {
	Allowed    bool
	Window     Window        // "": no window applies
	Limit      int           // a minute
	Remaining  int           // what could be used at once now
	Reset      time.Duration // until Remaining is Limit again
	RetryAfter time.Duration // until the same request would be allowed; 0 when it is
}

// four holds a number for each of windows.
type four [len(windows)]float64

func (r Request) limits(d Limits) four {
	tenant := Override{d.TenantRequests, d.TenantStatements}
	if r.Limits.Requests > 0 {
		tenant.Requests = r.Limits.Requests
	}
	if r.Limits.Statements > 0 {
		tenant.Statements = r.Limits.Statements
	}
	return four{float64(d.KeyRequests), float64(d.KeyStatements), float64(tenant.Requests), float64(tenant.Statements)}
}

func (r Request) costs() four {
	n, s := float64(r.Requests), float64(r.Statements)
	return four{n, s, n, s}
}

// apply reports whether any window has a limit and a cost.
func apply(limits, costs four) bool {
	for i := range windows {
		if limits[i] > 0 && costs[i] > 0 {
			return true
		}
	}
	return false
}

// fits is the rule of all windows. A cost beyond the whole limit fits an empty
// bucket, which then drains for longer than a minute: else a batch larger than
// the limit could never be sent.
func fits(limit, cost, used float64) bool {
	return limit <= 0 || cost <= 0 || used <= dust || used+cost <= limit+dust
}

// dust is what rounding leaves in a bucket that has drained.
const dust = 1e-5

// drained is what is left of used after some time.
func drained(used, limit float64, passed time.Duration) float64 {
	return max(0, used-limit*max(0, passed.Seconds())/period.Seconds())
}

// decide makes the decision known: used is the state after it.
func decide(limits, costs, used four, allowed bool) Decision {
	best, found := Decision{Allowed: allowed}, false
	for i, w := range windows {
		limit, cost := limits[i], costs[i]
		if limit <= 0 || cost <= 0 {
			continue
		}
		d := Decision{
			Allowed: allowed, Window: w, Limit: int(limit),
			Remaining: int(max(0, limit-used[i])),
			Reset:     drainTime(used[i], limit),
		}
		if !allowed && !fits(limit, cost, used[i]) {
			d.RetryAfter = max(time.Millisecond, drainTime(used[i]-max(0, limit-cost), limit))
		}
		if !found || d.RetryAfter > best.RetryAfter ||
			d.RetryAfter == best.RetryAfter && d.Remaining*best.Limit < best.Remaining*d.Limit {
			best, found = d, true
		}
	}
	return best
}

// drainTime is how long amount takes to drain, rounded up to a millisecond.
func drainTime(amount, limit float64) time.Duration {
	ms := math.Ceil(amount / limit * float64(period/time.Millisecond))
	return time.Duration(ms) * time.Millisecond
}
