package httpapi_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/dev/idp"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/secret"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// public is where browsers reach the office: something in front of it speaks TLS.
const public = "https://lrs.example.com"

// browser is one of a person: it keeps cookies as browsers do, and follows
// redirects one by one.
type browser struct {
	o      *office
	client *http.Client
	accept string
}

func (o *office) browser() *browser {
	o.t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(o.t, err)
	return &browser{o: o, accept: "text/html,application/xhtml+xml,*/*;q=0.8", client: &http.Client{
		Jar: jar, Timeout: 20 * time.Second, Transport: front{o.url},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// front brings what is for the public address to the office, and the rest to
// where it is for. Answers of the office must be as described.
type front struct{ office string }

func (f front) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasPrefix(r.URL.String(), public+"/") {
		return (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	}
	inside := r.Clone(r.Context())
	to, err := url.Parse(f.office + strings.TrimPrefix(r.URL.String(), public))
	if err != nil {
		return nil, err
	}
	inside.URL, inside.Host = to, ""
	res, err := described{}.RoundTrip(inside)
	if err == nil {
		res.Request = r
	}
	return res, err
}

// visit asks for a page; one that begins with / is the office's.
func (b *browser) visit(method, address string, form url.Values, pairs ...string) answer {
	b.o.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = public + address
	}
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(b.o.t.Context(), method, address, body)
	require.NoError(b.o.t, err)
	r.Header.Set("Accept", b.accept)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for name, values := range header(pairs...) {
		r.Header[http.CanonicalHeaderKey(name)] = values
	}
	res, err := b.client.Do(r)
	require.NoError(b.o.t, err, "%s %s", method, address)
	defer func() { _ = res.Body.Close() }()
	content, err := io.ReadAll(res.Body)
	require.NoError(b.o.t, err)
	return answer{b.o.t, res.StatusCode, res.Header, res.ContentLength, content}
}

func (b *browser) get(address string, pairs ...string) answer {
	b.o.t.Helper()
	return b.visit(http.MethodGet, address, nil, pairs...)
}

// to is where a redirect leads.
func (a answer) to() string {
	a.t.Helper()
	require.Contains(a.t, []int{http.StatusFound, http.StatusSeeOther}, a.status, "%s", a.body)
	return a.header.Get("Location")
}

// cookie is the value of one of the office's; "" for none.
func (b *browser) cookie(name string) string {
	b.o.t.Helper()
	u, err := url.Parse(public)
	require.NoError(b.o.t, err)
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// has gives the browser a cookie of the office.
func (b *browser) has(name, value string) *browser {
	b.o.t.Helper()
	u, err := url.Parse(public)
	require.NoError(b.o.t, err)
	b.client.Jar.SetCookies(u, []*http.Cookie{{Name: name, Value: value, Path: "/", Secure: true, HttpOnly: true}})
	return b
}

// page requires a page for people, that holds to the rules for those.
func (a answer) page(status int) string {
	a.t.Helper()
	a.is(status)
	require.Equal(a.t, "text/html; charset=utf-8", a.header.Get("Content-Type"))
	csp := a.header.Get("Content-Security-Policy")
	require.Contains(a.t, csp, "default-src 'none'; style-src 'sha256-")
	require.NotContains(a.t, csp, "unsafe")
	require.Contains(a.t, csp, "frame-ancestors 'none'")
	require.Equal(a.t, "no-store", a.header.Get("Cache-Control"))
	return string(a.body)
}

// refused requires that the browser is sent to where people sign in, with that
// code, and returns the tenant that goes with it; nothing else does.
func (a answer) refused(code string) (tenant string) {
	a.t.Helper()
	to, err := url.Parse(a.to())
	require.NoError(a.t, err)
	require.Equal(a.t, "/admin/sign-in", to.Path)
	require.Empty(a.t, to.Host+to.Scheme+to.Fragment)
	q := to.Query()
	tenant = q.Get("tenant")
	want := values("error", code, "request", a.header.Get("X-Request-Id"))
	if tenant != "" {
		want.Set("tenant", tenant)
	}
	require.Equal(a.t, want, q)
	require.Empty(a.t, a.body)
	require.Empty(a.t, a.header.Get("Set-Cookie"))
	require.Equal(a.t, "no-store", a.header.Get("Cache-Control"))
	return tenant
}

// vouched are tenants whose people sign in with one provider.
type vouched struct {
	*office
	provider *idp.Provider
}

// vouch starts a provider that knows tenants as its clients, and one person of
// each for every role; it is in force in all of them.
func (o *office) vouch(tenants ...*tenant.Tenant) *vouched {
	o.t.Helper()
	c := idp.Config{Address: "127.0.0.1:0"}
	for _, t := range tenants {
		c.Clients = append(c.Clients, idp.Client{
			ID: t.Slug, Name: t.Name, Secret: "secret of " + t.Slug, RedirectURIs: []string{public + "/auth/callback"},
			AfterLogoutURIs: []string{public + "/"}, BackChannelURI: o.url + "/auth/backchannel-logout/" + t.Slug,
		})
		for _, role := range rolesOf(t) {
			c.People = append(c.People, idp.Person{
				Client: t.Slug, Subject: t.Slug + "-" + role, Name: "P " + role, Email: role + "@" + t.Slug + ".example", Groups: []string{"stoa-" + role},
			})
		}
		c.People = append(c.People, idp.Person{Client: t.Slug, Subject: t.Slug + "-nobody", Name: "N", Email: "nobody@elsewhere.example"})
	}
	p, err := idp.Start(c)
	require.NoError(o.t, err)
	o.t.Cleanup(func() { _ = p.Stop() })
	v := &vouched{o, p}
	for _, t := range tenants {
		v.configure(t)
	}
	return v
}

// rolesOf lists the roles that people of a tenant have here.
func rolesOf(t *tenant.Tenant) []string {
	if t.IsPlatform() {
		return []string{authz.Operator}
	}
	return []string{admin, analyst, exporter, integrator, privacy, auditor}
}

func (v *vouched) draft(t *tenant.Tenant) tenant.Draft {
	return tenant.Draft{
		Issuer: v.provider.Issuer(), ClientID: t.Slug, Secret: secret.New("secret of " + t.Slug), Domains: []string{t.Slug + ".example"},
		Scopes: []string{"openid", "email", "profile", "groups"},
	}
}

// configure puts the provider in force, as somebody does who has tried it.
func (v *vouched) configure(t *tenant.Tenant) {
	v.t.Helper()
	runs := rolesOf(t)[0]
	v.in(t.ID, func(tx *postgres.Tx) error {
		for _, role := range rolesOf(t) {
			if _, err := tenant.AddMapping(tx, "stoa-"+role, role, 0, time.Now()); err != nil {
				return err
			}
		}
		d, err := tenant.PutDraft(tx, v.ring, v.draft(t), true, 0, time.Now())
		if err != nil {
			return err
		}
		if _, err := tenant.RecordTest(tx, d.Version, tenant.TestResult{OK: true, Identity: tenant.Identity{
			Issuer: d.Issuer, Subject: t.Slug + "-" + runs, Email: runs + "@" + t.Slug + ".example", EmailVerified: true, Groups: []string{"stoa-" + runs},
		}}, time.Now()); err != nil {
			return err
		}
		if _, err = tenant.Activate(tx, d.Version, time.Now()); err != nil {
			return err
		}
		_, err = tenant.TrustDomain(tx, t.Slug+".example", time.Now())
		return err
	})
}

var hiddenRequest = regexp.MustCompile(`name="request" value="([^"]+)"`)

// choose goes to the provider, is somebody there, and returns where the browser
// is sent to.
func (v *vouched) choose(b *browser, authorize, subject string) string {
	v.t.Helper()
	require.True(v.t, strings.HasPrefix(authorize, v.provider.Issuer()+"/"), authorize)
	absolute := func(to string) string {
		if strings.HasPrefix(to, "/") {
			return v.provider.Issuer() + to
		}
		return to
	}
	page := b.get(absolute(b.get(authorize).to())).is(http.StatusOK)
	found := hiddenRequest.FindSubmatch(page.body)
	require.NotNil(v.t, found, "%s", page.body)
	chosen := b.visit(http.MethodPost, v.provider.Issuer()+"/sign-in", url.Values{"request": {string(found[1])}, "person": {subject}})
	return b.get(absolute(chosen.to())).to()
}

// signIn walks the whole way, and returns the last answer.
func (v *vouched) signIn(b *browser, t *tenant.Tenant, role string) answer {
	v.t.Helper()
	begun := b.get("/auth/sign-in?" + values("tenant", t.Slug, "return_to", "/somewhere?a=b").Encode())
	return b.get(v.choose(b, begun.to(), t.Slug+"-"+role))
}

// signedIn is a browser that has.
func (v *vouched) signedIn(t *tenant.Tenant, role string) *browser {
	v.t.Helper()
	b := v.browser()
	require.Equal(v.t, "/somewhere?a=b", v.signIn(b, t, role).to())
	return b
}
