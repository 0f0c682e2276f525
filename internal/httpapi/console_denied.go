package httpapi

import (
	"sync"
	"time"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// denials remembers which refusals the audit log has been told of: one for each
// person, route and minute, so that a script that knocks does not fill it. And
// in the same way, which readings of the log (see auditing), and what operators
// read inside a tenant (see tellLook).
type denials struct {
	clock  func() time.Time
	mu     sync.Mutex
	minute time.Time
	told   map[denial]struct{}
}

type denial struct {
	tenant         int64
	subject, route string
}

// maxDenials of one minute are told apart; what is beyond is recorded each time
// anew.
const maxDenials = 10_000

func newDenials(clock func() time.Time) *denials {
	return &denials{clock: clock, told: map[denial]struct{}{}}
}

// first reports whether d is the first of its kind in this minute.
func (s *denials) first(d denial) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if minute := s.clock().Truncate(time.Minute); !minute.Equal(s.minute) {
		s.minute = minute
		clear(s.told)
	}
	if _, told := s.told[d]; told {
		return false
	}
	if len(s.told) < maxDenials {
		s.told[d] = struct{}{}
	}
	return true
}

// forget undoes first, for what could not be recorded.
func (s *denials) forget(d denial) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.told, d)
}

// denied records a refusal that a handler found out, such as giving a role that
// one does not hold; other errors it only returns.
func (a *API) denied(x *exchange, r route, err error) error {
	if x.caller == nil || x.caller.denied || !fault.Is(err, fault.Forbidden) {
		return err
	}
	return a.deny(x, r, x.caller.tenant, err)
}

// deny records in the log of a tenant that x was refused, and returns why. Where
// that cannot be recorded, that is the error.
func (a *API) deny(x *exchange, r route, tenant int64, why error) error {
	c := x.caller
	c.denied = true
	if !a.console.denials.first(denial{tenant, c.person.Subject(), r.method + " " + r.path}) {
		return why
	}
	err := a.DB.Tenant(x.context(), postgres.NewScope(tenant, c.person.Subject()), func(tx *postgres.Tx) error {
		return audit.Record(tx, audit.Event{
			Type: audit.AccessDenied, Outcome: audit.Denied,
			Target:  audit.Target{Kind: "route", ID: r.method + " " + r.path},
			Details: map[string]any{"path": x.request.URL.Path, "needs": r.action},
		})
	})
	if err != nil {
		a.console.denials.forget(denial{tenant, c.person.Subject(), r.method + " " + r.path})
		return err
	}
	return why
}
