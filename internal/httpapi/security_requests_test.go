package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/authz"
)

// Only the request line, and what we listen to, says what a request is.
func TestHeadersChangeNothing(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	v := o.as(own, admin)
	store := "/api/v1/tenants/" + own.Slug + "/stores/main"
	for _, header := range []string{
		"X-HTTP-Method-Override: DELETE", "X-HTTP-Method: DELETE", "X-Method-Override: DELETE", "X-Original-URL: /docs", "X-Rewrite-URL: /docs",
		"X-Forwarded-Host: evil.example", "X-Forwarded-Proto: http", "Forwarded: host=evil.example", "X-Forwarded-Prefix: /evil", "X-Stoa-Tenant: other",
	} {
		got := o.raw("GET", store, []string{v.who(), header}, "").is(http.StatusOK)
		require.Contains(t, string(got.body), `"slug":"main"`)
		require.NotContains(t, string(got.body)+fmt.Sprint(got.header), "evil")
		o.raw("POST", store, []string{v.who(), header, "Content-Length: 0"}, "").is(http.StatusMethodNotAllowed)
	}
	o.raw("POST", store+"?method=DELETE", []string{v.who(), "Content-Type: application/x-www-form-urlencoded", "Content-Length: 0"}, "").is(http.StatusMethodNotAllowed)

	// What is echoed cannot begin a line of its own.
	got := o.raw("GET", store, []string{v.who(), "X-Request-Id: given\rSet-Cookie: a=b"}, "")
	require.Empty(t, got.header.Get("Set-Cookie"))
	for _, given := range []string{"short", "with space in it", strings.Repeat("x", 65), `quoted"quoted`, "semi;colon;semi"} {
		require.NotEqual(t, given, o.raw("GET", "/healthz", []string{"X-Request-Id: " + given}, "").header.Get("X-Request-Id"))
	}
	begun := o.raw("GET", "/auth/sign-in?tenant="+own.Slug+"&return_to=%2Fa%0d%0aSet-Cookie:%20a=b", nil, "")
	require.Empty(t, begun.header.Get("Set-Cookie"))

	// An agent of any length and form is not our fault.
	for _, agent := range []string{strings.Repeat("a", 30_000), "\xff\xfe", "\"quoted\"\t<b>"} {
		o.raw("GET", "/api/v1/tenants/nothing-here/roles", []string{v.who(), "User-Agent: " + agent}, "").is(http.StatusNotFound)
	}
}

// The address of a request is the connection's: nobody between is trusted here.
func TestAForgedAddressIsNotRecorded(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	v := o.as(own, analyst)
	for _, header := range []string{"X-Forwarded-For: 203.0.113.9", "X-Real-IP: 203.0.113.9", "Forwarded: for=203.0.113.9", "True-Client-IP: 203.0.113.9", "CF-Connecting-IP: 203.0.113.9"} {
		o.raw("GET", "/api/v1/tenants/"+own.Slug+"/members", []string{v.who(), header}, "").is(http.StatusForbidden)
	}
	events := o.events(own, "access.denied")
	require.NotEmpty(t, events)
	for _, e := range events {
		require.Equal(t, "127.0.0.1", e.Address)
	}
	require.NotContains(t, o.log.String(), "203.0.113.9")
}

func TestSizesAreBounded(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	v := o.as(own, admin)
	stores := "/api/v1/tenants/" + own.Slug + "/stores"
	json := "Content-Type: application/json"
	// Nothing of these bodies is sent: what is announced is enough.
	for _, length := range []string{"1048577", "9223372036854775807"} {
		o.raw("POST", stores, []string{v.who(), json, "Content-Length: " + length}, "").is(http.StatusRequestEntityTooLarge)
	}
	o.raw("POST", stores, []string{v.who(), json, "Content-Length: 99999999999999999999"}, "").is(http.StatusBadRequest)
	o.raw("POST", stores, []string{v.who(), json, "Content-Length: -1"}, "").is(http.StatusBadRequest)
	o.raw("POST", stores, []string{v.who(), json, "Content-Length: 1", "Content-Length: 2"}, "{}").is(http.StatusBadRequest)
	// Who may not send a body is told before it.
	o.raw("POST", stores, []string{json, "Content-Length: 1000"}, "").is(http.StatusUnauthorized)
	o.raw("POST", stores, []string{o.as(own, analyst).who(), json, "Content-Length: 1000"}, "").is(http.StatusForbidden)
	// One chunk after the other, beyond the limit.
	chunk := fmt.Sprintf("%x\r\n%s\r\n", 64<<10, strings.Repeat(" ", 64<<10))
	o.raw("POST", stores, []string{v.who(), json, "Transfer-Encoding: chunked"}, strings.Repeat(chunk, 17)+"0\r\n\r\n").is(http.StatusRequestEntityTooLarge)
	// A body that ends early is the client's fault.
	o.raw("POST", stores, []string{v.who(), json, "Transfer-Encoding: chunked"}, "5\r\n{\"a\"\r\n0\r\n\r\n").is(http.StatusBadRequest)
}

// No text that calls itself JSON is more than a 400.
func TestHostileJSONIsRefused(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	v := o.as(own, admin)
	stores := "/api/v1/tenants/" + own.Slug + "/stores"
	body := func(name string) string { return `{"slug":"s","kind":"sandbox","name":` + name + `}` }
	for _, text := range []string{
		strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000), body(strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000)),
		body("1e999"), body("NaN"), body("Infinity"), body("-"), body("01"), body(strings.Repeat("9", 100_000)), body("\"\xff\""), body(`"\ud800"`), body(`"\u0000"`),
		body(`"a","name":"b"`), body(`"a","\u006eame":"b"`), body(`"a","Name":"b"`), body(`"a","__proto__":{}`), body(`["a"]`), body("null"), body(`"a"`) + "{}", "\ufeff" + body(`"a"`),
		"// " + body(`"a"`), body(`'a'`), body(`"a",`), "null", "true", `"text"`, "",
	} {
		got := o.raw("POST", stores, []string{v.who(), "Content-Type: application/json", fmt.Sprintf("Content-Length: %d", len(text))}, text)
		require.Equal(t, http.StatusBadRequest, got.status, "%.80q: %s", text, got.body)
		require.Less(t, len(got.body), 20_000)
	}
	number := `{"limits":{"requestsPerMinute":%s,"statementsPerMinute":5}}`
	boss := o.as(o.platform, authz.Operator)
	for _, n := range []string{"1e999", "-1", "1.5", "1e15", "9223372036854775808", strings.Repeat("9", 400)} {
		got := boss.call("PATCH", "/api/v1/tenants/"+own.Slug, fmt.Sprintf(number, n), "If-Match", "*")
		require.Equal(t, http.StatusBadRequest, got.status, "%.40s: %s", n, got.body)
	}
}
