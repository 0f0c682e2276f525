package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/authz"
)

// However a path is spelled, it is the same resource by the same rules, or none.
func TestPathsHaveOneMeaning(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own, other := o.tenant(), o.tenant()
	people := map[string]*visitor{"admin": o.as(own, admin), "operator": o.as(o.platform, authz.Operator)}
	ours, theirs := "/api/v1/tenants/"+own.Slug, "/api/v1/tenants/"+other.Slug
	for who, v := range people {
		for _, path := range []string{
			"/xapi/../api/v1/me", "/xapi/%2e%2e/api/v1/me", "/xapi/..%2fapi/v1/me", "/xapi//../api/v1/me", "/api/v1/./me", "/api/v1/x/../me",
			"/api/v1/me/", "/api/v1/me;a=b", "/api/v1/me%00", "/api/v1/me%20", "/api/v1/ME", "/api/v1/me%3Fx", "/api\\v1\\me", "/api/v1/me/.",
			ours + "/../" + other.Slug + "/settings", ours + "%2f..%2f" + other.Slug + "/settings", theirs + "/settings/../../" + own.Slug + "/settings",
			"/api/v1/tenants/" + own.Slug + "%00/settings", "/api/v1/tenants/%00/settings", "/api/v1/tenants/%ff%fe/settings", "/api/v1/tenants/" + strings.Repeat("a", 3000) + "/settings",
			ours + "/stores/%00", ours + "/stores/main%00", ours + "/stores/%ff", ours + "/stores/main%2f..%2fsandbox", ours + "/stores/main;x=y", ours + "/stores/..;/keys",
			ours + "/keys/%00", ours + "/keys/%ff", ours + "/keys/a%2Fb", ours + "/members/%00", ours + "/members/%ff", ours + "/roles/%00", ours + "/roles/%ff",
			ours + "/stores/main/statements/%00", ours + "/audit/events/%00", ours + "/sso/domains/%00", ours + "/audit/streams/%ff", "/api/v1/me/sessions/%00",
			"/docs/..%2fpage.html", "/docs/%2e%2e", "/docs/page.html", "/docs/docs.js%00", "/scim/v2/" + own.Slug + "/Users/%00", "/scim/v2/%00/Users",
		} {
			for _, method := range []string{"GET", "DELETE"} {
				got := o.raw(method, path, []string{v.who()}, "")
				require.Contains(t, []int{400, 401, 403, 404, 405}, got.status, "%s %s as %s: %s", method, path, who, got.body)
				require.NotContains(t, string(got.body), own.Name+`"`, path)
			}
		}
	}
	// Extra slashes mean nothing, and take no header away.
	for _, path := range []string{"//api/v1/me", "/api//v1///me"} {
		got := o.raw("GET", path, []string{people["admin"].who()}, "").is(http.StatusOK)
		require.Equal(t, "no-store", got.header.Get("Cache-Control"), path)
		require.Empty(t, got.header.Get("Access-Control-Allow-Origin"))
	}
	got := o.raw("GET", "//xapi/about", nil, "").is(http.StatusOK)
	require.Equal(t, "2.0.0", got.header.Get("X-Experience-API-Version"))
}

// What a query names wrongly is the caller's fault, and never ours.
func TestQueriesAreHeldToTheDescription(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	v := o.as(own, admin)
	of := "/api/v1/tenants/" + own.Slug
	for _, query := range []string{
		"store=%00", "store=%ff", "store=main&store=sandbox", "store=main&other=1", "store=a;b", "store=%zz", "after=%00", "after=%ff", "after=" + strings.Repeat("a", 5000),
		"limit=1e3", "limit=NaN", "limit=-1", "limit=99999999999999999999", "limit=0x10", "limit=", "limit=1&limit=1", "%00=1", "store[]=main",
	} {
		for _, path := range []string{of + "/keys", of + "/members", of + "/audit", of + "/stores/main/statements"} {
			got := o.raw("GET", path+"?"+query, []string{v.who()}, "")
			require.Contains(t, []int{400, 404}, got.status, "%s?%s: %s", path, query, got.body)
		}
	}
	for _, query := range []string{"tenant=%00", "tenant=%ff", "email=%00%40x.example", "email=%ff", "return_to=%00", "tenant=a&tenant=b", "return_to=" + strings.Repeat("a", 5000)} {
		got := o.raw("GET", "/auth/sign-in?"+query, nil, "")
		require.Contains(t, []int{200, 400, 404}, got.status, "%s: %s", query, got.body)
	}
	for _, query := range []string{"state=%00&code=x", "state=%ff&code=%ff", "code=x&code=y&state=z", "error=%3Cscript%3E&state=x", "state=" + strings.Repeat("s", 5000)} {
		got := o.raw("GET", "/auth/callback?"+query, nil, "")
		require.Contains(t, []int{400, 401, 403}, got.status, "%s: %s", query, got.body)
		require.NotContains(t, string(got.body), "<script")
	}
	for _, token := range []string{"%00", "%ff", strings.Repeat("a", 5000), "a&token=b"} {
		got := o.raw("GET", "/auth/recover?token="+token, nil, "")
		require.Contains(t, []int{400, 403}, got.status, "%s: %s", token, got.body)
	}
}
