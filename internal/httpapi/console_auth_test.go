package httpapi_test

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/httpapi"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// Each role, from the form to what it may do.
func TestEveryRoleSignsIn(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	v := o.vouch(own, o.platform)
	for _, of := range []*tenant.Tenant{own, o.platform} {
		for _, role := range rolesOf(of) {
			b := v.signedIn(of, role)
			var me apiv1.Me
			b.get("/api/v1/me").is(http.StatusOK).json(&me)
			require.Equal(t, role+"@"+of.Slug+".example", me.Email)
			require.Len(t, me.SignIns, 1)
			require.Equal(t, of.Slug, me.SignIns[0].Tenant)
			require.Equal(t, of.IsPlatform(), me.SignIns[0].Platform)
			var has []string
			o.in(of.ID, func(tx *postgres.Tx) error {
				r, err := authz.GetRole(tx, role)
				for _, a := range r.Actions {
					has = append(has, string(a))
				}
				return err
			})
			require.ElementsMatch(t, has, me.SignIns[0].Permissions.Tenant, role)
		}
	}
}

func TestTheFormLeadsToTheProvider(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	v := o.vouch(own)
	b := o.browser()
	form := b.get("/auth/sign-in?return_to=%2Fa%22%3E%3Cscript%3E")
	text := form.page(http.StatusOK)
	require.NotContains(t, text, "<script")
	require.Contains(t, text, `value="/a&#34;&gt;&lt;script&gt;"`)
	require.Contains(t, form.header.Get("Content-Security-Policy"), "form-action 'self' https:")

	begun := b.get("/auth/sign-in?email=Somebody%40" + strings.ToUpper(own.Slug) + ".Example")
	require.True(t, strings.HasPrefix(begun.to(), v.provider.Issuer()+"/"))
	cookie, err := http.ParseSetCookie(begun.header.Get("Set-Cookie"))
	require.NoError(t, err)
	require.Equal(t, "__Host-stoa-login", cookie.Name)
	require.True(t, cookie.HttpOnly && cookie.Secure)
	require.Equal(t, http.SameSiteLaxMode, cookie.SameSite)
	require.Equal(t, "/", cookie.Path)
	require.Equal(t, 600, cookie.MaxAge)
	require.Empty(t, cookie.Domain)
	back := b.get(v.choose(b, begun.to(), own.Slug+"-"+analyst))
	require.Equal(t, "/", back.to())
	session, err := http.ParseSetCookie(back.header.Get("Set-Cookie"))
	require.NoError(t, err)
	require.Equal(t, "__Host-stoa", session.Name)
	require.True(t, session.HttpOnly && session.Secure)
	require.Equal(t, http.SameSiteLaxMode, session.SameSite)
	require.Equal(t, "/", session.Path)
	require.Empty(t, session.Domain)
	require.Zero(t, session.MaxAge)

	// Who is not there, and who has no provider, cannot be told apart; nor people.
	without := o.tenant()
	texts := map[string]bool{}
	for _, q := range []string{"tenant=nothing-here", "tenant=" + without.Slug, "email=a@nothing.example", "email=nobody", "email=" + url.QueryEscape("<script>@x")} {
		got := b.get("/auth/sign-in?" + q)
		require.Equal(t, strings.TrimPrefix(q, "tenant="), cmp.Or(got.refused("unknown_organisation"), q), "only what was asked for")
		texts[b.get("/auth/sign-in?"+q, "Accept", "application/json").is(http.StatusNotFound).problem().Detail] = true
	}
	require.Len(t, texts, 1)
	somebody, nobody := b.get("/auth/sign-in?email=analyst@"+own.Slug+".example"), b.get("/auth/sign-in?email=not-there@"+own.Slug+".example")
	require.Equal(t, somebody.status, nobody.status)
}

// A value of the cookie that was there before a sign-in is worth nothing after it.
// Cookies belong to one name: whoever opens localhost shall not be told that the sign-in has expired.
func TestAnotherNameOfThisMachineLeadsToTheFirst(t *testing.T) {
	t.Parallel()
	const here = "http://127.0.0.1:8080"
	for host, to := range map[string]string{
		"localhost:8080": here, "[::1]:8080": here, "127.0.0.2:8080": here,
		"127.0.0.1:8080": "", "localhost:8081": "", "localhost": "", "": "", "lrs.example.com:8080": "", "localhost.example.com:8080": "",
	} {
		require.Equal(t, to, httpapi.OtherName(here, host), host)
	}
	require.Empty(t, httpapi.OtherName(public, "localhost:8080"), "a proxy's name for the service")
	require.Empty(t, httpapi.OtherName("", "localhost:8080"))
}

func TestEverySignInChangesTheSession(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own, second := o.tenant(), o.tenant()
	v := o.vouch(own, second)
	planted := strings.Repeat("A", 43)
	b := o.browser().has("__Host-stoa", planted)
	v.signIn(b, own, analyst).to()
	first := b.cookie("__Host-stoa")
	require.NotEqual(t, planted, first)
	(&visitor{o: o, cookie: planted}).call("GET", "/api/v1/me", nil).is(http.StatusUnauthorized)
	(&visitor{o: o, cookie: first}).call("GET", "/api/v1/me", nil).is(http.StatusOK)

	v.signIn(b, second, auditor).to()
	require.NotEqual(t, first, b.cookie("__Host-stoa"))
	(&visitor{o: o, cookie: first}).call("GET", "/api/v1/me", nil).is(http.StatusUnauthorized)
	var me apiv1.Me
	b.get("/api/v1/me").is(http.StatusOK).json(&me)
	require.Len(t, me.SignIns, 2)
	require.Equal(t, second.Slug, me.SignIns[0].Tenant)
	b.get("/api/v1/tenants/" + own.Slug + "/settings").is(http.StatusOK)
	b.get("/api/v1/tenants/" + second.Slug + "/settings").is(http.StatusOK)
	b.get("/api/v1/tenants/" + own.Slug + "/members").is(http.StatusForbidden)
	b.get("/api/v1/tenants/" + second.Slug + "/members").is(http.StatusOK)
}

func TestCallbacksThatAreNotBelieved(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	v := o.vouch(own)
	begin := func(b *browser) string { return b.get("/auth/sign-in?tenant=" + own.Slug).to() }
	with := func(address, name, value string) string {
		u, err := url.Parse(address)
		require.NoError(t, err)
		q := u.Query()
		q.Set(name, value)
		u.RawQuery = q.Encode()
		return u.String()
	}
	refused := func(b *browser, address, code string) {
		t.Helper()
		of := b.get(address).refused(code)
		require.Equal(t, code != "expired", of == own.Slug, "a sign-in that is known tells where")
		require.Empty(t, b.cookie("__Host-stoa"))
	}

	b := o.browser()
	refused(b, "/auth/callback?code=x&state="+strings.Repeat("A", 43), "expired")
	back := v.choose(b, begin(b), own.Slug+"-"+admin)
	refused(b, with(back, "state", strings.Repeat("A", 43)), "expired")
	require.Equal(t, "/", b.get(back).to(), "the right one still works")
	b = o.browser()
	back = v.choose(b, begin(b), own.Slug+"-"+admin)
	b.get(back).to()
	again := o.browser().has("__Host-stoa-login", b.cookie("__Host-stoa-login"))
	refused(again, back, "expired")

	other := o.browser() // whom somebody has sent the link of their own sign-in
	begin(other)
	mine := o.browser()
	refused(other, v.choose(mine, begin(mine), own.Slug+"-"+admin), "expired")
	b = o.browser()
	refused(b, v.choose(b, with(begin(b), "nonce", "another"), own.Slug+"-"+admin), "provider_answer")
	b = o.browser()
	refused(b, with(v.choose(b, begin(b), own.Slug+"-"+admin), "code", "another"), "provider_answer")
	b = o.browser()
	refused(b, with(v.choose(b, begin(b), own.Slug+"-"+admin), "iss", "https://evil.example"), "provider_answer")
	b = o.browser()
	refused(b, v.choose(b, begin(b), own.Slug+"-nobody"), "not_permitted")
	b = o.browser()
	state, err := url.Parse(begin(b))
	require.NoError(t, err)
	refused(b, "/auth/callback?"+values("error", "access_denied", "iss", v.provider.Issuer(), "state", state.Query().Get("state")).Encode(), "provider_refused")
}

// What stands in the address goes nowhere, and what only looks uses nothing up.
func TestNothingOfARefusedAddressIsPassedOn(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	v := o.vouch(own)
	b := o.browser()
	for _, address := range []string{
		"/auth/callback?error=%3Cscript%3E&error_description=%3Cscript%3Ealert(1)%3C/script%3E&state=%3Cscript%3E",
		"/auth/callback?state=a&state=%3Cscript%3E",
		"/auth/callback?code=" + strings.Repeat("%3C", 8001),
		"/auth/sign-in?tenant=%3Cscript%3E",
		"/auth/sign-in?tenant=a&return_to=" + strings.Repeat("/", 2001),
		"/auth/sign-in?tenant=%zz",
		"/auth/recover",
	} {
		code := "invalid_request"
		if strings.HasPrefix(address, "/auth/callback?error=") { // like any state that nobody knows
			code = "expired"
		}
		require.Empty(t, b.get(address).refused(code))
		for _, accept := range []string{"application/json", "*/*", ""} {
			require.Equal(t, "invalid", b.get(address, "Accept", accept).is(http.StatusBadRequest).problem().Code)
		}
	}
	back := v.choose(b, b.get("/auth/sign-in?tenant="+own.Slug).to(), own.Slug+"-"+admin)
	b.visit(http.MethodGet, back, nil, "Sec-Purpose", "prefetch;prerender").is(http.StatusMethodNotAllowed)
	head, err := http.NewRequestWithContext(t.Context(), http.MethodHead, o.url+strings.TrimPrefix(back, public), nil)
	require.NoError(t, err)
	head.AddCookie(&http.Cookie{Name: "__Host-stoa-login", Value: b.cookie("__Host-stoa-login")})
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(head)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusMethodNotAllowed, res.StatusCode)
	require.Equal(t, "/", b.get(back).to())
}

func TestReturnsStayHere(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	o.vouch(own)
	b := o.browser()
	for _, to := range []string{
		"https://evil.example", "//evil.example", `/\evil.example`, `\\evil.example`, "/\t/evil.example", "javascript:alert(1)",
		"/%2f/evil.example", "/%5cevil.example", "evil.example", "/a\r\nSet-Cookie: x=y", "https:evil.example", "/\x00",
	} {
		got := b.get("/auth/sign-in?" + values("tenant", own.Slug, "return_to", to).Encode())
		require.Contains(t, []string{"", own.Slug}, got.refused("invalid_request"))
	}
	b.get("/auth/sign-in?" + values("tenant", own.Slug, "return_to", "/a?b=https://c.example#d").Encode()).to()
}

func TestAProviderThatIsDown(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own, later := o.tenant(), o.tenant()
	v := o.vouch(own, later)
	b := o.browser()
	back := v.choose(b, b.get("/auth/sign-in?tenant="+own.Slug).to(), own.Slug+"-"+admin)
	require.NoError(t, v.provider.Stop())
	for _, address := range []string{back, "/auth/sign-in?tenant=" + later.Slug} {
		got := b.get(address)
		got.refused("provider_unavailable")
	}
	require.Empty(t, b.cookie("__Host-stoa"))

	o.redis.Close()
	b.get("/auth/sign-in?tenant=" + own.Slug).refused("unavailable")
	b.get("/auth/callback?code=a&state=" + strings.Repeat("A", 43)).refused("unavailable")
}

func TestSigningOut(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	v := o.vouch(own)
	b := v.signedIn(own, analyst)
	cookie := b.cookie("__Host-stoa")
	b.visit(http.MethodPost, "/auth/sign-out", nil, "Sec-Fetch-Site", "cross-site").is(http.StatusForbidden)
	b.get("/api/v1/me").is(http.StatusOK)

	var out apiv1.SignedOut
	b.visit(http.MethodPost, "/auth/sign-out", nil, "Sec-Fetch-Site", "same-origin").is(http.StatusOK).json(&out)
	require.Empty(t, b.cookie("__Host-stoa"))
	(&visitor{o: o, cookie: cookie}).call("GET", "/api/v1/me", nil).is(http.StatusUnauthorized)
	require.NotNil(t, out.URL)
	require.Contains(t, *out.URL, "id_token_hint=")
	require.Equal(t, public+"/", b.get(*out.URL).to(), "the provider knows where to send people then")

	out = apiv1.SignedOut{}
	b.visit(http.MethodPost, "/auth/sign-out", nil).is(http.StatusOK).json(&out)
	require.Nil(t, out.URL)
}

func TestTheProviderSignsPeopleOut(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own, without := o.tenant(), o.tenant()
	v := o.vouch(own)
	b, colleague := v.signedIn(own, analyst), v.signedIn(own, auditor)
	v.provider.SignOut(own.Slug + "-" + analyst)
	require.Eventually(t, func() bool { return b.get("/api/v1/me").status == http.StatusUnauthorized }, 10*time.Second, 20*time.Millisecond)
	colleague.get("/api/v1/me").is(http.StatusOK)

	texts := map[string]bool{}
	for _, slug := range []string{own.Slug, without.Slug, "nothing-here"} {
		got := o.browser().visit(http.MethodPost, "/auth/backchannel-logout/"+slug, url.Values{"logout_token": {"a.b.c"}}).is(http.StatusBadRequest)
		texts[got.problem().Detail] = true
	}
	require.Len(t, texts, 1)
	address := "/auth/backchannel-logout/" + own.Slug
	o.browser().visit(http.MethodPost, address, url.Values{"other": {"a"}}).is(http.StatusBadRequest)
	o.browser().visit(http.MethodPost, address, url.Values{"logout_token": {"a", "b"}}).is(http.StatusBadRequest)
	o.browser().visit(http.MethodPost, address, url.Values{"logout_token": {strings.Repeat("a", 40_000)}}).is(http.StatusRequestEntityTooLarge)
	o.browser().visit(http.MethodPost, address, url.Values{"logout_token": {"a"}}, "Content-Type", "application/json").is(http.StatusUnsupportedMediaType)
}

func TestARecoveryLinkWorksOnce(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	var link string
	o.in(own.ID, func(tx *postgres.Tx) error {
		token, _, err := tenant.CreateRecovery(tx, o.peppers, "owner@example.com", time.Now())
		link = "/auth/recover?token=" + url.QueryEscape(token.Reveal())
		return err
	})
	b := o.browser()
	b.visit(http.MethodGet, link, nil, "Sec-Purpose", "prefetch").is(http.StatusMethodNotAllowed)
	require.Equal(t, "/", b.get(link).to())
	b.get("/api/v1/tenants/" + own.Slug + "/members").is(http.StatusOK)
	second := o.browser()
	second.get(link).refused("recovery_link")
	require.Empty(t, second.cookie("__Host-stoa"))
	second.get("/auth/recover?token=stoa_rec_1-aaaaaaaa_" + strings.Repeat("A", 43)).refused("recovery_link")
	require.NotContains(t, o.log.String(), "stoa_rec_")
}

// One address cannot begin sign-ins without end, and does not stop another tenant's.
func TestSignInsAreLimitedByAddress(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	v := o.as(o.tenant(), admin)
	nobody := &visitor{o: o}
	limited := false
	for range 650 {
		got := nobody.call("GET", "/auth/sign-in", nil, "Accept", "application/json")
		if limited = got.status == http.StatusTooManyRequests; limited {
			require.NotEmpty(t, got.header.Get("Retry-After"))
			break
		}
		got.is(http.StatusOK)
	}
	require.True(t, limited)
	o.browser().get("/auth/callback").refused("throttled")
	v.call("GET", "/api/v1/me", nil).is(http.StatusOK)
}
