package authn_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authn"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

func TestAPersonSignsIn(t *testing.T) {
	t.Parallel()
	p := setupPeople(t)
	r := p.replica()
	o, err := r.attempt("")
	require.NoError(t, err)
	require.Equal(t, "acme", o.Slug)
	require.Equal(t, "/statements?page=2", o.ReturnTo)
	require.Nil(t, o.Test)

	s, err := r.sessions.Load(t.Context(), o.Session)
	require.NoError(t, err)
	require.Len(t, s.People, 1)
	who := s.In("acme")
	require.Equal(t, "ada@acme.example", who.Email)
	require.Equal(t, "Ada Lovelace", who.Name)
	require.False(t, who.Operator)
	require.Nil(t, who.Only)
	require.Nil(t, s.In("platform"))
	allowed, err := r.policies.Decide(t.Context(), authz.Request{Tenant: who.Tenant, Subject: who.Subject(), Action: authz.MembersManage})
	require.NoError(t, err)
	require.True(t, allowed, "the group gives the role")

	in := p.events(audit.SignedIn)
	require.Len(t, in, 1)
	require.Equal(t, who.Session, in[0].Session)
	require.Equal(t, who.Subject(), in[0].Actor)
	joined := p.events(audit.MemberJoined)
	require.Len(t, joined, 1)
	require.Equal(t, who.Subject(), joined[0].Actor)
	require.Equal(t, audit.Source{
		Actor:   audit.Actor{Kind: audit.ByMember, ID: "member:" + id.Text(who.Member), Name: "ada@acme.example"},
		Address: "192.0.2.7", UserAgent: "Laptop/1.0", Session: who.Session, RequestID: "r-1",
	}, who.Source(laptop, "r-1"))

	for _, key := range p.mini.Keys() { // what a thief of Redis gets
		require.NotContains(t, key, o.Session)
		if text, err := p.mini.Get(key); err == nil {
			require.NotContains(t, text, o.Session)
			require.NotContains(t, text, "eyJ", "a token in plain text")
		}
	}
}

func TestTheRequestToTheProviderIsWhatTheStandardsAskFor(t *testing.T) {
	t.Parallel()
	p := setupPeople(t)
	begun, err := p.replica().signIn.Begin(t.Context(), authn.BeginRequest{Tenant: " ACME ", From: laptop})
	require.NoError(t, err)
	u, err := url.Parse(begun.URL)
	require.NoError(t, err)
	q := u.Query()
	require.Equal(t, "code", q.Get("response_type"))
	require.Equal(t, "S256", q.Get("code_challenge_method"))
	require.Equal(t, publicAt+"/auth/callback", q.Get("redirect_uri"))
	require.Equal(t, "openid email profile groups", q.Get("scope"))
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		require.Len(t, q.Get(name), 43, name)
	}
	require.Len(t, begun.Login, 43)
	require.NotContains(t, begun.URL, "secret")
	again, err := p.replica().signIn.Begin(t.Context(), authn.BeginRequest{Tenant: "acme", Login: begun.Login, From: laptop})
	require.NoError(t, err)
	require.Equal(t, begun.Login, again.Login, "tabs of one browser")
	require.NotContains(t, again.URL, q.Get("state"))
}

// Whatever is wrong with a token, it opens nothing, and the log says why.
func TestTokensThatMustNotBeBelieved(t *testing.T) {
	t.Parallel()
	p := setupPeople(t)
	r := p.replica()
	now := func(d time.Duration) int64 { return p.clock.Now().Add(d).Unix() }
	for name, c := range map[string]struct {
		change func(m *mockIDP)
		want   authn.Reason // "": it is believed
	}{
		"wrong nonce":                {func(m *mockIDP) { m.claims["nonce"] = "another" }, authn.WrongNonce},
		"no nonce":                   {func(m *mockIDP) { m.claims["nonce"] = nil }, authn.WrongNonce},
		"wrong audience":             {func(m *mockIDP) { m.claims["aud"] = "another" }, authn.WrongAudience},
		"no audience":                {func(m *mockIDP) { m.claims["aud"] = nil }, authn.WrongAudience},
		"several without a party":    {func(m *mockIDP) { m.claims["aud"] = []string{clientID, "another"} }, authn.WrongAudience},
		"another party":              {func(m *mockIDP) { m.claims["azp"] = "another" }, authn.WrongAudience},
		"several, and we the party":  {func(m *mockIDP) { m.claims["aud"], m.claims["azp"] = []string{clientID, "another"}, clientID }, ""},
		"another issuer":             {func(m *mockIDP) { m.claims["iss"] = "https://evil.example" }, authn.WrongIssuer},
		"expired":                    {func(m *mockIDP) { m.claims["exp"] = now(-61 * time.Second) }, authn.WrongTime},
		"expired, within the skew":   {func(m *mockIDP) { m.claims["exp"] = now(-50 * time.Second) }, ""},
		"from the future":            {func(m *mockIDP) { m.claims["iat"] = now(62 * time.Second) }, authn.WrongTime},
		"ahead, within the skew":     {func(m *mockIDP) { m.claims["iat"] = now(50 * time.Second) }, ""},
		"not yet valid":              {func(m *mockIDP) { m.claims["nbf"] = now(62 * time.Second) }, authn.WrongTime},
		"no expiry":                  {func(m *mockIDP) { m.claims["exp"] = nil }, authn.WrongClaims},
		"an expiry that is no date":  {func(m *mockIDP) { m.claims["exp"] = "soon" }, authn.BadSignature},
		"no subject":                 {func(m *mockIDP) { m.claims["sub"] = nil }, authn.WrongClaims},
		"another access token's":     {func(m *mockIDP) { m.claims["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA" }, authn.WrongHash},
		"unsigned":                   {func(m *mockIDP) { m.sign = unsigned }, authn.BadSignature},
		"signed with the public key": {func(m *mockIDP) { m.sign = func(b []byte) string { return m.jws(b, jose.HS256, m.publicPEM(), m.kid) } }, authn.BadSignature},
		"signed with the secret": {func(m *mockIDP) {
			m.sign = func(b []byte) string { return m.jws(b, jose.HS256, []byte(clientSecret+clientSecret), "") }
		}, authn.BadSignature},
		"an algorithm less": {func(m *mockIDP) { m.sign = func(b []byte) string { return m.jws(b, jose.RS512, m.key, m.kid) } }, authn.BadSignature},
		"changed after signing": {func(m *mockIDP) {
			m.sign = func(b []byte) string {
				parts := strings.Split(m.jws(b, jose.RS256, m.key, m.kid), ".")
				other := strings.Split(m.jws([]byte(strings.Replace(string(b), "ada", "eve", 1)), jose.RS256, m.key, m.kid), ".")
				return parts[0] + "." + other[1] + "." + parts[2]
			}
		}, authn.BadSignature},
		"no token at all": {func(m *mockIDP) { m.sign = func([]byte) string { return "" } }, authn.NoIDToken},
		"too many groups": {func(m *mockIDP) {
			m.claims["groups"], m.claims["_claim_names"], m.claims["_claim_sources"] = nil, map[string]string{"groups": "src1"}, map[string]any{"src1": map[string]string{"endpoint": "https://graph.example"}}
		}, authn.TooManyGroups},
		"the answer of another":    {func(m *mockIDP) { m.extra.Set("iss", "https://evil.example") }, authn.WrongIssuer},
		"the answer of its own":    {func(m *mockIDP) { m.extra.Set("iss", m.server.URL) }, ""},
		"an error instead of code": {func(m *mockIDP) { m.extra.Set("error", "access_denied") }, authn.Refused},
	} {
		claims := map[string]any{}
		p.idp.set(func() {
			for k, v := range p.idp.claims {
				claims[k] = v
			}
			c.change(p.idp)
		})
		p.mini.FlushAll() // the throttle has a test of its own
		before := len(p.events(audit.SignInFailed))
		o, err := r.attempt("")
		failed := p.events(audit.SignInFailed)[before:]
		if c.want == "" {
			require.NoError(t, err, name)
			require.NotEmpty(t, o.Session, name)
			require.Empty(t, failed, name)
		} else {
			require.Error(t, err, name)
			require.Equal(t, c.want, authn.ReasonOf(err), "%s: %v", name, err)
			require.Contains(t, []fault.Kind{fault.Unauthenticated, fault.Forbidden}, fault.KindOf(err), name)
			require.Empty(t, o.Session, name)
			require.NotContains(t, err.Error(), "eyJ", name)
			require.Len(t, failed, 1, name)
			require.JSONEq(t, `{"reason":"`+string(c.want)+`"}`, failed[0].Details, name)
		}
		p.idp.set(func() { p.idp.claims, p.idp.sign, p.idp.extra = claims, nil, url.Values{} })
	}
}

func TestWhoTheTenantDoesNotKnowStaysOut(t *testing.T) {
	t.Parallel()
	p := setupPeople(t)
	r := p.replica()
	for name, change := range map[string]func(map[string]any){
		"no e-mail address":      func(c map[string]any) { c["email"] = nil },
		"an unverified one":      func(c map[string]any) { c["email"], c["email_verified"] = "eve@other.example", false },
		"one of another domain":  func(c map[string]any) { c["email"] = "eve@other.example" },
		"no group that is known": func(c map[string]any) { c["groups"] = []string{"visitors"} },
	} {
		p.idp.set(func() {
			p.idp.claims = map[string]any{"sub": name, "email": "eve@acme.example", "email_verified": true, "groups": []string{"admins"}}
			change(p.idp.claims)
		})
		before := len(p.events(audit.SignInFailed))
		_, err := r.attempt("")
		require.Equal(t, fault.Forbidden, fault.KindOf(err), "%s: %v", name, err)
		require.Equal(t, authn.NotPermitted, authn.ReasonOf(err), name)
		require.Len(t, p.events(audit.SignInFailed), before+1, name)
	}
	require.Empty(t, p.events(audit.SignedIn))
}

func TestUserinfoGivesWhatTheTokenLacks(t *testing.T) {
	t.Parallel()
	p := setupPeople(t)
	p.idp.set(func() {
		p.idp.claims = map[string]any{"sub": "ada"}
		p.idp.userinfo = map[string]any{"sub": "ada", "email": "ada@acme.example", "email_verified": "true", "groups": "admins", "name": "Ada"}
	})
	r := p.replica()
	s, err := r.sessions.Load(t.Context(), r.signedIn(""))
	require.NoError(t, err)
	require.Equal(t, "ada@acme.example", s.People[0].Email)

	p.idp.set(func() { p.idp.userinfo["sub"] = "eve" })
	_, err = r.attempt("")
	require.Equal(t, authn.WrongClaims, authn.ReasonOf(err), "of another person: %v", err)
}

func TestACallbackWorksOnceAndInItsBrowserOnly(t *testing.T) {
	t.Parallel()
	p := setupPeople(t)
	r := p.replica()
	call := func(back url.Values, login string) error {
		_, err := r.signIn.Callback(t.Context(), authn.CallbackRequest{Params: back, Login: login, From: laptop})
		return err
	}
	back, login := r.begin()
	require.NoError(t, call(back, login))
	require.Equal(t, fault.Invalid, fault.KindOf(call(back, login)), "a state used twice")

	fresh, login := r.begin()
	fresh.Set("code", back.Get("code"))
	require.Equal(t, authn.CodeRefused, authn.ReasonOf(call(fresh, login)), "a code used twice")

	victims, attackers := mustBegin(t, r), mustBegin(t, r)
	err := call(p.idp.visit(attackers.URL), victims.Login)
	require.Equal(t, authn.WrongBrowser, authn.ReasonOf(err), "another browser's state")
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	back = p.idp.visit(victims.URL)
	require.Equal(t, fault.Invalid, fault.KindOf(call(back, "")), "no cookie")
	require.Equal(t, fault.Invalid, fault.KindOf(call(back, victims.Login)), "the wrong browser has used it up")

	begun := mustBegin(t, r)
	p.mini.FastForward(10*time.Minute + time.Second)
	require.Equal(t, fault.Invalid, fault.KindOf(call(p.idp.visit(begun.URL), begun.Login)), "too late")
	for _, state := range []string{"", "x", "*", strings.Repeat("A", 5000)} {
		require.Equal(t, fault.Invalid, fault.KindOf(call(url.Values{"state": {state}, "code": {"c"}}, begun.Login)))
	}
	require.Len(t, p.events(audit.SignedIn), 1)
}

func mustBegin(t *testing.T, r *replica) *authn.Begun {
	t.Helper()
	begun, err := r.signIn.Begin(t.Context(), authn.BeginRequest{Tenant: "acme", From: laptop})
	require.NoError(t, err)
	return begun
}

func TestSettingsThatChangeMeanwhileEndTheSignIn(t *testing.T) {
	t.Parallel()
	p := setupPeople(t)
	r := p.replica()
	back, login := r.begin()
	p.clock.advance(time.Second)
	p.configure(p.idp.server.URL, clientSecret)
	_, err := r.signIn.Callback(t.Context(), authn.CallbackRequest{Params: back, Login: login, From: laptop})
	require.Equal(t, authn.SettingsChanged, authn.ReasonOf(err))
	r.signedIn("")

	p.clock.advance(time.Second)
	p.configure(p.idp.server.URL, "not the secret")
	_, err = r.attempt("")
	require.Equal(t, authn.CodeRefused, authn.ReasonOf(err), "the client's secret")
}

func TestWhereToReturnIsAPathOfOurs(t *testing.T) {
	t.Parallel()
	p := setupPeople(t)
	r := p.replica()
	for _, path := range []string{
		"//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "https:evil.example", "javascript:alert(1)", "evil",
		"/\t/evil.example", "/\n/evil.example", " //evil.example", "/%09/evil.example", "%2f%2fevil.example", "/%2fevil.example", "/%5cevil.example",
		"/%252fevil.example", "/%255cevil.example", "///evil.example", "/x\x00", "/" + strings.Repeat("a", 3000),
	} {
		_, err := r.signIn.Begin(t.Context(), authn.BeginRequest{Tenant: "acme", ReturnTo: path, From: laptop})
		require.Equal(t, fault.Invalid, fault.KindOf(err), "%q", path)
	}
	for _, path := range []string{"", "/", "/statements", "/statements?actor=a%40b&x=//y", "/a/b#c", "/%C3%A9"} {
		_, err := r.signIn.Begin(t.Context(), authn.BeginRequest{Tenant: "acme", ReturnTo: path, From: laptop})
		require.NoError(t, err, "%q", path)
	}
}

func TestNobodyLearnsWhoIsKnown(t *testing.T) {
	t.Parallel()
	p := setupPeople(t)
	p.in(domainTrusted(p))
	r := p.replica()
	_, err := r.attempt("")
	require.NoError(t, err)
	var texts []string
	for _, q := range []authn.BeginRequest{
		{Tenant: "nobody"}, {Tenant: "Not A Slug!"}, {Tenant: "platform"}, // has no provider
		{Email: "ada@other.example"}, {Email: "@"}, {Email: "ada@"}, {Email: "ada"},
	} {
		q.From = laptop
		_, err := r.signIn.Begin(t.Context(), q)
		require.Equal(t, fault.NotFound, fault.KindOf(err), "%+v: %v", q, err)
		texts = append(texts, err.Error())
	}
	for _, text := range texts {
		require.Equal(t, texts[0], text)
	}
	for _, email := range []string{"ada@acme.example", "nobody-at-all@ACME.example", "acme.example"} {
		begun, err := r.signIn.Begin(t.Context(), authn.BeginRequest{Email: email, From: laptop})
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(begun.URL, p.idp.server.URL))
	}
}

func TestADraftIsTriedWithoutASession(t *testing.T) {
	t.Parallel()
	p := setupPeople(t)
	r := p.replica()
	s, err := r.sessions.Load(t.Context(), r.signedIn(""))
	require.NoError(t, err)
	_, err = r.signIn.BeginTest(t.Context(), s.People[0], "/sso", "")
	require.Equal(t, fault.NotFound, fault.KindOf(err), "no draft")
	try := func() *authn.TestResult {
		begun, err := r.signIn.BeginTest(t.Context(), s.People[0], "/sso", "")
		require.NoError(t, err)
		o, err := r.signIn.Callback(t.Context(), authn.CallbackRequest{Params: p.idp.visit(begun.URL), Login: begun.Login, From: laptop})
		require.NoError(t, err)
		require.Empty(t, o.Session)
		require.Equal(t, "/sso", o.ReturnTo)
		last, err := r.signIn.LastTest(t.Context(), p.tenant.ID)
		require.NoError(t, err)
		require.Equal(t, o.Test.Reason, last.Reason)
		return last
	}
	p.draft(p.idp.server.URL, "not the secret")
	got := try()
	require.False(t, got.OK)
	require.Equal(t, authn.CodeRefused, got.Reason)
	require.NotEmpty(t, got.Problem)

	p.clock.advance(time.Second)
	p.draft(p.idp.server.URL, clientSecret)
	got = try()
	require.True(t, got.OK)
	require.Equal(t, []string{authz.TenantAdmin}, got.Roles)
	require.Equal(t, []string{"admins"}, got.Identity.Groups)
	require.Contains(t, string(got.Claims), `"sid-1"`)
	require.Equal(t, "ada@acme.example", got.By)
	tested := p.events(audit.SSOTested)
	require.Equal(t, s.People[0].Subject(), tested[len(tested)-1].Actor)
	require.Len(t, p.events(audit.SignedIn), 1)
}

func domainTrusted(p *people) func(*postgres.Tx) error {
	return func(tx *postgres.Tx) error {
		_, err := tenant.TrustDomain(tx, "acme.example", p.clock.Now())
		return err
	}
}
