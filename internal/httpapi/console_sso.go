package httpapi

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/authn"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/secret"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// ssoRoutes are how a tenant says who vouches for its people.
func (a *API) ssoRoutes() []route {
	const (
		get, post, put, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete

		sso    = "/api/v1/tenants/:tenant/sso"
		tokens = "/api/v1/tenants/:tenant/scim-tokens"
	)
	return []route{
		{get, sso, authz.SSOView, a.getSSO, ofTenant},
		{put, sso, authz.SSOManage, a.changeSSO, ofTenant},
		{get, sso + "/test", authz.SSOView, a.getSSOTest, ofTenant},
		{post, sso + "/test", authz.SSOManage, a.testSSO, ofTenant},
		{post, sso + "/activate", authz.SSOManage, a.activateSSO, ofTenant},

		{get, sso + "/mappings", authz.SSOView, a.listMappings, ofTenant},
		{post, sso + "/mappings", authz.SSOManage, a.createMapping, ofTenant},
		{del, sso + "/mappings/:mapping", authz.SSOManage, a.deleteMapping, ofTenant},

		{get, sso + "/domains", authz.SSOView, a.listDomains, ofTenant},
		{post, sso + "/domains", authz.SSOManage, a.createDomain, ofTenant},
		{del, sso + "/domains/:domain", authz.SSOManage, a.deleteDomain, ofTenant},
		{post, sso + "/domains/:domain/verify", authz.SSOManage, a.verifyDomain, ofTenant},

		{get, tokens, authz.SSOView, a.listSCIMTokens, ofTenant},
		{post, tokens, authz.SSOManage, a.createSCIMToken, ofTenant},
		{del, tokens + "/:token", authz.SSOManage, a.revokeSCIMToken, ofTenant},
	}
}

// public is a URL of the service, by its path.
func (c *console) public(path string) string { return strings.TrimSuffix(c.PublicURL, "/") + path }

// signedOutURL is where providers send browsers after a sign-out.
func (c *console) signedOutURL() string { return c.public("/") }

func (x *exchange) answerSSO(s *tenant.SSO) error {
	return x.answerVersion(http.StatusOK, ssoVersion(s), apiv1.SSO{
		Active: providerModel(s.Active), Draft: providerModel(s.Draft),
		CallbackURL:          x.api.console.SignIn.RedirectURL(),
		BackchannelLogoutURL: x.api.console.public("/auth/backchannel-logout/" + x.gin.Param("tenant")),
		SignedOutURL:         x.api.console.signedOutURL(),
	})
}

func providerModel(p *tenant.Provider) *apiv1.Provider {
	if p == nil {
		return nil
	}
	return &apiv1.Provider{
		Issuer: p.Issuer, ClientID: p.ClientID, Scopes: p.Scopes, GroupsClaim: p.GroupsClaim, Domains: p.Domains,
		DefaultRole: optional(p.DefaultRole), UpdatedAt: p.UpdatedAt, Tested: p.TestedAt != nil, TestedAt: p.TestedAt,
	}
}

// ssoVersion tells one state of the settings from the next, draft and active
// together: a draft counts on from what was active, and keeps its version when
// it becomes that.
func ssoVersion(s *tenant.SSO) int64 {
	switch {
	case s.Draft != nil:
		return 2*s.Draft.Version + 2
	case s.Active != nil:
		return 2*s.Active.Version + 1
	}
	return 1
}

// lookAtSSO reads the settings.
func (x *exchange) lookAtSSO() (s *tenant.SSO, err error) {
	err = x.look(func(tx *postgres.Tx) error {
		s, err = tenant.GetSSO(tx)
		return err
	})
	return s, err
}

// changeSettled runs fn on the settings as they are, if they still are what the
// client has seen (version; 0: whatever they are), and nobody changes them meanwhile.
func (x *exchange) changeSettled(version int64, fn func(*postgres.Tx, *tenant.SSO) error) (s *tenant.SSO, err error) {
	err = x.changePolicies(func(tx *postgres.Tx) error {
		if err := authz.Touch(tx); err != nil {
			return err
		}
		if s, err = tenant.GetSSO(tx); err != nil {
			return err
		}
		if version != 0 && version != ssoVersion(s) {
			return fault.New(fault.PreconditionFailed, "it has changed meanwhile: read it again")
		}
		return fn(tx, s)
	})
	return s, err
}

func (a *API) getSSO(x *exchange) error {
	s, err := x.lookAtSSO()
	if err != nil {
		return err
	}
	return x.answerSSO(s)
}

func (a *API) changeSSO(x *exchange) error {
	version, err := x.ifMatch()
	if err != nil {
		return err
	}
	d, _, err := receive[apiv1.ProviderDraft](x)
	if err != nil {
		return err
	}
	if d.DefaultRole != nil {
		if err := x.requireRole("/defaultRole", *d.DefaultRole, 0); err != nil {
			return err
		}
	}
	s, err := x.changeSettled(version, func(tx *postgres.Tx, s *tenant.SSO) (err error) {
		s.Draft, err = tenant.PutDraft(tx, a.console.Keyring, tenant.Draft{
			Issuer: d.Issuer, ClientID: d.ClientID, Secret: secret.New(given(d.ClientSecret, "")), Scopes: d.Scopes,
			GroupsClaim: given(d.GroupsClaim, ""), Domains: d.Domains, DefaultRole: given(d.DefaultRole, ""),
		}, a.console.Insecure, 0, x.now())
		return err
	})
	if err != nil {
		return err
	}
	return x.answerSSO(s)
}

// requireRole refuses to let others have a role for ever, in a store or (0) in
// the whole tenant, that the caller does not hold as long: nobody gives what they
// do not have. at is where the role stands in the body.
func (x *exchange) requireRole(at, role string, store int64) error {
	err := x.look(func(tx *postgres.Tx) error {
		r, err := authz.GetRole(tx, role)
		if err != nil {
			return err
		}
		return authz.RequireHeld(tx, x.caller.giver(), store, r.Actions, x.now(), nil)
	})
	if fault.Is(err, fault.NotFound) {
		f := fault.New(fault.Invalid, "the body breaks 1 rule(s)")
		f.Violations = []fault.Violation{{Path: at, Rule: "the slug of a role"}}
		return f
	}
	return err
}

// testSSO begins a sign-in with the draft. It binds the trial to this browser as
// a sign-in, so its cookie comes with the answer.
func (a *API) testSSO(x *exchange) error {
	p := x.caller.person
	if p.Tenant != x.caller.tenant {
		return fault.New(fault.Forbidden, "only people of the organisation itself can try its sign-in: a recovery link makes one of you")
	}
	begun, err := a.console.SignIn.BeginTest(x.context(), p, x.query.Get("return_to"), loginCookie(x.request))
	if fault.Is(err, fault.NotFound) {
		return fault.Wrap(fault.Conflict, err, "there is no draft to try")
	}
	if err != nil {
		return err
	}
	x.setLogin(begun.Login)
	return x.answer(http.StatusOK, apiv1.SSOTestStart{URL: begun.URL})
}

// getSSOTest tells how the last trial of the present draft ended. That it worked
// is kept with the draft; what the provider said, in Redis for an hour: without
// it there is less to tell.
func (a *API) getSSOTest(x *exchange) error {
	s, err := x.lookAtSSO()
	if err != nil {
		return err
	}
	m := apiv1.SSOTest{State: apiv1.None, Problems: []string{}}
	if s.Draft == nil || s.Draft.Test == nil {
		return x.answer(http.StatusOK, m)
	}
	t := s.Draft.Test
	m.State, m.At, m.Email, m.Groups = apiv1.Failed, &t.At, optional(t.Identity.Email), t.Identity.Groups
	if t.OK {
		m.State = apiv1.Passed
	}
	if t.Reason != "" {
		m.Problems = append(m.Problems, t.Reason)
	}
	last, err := a.console.SignIn.LastTest(x.context(), x.caller.tenant)
	switch {
	case fault.Is(err, fault.NotFound), fault.Is(err, fault.Unavailable):
	case err != nil:
		return err
	case !last.At.Before(s.Draft.UpdatedAt): // of this draft
		said(&m, last)
	}
	return x.answer(http.StatusOK, m)
}

// said adds what the provider said, bounded as the description has it.
func said(m *apiv1.SSOTest, last *authn.TestResult) {
	m.Email = optional(last.By)
	if i := last.Identity; i != nil {
		m.Email, m.Groups = optional(i.Email), i.Groups
	}
	m.Groups = m.Groups[:min(len(m.Groups), 1000)]
	m.Roles = last.Roles
	if json.Unmarshal(last.Claims, &m.Claims) != nil {
		m.Claims = nil // no claims, or none that are an object
	}
}

// activateSSO: a provider says who people are, admins among them, so it is put in
// force by who runs the tenant. An operator who is inside cannot have tried the
// draft, so somebody of the organisation has.
func (a *API) activateSSO(x *exchange) error {
	version, err := x.ifMatch()
	if err != nil {
		return err
	}
	s, err := x.changeSettled(version, func(tx *postgres.Tx, s *tenant.SSO) (err error) {
		if x.caller.person.Tenant == x.caller.tenant {
			if err := authz.RequireAdminHeld(tx, x.caller.giver(), x.now()); err != nil {
				return err
			}
		}
		s.Active, err = tenant.Activate(tx, 0, x.now())
		s.Draft = nil
		return err
	})
	if err != nil {
		return err
	}
	return x.answerSSO(s)
}
