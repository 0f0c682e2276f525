package tenant_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// plainRing encrypts by writing down where it belongs: enough to see that the
// place is right.
type plainRing struct{}

func (plainRing) Encrypt(tenant int64, column string, plain []byte) ([]byte, error) {
	return fmt.Appendf(nil, "%d %s %s", tenant, column, plain), nil
}

func (plainRing) Decrypt(tenant int64, column string, sealed []byte) ([]byte, error) {
	plain, ok := strings.CutPrefix(string(sealed), fmt.Sprintf("%d %s ", tenant, column))
	if !ok {
		return nil, fault.New(fault.Internal, "not of this place")
	}
	return []byte(plain), nil
}

// event is a line of the log, as it is stored.
type event struct {
	Type, Actor, TargetKind, TargetID, TargetName, Outcome, Details string
}

// events returns the tenant's log from the beginning.
func (p platform) events(t *tenant.Tenant) (all []event) {
	p.t.Helper()
	p.in(t, func(tx *postgres.Tx) error {
		rows, err := tx.Query(tx.Context(), `select action, actor_id, target_kind, target_id, target_name, outcome, details from audit_events order by id`)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, pgx.RowToStructByPos[event])
		return err
	})
	return all
}

// last returns the newest event of that type.
func (p platform) last(t *tenant.Tenant, of audit.Type) (e event, details map[string]any) {
	p.t.Helper()
	for _, one := range p.events(t) {
		if one.Type == string(of) {
			e = one
		}
	}
	require.NotZero(p.t, e, of)
	require.NoError(p.t, json.Unmarshal([]byte(e.Details), &details))
	return e, details
}

func (p platform) invite(t *tenant.Tenant, email string) (m *tenant.Member) {
	p.t.Helper()
	p.in(t, func(tx *postgres.Tx) (err error) {
		m, err = tenant.Invite(tx, email, "", now.Add(time.Hour), now)
		return err
	})
	return m
}

func (p platform) member(t *tenant.Tenant, id int64) (m *tenant.Member) {
	p.t.Helper()
	p.in(t, func(tx *postgres.Tx) (err error) {
		m, err = tenant.GetMember(tx, id)
		return err
	})
	return m
}

func (p platform) grant(t *tenant.Tenant, member int64, role string) {
	p.t.Helper()
	p.in(t, func(tx *postgres.Tx) error {
		_, err := authz.GiveGrant(tx, authz.Trusted, authz.NewGrant{Member: member, Role: role}, now)
		return err
	})
}

func (p platform) roles(t *tenant.Tenant, member int64) (roles []string) {
	p.t.Helper()
	p.in(t, func(tx *postgres.Tx) error {
		grants, _, err := authz.ListGrants(tx, member, authz.Page{})
		roles = []string{}
		for _, g := range grants {
			roles = append(roles, string(g.Source)+" "+g.Role)
		}
		return err
	})
	return roles
}

const issuer = "https://login.example.com"

func who(subject, email string, groups ...string) tenant.Identity {
	return tenant.Identity{Issuer: issuer, Subject: subject, Email: email, EmailVerified: true, Name: "Ada", Groups: groups}
}

// provider makes groups "admins" and "analysts" give roles, and puts a
// provider in force that lets in acme.example.
func (p platform) provider(t *tenant.Tenant, change ...func(*tenant.Draft)) (active *tenant.Provider) {
	p.t.Helper()
	d := tenant.Draft{Issuer: issuer, ClientID: "stoa", Secret: hidden("hunter2"), Domains: []string{"Acme.example"}}
	for _, c := range change {
		c(&d)
	}
	p.in(t, func(tx *postgres.Tx) error {
		for claim, role := range map[string]string{"admins": authz.TenantAdmin, "analysts": authz.Analyst} {
			if _, err := tenant.AddMapping(tx, claim, role, 0, now); err != nil {
				return err
			}
		}
		draft, err := tenant.PutDraft(tx, plainRing{}, d, false, 0, now)
		if err != nil {
			return err
		}
		tester := who("tester", "tester@acme.example", "admins")
		tester.Issuer = d.Issuer
		if _, err = tenant.RecordTest(tx, draft.Version, tenant.TestResult{OK: true, Identity: tester}, now); err != nil {
			return err
		}
		active, err = tenant.Activate(tx, draft.Version, now)
		return err
	})
	return active
}

// signIn returns the member, or why not.
func (p platform) signIn(t *tenant.Tenant, by *tenant.Provider, w tenant.Identity) (m *tenant.Member, reason string) {
	p.t.Helper()
	p.in(t, func(tx *postgres.Tx) error {
		got, refused, err := tenant.SignIn(tx, w, by, now)
		m, reason = got, ""
		if refused != nil {
			reason = refused.Reason
			require.Equal(p.t, fault.Forbidden, fault.KindOf(refused.Err()))
			require.Equal(p.t, (&tenant.Refusal{}).Err().Error(), refused.Err().Error(), "one text for all")
		}
		return err
	})
	return m, reason
}

func TestInvitedPeopleComeIn(t *testing.T) {
	t.Parallel()
	p := setup(t)
	acme := p.tenant("acme")
	by := p.provider(acme)
	invited := p.invite(acme, " Ada@Elsewhere.example ")
	require.Equal(t, "ada@elsewhere.example", invited.Email)
	p.grant(acme, invited.ID, authz.Auditor)

	unverified := who("1", "ada@elsewhere.example")
	unverified.EmailVerified = false
	m, reason := p.signIn(acme, by, unverified)
	require.Nil(t, m)
	require.Contains(t, reason, "not verified")
	e, details := p.last(acme, audit.SignInFailed)
	require.Equal(t, "denied", e.Outcome)
	require.Equal(t, reason, details["reason"])

	m, reason = p.signIn(acme, by, who("1", "ADA@elsewhere.example", "analysts", "others"))
	require.Empty(t, reason)
	require.Equal(t, invited.ID, m.ID)
	require.Equal(t, tenant.MemberActive, m.Status)
	require.Equal(t, "Ada", m.Name)
	require.Equal(t, m, p.member(acme, m.ID), "what is returned is what is kept")
	require.ElementsMatch(t, []string{"manual auditor", "sso analyst"}, p.roles(acme, m.ID))
	_, _ = p.last(acme, audit.MemberJoined)

	version := m.Version
	m, reason = p.signIn(acme, by, who("1", "ada@elsewhere.example", "analysts"))
	require.Empty(t, reason)
	require.Equal(t, version, m.Version, "signing in again is no change")
	m, _ = p.signIn(acme, by, who("1", "lovelace@elsewhere.example"))
	require.Equal(t, "lovelace@elsewhere.example", m.Email, "the address follows")
	require.Equal(t, []string{"manual auditor"}, p.roles(acme, m.ID), "roles follow the groups")

	_, reason = p.signIn(acme, by, who("2", "lovelace@elsewhere.example"))
	require.Contains(t, reason, "another identity")
}

func TestPeopleOfTheDomainComeInUninvited(t *testing.T) {
	t.Parallel()
	p := setup(t)
	acme := p.tenant("acme")
	by := p.provider(acme)
	w := who("1", "ada@acme.example", "analysts")
	w.EmailVerified = false // the domain is the provider's own
	m, reason := p.signIn(acme, by, w)
	require.Empty(t, reason)
	require.Equal(t, []string{"sso analyst"}, p.roles(acme, m.ID))

	for reason, w := range map[string]tenant.Identity{
		"no role results":     who("2", "b@acme.example", "nobodies"),
		"without an invit":    who("3", "c@elsewhere.example", "admins"),
		"no e-mail address":   who("4", "", "admins"),
		"has no subject":      who("", "d@acme.example", "admins"),
		"cannot be kept":      who("a\x00b", "d@acme.example", "admins"),
		"of another issuer":   {Issuer: "https://evil.example", Subject: "1", Email: "ada@acme.example", EmailVerified: true},
		"another identity":    who("5", "ada@acme.example", "admins"),
		"without an invitati": who("6", "e@sub.acme.example", "admins"),
	} {
		m, got := p.signIn(acme, by, w)
		require.Nil(t, m, reason)
		require.Contains(t, got, reason)
	}
	m, reason = p.signIn(acme, by, who("1", "ada@acme.example"))
	require.Nil(t, m)
	require.Contains(t, reason, "no role results", "nothing is left")
}

func TestTheDefaultRole(t *testing.T) {
	t.Parallel()
	p := setup(t)
	acme := p.tenant("acme")
	by := p.provider(acme, func(d *tenant.Draft) { d.DefaultRole = authz.Analyst })
	m, reason := p.signIn(acme, by, who("1", "ada@acme.example", "nobodies"))
	require.Empty(t, reason)
	require.Equal(t, []string{"sso analyst"}, p.roles(acme, m.ID))
}

func TestDisabledAndLatePeopleStayOut(t *testing.T) {
	t.Parallel()
	p := setup(t)
	acme := p.tenant("acme")
	by := p.provider(acme)
	m, _ := p.signIn(acme, by, who("1", "ada@acme.example", "analysts"))
	p.in(acme, func(tx *postgres.Tx) error {
		_, err := tenant.DisableMember(tx, m.ID, m.Version, now)
		return err
	})
	var ended int
	p.in(acme, func(tx *postgres.Tx) error {
		return tx.QueryRow(tx.Context(), `select count(*) from ended_sessions where member_id = $1 and session = ''`, m.ID).Scan(&ended)
	})
	require.Equal(t, 1, ended)
	_, reason := p.signIn(acme, by, who("1", "ada@acme.example", "analysts"))
	require.Contains(t, reason, "disabled")
	p.in(acme, func(tx *postgres.Tx) error {
		_, err := tenant.EnableMember(tx, m.ID, 0, now)
		return err
	})
	_, reason = p.signIn(acme, by, who("1", "ada@acme.example", "analysts"))
	require.Empty(t, reason)

	late := p.invite(acme, "late@acme.example")
	p.grant(acme, late.ID, authz.Analyst)
	p.in(acme, func(tx *postgres.Tx) error {
		_, refused, err := tenant.SignIn(tx, who("2", "late@acme.example"), by, now.Add(time.Hour))
		require.NotNil(t, refused)
		require.Contains(t, refused.Reason, "has ended")
		return err
	})
}

func TestOnePersonTwiceAtOnceIsOneMember(t *testing.T) {
	t.Parallel()
	p := setup(t)
	acme := p.tenant("acme")
	by := p.provider(acme)
	var all sync.WaitGroup
	ids := make([]int64, 8)
	for i := range ids {
		all.Go(func() {
			_ = p.db.Tenant(context.Background(), acme.Scope("test"), func(tx *postgres.Tx) error {
				m, _, err := tenant.SignIn(tx, who("1", "ada@acme.example", "analysts"), by, now)
				if err == nil {
					ids[i] = m.ID
				}
				return err
			})
		})
	}
	all.Wait()
	for _, id := range ids {
		require.NotZero(t, id)
		require.Equal(t, ids[0], id)
	}
	require.Equal(t, []string{"sso analyst"}, p.roles(acme, ids[0]))
}

func TestTheLastAdminStays(t *testing.T) {
	t.Parallel()
	p := setup(t)
	acme := p.tenant("acme")
	by := p.provider(acme)
	var admins []*tenant.Member
	for i := range 2 {
		m, _ := p.signIn(acme, by, who(fmt.Sprint(i), fmt.Sprintf("a%d@acme.example", i), "admins"))
		admins = append(admins, m)
	}
	// Each removes the other at once: one of them is refused.
	errs := make([]error, 2)
	var both sync.WaitGroup
	for i, m := range admins {
		both.Go(func() {
			errs[i] = p.try(acme, func(tx *postgres.Tx) error { return tenant.RemoveMember(tx, m.ID, 0) })
		})
	}
	both.Wait()
	left := 0
	if errs[0] == nil {
		left = 1
	}
	require.NoError(t, errs[1-left])
	require.Equal(t, fault.Conflict, fault.KindOf(errs[left]), errs[left])
	require.Equal(t, fault.Conflict, fault.KindOf(p.try(acme, func(tx *postgres.Tx) error {
		_, err := tenant.DisableMember(tx, admins[left].ID, 0, now)
		return err
	})))
	require.Equal(t, tenant.MemberActive, p.member(acme, admins[left].ID).Status, "nothing of it was kept")
	// The provider's word does not do it either, and the log says so.
	m, reason := p.signIn(acme, by, who(fmt.Sprint(left), admins[left].Email))
	require.Empty(t, reason)
	require.Equal(t, []string{"sso tenant-admin"}, p.roles(acme, m.ID))
	_, _ = p.last(acme, audit.GrantKept)
}
