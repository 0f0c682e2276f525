package dev_test

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/authn"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/dev"
	"github.com/stoa-lrs/stoa/internal/keyring"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/secret"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// front is the part of a service that signs people in, in an environment of dev.
type front struct {
	*machine
	db     *postgres.DB
	op     *postgres.Operator
	ring   *keyring.Ring
	signIn *authn.SignIn
}

var laptop = authn.Client{Address: netip.MustParseAddr("127.0.0.1"), Device: "Laptop/1.0"}

func (m *machine) front(e *dev.Environment) *front {
	m.t.Helper()
	f := &front{machine: m, db: m.db.Open(m.t), op: m.db.OpenOperator(m.t)}
	var err error
	f.ring, err = keyring.Open(m.t.Context(), keyring.Config{File: e.Variables["STOA_KEYRING"]})
	require.NoError(m.t, err)
	store, err := authn.OpenRedis(e.Variables["STOA_REDIS_URL"])
	require.NoError(m.t, err)
	m.t.Cleanup(store.Close)
	quiet := slog.New(slog.DiscardHandler)
	policies := authz.NewPolicies(authz.Config{DB: f.db, Logger: quiet})
	m.t.Cleanup(policies.Close)
	peppers, err := tenant.ParsePeppers(e.Variables["STOA_KEY_PEPPER"])
	require.NoError(m.t, err)
	f.signIn = authn.NewSignIn(authn.SignInConfig{
		DB: f.db, Operator: f.op, Peppers: peppers, Redis: store, Throttle: authn.NewThrottle(store, nil),
		Sessions:  authn.NewSessions(authn.SessionConfig{DB: f.db, Redis: store, Policies: policies, Keyring: f.ring, Logger: quiet}),
		PublicURL: e.Variables["STOA_PUBLIC_URL"], Private: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Logger: quiet,
	})
	return f
}

var browser = &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// visit does as a browser does; it returns the page and where it is sent.
func (f *front) visit(method, address string, form url.Values) (page, to string) {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), method, address, strings.NewReader(form.Encode()))
	require.NoError(f.t, err)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := browser.Do(r)
	require.NoError(f.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(f.t, err)
	if to = answer.Header.Get("Location"); to != "" {
		there, err := r.URL.Parse(to)
		require.NoError(f.t, err)
		to = there.String()
	}
	return string(text), to
}

// people returns the page of people that a tenant's sign-in leads to.
func (f *front) people(of string) (page, at string, begun *authn.Begun) {
	f.t.Helper()
	begun, err := f.signIn.Begin(f.t.Context(), authn.BeginRequest{Tenant: of, From: laptop})
	require.NoError(f.t, err)
	_, at = f.visit(http.MethodGet, begun.URL, nil)
	page, _ = f.visit(http.MethodGet, at, nil)
	return page, at, begun
}

// enter signs somebody in.
func (f *front) enter(of, subject string) {
	f.t.Helper()
	_, at, begun := f.people(of)
	request, err := url.Parse(at)
	require.NoError(f.t, err)
	_, to := f.visit(http.MethodPost, at, url.Values{"request": {request.Query().Get("request")}, "person": {subject}})
	_, back := f.visit(http.MethodGet, to, nil)
	callback, err := url.Parse(back)
	require.NoError(f.t, err)
	require.Equal(f.t, "/auth/callback", callback.Path)
	o, err := f.signIn.Callback(f.t.Context(), authn.CallbackRequest{Params: callback.Query(), Login: begun.Login, From: laptop})
	require.NoError(f.t, err, subject)
	require.NotEmpty(f.t, o.Session)
}

// roles returns which roles a tenant's people have, by address.
func (f *front) roles(of string) map[string]string {
	f.t.Helper()
	t, err := tenant.Get(f.t.Context(), f.op, of)
	require.NoError(f.t, err)
	all := map[string]string{}
	require.NoError(f.t, f.db.TenantRead(f.t.Context(), t.Scope("test"), func(tx *postgres.Tx) error {
		var email, roles string
		rows, err := tx.Query(tx.Context(), `select email, string_agg(role, ' ') from members m
			join grants g on g.tenant_id = m.tenant_id and g.member_id = m.id group by email`)
		require.NoError(f.t, err)
		defer rows.Close()
		for rows.Next() {
			require.NoError(f.t, rows.Scan(&email, &roles))
			all[email] = roles
		}
		return rows.Err()
	}))
	return all
}

var button = regexp.MustCompile(`value="([a-z-]+)"><strong>[^<]+</strong><small>([^<]+)</small><small>stoa-([a-z-]+)</small>`)

func TestTheDemoPeopleSignInWithTheirRoles(t *testing.T) {
	t.Parallel()
	m := setup(t)
	e, err := dev.Open(t.Context(), m.config())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	f := m.front(e)
	tenantRoles := []string{authz.TenantAdmin, authz.Analyst, authz.Exporter, authz.Integrator, authz.PrivacyOfficer, authz.Auditor}
	for i, c := range []struct {
		slug  string
		roles []string
	}{{"northwind", tenantRoles}, {"meridian", tenantRoles}, {"platform", []string{authz.Operator, authz.Operator, authz.Auditor}}} {
		require.Equal(t, c.slug, e.SignIns[i].Tenant)
		require.Equal(t, "http://127.0.0.1:8080/auth/sign-in?tenant="+c.slug, e.SignIns[i].URL)
		page, _, _ := f.people(c.slug)
		want, roles := map[string]string{}, []string{}
		for _, person := range button.FindAllStringSubmatch(page, -1) {
			f.enter(c.slug, person[1])
			want[person[2]] = person[3]
			roles = append(roles, person[3])
		}
		require.Equal(t, c.roles, roles)
		require.Equal(t, want, f.roles(c.slug))
	}
	// An address leads to its tenant.
	begun, err := f.signIn.Begin(t.Context(), authn.BeginRequest{Email: "ben@northwind.example", From: laptop})
	require.NoError(t, err)
	require.Contains(t, begun.URL, "client_id=northwind")
}

func TestTheProviderIsTheSameAfterARestart(t *testing.T) {
	t.Parallel()
	m := setup(t)
	first, err := dev.Open(t.Context(), m.config())
	require.NoError(t, err)
	m.front(first).enter("northwind", "northwind-ada")
	before := m.front(first).provider("northwind")
	require.NoError(t, first.Close())

	second, err := dev.Open(t.Context(), m.config())
	require.NoError(t, err)
	require.Equal(t, first.Provider.Issuer(), second.Provider.Issuer())
	f := m.front(second)
	require.Equal(t, before.Version, f.provider("northwind").Version, "nothing was configured again")
	f.enter("northwind", "northwind-ada")
	require.NoError(t, second.Close())

	// Somebody else has the port now: the tenants follow to another.
	taken, err := net.Listen("tcp", first.Provider.Address())
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	third, err := dev.Open(t.Context(), m.config())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, third.Close()) })
	require.NotEqual(t, first.Provider.Issuer(), third.Provider.Issuer())
	f = m.front(third)
	require.Equal(t, third.Provider.Issuer(), f.provider("northwind").Issuer)
	f.enter("northwind", "northwind-ada")
	require.Equal(t, map[string]string{"ada@northwind.example": authz.TenantAdmin}, f.roles("northwind"), "the same person")
}

func TestALostKeyRingIsMadeAnewAndSomebodyElsesProviderIsKept(t *testing.T) {
	t.Parallel()
	m := setup(t)
	first, _ := m.open()
	f := m.front(first)
	theirs, err := tenant.Get(t.Context(), f.op, "meridian")
	require.NoError(t, err)
	require.NoError(t, f.db.Tenant(t.Context(), theirs.Scope("test"), func(tx *postgres.Tx) error {
		_, err := tx.Exec(tx.Context(), `update identity_providers set issuer = 'https://login.example' where tenant_id = $1 and state = 'active'`, tx.TenantID())
		return err
	}))
	for _, name := range []string{"keyring.json", "keyring.json.key"} {
		require.NoError(t, os.Remove(filepath.Join(m.dir, name)))
	}
	second, err := dev.Open(t.Context(), m.config())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, second.Close()) })
	f = m.front(second)
	require.Equal(t, "https://login.example", f.provider("meridian").Issuer)
	f.enter("northwind", "northwind-ben")
	known, err := f.provider("northwind").ClientSecret(f.ring)
	require.NoError(t, err)
	require.NotEqual(t, secret.Text{}, known)
}

// provider is how a tenant's people sign in.
func (f *front) provider(of string) (p *tenant.Provider) {
	f.t.Helper()
	t, err := tenant.Get(f.t.Context(), f.op, of)
	require.NoError(f.t, err)
	require.NoError(f.t, f.db.TenantRead(f.t.Context(), t.Scope("test"), func(tx *postgres.Tx) error {
		s, err := tenant.GetSSO(tx)
		if err == nil {
			p = s.Active
		}
		return err
	}))
	return p
}
