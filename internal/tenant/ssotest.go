package tenant

import (
	"slices"
	"strings"
	"time"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// RecordTest keeps how a test of the draft ended. version is the draft's that
// was tested. NotFound: there is no draft; PreconditionFailed: it has changed
// while it was tested.
func RecordTest(tx *postgres.Tx, version int64, result TestResult, now time.Time) (*Provider, error) {
	s, err := lockSSO(tx)
	if err != nil {
		return nil, err
	}
	p := s.Draft
	if p == nil {
		return nil, noDraft()
	}
	if err := sameVersion(version, p.Version); err != nil {
		return nil, err
	}
	if !result.Identity.keepable() && result.OK {
		result.OK, result.Reason = false, reasonIdentity
	}
	if !result.OK { // a failed test has no identity that counts
		result.Identity = Identity{}
	}
	result.Reason = strings.ToValidUTF8(result.Reason[:min(len(result.Reason), 1000)], "")
	result.At = kept(now)
	p.Test, p.TestedAt, p.TestedBy = &result, nil, ""
	outcome := audit.Failure
	if result.OK {
		at := kept(now)
		p.TestedAt, p.TestedBy, outcome = &at, actorOf(tx), audit.Success
	}
	if err := writeProvider(tx, "draft", p); err != nil {
		return nil, err
	}
	details := map[string]any{}
	if result.Reason != "" {
		details["reason"] = result.Reason
	}
	return p, audit.Record(tx, audit.Event{Type: audit.SSOTested, Target: ssoTarget(p), Outcome: outcome, Details: details})
}

func noDraft() error { return fault.New(fault.NotFound, "there is no draft of an identity provider") }

// Activate puts the draft in force. It must have been tested as it is now, and
// whoever tested it must be let in by it as an admin of the tenant (of the
// platform: as an operator) by the present mapping: so a wrong configuration
// locks nobody out. NotFound: there is no draft; Conflict: one of these is not
// so; PreconditionFailed: the draft has changed since version.
func Activate(tx *postgres.Tx, version int64, now time.Time) (*Provider, error) {
	s, err := lockSSO(tx)
	if err != nil {
		return nil, err
	}
	p := s.Draft
	if p == nil {
		return nil, noDraft()
	}
	if err := sameVersion(version, p.Version); err != nil {
		return nil, err
	}
	if p.TestedAt == nil || p.Test == nil || !p.Test.OK {
		return nil, fault.New(fault.Conflict, "test this configuration first: it has not worked as it is now")
	}
	if err := requireTester(tx, p, now); err != nil {
		return nil, err
	}
	p.UpdatedAt = kept(now)
	if err := writeProvider(tx, "active", p); err != nil {
		return nil, err
	}
	if _, err := tx.Exec(tx.Context(), `delete from identity_providers where tenant_id = $1 and state = 'draft'`, tx.TenantID()); err != nil {
		return nil, err
	}
	e := audit.Event{Type: audit.SSOActivated, Target: ssoTarget(p), After: p.state()}
	if s.Active != nil {
		e.Before = s.Active.state()
	}
	return p, audit.Record(tx, e)
}

// requireTester makes sure that the person who tested stays an admin.
func requireTester(tx *postgres.Tx, p *Provider, now time.Time) error {
	t, err := Self(tx)
	if err != nil {
		return err
	}
	who := p.Test.Identity
	d, err := decide(tx, &who, p, now)
	switch {
	case err != nil:
		return err
	case d.refused != "":
		return fault.New(fault.Conflict, "with this configuration the person who tested it could not sign in: %s", d.refused)
	case slices.Contains(d.roles, authz.Wanted{Role: adminRole(t)}):
		return nil
	case d.made:
	default:
		grants, err := grantsOf(tx, d.member.ID, now)
		if err != nil || slices.ContainsFunc(grants, func(g authz.Grant) bool { return g.Source != authz.SSO && lasting(g, adminRole(t)) }) {
			return err
		}
	}
	return fault.New(fault.Conflict, "with this configuration the person who tested it would not be %s any more: map one of their groups to that role, or give it to them by hand", adminRole(t))
}
