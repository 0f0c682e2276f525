package httpapi

import (
	"fmt"
	"math"
	"time"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/ratelimit"
)

// limitRequest charges one request to the key and its tenant. It comes before
// the body, so that who is over the limit need not send it.
func (a *API) limitRequest(x *exchange) error {
	return a.limit(x, 1, 0)
}

// limitStatements charges what a write turned out to hold.
func (a *API) limitStatements(x *exchange, statements int) error {
	if statements == 0 {
		return nil
	}
	return a.limit(x, 0, statements)
}

// limit asks for an allowance, and tells the client where it stands: RateLimit
// and RateLimit-Policy as the IETF's draft has them (httpapi ratelimit-headers,
// draft 10). Of several limits it is told the one that matters most now.
func (a *API) limit(x *exchange, requests, statements int) error {
	p := x.principal
	return a.charge(x, ratelimit.Request{
		Tenant: p.Tenant, Key: p.Key, Limits: ratelimit.Override(p.Limits), Requests: requests, Statements: statements,
	})
}

// charge asks for r and tells the client where it stands.
func (a *API) charge(x *exchange, r ratelimit.Request) error {
	d := a.Limiter.Allow(x.context(), r)
	if d.Window == "" {
		return nil
	}
	h := x.Header()
	policy := fmt.Sprintf(`%q;q=%d;w=60`, d.Window, d.Limit)
	state := fmt.Sprintf(`%q;r=%d;t=%d`, d.Window, d.Remaining, seconds(d.Reset))
	if r.Requests > 0 {
		h.Set("RateLimit-Policy", policy)
		h.Set("RateLimit", state)
	} else {
		// The request was counted before: both limits are told.
		h.Add("RateLimit-Policy", policy)
		h.Add("RateLimit", state)
	}
	if d.Allowed {
		return nil
	}
	f := fault.New(fault.RateLimited, "more than %d a minute (%s): send the same request again in %d s", d.Limit, d.Window, seconds(d.RetryAfter))
	f.RetryAfter = d.RetryAfter
	return f
}

func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
