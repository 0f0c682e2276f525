package authn

import (
	"context"
	"encoding/json"
	"time"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// testLife is how long what the provider said in a test can be looked at.
const testLife = time.Hour

// TestResult is what the draft of the settings does for whoever tests it. That
// it works is kept in Postgres (tenant.RecordTest); the rest, which is for
// setting up the mapping, in Redis for an hour.
type TestResult struct {
	At       time.Time        `json:"at"`
	By       string           `json:"by"` // e-mail address of who tested
	OK       bool             `json:"ok"`
	Reason   Reason           `json:"reason,omitzero"`
	Problem  string           `json:"problem,omitzero"`  // for people
	Identity *tenant.Identity `json:"identity,omitzero"` // nil: it did not come that far
	Roles    []string         `json:"roles"`             // that the groups give, in any store; else the default
	Claims   json.RawMessage  `json:"claims,omitzero"`   // all that the provider said
}

func testKey(of int64) string { return "stoa:ssotest:" + number(of) }

// LastTest returns the result of the latest test of the last hour; NotFound when
// there is none. Unavailable: Redis cannot be asked.
func (s *SignIn) LastTest(ctx context.Context, of int64) (*TestResult, error) {
	text, err := s.redis.get(ctx, testKey(of))
	if err != nil {
		return nil, err
	}
	if text == nil {
		return nil, fault.New(fault.NotFound, "the settings were not tested within the last hour")
	}
	var r TestResult
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "a test result that is none")
	}
	return &r, nil
}

// test finishes a sign-in with the draft. A provider that fails is a result.
func (s *SignIn) test(ctx context.Context, l *login, r CallbackRequest) (*TestResult, error) {
	a, err := s.answer(ctx, l, r)
	if err != nil && (ReasonOf(err) == Interrupted || ReasonOf(err) == SettingsChanged) {
		return nil, err
	}
	result := &TestResult{At: s.clock().UTC(), By: l.ByEmail, OK: err == nil, Roles: []string{}}
	kept := tenant.TestResult{OK: err == nil}
	if err != nil {
		result.Reason, result.Problem = ReasonOf(err), message(err)
		kept.Reason = result.Problem
	} else {
		result.Identity, result.Claims = a.identity, shown(a.claims)
		kept.Identity = *a.identity
	}
	by := Person{Tenant: l.Tenant, Slug: l.Slug, Operator: l.Slug == tenant.PlatformSlug, Member: l.By, Email: l.ByEmail}
	given, _ := audit.From(ctx)
	src := by.Source(r.From, given.RequestID)
	src.Session = l.BySession
	err = s.db.Tenant(audit.With(ctx, src), by.Scope(), func(tx *postgres.Tx) error {
		p, err := tenant.RecordTest(tx, l.Version, kept, s.clock())
		if err != nil {
			return err
		}
		result.OK, result.Problem = p.Test.OK, p.Test.Reason
		if a != nil {
			result.Roles, err = tenant.MappedRoles(tx, a.identity.Groups, p.DefaultRole)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(result)
	if err != nil {
		return nil, err
	}
	return result, s.redis.put(ctx, testKey(l.Tenant), text, testLife)
}
