package httpapi_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// What a key has written is everybody's statements: narrowing it to its own and
// taking its secret must not show them to who may not take statements out.
func TestAKeyInUseIsNotTakenOver(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	v := o.as(own, integrator)
	user, _ := o.key(own)
	key := "/api/v1/tenants/" + own.Slug + "/keys/" + user
	mine := []apiv1.Scope{"statements/write", "statements/read/mine"}
	b := v.call("PATCH", key, apiv1.KeyChange{Scopes: &mine}, "If-Match", "*").is(http.StatusForbidden).problem()
	require.Contains(t, b.Detail, "statements.export")
	write := mine[:1]
	v.call("PATCH", key, apiv1.KeyChange{Scopes: &write}, "If-Match", "*").is(http.StatusOK)
	v.call("POST", key+"/rotate", apiv1.RotateKey{}).is(http.StatusOK)

	// What an admin lets read its own statements, has a secret that only they hand out.
	o.as(own, admin).call("PATCH", key, apiv1.KeyChange{Scopes: &mine}, "If-Match", "*").is(http.StatusOK)
	v.call("POST", key+"/rotate", apiv1.RotateKey{}).is(http.StatusForbidden)
	o.as(own, admin).call("POST", key+"/rotate", apiv1.RotateKey{}).is(http.StatusOK)

	require.Len(t, o.events(own, "access.denied"), 2, "what a handler refuses is in the log as well")

	// A new key has written nothing.
	v.call("POST", "/api/v1/tenants/"+own.Slug+"/keys?store=main", apiv1.NewKey{Name: "K", Scopes: mine}).is(http.StatusCreated)
}

// A key that reads in bulk is of no use to who has its secret and is elsewhere:
// only who may have such a key lets it be used from more places.
func TestAKeyIsNotOpenedByWhoMayNotHaveIt(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	v, w := o.as(own, integrator), o.as(own, admin)
	user, _ := o.key(own)
	key := "/api/v1/tenants/" + own.Slug + "/keys/" + user
	from := func(networks ...string) apiv1.KeyChange {
		networks = append([]string{}, networks...)
		return apiv1.KeyChange{Networks: &networks}
	}
	read := []apiv1.Scope{"statements/write", "statements/read"}
	w.call("PATCH", key, apiv1.KeyChange{Scopes: &read}, "If-Match", "*").is(http.StatusOK)
	v.call("PATCH", key, from("10.0.0.0/8"), "If-Match", "*").is(http.StatusOK)
	v.call("PATCH", key, from("10.1.0.0/16", "10.2.0.1"), "If-Match", "*").is(http.StatusOK)
	for _, wider := range []apiv1.KeyChange{from(), from("10.0.0.0/8"), from("10.2.0.1", "192.0.2.1")} {
		b := v.call("PATCH", key, wider, "If-Match", "*").is(http.StatusForbidden).problem()
		require.Contains(t, b.Detail, "statements.export")
	}
	require.Len(t, o.events(own, "access.denied"), 1, "once a minute")
	tag := v.call("GET", key, nil).is(http.StatusOK).header.Get("Etag")
	w.call("PATCH", key, from(), "If-Match", tag).is(http.StatusOK)
	w.call("PATCH", key, from("10.0.0.0/8"), "If-Match", "*").is(http.StatusOK)
	w.call("PATCH", key, from(), "If-Match", tag).is(http.StatusPreconditionFailed)

	// What only writes is opened by who may issue it.
	both, write := from(), []apiv1.Scope{"statements/write"}
	both.Scopes = &write
	v.call("PATCH", key, both, "If-Match", "*").is(http.StatusOK)
	v.call("PATCH", key, from("10.0.0.0/8"), "If-Match", "*").is(http.StatusOK)
	v.call("PATCH", key, from("10.0.0.0/7"), "If-Match", "*").is(http.StatusOK)
}

// Whoever vouches for people lets them come as anybody, admins among them: with a
// provider of one's own, which tells of the admin's address, or by a directory,
// which gives people addresses and groups. So it takes who runs the tenant.
func TestNobodyVouchesForMoreThanTheyHold(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	o.in(own.ID, func(tx *postgres.Tx) error {
		_, err := authz.CreateRole(tx, authz.Trusted, "sso-people", authz.RoleText{
			Name: "SSO", Actions: []authz.Action{authz.TenantView, authz.SSOView, authz.SSOManage},
		}, time.Now())
		return err
	})
	boss, v := o.as(own, admin), o.as(own, "sso-people")
	of := "/api/v1/tenants/" + own.Slug
	n := apiv1.NewScimToken{Name: "Okta", ExpiresAt: time.Now().Add(time.Hour)}
	require.Contains(t, v.call("POST", of+"/scim-tokens", n).is(http.StatusForbidden).problem().Detail, "members.manage")
	boss.call("POST", of+"/scim-tokens", n).is(http.StatusCreated)

	draft := map[string]any{"issuer": "https://idp.evil.example", "clientId": "stoa", "clientSecret": "s"}
	v.call("PUT", of+"/sso", draft, "If-Match", "*").is(http.StatusOK)
	o.in(own.ID, func(tx *postgres.Tx) error { // as the trial ends: that provider says whatever it likes
		m, err := tenant.GetMember(tx, boss.member)
		if err != nil {
			return err
		}
		s, err := tenant.GetSSO(tx)
		if err != nil {
			return err
		}
		_, err = tenant.RecordTest(tx, s.Draft.Version, tenant.TestResult{OK: true, Identity: tenant.Identity{
			Issuer: s.Draft.Issuer, Subject: "mallory", Email: m.Email, EmailVerified: true,
		}}, time.Now())
		return err
	})
	require.Contains(t, v.call("POST", of+"/sso/activate", nil, "If-Match", "*").is(http.StatusForbidden).problem().Detail, "members.manage")
	boss.call("POST", of+"/sso/activate", nil, "If-Match", "*").is(http.StatusOK)
}

// Who holds something for a time can hand it on for that time only, whatever it
// is that they make.
func TestNothingIsGivenForLongerThanItIsHeld(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	member := o.member(own)
	soon := time.Now().Add(time.Hour)
	later := soon.Add(time.Hour)
	o.in(own.ID, func(tx *postgres.Tx) error {
		_, err := authz.GiveGrant(tx, authz.Trusted, authz.NewGrant{Member: member, Role: admin, ExpiresAt: &soon}, time.Now())
		return err
	})
	v := o.signedIn(o.sessions, own, member)
	of := "/api/v1/tenants/" + own.Slug
	v.call("POST", of+"/sso/mappings", apiv1.NewMapping{Claim: "everybody", Role: analyst}).is(http.StatusForbidden)
	v.call("POST", of+"/scim-tokens", apiv1.NewScimToken{Name: "Okta", ExpiresAt: time.Now().Add(time.Minute)}).is(http.StatusForbidden)
	draft := map[string]any{"issuer": "https://idp.example.com", "clientId": "stoa", "clientSecret": "s", "defaultRole": analyst}
	v.call("PUT", of+"/sso", draft, "If-Match", "*").is(http.StatusForbidden)

	bulk := apiv1.NewKey{Name: "Bulk", Scopes: []apiv1.Scope{"statements/read"}}
	for _, end := range []*time.Time{nil, &later} {
		bulk.ExpiresAt = end
		require.Contains(t, v.call("POST", of+"/keys?store=main", bulk).is(http.StatusForbidden).problem().Detail, "statements.export")
	}
	bulk.ExpiresAt = &soon
	v.call("POST", of+"/keys?store=main", bulk).is(http.StatusCreated)
	v.call("POST", of+"/keys?store=main", apiv1.NewKey{Name: "Course", Scopes: []apiv1.Scope{"statements/write"}}).is(http.StatusCreated)
	user, _ := o.keyFor(own, authz.ScopeStatementsRead)
	v.call("POST", of+"/keys/"+user+"/rotate", apiv1.RotateKey{}).is(http.StatusForbidden)
	user, _ = o.key(own)
	v.call("PATCH", of+"/keys/"+user, apiv1.KeyChange{Scopes: &bulk.Scopes}, "If-Match", "*").is(http.StatusForbidden)
}

// The cap is what keeps viewers from taking a store out page by page: who raises
// it must hold what that comes to.
func TestTheCapIsRaisedByWhoMayExport(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	o.in(own.ID, func(tx *postgres.Tx) error {
		_, err := authz.CreateRole(tx, authz.Trusted, "office", authz.RoleText{
			Name: "Office", Actions: []authz.Action{authz.TenantView, authz.TenantEdit, authz.StoresView, authz.StatementsView},
		}, time.Now())
		return err
	})
	v, w := o.as(own, "office"), o.as(own, admin)
	settings := "/api/v1/tenants/" + own.Slug + "/settings"
	to := func(limit int) apiv1.SettingsChange { return apiv1.SettingsChange{ViewingCap: &limit} }
	require.Contains(t, v.call("PATCH", settings, to(1001), "If-Match", "*").is(http.StatusForbidden).problem().Detail, "statements.export")
	v.call("PATCH", settings, to(1000), "If-Match", "*").is(http.StatusOK) // as the platform has it
	v.call("PATCH", settings, to(10), "If-Match", "*").is(http.StatusOK)
	v.call("PATCH", settings, to(11), "If-Match", "*").is(http.StatusForbidden)
	v.call("PATCH", settings, to(0), "If-Match", "*").is(http.StatusForbidden)
	w.call("PATCH", settings, to(5000), "If-Match", "*").is(http.StatusOK)
	v.call("PATCH", settings, apiv1.SettingsChange{Locale: new("de")}, "If-Match", "*").is(http.StatusOK)
}
