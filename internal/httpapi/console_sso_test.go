package httpapi_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// asBrowser is the visitor's browser.
func (v *visitor) asBrowser() *browser {
	v.o.t.Helper()
	return v.o.browser().has("__Host-stoa", v.cookie)
}

// A draft is in force only when somebody who runs the tenant has come in by it.
func TestSSOIsTriedAndThenActivated(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own, known := o.tenant(), o.tenant()
	p := o.vouch(known) // also knows own, but own does not know it
	p.provider.SetPeople(nil)
	v := o.vouch(own)
	o.in(own.ID, func(tx *postgres.Tx) error { // as if nobody had ever configured anything
		_, err := tx.Exec(tx.Context(), `delete from identity_providers where tenant_id = $1`, tx.TenantID())
		return err
	})
	b := o.as(own, admin)
	boss := b.asBrowser()
	sso := "/api/v1/tenants/" + own.Slug + "/sso"

	var s apiv1.SSO
	got := b.call("GET", sso, nil).is(http.StatusOK)
	got.json(&s)
	require.Nil(t, s.Active)
	require.Nil(t, s.Draft)
	require.Equal(t, public+"/auth/callback", s.CallbackURL)
	require.Equal(t, public+"/auth/backchannel-logout/"+own.Slug, s.BackchannelLogoutURL)
	require.Equal(t, public+"/", s.SignedOutURL)
	first := got.header.Get("Etag")

	draft := map[string]any{
		"issuer": v.provider.Issuer(), "clientId": own.Slug, "clientSecret": "secret of " + own.Slug,
		"scopes": []string{"openid", "email", "profile", "groups"}, "domains": []string{own.Slug + ".example"},
	}
	require.Equal(t, "precondition_required", b.call("PUT", sso, draft).is(http.StatusPreconditionRequired).problem().Code)
	drafted := b.call("PUT", sso, draft, "If-Match", first).is(http.StatusOK)
	require.NotContains(t, string(drafted.body), "secret of")
	b.call("PUT", sso, draft, "If-Match", first).is(http.StatusPreconditionFailed)
	version := drafted.header.Get("Etag")
	require.Equal(t, version, b.call("GET", sso, nil).header.Get("Etag"))
	o.browser().get("/auth/sign-in?tenant=" + own.Slug).refused("unknown_organisation") // a draft lets nobody in
	require.Contains(t, b.call("POST", sso+"/activate", nil, "If-Match", version).is(http.StatusConflict).problem().Detail, "test this configuration")

	try := func(subject string) (result apiv1.SSOTest) {
		t.Helper()
		var start apiv1.SSOTestStart
		boss.visit(http.MethodPost, sso+"/test?return_to=%2Fsettings%2Fsso", nil, "Sec-Fetch-Site", "same-origin").is(http.StatusOK).json(&start)
		require.Equal(t, "/settings/sso", boss.get(v.choose(boss, start.URL, own.Slug+"-"+subject)).to())
		require.Equal(t, b.cookie, boss.cookie("__Host-stoa"), "a trial is no sign-in")
		b.call("GET", sso+"/test", nil).is(http.StatusOK).json(&result)
		return result
	}
	var none apiv1.SSOTest
	b.call("GET", sso+"/test", nil).is(http.StatusOK).json(&none)
	require.Equal(t, apiv1.None, none.State)
	analysts := try(analyst)
	require.Equal(t, apiv1.Passed, analysts.State, analysts.Problems)
	require.Equal(t, []string{"analyst"}, analysts.Roles)
	b.call("POST", sso+"/activate", nil, "If-Match", version).is(http.StatusConflict) // would lock the admin out
	passed := try(admin)
	require.Equal(t, apiv1.Passed, passed.State, passed.Problems)
	require.Equal(t, "tenant-admin@"+own.Slug+".example", *passed.Email)
	require.Equal(t, []string{"stoa-tenant-admin"}, passed.Groups)
	require.Equal(t, []string{"tenant-admin"}, passed.Roles)
	require.Equal(t, own.Slug+"-tenant-admin", passed.Claims["sub"])

	b.call("POST", sso+"/activate", nil).is(http.StatusPreconditionRequired)
	b.call("POST", sso+"/activate", nil, "If-Match", first).is(http.StatusPreconditionFailed)
	active := b.call("POST", sso+"/activate", nil, "If-Match", version).is(http.StatusOK)
	s = apiv1.SSO{}
	active.json(&s)
	require.NotNil(t, s.Active)
	require.Nil(t, s.Draft)
	require.True(t, s.Active.Tested)
	b.call("PUT", sso, draft, "If-Match", version).is(http.StatusPreconditionFailed)
	v.signedIn(own, analyst).get("/api/v1/me").is(http.StatusOK)
	b.call("POST", sso+"/test", nil).is(http.StatusConflict)

	// Another issuer is never told the secret of this one.
	delete(draft, "clientSecret")
	b.call("PUT", sso, draft, "If-Match", active.header.Get("Etag")).is(http.StatusOK)
	draft["issuer"] = p.provider.Issuer()
	b.call("PUT", sso, draft, "If-Match", "*").is(http.StatusBadRequest)

	// A secret that is wrong is a trial that fails.
	draft["issuer"], draft["clientSecret"] = v.provider.Issuer(), "wrong"
	version = b.call("PUT", sso, draft, "If-Match", "*").is(http.StatusOK).header.Get("Etag")
	b.call("GET", sso+"/test", nil).is(http.StatusOK).json(&none)
	require.Equal(t, apiv1.None, none.State, "the trial was of another draft")
	failed := try(admin)
	require.Equal(t, apiv1.Failed, failed.State)
	require.NotEmpty(t, failed.Problems)
	b.call("POST", sso+"/activate", nil, "If-Match", version).is(http.StatusConflict)
	v.signedIn(own, analyst)

	draft["issuer"] = "http://127.0.0.1:1"
	b.call("PUT", sso, draft, "If-Match", "*").is(http.StatusOK)
	require.NotEmpty(t, b.call("POST", sso+"/test", nil).is(http.StatusServiceUnavailable).header.Get("Retry-After"))
	require.NotContains(t, o.log.String(), "secret of")
}

// Who may change the sign-in cannot give themselves what they do not hold.
func TestMappingsGiveNothingThatIsNotHeld(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	o.in(own.ID, func(tx *postgres.Tx) error {
		_, err := authz.CreateRole(tx, authz.Trusted, "sso-people", authz.RoleText{
			Name: "SSO", Actions: []authz.Action{authz.TenantView, authz.SSOView, authz.SSOManage},
		}, time.Now())
		return err
	})
	v := o.as(own, "sso-people", analyst)
	sso := "/api/v1/tenants/" + own.Slug + "/sso"
	b := v.call("POST", sso+"/mappings", apiv1.NewMapping{Claim: "us", Role: admin}).is(http.StatusForbidden).problem()
	require.Contains(t, b.Detail, "members.manage")
	require.NotContains(t, b.Detail, "sso.manage")
	draft := map[string]any{"issuer": "https://idp.example.com", "clientId": "stoa", "clientSecret": "s", "defaultRole": admin}
	v.call("PUT", sso, draft, "If-Match", "*").is(http.StatusForbidden)
	draft["defaultRole"] = "nothing"
	require.Equal(t, "/defaultRole", v.call("PUT", sso, draft, "If-Match", "*").is(http.StatusBadRequest).problem().Violations[0].Path)
	draft["defaultRole"] = analyst
	v.call("PUT", sso, draft, "If-Match", "*").is(http.StatusOK)

	var m, again apiv1.Mapping
	store := "main"
	n := apiv1.NewMapping{Claim: "us", Role: analyst, Store: &store}
	v.call("POST", sso+"/mappings", n, "Idempotency-Key", "k").is(http.StatusCreated).json(&m)
	require.Equal(t, "main", *m.Store)
	replay := v.call("POST", sso+"/mappings", n, "Idempotency-Key", "k").is(http.StatusCreated)
	replay.json(&again)
	require.Equal(t, m, again)
	require.Equal(t, "true", replay.header.Get("Idempotent-Replayed"))
	v.call("POST", sso+"/mappings", n).is(http.StatusConflict)
	none := "none"
	v.call("POST", sso+"/mappings", apiv1.NewMapping{Claim: "us", Role: analyst, Store: &none}).is(http.StatusNotFound)
	v.call("POST", sso+"/mappings", apiv1.NewMapping{Claim: "a", Role: analyst}).is(http.StatusCreated)
	seen := []string{}
	for after := ""; ; {
		var page apiv1.MappingPage
		v.call("GET", sso+"/mappings?"+url.Values{"limit": {"1"}, "after": {after}}.Encode(), nil).is(http.StatusOK).json(&page)
		require.Len(t, page.Items, 1)
		seen = append(seen, page.Items[0].Claim)
		if after = page.Next; after == "" {
			break
		}
	}
	require.Equal(t, []string{"a", "us"}, seen)
	v.call("GET", sso+"/mappings?after=nothing", nil).is(http.StatusBadRequest)
	v.call("DELETE", sso+"/mappings/"+m.ID, nil).is(http.StatusNoContent)
	v.call("DELETE", sso+"/mappings/"+m.ID, nil).is(http.StatusNotFound)
}

func TestDomainsAreProvedByDNS(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own, other := o.tenant(), o.tenant()
	o.vouch(own)
	v, rival := o.as(own, admin), o.as(other, admin)
	domains := "/api/v1/tenants/" + own.Slug + "/sso/domains"
	var d apiv1.Domain
	v.call("POST", domains, apiv1.NewDomain{Domain: "acme.example"}).is(http.StatusCreated).json(&d)
	require.False(t, d.Verified)
	require.Equal(t, apiv1.TXT, d.Record.Type)
	v.call("POST", domains+"/acme.example/verify", nil).is(http.StatusConflict)
	o.browser().get("/auth/sign-in?email=a@acme.example").refused("unknown_organisation")
	o.dns.Store(d.Record.Name, []string{"v=spf1", d.Record.Value})
	v.call("POST", domains+"/acme.example/verify", nil).is(http.StatusOK).json(&d)
	require.True(t, d.Verified)
	o.browser().get("/auth/sign-in?email=a@acme.example").to()

	theirs := "/api/v1/tenants/" + other.Slug + "/sso/domains"
	var r apiv1.Domain
	rival.call("POST", theirs, apiv1.NewDomain{Domain: "acme.example"}).is(http.StatusCreated).json(&r)
	require.NotEqual(t, d.Record.Value, r.Record.Value)
	rival.call("POST", theirs+"/acme.example/verify", nil).is(http.StatusConflict)
	o.dns.Store(d.Record.Name, []string{d.Record.Value, r.Record.Value})
	rival.call("POST", theirs+"/acme.example/verify", nil).is(http.StatusConflict)

	var page apiv1.DomainPage
	v.call("GET", domains+"?limit=1", nil).is(http.StatusOK).json(&page)
	require.Equal(t, "acme.example", page.Items[0].Domain)
	require.Equal(t, "acme.example", page.Next)
	v.call("DELETE", domains+"/acme.example", nil).is(http.StatusNoContent)
	v.call("DELETE", domains+"/acme.example", nil).is(http.StatusNotFound)
	o.browser().get("/auth/sign-in?email=a@acme.example").refused("unknown_organisation")
}

// The secret of the directory's token is shown once.
func TestSCIMTokensAreShownOnce(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	v := o.as(own, admin)
	tokens := "/api/v1/tenants/" + own.Slug + "/scim-tokens"
	n := apiv1.NewScimToken{Name: "Okta", ExpiresAt: time.Now().Add(time.Hour)}
	var first, again apiv1.IssuedScimToken
	v.call("POST", tokens, n, "Idempotency-Key", "k").is(http.StatusCreated).json(&first)
	v.call("POST", tokens, n, "Idempotency-Key", "k").is(http.StatusCreated).json(&again)
	require.NotEmpty(t, first.Secret)
	require.Empty(t, again.Secret)
	require.Equal(t, first.Token.ID, again.Token.ID)
	require.NotContains(t, string(v.call("GET", tokens, nil).is(http.StatusOK).body), first.Secret)
	v.call("DELETE", tokens+"/"+first.Token.ID, nil).is(http.StatusNoContent)
	var page apiv1.ScimTokenPage
	v.call("GET", tokens, nil).is(http.StatusOK).json(&page)
	require.Equal(t, apiv1.ScimTokenStatusRevoked, page.Items[0].Status)
	stranger := o.as(o.tenant(), admin)
	stranger.call("DELETE", tokens+"/"+first.Token.ID, nil).is(http.StatusNotFound)
}

func TestBadInputForSSO(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	v := o.as(own, admin)
	of := "/api/v1/tenants/" + own.Slug
	for _, c := range []struct{ method, path, body string }{
		{"PUT", "/sso", `{}`},
		{"PUT", "/sso", `{"issuer":"https://a.example","clientId":"c"}`}, // no secret
		{"PUT", "/sso", `{"issuer":"http://a.example","clientId":"c","clientSecret":"s"}`},
		{"PUT", "/sso", `{"issuer":"javascript:alert(1)","clientId":"c","clientSecret":"s"}`},
		{"PUT", "/sso", `{"issuer":"https://a.example","clientId":"c","clientSecret":"s","domains":["not a domain"]}`},
		{"PUT", "/sso", `{"issuer":"https://a.example","clientId":"c","clientSecret":"s","scopes":["email"]}`},
		{"PUT", "/sso", `{"issuer":"https://a.example","clientId":"c","clientSecret":"s","more":1}`},
		{"GET", "/sso?a=b", ""},
		{"GET", "/sso/test?a=b", ""},
		{"POST", "/sso/test?return_to=" + strings.Repeat("a", 2001), ""},
		{"POST", "/sso/activate?a=b", ""},
		{"GET", "/sso/mappings?limit=0", ""},
		{"POST", "/sso/mappings", `{"claim":"","role":"analyst"}`},
		{"POST", "/sso/mappings", `{"claim":"a","role":"nothing"}`},
		{"DELETE", "/sso/mappings/aaaaaaaa?a=b", ""},
		{"GET", "/sso/domains?limit=1001", ""},
		{"POST", "/sso/domains", `{"domain":"not a domain"}`},
		{"DELETE", "/sso/domains/a.example?a=b", ""},
		{"POST", "/sso/domains/a.example/verify?a=b", ""},
		{"GET", "/scim-tokens?after=!", ""},
		{"POST", "/scim-tokens", `{"name":"","expiresAt":"2999-01-01T00:00:00Z"}`},
		{"POST", "/scim-tokens", `{"name":"a","expiresAt":"2999-01-01T00:00:00Z"}`},
		{"POST", "/scim-tokens", `{"name":"a","expiresAt":"soon"}`},
		{"DELETE", "/scim-tokens/aaaaaaaa?a=b", ""},
	} {
		var body any
		if c.body != "" {
			body = c.body
		}
		got := v.call(c.method, of+c.path, body, "If-Match", "*")
		require.Equal(t, http.StatusBadRequest, got.status, "%s %s %s: %s", c.method, c.path, c.body, got.body)
		require.Equal(t, "invalid", got.problem().Code)
	}
	for _, path := range []string{"/sso/mappings/x", "/sso/domains/!", "/scim-tokens/x"} {
		v.call("DELETE", of+path, nil).is(http.StatusNotFound)
	}
	require.Empty(t, mustSSO(o, own).Draft)
}

func mustSSO(o *office, of *tenant.Tenant) (s *tenant.SSO) {
	o.t.Helper()
	o.in(of.ID, func(tx *postgres.Tx) (err error) {
		s, err = tenant.GetSSO(tx)
		return err
	})
	return s
}
