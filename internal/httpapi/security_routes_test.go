package httpapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// belongings are what a tenant has one of, by the name of the parameter.
func (o *office) belongings(of *tenant.Tenant, secrets func(string) string) map[string]string {
	o.t.Helper()
	member := o.member(of, analyst)
	user, _ := o.key(of)
	statement := o.statements(of, adaDid)[0]
	things := map[string]string{
		"store": "only-" + of.Slug, "key": user, "member": id.Text(member), "statement": statement, "stream": o.auditStream(of),
		"role": "role-" + of.Slug, "session": uuid.NewString()[:22],
	}
	o.in(of.ID, func(tx *postgres.Tx) error {
		if _, err := tenant.CreateStore(tx, things["store"], secrets("store"), tenant.Production, time.Now()); err != nil {
			return err
		}
		if _, err := authz.CreateRole(tx, authz.Trusted, things["role"], authz.RoleText{Name: secrets("role"), Actions: []authz.Action{authz.TenantView}}, time.Now()); err != nil {
			return err
		}
		grants, _, err := authz.ListGrants(tx, member, authz.Page{})
		if err != nil {
			return err
		}
		things["grant"] = id.Text(grants[0].ID)
		entry, err := authz.EnterTenant(tx, authz.NewEntry{OperatorID: 1, Operator: "Op", Reason: secrets("reason"), Level: authz.ReadOnly, Minutes: 60}, time.Now())
		if err != nil {
			return err
		}
		things["entry"] = id.Text(entry.ID)
		m, err := tenant.AddMapping(tx, secrets("mapping"), analyst, 0, time.Now())
		if err != nil {
			return err
		}
		things["mapping"] = id.Text(m.ID)
		d, err := tenant.ClaimDomain(tx, "d"+of.Slug+".example.com", time.Now())
		if err != nil {
			return err
		}
		things["domain"] = d.Domain
		token, _, err := tenant.CreateToken(tx, o.peppers, tenant.NewToken{
			Member: member, Name: secrets("token"), Actions: []authz.Action{authz.StoresView}, May: []authz.Action{authz.StoresView}, ExpiresAt: time.Now().Add(time.Hour),
		}, time.Now())
		if err != nil {
			return err
		}
		things["token"] = id.Text(token.ID)
		return nil
	})
	things["event"] = o.events(of)[0].Ref()
	return things
}

var parameterOf = regexp.MustCompile(`:([a-z]+)`)

// With the session of one tenant's admin, and whatever of another tenant in the
// path, in the query and in the body, nothing of the other is seen or changed.
func TestAnAdminReachesNothingOfAnotherTenant(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own, other := o.tenant(), o.tenant()
	const mark = "THEIRS-"
	theirs := o.belongings(other, func(s string) string { return mark + s })
	v := o.as(own, admin)
	before := o.rows(other)
	bodies := map[string]string{}
	queries := map[string]string{}
	for _, l := range matrix() {
		bodies[l.route], queries[l.route] = strings.ReplaceAll(l.body, "%s", uuid.NewString()[:8]), l.query
	}
	checked := 0
	for _, l := range o.api.ConsoleLines() {
		if l.Action == "everybody" || l.Action == authz.SCIM || l.Path == "/api/v1/me" {
			continue
		}
		name := l.Method + " " + l.Path
		for _, in := range []*tenant.Tenant{own, other} {
			path := parameterOf.ReplaceAllStringFunc(l.Path, func(p string) string {
				if p == ":tenant" {
					return in.Slug
				}
				require.NotEmpty(t, theirs[p[1:]], "%s: give the other tenant one", p)
				return theirs[p[1:]]
			})
			query := []string{queries[name], "store=" + theirs["store"]}
			if strings.HasPrefix(l.Path, "/api/v1/me/") {
				query = []string{"tenant=" + in.Slug, "tenant=" + other.Slug}
			}
			for _, q := range query {
				body := any(nil)
				if bodies[name] != "" {
					body = bodies[name]
				}
				got := v.call(l.Method, path+"?"+q, body, "If-Match", "*")
				checked++
				text := string(got.body)
				require.NotContains(t, text, mark, "%s %s", l.Method, path)
				require.NotContains(t, text, "ada@example.org", "%s %s", l.Method, path)
				if in == other {
					require.Contains(t, []int{http.StatusNotFound, http.StatusForbidden, http.StatusBadRequest}, got.status, "%s %s: %s", l.Method, path, text)
				}
				if strings.Contains(l.Path, ":tenant/") && strings.Count(l.Path, ":") > 1 {
					require.GreaterOrEqual(t, got.status, 400, "%s %s: %s", l.Method, path, text)
				}
			}
		}
	}
	require.Greater(t, checked, 200)
	// Names in bodies lead nowhere either.
	member := id.Text(o.member(own))
	for path, body := range map[string]string{
		"/members/" + member + "/grants": `{"role":"` + theirs["role"] + `"}`,
		"/members":                       `{"email":"x@example.com","grants":[{"role":"analyst","store":"` + theirs["store"] + `"}]}`,
		"/sso/mappings":                  `{"claim":"x","role":"analyst","store":"` + theirs["store"] + `"}`,
	} {
		got := v.call("POST", "/api/v1/tenants/"+own.Slug+path, body)
		require.Contains(t, []int{400, 404, 409}, got.status, "%s: %s", path, got.body)
	}
	require.Equal(t, before, o.rows(other), "nothing of the other tenant has changed")
}

// rows are what a tenant has in every table that the service may read, as a hash.
func (o *office) rows(of *tenant.Tenant) map[string]string {
	o.t.Helper()
	hashes := map[string]string{}
	o.in(of.ID, func(tx *postgres.Tx) error {
		found, err := tx.Query(tx.Context(), `select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid
			where a.attname = 'tenant_id' and c.relkind in ('r','p') and not c.relispartition and has_table_privilege(c.oid, 'select')`)
		if err != nil {
			return err
		}
		var tables []string
		for found.Next() {
			var name string
			if err := found.Scan(&name); err != nil {
				return err
			}
			tables = append(tables, name)
		}
		if err := found.Err(); err != nil {
			return err
		}
		for _, name := range tables {
			var hash string
			// Tables are ours: their names come from the catalog.
			if err := tx.QueryRow(tx.Context(), fmt.Sprintf(`select coalesce(md5(string_agg(t::text, ',' order by t::text)), '') from %q t where tenant_id = $1`, name), of.ID).Scan(&hash); err != nil {
				return err
			}
			hashes[name] = hash
		}
		return nil
	})
	require.Greater(o.t, len(hashes), 10)
	return hashes
}

// What must never be written down is put wherever a request has room for it, on
// every route: it is in no record of the log and in no column of the audit log.
func TestSecretsAreNowhereWrittenDown(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	boss := o.as(own, admin)
	mine := o.withToken(own, boss.member, authz.StoresView)
	user, password := o.key(own)
	issued := []string{boss.cookie, boss.bearer, mine.bearer, password}
	const planted = "S3CRET-planted-0815"
	ours := o.belongings(own, func(s string) string { return "Our " + s })
	ours["key"] = user
	shown := regexp.MustCompile(`"(?:secret|signingSecret)":"([^"]+)"`)
	for _, l := range matrix() {
		method, path, _ := strings.Cut(l.route, " ")
		if l.route == "POST /auth/sign-out" {
			continue
		}
		path = strings.ReplaceAll(path, ":tenant", own.Slug)
		path = parameterOf.ReplaceAllStringFunc(path, func(p string) string { return ours[p[1:]] })
		query := l.query
		if strings.HasPrefix(path, "/api/v1/me/") {
			query = "tenant=" + own.Slug
		}
		body := strings.ReplaceAll(strings.ReplaceAll(l.body, "%s", uuid.NewString()[:8]), `"clientSecret":"s"`, `"clientSecret":"`+planted+`"`)
		for _, try := range []struct{ query, body, more string }{
			{query, body, "X-Secret: " + planted},
			{query + "&token=" + planted + "&code=" + planted + "&state=" + planted + "&after=" + planted, body, "If-None-Match: " + planted},
			{query, `{"password":"` + planted + `","clientSecret":"` + planted + `","name":{"` + planted + `":1}}`, "Authorization: Bearer stoa_pat_" + planted},
			{query, `{"` + planted, "Authorization: Basic " + planted},
			{query, body, "X-Request-Id: !" + planted},
		} {
			// A member that is named like a secret is quoted to whoever sent it; it is not kept.
			got := o.raw(method, path+"?"+strings.TrimPrefix(try.query, "&"), []string{
				boss.who(), "Content-Type: application/json", "If-Match: *", "Idempotency-Key: " + uuid.NewString(), try.more, "Accept: application/json",
				fmt.Sprintf("Content-Length: %d", len(try.body)),
			}, try.body)
			require.Less(t, got.status, 500, "%s: %s", l.route, got.body)
			for _, found := range shown.FindAllSubmatch(got.body, -1) {
				issued = append(issued, string(found[1]))
			}
			if got.status >= 400 {
				errorIsDiscreet(t, l.route, string(got.body))
			}
		}
	}
	require.Greater(t, len(issued), 6, "keys, tokens and streams were made on the way")
	issued = slices.DeleteFunc(append(issued, planted), func(s string) bool { return len(s) < 12 })
	log := o.log.String()
	require.Contains(t, log, `"msg":"request"`)
	audited := 0
	o.in(own.ID, func(tx *postgres.Tx) error {
		found, err := tx.Query(tx.Context(), `select to_jsonb(e)::text from audit_events e`)
		if err != nil {
			return err
		}
		for found.Next() {
			var text string
			if err := found.Scan(&text); err != nil {
				return err
			}
			audited++
			for _, secret := range issued {
				require.NotContains(t, text, secret)
			}
		}
		return found.Err()
	})
	require.Greater(t, audited, 20)
	for _, secret := range issued {
		require.NotContains(t, log, secret)
		require.NotContains(t, log, url.QueryEscape(secret))
	}
}

// errorIsDiscreet requires that an error tells nothing of how we are made.
func errorIsDiscreet(t *testing.T, at, body string) {
	t.Helper()
	for _, inside := range []string{
		"SQLSTATE", "ERROR:", "pgx", "postgres", "select ", "insert into", "relation ", "tenant_id", "constraint", ".go:", "goroutine", "internal/", "/home/", "/tmp/", "redis:", "127.0.0.1", "panic",
	} {
		require.NotContains(t, body, inside, at)
	}
}
