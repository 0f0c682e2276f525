package authn_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authn"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

func TestASignOutEndsTheProvidersSessionToo(t *testing.T) {
	t.Parallel()
	p := setupPeople(t)
	a, b := p.replica(), p.replica()
	cookie := a.signedIn("")
	who := b.member(cookie)
	away, err := a.signIn.SignOut(t.Context(), cookie, publicAt+"/bye", laptop)
	require.NoError(t, err)
	u, err := url.Parse(away)
	require.NoError(t, err)
	require.Equal(t, p.idp.server.URL+"/end", "http://"+u.Host+u.Path)
	require.Equal(t, publicAt+"/bye", u.Query().Get("post_logout_redirect_uri"))
	require.Equal(t, clientID, u.Query().Get("client_id"))
	require.Regexp(t, `^eyJ`, u.Query().Get("id_token_hint"))
	a.refuses(cookie)
	b.refuses(cookie)
	out := p.events(audit.SignedOut)
	require.Len(t, out, 1)
	require.Equal(t, who.Subject(), out[0].Actor)
	require.Equal(t, who.Session, out[0].Session)
	require.Empty(t, p.events(audit.SessionEnded), "it is told once")

	away, err = a.signIn.SignOut(t.Context(), cookie, "", laptop)
	require.NoError(t, err)
	require.Empty(t, away, "nobody is signed in any more")

	cookie = a.signedIn("")
	p.idp.server.Close()
	away, err = p.replica().signIn.SignOut(t.Context(), cookie, "", laptop)
	require.NoError(t, err, "a provider that is away keeps nobody in")
	require.Empty(t, away)
	a.refuses(cookie)

	p.mini.SetError("LOADING")
	_, err = a.signIn.SignOut(t.Context(), cookie, "", laptop)
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
}

func TestAProviderEndsItsSessions(t *testing.T) {
	t.Parallel()
	p := setupPeople(t)
	a, b := p.replica(), p.replica()
	one := a.signedIn("")
	p.idp.set(func() { p.idp.claims["sid"] = "sid-2" })
	two := a.signedIn("")
	end := func(token string) error { return a.signIn.BackChannel(t.Context(), "acme", token, laptop) }

	for name, change := range map[string]map[string]any{
		"no event": {"events": nil}, "another event": {"events": map[string]any{"https://x.example": map[string]any{}}},
		"a nonce": {"nonce": "n"}, "no id": {"jti": nil}, "neither subject nor session": {"sub": nil, "sid": nil},
		"another audience": {"aud": "x"}, "another issuer": {"iss": "https://x.example"}, "no time": {"iat": nil},
		"expired":         {"exp": p.clock.Now().Add(-2 * time.Minute).Unix()},
		"from the future": {"iat": p.clock.Now().Add(2 * time.Minute).Unix()},
		"too old":         {"iat": p.clock.Now().Add(-time.Hour).Unix()},
	} {
		require.Equal(t, fault.Invalid, fault.KindOf(end(p.idp.logoutToken(change))), name)
	}
	for _, nonsense := range []string{"", "a.b.c", "eyJhbGciOiJub25lIn0.e30."} {
		require.Equal(t, fault.Invalid, fault.KindOf(end(nonsense)))
	}
	token := p.idp.logoutToken(nil)
	require.Equal(t, fault.NotFound, fault.KindOf(a.signIn.BackChannel(t.Context(), "nobody", token, laptop)))
	a.member(one)
	a.member(two)

	require.NoError(t, end(p.idp.logoutToken(map[string]any{"sid": "unknown"})), "not there is no error")
	require.NoError(t, end(token))
	require.Equal(t, fault.Invalid, fault.KindOf(end(token)), "used twice")
	p.clock.advance(authz.MaxAge)
	b.refuses(one)
	b.member(two)
	ended := p.events(audit.SessionEnded)
	require.Len(t, ended, 1)
	require.Equal(t, "system:provider", ended[0].Actor)

	require.NoError(t, end(p.idp.logoutToken(map[string]any{"sid": nil, "sub": "somebody else"})))
	b.member(two)
	require.NoError(t, end(p.idp.logoutToken(map[string]any{"sid": nil})))
	p.clock.advance(authz.MaxAge)
	b.refuses(two)

	three := a.signedIn("")
	p.clock.advance(time.Millisecond)
	p.mini.SetError("LOADING")
	require.Equal(t, fault.Unavailable, fault.KindOf(end(p.idp.logoutToken(map[string]any{"sub": nil}))))
	require.NoError(t, end(p.idp.logoutToken(nil)), "the subject is enough while Redis is away")
	p.mini.SetError("")
	p.clock.advance(authz.MaxAge)
	b.refuses(three)
}

func TestARecoveryLinkOpensOnce(t *testing.T) {
	t.Parallel()
	p := setupPeople(t)
	r := p.replica()
	link := func() (token string) {
		p.in(func(tx *postgres.Tx) error {
			made, _, err := tenant.CreateRecovery(tx, p.peppers, "root@acme.example", p.clock.Now())
			token = made.Reveal()
			return err
		})
		return token
	}
	token := link()
	p.mini.SetError("LOADING")
	_, err := r.signIn.Recover(t.Context(), token, "", laptop)
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	p.mini.SetError("")
	o, err := r.signIn.Recover(t.Context(), token, "", laptop)
	require.NoError(t, err, "it was not used up")
	require.Equal(t, "acme", o.Slug)
	who := r.member(o.Session)
	require.Equal(t, "root@acme.example", who.Email)
	allowed, err := r.policies.Decide(t.Context(), authz.Request{Tenant: who.Tenant, Subject: who.Subject(), Action: authz.SSOManage})
	require.NoError(t, err)
	require.True(t, allowed)
	used := p.events(audit.RecoveryLinkUsed)
	require.Len(t, used, 1)
	require.Equal(t, who.Subject(), used[0].Actor)

	late := link()
	p.clock.advance(time.Hour)
	var texts []string
	for _, wrong := range []string{token, late, "", "x", late[:len(late)-1] + flipped(late[len(late)-1])} {
		o, err := r.signIn.Recover(t.Context(), wrong, "", laptop)
		require.Equal(t, fault.Forbidden, fault.KindOf(err), wrong)
		if o != nil {
			require.Empty(t, o.Session)
		}
		texts = append(texts, authn.Message(err))
	}
	for _, text := range texts {
		require.Equal(t, texts[0], text)
	}
}

func TestTooManyFailuresAreStopped(t *testing.T) {
	t.Parallel()
	redisServers(t, func(t *testing.T, server keptRedis) {
		t.Helper()
		p := setupPeople(t)
		p.redis = server.url
		a, b := p.replica(), p.replica()
		p.idp.set(func() { p.idp.claims["nonce"] = "wrong" })
		for range 20 {
			_, err := a.attempt("")
			require.Equal(t, authn.WrongNonce, authn.ReasonOf(err), "%v", err)
		}
		_, err := b.attempt("")
		require.Equal(t, fault.RateLimited, fault.KindOf(err), "%v", err)
		require.Positive(t, authn.RetryAfter(err))
		require.LessOrEqual(t, authn.RetryAfter(err), 10*time.Minute)
		p.idp.set(func() { delete(p.idp.claims, "nonce") })
		_, err = b.signIn.Begin(t.Context(), authn.BeginRequest{Tenant: "acme", From: elsewhere})
		require.NoError(t, err, "somebody else is not locked out")
	})
}

func TestWithoutRedisEachProcessCountsFailures(t *testing.T) {
	t.Parallel()
	p := setupPeople(t)
	r := p.replica()
	p.mini.SetError("LOADING")
	for range 20 {
		require.NoError(t, r.throttle.Check(t.Context(), laptop, 1))
		r.throttle.Failed(t.Context(), laptop, 1)
	}
	require.Equal(t, fault.RateLimited, fault.KindOf(r.throttle.Check(t.Context(), laptop, 1)))
	require.NoError(t, r.throttle.Check(t.Context(), laptop, 2), "another tenant")
	require.NoError(t, r.throttle.Check(t.Context(), elsewhere, 1), "another address")
	for range 80 {
		r.throttle.Failed(t.Context(), laptop, 3)
	}
	require.Equal(t, fault.RateLimited, fault.KindOf(r.throttle.Check(t.Context(), laptop, 4)), "all tenants together")
	p.clock.advance(10 * time.Minute)
	require.NoError(t, r.throttle.Check(t.Context(), laptop, 1))
}
