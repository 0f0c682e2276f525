package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/httpapi"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// known is by what the service knows a caller.
type known int

const (
	unknown   known = iota // by nothing that holds
	bySession              // a person
	byToken                // a person, as far as the token goes
	byOther                // an API key, a directory: people's routes are not for those
)

// column is somebody who calls every route, naming a tenant.
type column struct {
	name   string // of the role, in lines
	by     known
	who    *visitor
	in     *tenant.Tenant // that they name
	theirs bool           // is it where they belong, or where they are inside
	self   string         // the tenant they name when they ask for their own
	only   []authz.Action // of a token
}

// expect is the status that a route must answer c with, and whether that is
// what its line says for those who may.
func (c column) expect(l line, route httpapi.Line) (status int, may bool) {
	operator := strings.HasPrefix(c.name, "operator")
	named := slices.Contains(strings.Split(l.may, "|"), c.name)
	switch {
	case route.Action == "everybody":
		return l.ok, true
	case c.by == byOther && named && (c.theirs || c.name == foreign):
		return l.ok, true
	case c.by == byOther && c.name == readKey && strings.HasPrefix(route.Path, "/xapi/"):
		return http.StatusForbidden, false // a key that works, for other things
	case c.by == unknown, c.by == byOther, route.Action == authz.SCIM, strings.HasPrefix(route.Path, "/xapi/"):
		return http.StatusUnauthorized, false
	case route.Action == "in-person" && c.by == byToken:
		return http.StatusForbidden, false
	case route.Action == "anyone":
		return l.ok, true
	case route.Action == "in-person" && c.theirs:
		return l.ok, true
	case route.Action == "in-person":
		return http.StatusNotFound, false
	case route.OnPlatform && !operator:
		return http.StatusForbidden, false
	case !route.OnPlatform && !c.theirs && !operator:
		return http.StatusNotFound, false
	case !named, !route.OnPlatform && !c.theirs, c.by == byToken && !c.holds(append(l.gives, route.Action)):
		return http.StatusForbidden, false
	}
	return l.ok, true
}

// holds tells whether a token is for all of these.
func (c column) holds(actions []authz.Action) bool {
	return !slices.ContainsFunc(actions, func(a authz.Action) bool { return !slices.Contains(c.only, a) })
}

// columns are everybody: each role and each kind of operator by session, by
// token and by a session that is over, where they belong and in another tenant;
// and all that may be sent instead of those.
func (o *office) columns(own, other *tenant.Tenant) (columns []column, somebody *visitor) {
	o.t.Helper()
	now := time.Now()
	add := func(name string, by known, who *visitor, in *tenant.Tenant, only ...authz.Action) {
		columns = append(columns, column{name, by, who, in, in == own, in.Slug, only})
		if c := &columns[len(columns)-1]; c.theirs && strings.HasPrefix(name, "operator") {
			c.self = o.platform.Slug
		}
	}
	person := func(role string, home *tenant.Tenant, v *visitor) {
		permitted, err := o.policies.Permitted(o.t.Context(), home.ID, authz.Subject(v.member), nil)
		require.NoError(o.t, err)
		may := permitted[0]
		for _, in := range []*tenant.Tenant{own, other} {
			add(role, bySession, v, in)
			for few := range slices.Chunk(may, 40) { // as many as a token holds
				add(role, byToken, o.withToken(home, v.member, few...), in, few...)
			}
		}
		add(role+", expired", unknown, o.signedIn(o.past, home, v.member), own)
	}
	for _, role := range []string{admin, analyst, exporter, integrator, privacy, auditor} {
		v := o.as(own, role)
		if role == admin {
			somebody = v
		}
		person(role, own, v)
	}
	add(admin, byToken, o.withToken(own, somebody.member, authz.TenantView), own, authz.TenantView)
	for name, level := range map[string]authz.Level{outside: "", inside: authz.ReadOnly, insideFull: authz.Full} {
		v := o.as(o.platform, authz.Operator)
		if level != "" {
			o.in(own.ID, func(tx *postgres.Tx) error {
				_, err := authz.EnterTenant(tx, authz.NewEntry{OperatorID: v.member, Operator: "Op", Reason: "the matrix of the tests", Level: level, Minutes: 60}, now)
				return err
			})
		}
		person(name, o.platform, v)
	}

	plain := func(of *tenant.Tenant, scopes authz.Scopes) *visitor {
		user, password := o.keyFor(of, scopes)
		return &visitor{o: o, user: user, password: password}
	}
	add(key, byOther, plain(own, authz.ScopeAll), own)
	add(readKey, byOther, plain(own, authz.ScopeAllRead), own)
	add(foreign, byOther, plain(other, authz.ScopeAll), own)
	add(ofDirectory, byOther, o.directory(own).visitor, own)
	add("another tenant's directory", unknown, o.directory(other).visitor, own)

	add("nobody", unknown, &visitor{o: o}, own)
	add("an invented session", unknown, &visitor{o: o, cookie: strings.Repeat("A", 43)}, own)
	add("an invented token", unknown, &visitor{o: o, bearer: "stoa_pat_1-aaaaaaaa_" + strings.Repeat("A", 43)}, own)
	revokedKey, expiredKey := plain(own, authz.ScopeAll), &visitor{o: o}
	revokedToken, expiredToken := &visitor{o: o}, &visitor{o: o}
	o.in(own.ID, func(tx *postgres.Tx) error {
		if _, err := tenant.Revoke(tx, revokedKey.user, now); err != nil {
			return err
		}
		s, err := tenant.GetStore(tx, "main")
		if err != nil {
			return err
		}
		past := now.Add(-time.Hour)
		k, secret, err := tenant.CreateKey(tx, o.peppers, tenant.NewKey{
			Store: s.ID, Name: "Over", Scopes: authz.ScopeAll, HomePage: public, ExpiresAt: &past,
		}, past.Add(-time.Hour))
		if err != nil {
			return err
		}
		expiredKey.user, expiredKey.password = k.User, secret.Reveal()
		n := tenant.NewToken{Member: somebody.member, Name: "Over", Actions: []authz.Action{authz.TenantView}, May: []authz.Action{authz.TenantView}, ExpiresAt: past}
		_, text, err := tenant.CreateToken(tx, o.peppers, n, past.Add(-time.Hour))
		if err != nil {
			return err
		}
		expiredToken.bearer = text.Reveal()
		n.ExpiresAt = now.Add(time.Hour)
		t, text, err := tenant.CreateToken(tx, o.peppers, n, now)
		if err != nil {
			return err
		}
		revokedToken.bearer = text.Reveal()
		_, err = tenant.RevokeToken(tx, somebody.member, t.ID, now)
		return err
	})
	add("a revoked key", unknown, revokedKey, own)
	add("an expired key", unknown, expiredKey, own)
	add("a revoked token", unknown, revokedToken, own)
	add("an expired token", unknown, expiredToken, own)
	return columns, somebody
}

// Every route answers everybody as its line says. A route without a line fails.
func TestMatrix(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own, other := o.tenant(), o.tenant()
	o.in(own.ID, func(tx *postgres.Tx) error {
		s, err := tenant.GetSettings(tx)
		if err != nil {
			return err
		}
		s.BreakGlass = tenant.BreakGlassFull
		_, err = tenant.UpdateSettings(tx, *s, 0)
		return err
	})
	columns, _ := o.columns(own, other)
	somebody := id.Text(o.member(own))
	user, _ := o.key(own)
	names := strings.NewReplacer(":store", "main", ":key", user, ":member", somebody, ":grant", "aaaaaaaa", ":role", "analyst",
		":token", "aaaaaaaa", ":session", "aaaaaaaa", ":mapping", "aaaaaaaa", ":domain", "none.example.com", ":entry", "aaaaaaaa",
		":statement", "7e5a1d1e-5c3c-4f0a-9d0d-0f3a3a1f0001", ":event", "aaaaaaaa", ":stream", "aaaaaaaa", "*file", "robots.txt", ":file", "docs.js", ":id", "aaaaaaaa")

	routes := map[string]httpapi.Line{}
	for _, l := range o.api.Lines() {
		routes[l.Method+" "+l.Path] = l
	}
	for _, l := range append(edges(), matrix()...) {
		route, ok := routes[l.route]
		require.True(t, ok, "%s: no such route, or a second line", l.route)
		delete(routes, l.route)
		for _, c := range columns {
			status, may := c.expect(l, route)
			path := names.Replace(strings.ReplaceAll(route.Path, ":tenant", c.in.Slug))
			if may && l.fresh != nil {
				path = l.fresh(o, c.in)
			}
			query := l.query
			if strings.HasPrefix(path, "/api/v1/me/") {
				query = "tenant=" + c.self
			}
			if query != "" {
				path += "?" + query
			}
			var body any
			if l.body != "" {
				body = strings.ReplaceAll(l.body, "%s", uuid.NewString()[:8])
			}
			header := []string{"Accept", "application/json", "X-Experience-API-Version", "2.0.0"}
			if !strings.HasPrefix(l.route, "POST /xapi/") {
				header = append(header, "If-Match", "*")
			}
			got := c.who.call(route.Method, path, body, header...)
			require.Equal(t, status, got.status, "%s as %s (%d) in %s: %s", l.route, c.name, c.by, map[bool]string{true: "its tenant", false: "another's"}[c.theirs], got.body)
			switch {
			case status < 400, strings.HasPrefix(path, "/admin"):
			case route.Action == authz.SCIM:
				got.scimError(status, "")
			default:
				got.problem()
			}
		}
	}
	require.Empty(t, routes, "every route has a line")
}
