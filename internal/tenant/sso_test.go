package tenant_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

func (p platform) sso(t *tenant.Tenant) (s *tenant.SSO) {
	p.t.Helper()
	p.in(t, func(tx *postgres.Tx) (err error) {
		s, err = tenant.GetSSO(tx)
		return err
	})
	return s
}

func (p platform) draft(t *tenant.Tenant, d tenant.Draft, version int64) (draft *tenant.Provider, err error) {
	err = p.try(t, func(tx *postgres.Tx) (err error) {
		draft, err = tenant.PutDraft(tx, plainRing{}, d, false, version, now)
		return err
	})
	return draft, err
}

func (p platform) tested(t *tenant.Tenant, version int64, result tenant.TestResult) error {
	return p.try(t, func(tx *postgres.Tx) error {
		_, err := tenant.RecordTest(tx, version, result, now)
		return err
	})
}

func (p platform) activate(t *tenant.Tenant, version int64) error {
	return p.try(t, func(tx *postgres.Tx) error {
		_, err := tenant.Activate(tx, version, now)
		return err
	})
}

func TestTheClientSecretIsKeptForItsIssuerOnly(t *testing.T) {
	t.Parallel()
	p := setup(t)
	acme := p.tenant("acme")
	d := tenant.Draft{Issuer: issuer, ClientID: "stoa", Secret: hidden("hunter2")}
	first, err := p.draft(acme, d, 0)
	require.NoError(t, err)
	plain, err := first.ClientSecret(plainRing{})
	require.NoError(t, err)
	require.Equal(t, "hunter2", plain.Reveal())
	require.Equal(t, []string{"openid", "email", "profile"}, first.Scopes)

	d.Secret = hidden("")
	d.GroupsClaim = "roles"
	second, err := p.draft(acme, d, first.Version)
	require.NoError(t, err)
	plain, err = p.sso(acme).Draft.ClientSecret(plainRing{})
	require.NoError(t, err)
	require.Equal(t, "hunter2", plain.Reveal(), "empty: it stays")
	_, err = p.draft(acme, d, first.Version)
	require.Equal(t, fault.PreconditionFailed, fault.KindOf(err))
	for name, change := range map[string]func(*tenant.Draft){
		"issuer": func(d *tenant.Draft) { d.Issuer = "https://evil.example" },
		"client": func(d *tenant.Draft) { d.ClientID = "other" },
	} {
		other := d
		change(&other)
		_, err = p.draft(acme, other, second.Version)
		require.Equal(t, fault.Invalid, fault.KindOf(err), "%s: another would be told the secret", name)
	}
	for _, e := range p.events(acme) {
		require.NotContains(t, e.Details, "hunter2")
	}
}

func TestADraftIsRefused(t *testing.T) {
	t.Parallel()
	p := setup(t)
	acme := p.tenant("acme")
	for name, change := range map[string]func(*tenant.Draft){
		"http":          func(d *tenant.Draft) { d.Issuer = "http://login.example.com" },
		"loopback http": func(d *tenant.Draft) { d.Issuer = "http://127.0.0.1:9000" },
		"no URL":        func(d *tenant.Draft) { d.Issuer = "login" },
		"query":         func(d *tenant.Draft) { d.Issuer = "https://login.example.com?a=b" },
		"user":          func(d *tenant.Draft) { d.Issuer = "https://a:b@login.example.com" },
		"client":        func(d *tenant.Draft) { d.ClientID = "" },
		"no secret":     func(d *tenant.Draft) { d.Secret = hidden("") },
		"no openid":     func(d *tenant.Draft) { d.Scopes = []string{"email"} },
		"domain":        func(d *tenant.Draft) { d.Domains = []string{"a b"} },
		"role":          func(d *tenant.Draft) { d.DefaultRole = "nothing" },
		"operator":      func(d *tenant.Draft) { d.DefaultRole = authz.Operator },
		"NUL":           func(d *tenant.Draft) { d.DefaultRole = "a\x00" },
	} {
		d := tenant.Draft{Issuer: issuer, ClientID: "stoa", Secret: hidden("hunter2")}
		change(&d)
		_, err := p.draft(acme, d, 0)
		require.Equal(t, fault.Invalid, fault.KindOf(err), "%s: %v", name, err)
	}
	p.in(acme, func(tx *postgres.Tx) error {
		_, err := tenant.PutDraft(tx, plainRing{}, tenant.Draft{Issuer: "http://127.0.0.1:9000", ClientID: "stoa", Secret: hidden("x")}, true, 0, now)
		return err
	})
}

func TestAWrongConfigurationLocksNobodyOut(t *testing.T) {
	t.Parallel()
	p := setup(t)
	acme := p.tenant("acme")
	by := p.provider(acme)
	admin, _ := p.signIn(acme, by, who("1", "ada@acme.example", "admins"))

	require.Equal(t, fault.NotFound, fault.KindOf(p.activate(acme, 0)), "no draft")
	d := tenant.Draft{Issuer: "https://new.example.com", ClientID: "stoa", Secret: hidden("x"), Domains: []string{"acme.example"}}
	draft, err := p.draft(acme, d, 0)
	require.NoError(t, err)
	require.Equal(t, fault.Conflict, fault.KindOf(p.activate(acme, draft.Version)), "not tested")
	require.NoError(t, p.tested(acme, draft.Version, tenant.TestResult{Reason: "wrong client secret"}))
	require.Equal(t, fault.Conflict, fault.KindOf(p.activate(acme, draft.Version)), "the test failed")
	require.Equal(t, "wrong client secret", p.sso(acme).Draft.Test.Reason)

	tester := tenant.Identity{Issuer: d.Issuer, Subject: "x", Email: "ada@acme.example", Groups: []string{"nobodies"}}
	good := func(change func(*tenant.Identity)) tenant.TestResult {
		w := tester
		change(&w)
		return tenant.TestResult{OK: true, Identity: w}
	}
	for name, change := range map[string]func(*tenant.Identity){
		"loses the role":    func(*tenant.Identity) {},
		"is only analyst":   func(w *tenant.Identity) { w.Groups = []string{"analysts"} },
		"stranger":          func(w *tenant.Identity) { w.Email = "a@elsewhere.example"; w.Groups = []string{"admins"} },
		"no address at all": func(w *tenant.Identity) { w.Email = ""; w.Groups = []string{"admins"} },
	} {
		require.NoError(t, p.tested(acme, draft.Version, good(change)))
		err := p.activate(acme, draft.Version)
		require.Equal(t, fault.Conflict, fault.KindOf(err), name)
	}
	require.Equal(t, issuer, p.sso(acme).Active.Issuer, "the old one is in force all the time")

	require.NoError(t, p.tested(acme, draft.Version, good(func(w *tenant.Identity) { w.Groups = []string{"admins"} })))
	changed, err := p.draft(acme, d, draft.Version)
	require.NoError(t, err)
	require.Equal(t, fault.Conflict, fault.KindOf(p.activate(acme, changed.Version)), "tested as it was, not as it is")
	require.Equal(t, fault.PreconditionFailed, fault.KindOf(p.tested(acme, draft.Version, good(func(*tenant.Identity) {}))))

	p.grant(acme, admin.ID, authz.TenantAdmin) // by hand: then no group needs to give it
	require.NoError(t, p.tested(acme, changed.Version, good(func(*tenant.Identity) {})))
	require.NoError(t, p.activate(acme, changed.Version))
	s := p.sso(acme)
	require.Nil(t, s.Draft)
	require.Equal(t, d.Issuer, s.Active.Issuer)
	e, _ := p.last(acme, audit.SSOActivated)
	require.Contains(t, e.Details, issuer, "what was before")

	// Whom the old provider knew the new one knows by the address.
	m, reason := p.signIn(acme, s.Active, tester)
	require.Empty(t, reason)
	require.Equal(t, admin.ID, m.ID)
	require.Equal(t, d.Issuer, m.Issuer)
}

func TestOperatorsSignInToThePlatform(t *testing.T) {
	t.Parallel()
	p := setup(t)
	home, err := tenant.Platform(t.Context(), p.op)
	require.NoError(t, err)
	require.True(t, home.IsPlatform())
	_, err = tenant.Create(t.Context(), p.op, tenant.PlatformSlug, "Mine", now)
	require.Equal(t, fault.Conflict, fault.KindOf(err))
	_, err = tenant.Suspend(t.Context(), p.op, tenant.PlatformSlug)
	require.Equal(t, fault.Conflict, fault.KindOf(err))

	d := tenant.Draft{Issuer: issuer, ClientID: "stoa", Secret: hidden("x"), Domains: []string{"host.example"}}
	draft, err := p.draft(home, d, 0)
	require.NoError(t, err)
	require.NoError(t, p.tested(home, draft.Version, tenant.TestResult{OK: true, Identity: who("1", "root@host.example", "roots")}))
	require.Equal(t, fault.Conflict, fault.KindOf(p.activate(home, draft.Version)))
	require.Error(t, p.try(home, func(tx *postgres.Tx) error {
		_, err := tenant.AddMapping(tx, "roots", authz.TenantAdmin, 0, now)
		return err
	}), "no role of the platform")
	p.in(home, func(tx *postgres.Tx) error {
		_, err := tenant.AddMapping(tx, "roots", authz.Operator, 0, now)
		return err
	})
	require.NoError(t, p.activate(home, draft.Version))
}

// dns answers with what it has; a name that it has not does not exist.
type dns map[string][]string

func (d dns) LookupTXT(_ context.Context, name string) ([]string, error) {
	if name == "_stoa-challenge.down.example" {
		return nil, errors.New("no answer")
	}
	if texts, there := d[name]; there {
		return texts, nil
	}
	return nil, &net.DNSError{Name: name, IsNotFound: true}
}

func TestADomainLeadsToOneTenant(t *testing.T) {
	t.Parallel()
	p := setup(t)
	acme, globex := p.tenant("acme"), p.tenant("globex")
	claim := func(t *tenant.Tenant, domain string) (d *tenant.Domain) {
		p.in(t, func(tx *postgres.Tx) (err error) {
			d, err = tenant.ClaimDomain(tx, domain, now)
			return err
		})
		return d
	}
	verify := func(t *tenant.Tenant, domain string, d dns) error {
		_, err := tenant.VerifyDomain(context.Background(), p.db, t.Scope("test"), d, domain, now)
		return err
	}
	leads := func(domain string) string {
		to, err := tenant.DomainTenant(t.Context(), p.op, domain)
		if fault.Is(err, fault.NotFound) {
			return ""
		}
		require.NoError(t, err)
		return to.Slug
	}
	mine, theirs := claim(acme, "Acme.example"), claim(globex, "acme.example")
	require.Equal(t, "_stoa-challenge.acme.example", mine.Host)
	require.NotEqual(t, mine.Challenge, theirs.Challenge)
	require.Equal(t, mine, claim(acme, "acme.example"), "twice is the same")
	require.Empty(t, leads("acme.example"), "claiming is not enough")

	require.Equal(t, fault.Conflict, fault.KindOf(verify(acme, "acme.example", dns{})))
	require.Equal(t, fault.Conflict, fault.KindOf(verify(acme, "acme.example", dns{mine.Host: {theirs.Challenge}})))
	require.NoError(t, verify(acme, "acme.example", dns{mine.Host: {"v=spf1", mine.Challenge}}))
	require.Equal(t, "acme", leads("ACME.example"))
	require.Empty(t, leads("sub.acme.example"))
	err := verify(globex, "acme.example", dns{mine.Host: {theirs.Challenge}})
	require.Equal(t, fault.Conflict, fault.KindOf(err))
	require.NotContains(t, err.Error(), "acme\"")
	claim(acme, "down.example")
	require.Equal(t, fault.Unavailable, fault.KindOf(verify(acme, "down.example", nil)))

	require.Equal(t, fault.NotFound, fault.KindOf(verify(globex, "never.example", nil)))
	p.in(acme, func(tx *postgres.Tx) error { return tenant.GiveUpDomain(tx, "acme.example") })
	require.Empty(t, leads("acme.example"))
	require.NoError(t, verify(globex, "acme.example", dns{mine.Host: {theirs.Challenge}}))
	require.Equal(t, "globex", leads("acme.example"))
	for _, bad := range []string{"", "acme", "a b.example", ".example", "a..example", "a.example.", strings.Repeat("a.", 200) + "example", "ä.example", "a\x00.example"} {
		require.Equal(t, fault.Invalid, fault.KindOf(p.try(acme, func(tx *postgres.Tx) error { _, err := tenant.ClaimDomain(tx, bad, now); return err })), bad)
		require.Empty(t, leads(bad))
	}
	p.in(acme, func(tx *postgres.Tx) error { _, err := tenant.TrustDomain(tx, "dev.example", now); return err })
	require.Equal(t, "acme", leads("dev.example"))
}

func TestSettings(t *testing.T) {
	t.Parallel()
	p := setup(t)
	acme := p.tenant("acme")
	var s *tenant.Settings
	get := func(tx *postgres.Tx) (err error) { s, err = tenant.GetSettings(tx); return err }
	p.in(acme, get)
	require.Equal(t, &tenant.Settings{TimeZone: "UTC", Locale: "en", BreakGlass: tenant.BreakGlassRead, Version: 1}, s)
	viewed := 500
	s.TimeZone, s.Locale, s.BreakGlass, s.ViewingCap = "Europe/Berlin", "de-DE", tenant.BreakGlassOff, &viewed
	want := *s
	put := func(s tenant.Settings, version int64) error {
		return p.try(acme, func(tx *postgres.Tx) error { _, err := tenant.UpdateSettings(tx, s, version); return err })
	}
	require.NoError(t, put(want, 1))
	p.in(acme, get)
	want.Version = 2
	require.Equal(t, &want, s)
	require.Equal(t, fault.PreconditionFailed, fault.KindOf(put(want, 1)))
	for name, change := range map[string]func(*tenant.Settings){
		"zone":   func(s *tenant.Settings) { s.TimeZone = "Europe/Nowhere" },
		"local":  func(s *tenant.Settings) { s.TimeZone = "Local" },
		"path":   func(s *tenant.Settings) { s.TimeZone = "../../etc/passwd" },
		"locale": func(s *tenant.Settings) { s.Locale = "German" },
		"glass":  func(s *tenant.Settings) { s.BreakGlass = "" },
		"cap":    func(s *tenant.Settings) { zero := 0; s.ViewingCap = &zero },
	} {
		bad := want
		change(&bad)
		require.Equal(t, fault.Invalid, fault.KindOf(put(bad, 0)), name)
	}
	e, _ := p.last(acme, audit.SettingsChanged)
	require.Contains(t, e.Details, `"before":{"time_zone":"UTC"`)
}

func TestTenantsAreToldInBothLogs(t *testing.T) {
	t.Parallel()
	p := setup(t)
	ctx := audit.With(t.Context(), audit.Source{Actor: audit.Actor{Kind: audit.ByShell, ID: "shell:root", Name: "root"}})
	acme, err := tenant.Create(ctx, p.op, "acme", "Acme", now)
	require.NoError(t, err)
	name := "Acme Learning"
	changed, err := tenant.Update(ctx, p.op, "acme", tenant.Change{Name: &name}, acme.Version)
	require.NoError(t, err)
	_, err = tenant.Update(ctx, p.op, "acme", tenant.Change{Name: &name}, acme.Version)
	require.Equal(t, fault.PreconditionFailed, fault.KindOf(err))
	for range 2 {
		_, err = tenant.Suspend(ctx, p.op, "acme")
		require.NoError(t, err)
	}
	_, err = tenant.Resume(ctx, p.op, "acme")
	require.NoError(t, err)
	require.EqualValues(t, 2, changed.Version)
	home, err := tenant.Platform(t.Context(), p.op)
	require.NoError(t, err)
	for _, log := range []*tenant.Tenant{acme, home} {
		var types []string
		for _, e := range p.events(log) {
			types = append(types, e.Type)
			require.Equal(t, "shell:root", e.Actor)
			require.Equal(t, "acme", e.TargetID)
		}
		require.Equal(t, []string{"tenant.created", "tenant.changed", "tenant.suspended", "tenant.resumed"}, types, "twice is one event")
	}
}

func TestKeysAndStoresAreToldAndChanged(t *testing.T) {
	t.Parallel()
	p := setup(t)
	acme := p.tenant("acme")
	s := p.store(acme, "main", tenant.Sandbox)
	k, plain := p.key(acme, tenant.NewKey{Store: s.ID, Scopes: authz.ScopeAllRead})
	narrow, wide, mine := authz.ScopeState|authz.ScopeAllRead, authz.ScopeAll, authz.ScopeStatementsReadMine
	name := "Another"
	update := func(c tenant.KeyChange, version int64) error {
		return p.try(acme, func(tx *postgres.Tx) error { _, err := tenant.UpdateKey(tx, k.User, c, version); return err })
	}
	require.Equal(t, fault.Forbidden, fault.KindOf(update(tenant.KeyChange{Scopes: &narrow}, 0)), "state also writes")
	require.Equal(t, fault.Forbidden, fault.KindOf(update(tenant.KeyChange{Scopes: &wide}, 0)))
	require.NoError(t, update(tenant.KeyChange{Scopes: &mine, Name: &name}, 1))
	require.Equal(t, fault.PreconditionFailed, fault.KindOf(update(tenant.KeyChange{Name: &name}, 1)))
	read := authz.ScopeStatementsRead
	require.Equal(t, fault.Forbidden, fault.KindOf(update(tenant.KeyChange{Scopes: &read}, 2)), "mine is not everybody's")
	require.NoError(t, update(tenant.KeyChange{Scopes: &wide, Widen: true}, 2))
	p.in(acme, func(tx *postgres.Tx) error {
		got, err := tenant.GetKey(tx, k.User)
		require.Equal(t, "Another", got.Name)
		require.Equal(t, authz.ScopeAll, got.Scopes)
		require.Equal(t, "test", got.CreatedBy)
		require.EqualValues(t, 3, got.Version)
		return err
	})
	p.in(acme, func(tx *postgres.Tx) error {
		if _, err := tenant.UpdateStore(tx, "main", "Main store", 1); err != nil {
			return err
		}
		if _, _, err := tenant.Rotate(tx, p.peppers, k.User, time.Hour, now); err != nil {
			return err
		}
		if _, err := tenant.Revoke(tx, k.User, now); err != nil {
			return err
		}
		return tenant.RecordEmptied(tx, s.ID, 7)
	})
	require.Equal(t, fault.Conflict, fault.KindOf(update(tenant.KeyChange{Name: &name}, 0)), "revoked")
	var types []string
	for _, e := range p.events(acme)[1:] {
		types = append(types, e.Type)
		require.NotContains(t, e.Details, plain.Reveal())
	}
	require.Equal(t, []string{
		"store.created", "key.created", "key.changed", "key.changed", "store.changed", "key.rotated", "key.revoked", "store.emptied",
	}, types)
}
