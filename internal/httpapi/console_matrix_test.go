package httpapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/httpapi"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// notYet are operations that are described and not built. It only gets shorter.
var notYet []string

// The table of routes and the description say the same, both ways.
func TestRoutesAreAsDescribed(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	doc, err := openapi3.NewLoader().LoadFromData(apiv1.Description)
	require.NoError(t, err)
	described, ids := map[string]string{}, map[string]string{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			name := method + " " + strings.NewReplacer("{", ":", "}", "").Replace(path)
			described[name] = fmt.Sprint(op.Extensions["x-stoa-action"])
			ids[name] = op.OperationID
		}
	}
	for _, line := range o.api.ConsoleLines() {
		name := line.Method + " " + line.Path
		require.Equal(t, described[name], string(line.Action), name)
		require.NotContains(t, notYet, ids[name], "%s is built: take it off the list", name)
		delete(described, name)
	}
	for name := range described {
		require.Contains(t, notYet, ids[name], "%s is described and not built", name)
	}
	require.Len(t, described, len(notYet))
}

func TestRoutesWithoutAnActionAreRefused(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, httpapi.CheckRoute("GET", "/api/v1/tenants/:tenant/x", ""), "no action")
	require.ErrorContains(t, httpapi.CheckRoute("GET", "/api/v1/tenants/:tenant/x", authz.KeysView), "must be permitted")
	require.NoError(t, httpapi.CheckRoute("GET", "/api/v1/x", "anyone"))
}

// Who calls, in the columns of the matrix. Inside and insideFull are operators
// who have entered the tenant.
const (
	admin      = authz.TenantAdmin
	analyst    = authz.Analyst
	exporter   = authz.Exporter
	integrator = authz.Integrator
	privacy    = authz.PrivacyOfficer
	auditor    = authz.Auditor
	outside    = "operator" // who has not entered
	inside     = "operator inside"
	insideFull = "operator inside, full"
)

// line says of a route who may, what they then get, and with what request.
// %s in the path is the tenant; in the body, what is new each time.
type line struct {
	route string
	may   string // callers
	ok    int
	query string
	body  string
	// fresh makes what this call uses up, for who may; it returns the whole path.
	fresh func(o *office, of *tenant.Tenant) string
	// gives is what the request hands out: who does not hold it may not either.
	gives []authz.Action
}

// ofAnalyst is what the role holds that requests here hand out.
var ofAnalyst = []authz.Action{authz.TenantView, authz.StoresView, authz.StatementsView, authz.ReportsView}

const everyRole = "all"

func either(s ...string) string { return strings.Join(s, "|") }

// matrix is written out by route: a route without a line fails, and so does a line without a route.
func matrix() []line {
	of := "/api/v1/tenants/:tenant"
	viewers := either(admin, analyst, exporter, integrator, privacy, auditor, inside, insideFull)
	changers := either(admin, insideFull)
	keyViewers := either(admin, integrator, privacy, auditor, inside, insideFull)
	keyManagers := either(admin, integrator, insideFull)
	peopleViewers := either(admin, privacy, auditor, inside, insideFull)
	operators := either(outside, inside, insideFull)
	statementViewers := either(admin, analyst, exporter, integrator, privacy, inside, insideFull)
	documentViewers := either(admin, privacy)
	auditViewers := either(admin, privacy, auditor, inside, insideFull)
	auditTakers := either(admin, auditor)
	usageViewers := either(admin, auditor, inside, insideFull)
	ofAda := "agent=" + url.QueryEscape(`{"mbox":"mailto:ada@example.org"}`)
	return []line{
		{route: "GET /api/v1/openapi.json", may: everyRole, ok: 200},
		{route: "GET /api/v1/me", may: everyRole, ok: 200},
		{route: "GET /api/v1/me/sessions", may: everyRole, ok: 200},
		{route: "DELETE /api/v1/me/sessions/:session", may: everyRole, ok: 404},
		{route: "GET /api/v1/me/tokens", may: everyRole, ok: 200},
		{route: "POST /api/v1/me/tokens", may: everyRole, ok: 201, body: `{"name":"T","actions":["tenant.view"],"expiresAt":"` + time.Now().Add(time.Hour).UTC().Format(time.RFC3339) + `"}`},
		{route: "DELETE /api/v1/me/tokens/:token", may: everyRole, ok: 404},

		{route: "GET /api/v1/tenants", may: operators, ok: 200},
		{route: "POST /api/v1/tenants", may: operators, ok: 201, body: `{"slug":"n%s","name":"New"}`},
		{route: "GET " + of, may: operators, ok: 200},
		{route: "PATCH " + of, may: operators, ok: 200, body: `{"limits":{"requestsPerMinute":0,"statementsPerMinute":5}}`},
		{route: "POST " + of + "/suspend", may: operators, ok: 200, fresh: freshTenant("/suspend")},
		{route: "POST " + of + "/resume", may: operators, ok: 200},
		{route: "POST " + of + "/entry", may: operators, ok: 201, body: `{"reason":"Ticket 4711 of today","minutes":5}`, fresh: freshTenant("/entry")},
		{route: "DELETE " + of + "/entry", may: operators, ok: 404, fresh: freshTenant("/entry")},

		{route: "GET /api/v1/platform/health", may: operators, ok: 200},
		{route: "GET /api/v1/platform/tenants", may: operators, ok: 200},
		{route: "GET /api/v1/platform/tenants/:tenant", may: operators, ok: 200},
		{route: "GET /api/v1/platform/tenants/:tenant/usage", may: operators, ok: 200},
		{route: "GET /api/v1/platform/usage", may: operators, ok: 200},
		{route: "GET /api/v1/platform/usage/export", may: operators, ok: 200},
		{route: "GET /api/v1/platform/audit", may: operators, ok: 200},
		{route: "GET " + of + "/usage", may: usageViewers, ok: 200},
		{route: "GET " + of + "/usage/export", may: usageViewers, ok: 200},

		{route: "GET " + of + "/settings", may: viewers, ok: 200},
		{route: "PATCH " + of + "/settings", may: changers, ok: 200, body: `{"locale":"de"}`},
		{route: "GET " + of + "/stores", may: viewers, ok: 200},
		{route: "POST " + of + "/stores", may: changers, ok: 201, body: `{"slug":"n%s","name":"New","kind":"sandbox"}`},
		{route: "GET " + of + "/stores/:store", may: viewers, ok: 200},
		{route: "PATCH " + of + "/stores/:store", may: changers, ok: 200, body: `{"name":"N%s"}`},
		{
			route: "POST " + of + "/stores/:store/empty", may: changers, ok: 200, body: `{"confirm":"sandbox"}`,
			fresh: func(_ *office, t *tenant.Tenant) string { return "/api/v1/tenants/" + t.Slug + "/stores/sandbox/empty" },
		},
		{route: "GET " + of + "/keys", may: keyViewers, ok: 200},
		{route: "POST " + of + "/keys", may: keyManagers, ok: 201, query: "store=main", body: `{"name":"N%s","scopes":["statements/write"]}`},
		{route: "GET " + of + "/keys/:key", may: keyViewers, ok: 200},
		{route: "GET " + of + "/keys/:key/usage", may: keyViewers, ok: 200},
		{route: "PATCH " + of + "/keys/:key", may: keyManagers, ok: 200, body: `{"name":"N%s"}`},
		{route: "POST " + of + "/keys/:key/rotate", may: keyManagers, ok: 200, body: `{"graceMinutes":0}`},
		{
			route: "POST " + of + "/keys/:key/revoke", may: keyManagers, ok: 200,
			fresh: func(o *office, t *tenant.Tenant) string {
				user, _ := o.key(t)
				return "/api/v1/tenants/" + t.Slug + "/keys/" + user + "/revoke"
			},
		},

		{route: "GET " + of + "/members", may: peopleViewers, ok: 200},
		{route: "POST " + of + "/members", may: changers, ok: 201, body: `{"email":"n%s@example.com"}`},
		{route: "GET " + of + "/members/:member", may: peopleViewers, ok: 200},
		{route: "PATCH " + of + "/members/:member", may: changers, ok: 200, body: `{"name":"N%s"}`},
		{route: "DELETE " + of + "/members/:member", may: changers, ok: 204, fresh: freshMember("")},
		{route: "POST " + of + "/members/:member/grants", may: changers, ok: 201, body: `{"role":"analyst"}`, fresh: freshMember("/grants"), gives: ofAnalyst},
		{route: "DELETE " + of + "/members/:member/grants/:grant", may: changers, ok: 404},
		{route: "GET " + of + "/members/:member/sessions", may: peopleViewers, ok: 200},
		{route: "DELETE " + of + "/members/:member/sessions", may: changers, ok: 204},
		{route: "GET " + of + "/roles", may: peopleViewers, ok: 200},
		{route: "POST " + of + "/roles", may: changers, ok: 201, body: `{"slug":"n%s","name":"New","actions":["tenant.view"]}`},
		{route: "GET " + of + "/roles/:role", may: peopleViewers, ok: 200},
		{route: "PUT " + of + "/roles/:role", may: changers, ok: 200, body: `{"name":"N","description":"","actions":["tenant.view"]}`, fresh: freshRole},
		{route: "DELETE " + of + "/roles/:role", may: changers, ok: 204, fresh: freshRole},
		{route: "GET " + of + "/access-review", may: peopleViewers, ok: 200},
		{route: "GET " + of + "/entries", may: peopleViewers, ok: 200},
		{route: "DELETE " + of + "/entries/:entry", may: changers, ok: 404},

		{route: "GET " + of + "/stores/:store/statements", may: statementViewers, ok: 200},
		{route: "GET " + of + "/stores/:store/vocabulary", may: statementViewers, ok: 200, query: "kind=verbs"},
		{route: "GET " + of + "/stores/:store/statements/:statement", may: statementViewers, ok: 200, fresh: freshStatement("")},
		{route: "GET " + of + "/stores/:store/statements/:statement/related", may: statementViewers, ok: 200, fresh: freshStatement("/related")},
		{route: "GET " + of + "/stores/:store/statements/:statement/voided-by", may: statementViewers, ok: 404, fresh: freshStatement("/voided-by")},
		{route: "POST " + of + "/stores/:store/statements/:statement/void", may: admin, ok: 201, body: `{"reason":"sent twice"}`, fresh: freshStatement("/void")},
		{route: "GET " + of + "/stores/:store/documents", may: documentViewers, ok: 200, query: "kind=agent-profile&" + ofAda},
		{route: "GET " + of + "/stores/:store/documents/content", may: documentViewers, ok: 404, query: "kind=agent-profile&id=x&" + ofAda},

		{route: "GET " + of + "/audit", may: auditViewers, ok: 200},
		{route: "GET " + of + "/audit/events/:event", may: auditViewers, ok: 200, fresh: freshEvent("")},
		{route: "GET " + of + "/audit/events/:event/proof", may: auditViewers, ok: 200, fresh: freshEvent("/proof")},
		{route: "POST " + of + "/audit/verify", may: auditViewers, ok: 200},
		{route: "GET " + of + "/audit/export", may: auditTakers, ok: 200, query: "format=csv"},
		{route: "GET " + of + "/audit/streams", may: auditTakers, ok: 200},
		{route: "POST " + of + "/audit/streams", may: auditTakers, ok: 201, body: `{"name":"S%s","kind":"webhook","url":"https://siem.example.com/in"}`},
		{route: "GET " + of + "/audit/streams/:stream", may: auditTakers, ok: 200, fresh: freshStream("")},
		{route: "PATCH " + of + "/audit/streams/:stream", may: auditTakers, ok: 200, body: `{"name":"N%s"}`, fresh: freshStream("")},
		{route: "DELETE " + of + "/audit/streams/:stream", may: auditTakers, ok: 204, fresh: freshStream("")},
		{route: "POST " + of + "/audit/streams/:stream/rotate", may: auditTakers, ok: 200, fresh: freshStream("/rotate")},

		// Trying needs a draft that is not there yet, and somebody of the tenant itself.
		{route: "GET " + of + "/sso", may: peopleViewers, ok: 200},
		{route: "GET " + of + "/sso/test", may: peopleViewers, ok: 200},
		{route: "POST " + of + "/sso/test", may: admin, ok: 409},
		{route: "POST " + of + "/sso/activate", may: changers, ok: 404},
		{route: "PUT " + of + "/sso", may: changers, ok: 200, body: `{"issuer":"https://n%s.example.com","clientId":"stoa","clientSecret":"s"}`},
		{route: "GET " + of + "/sso/mappings", may: peopleViewers, ok: 200},
		{route: "POST " + of + "/sso/mappings", may: changers, ok: 201, body: `{"claim":"n%s","role":"analyst"}`, gives: ofAnalyst},
		{route: "DELETE " + of + "/sso/mappings/:mapping", may: changers, ok: 404},
		{route: "GET " + of + "/sso/domains", may: peopleViewers, ok: 200},
		{route: "POST " + of + "/sso/domains", may: changers, ok: 201, body: `{"domain":"n%s.example.com"}`},
		{route: "DELETE " + of + "/sso/domains/:domain", may: changers, ok: 404},
		{route: "POST " + of + "/sso/domains/:domain/verify", may: changers, ok: 404},
		{route: "GET " + of + "/scim-tokens", may: peopleViewers, ok: 200},
		{route: "POST " + of + "/scim-tokens", may: admin, ok: 201, body: `{"name":"N%s","expiresAt":"` + time.Now().Add(time.Hour).UTC().Format(time.RFC3339) + `"}`}, // a directory can make anybody be an admin
		{route: "DELETE " + of + "/scim-tokens/:token", may: changers, ok: 404},

		{route: "GET /auth/sign-in", may: everyRole, ok: 200},
		{route: "GET /auth/callback", may: everyRole, ok: 400},
		{route: "GET /auth/recover", may: everyRole, ok: 403, query: "token=none"},
		{route: "POST /auth/backchannel-logout/:tenant", may: everyRole, ok: 415, body: "{}"},
		{route: "POST /auth/sign-out", may: everyRole, ok: 200}, // the last: who calls it is signed out
	}
}

func freshTenant(rest string) func(*office, *tenant.Tenant) string {
	return func(o *office, _ *tenant.Tenant) string { return "/api/v1/tenants/" + o.tenant().Slug + rest }
}

func freshMember(rest string) func(*office, *tenant.Tenant) string {
	return func(o *office, t *tenant.Tenant) string {
		return "/api/v1/tenants/" + t.Slug + "/members/" + id.Text(o.member(t)) + rest
	}
}

func freshRole(o *office, t *tenant.Tenant) string {
	slug := "r" + uuid.NewString()[:8]
	o.in(t.ID, func(tx *postgres.Tx) error {
		_, err := authz.CreateRole(tx, authz.Trusted, slug, authz.RoleText{Name: "R", Actions: []authz.Action{authz.TenantView}}, time.Now())
		return err
	})
	return "/api/v1/tenants/" + t.Slug + "/roles/" + slug
}

func freshStatement(rest string) func(*office, *tenant.Tenant) string {
	return func(o *office, t *tenant.Tenant) string {
		ids := o.statements(t, adaDid)
		return "/api/v1/tenants/" + t.Slug + "/stores/main/statements/" + ids[0] + rest
	}
}

func freshEvent(rest string) func(*office, *tenant.Tenant) string {
	return func(o *office, t *tenant.Tenant) string {
		return "/api/v1/tenants/" + t.Slug + "/audit/events/" + o.events(t)[0].Ref() + rest
	}
}

func freshStream(rest string) func(*office, *tenant.Tenant) string {
	return func(o *office, t *tenant.Tenant) string {
		return "/api/v1/tenants/" + t.Slug + "/audit/streams/" + o.auditStream(t) + rest
	}
}

// What belongs to another tenant is not told from what does not exist.
func TestOtherTenantsDoNotExist(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own, other := o.tenant(), o.tenant()
	v := o.as(own, admin)
	for _, rest := range []string{"/settings", "/stores/main", "/members", "/keys", "/stores/none"} {
		texts := map[string]bool{}
		for _, slug := range []string{other.Slug, "nothing-here", "platform"} {
			got := v.call("GET", "/api/v1/tenants/"+slug+rest, nil).is(http.StatusNotFound)
			texts[strings.ReplaceAll(string(got.body), got.problem().RequestID, "")] = true
		}
		require.Len(t, texts, 1)
	}
}
