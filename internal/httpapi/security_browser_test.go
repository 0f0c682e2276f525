package httpapi_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/authz"
)

// Every route that changes something, and signing out, hears a cookie only from
// our own origin: also with credentials beside it, as a link with a user name in
// it sends them.
func TestNoSiteActsForItsVisitor(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	v := o.as(own, admin)
	foreign := [][]string{
		{"Sec-Fetch-Site: cross-site"},
		{"Sec-Fetch-Site: same-site"},
		{"Origin: null"},
		{"Origin: https://evil.example"},
		{"Origin: http://lrs.example.com"},
		{"Sec-Fetch-Site: cross-site", "Origin: null"},
		{"Sec-Fetch-Site: same-site", "Origin: https://lrs.example.com.evil.example"},
	}
	checked := 0
	for _, l := range o.api.ConsoleLines() {
		if l.Method == http.MethodGet || l.Action == authz.SCIM || strings.Contains(l.Path, "backchannel") { // no cookie is looked at
			continue
		}
		path := strings.NewReplacer(":tenant", own.Slug, ":store", "main").Replace(l.Path)
		path = regexp.MustCompile(`:[a-z]+`).ReplaceAllString(path, "aaaaaaaa")
		for _, headers := range foreign {
			for _, more := range []string{"X-None: 1", "Authorization: Basic dTpw"} {
				got := o.raw(l.Method, path, append([]string{v.who(), more, "Content-Length: 0"}, headers...), "")
				require.Contains(t, []int{http.StatusForbidden, http.StatusUnauthorized}, got.status, "%s %s %v %s: %s", l.Method, l.Path, headers, more, got.body)
				require.Empty(t, got.header.Get("Set-Cookie"))
				checked++
			}
		}
	}
	require.Greater(t, checked, 400)
	v.call("GET", "/api/v1/me", nil).is(http.StatusOK) // still signed in
	for _, headers := range [][]string{{"Sec-Fetch-Site: same-origin"}, {"Sec-Fetch-Site: none"}, {"Origin: https://lrs.example.com"}, {}} {
		o.raw("DELETE", "/api/v1/me/tokens/aaaaaaaa?tenant="+own.Slug, append([]string{v.who()}, headers...), "").is(http.StatusNotFound)
	}
}

// The cookie is one value, and a token beside it is believed instead.
func TestCookiesAreReadOneWay(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	v, w := o.as(own, admin), o.as(own, analyst)
	token := o.withToken(own, w.member, authz.StoresView)
	of := "/api/v1/tenants/" + own.Slug
	for _, cookie := range []string{
		"__Host-stoa=" + strings.Repeat("a", 40_000), "__Host-stoa=", "__Host-stoa=\"\"", "__Host-stoa=%00", "__Host-stoa=\xff", "__host-stoa=" + v.cookie, "stoa=" + v.cookie,
		"__Host-stoa=" + v.cookie + "A", "__Host-stoa=" + v.cookie[:len(v.cookie)-1], "__Host-stoa=" + strings.ToLower(v.cookie), "__Host-stoa=" + v.cookie + "," + v.cookie,
		"__Host-stoa=*", "__Host-stoa=session:" + v.cookie,
	} {
		got := o.raw("GET", "/api/v1/me", []string{"Cookie: " + cookie}, "")
		require.Equal(t, http.StatusUnauthorized, got.status, "%.80q: %s", cookie, got.body)
	}
	o.raw("GET", "/api/v1/me", []string{"Cookie: __Host-stoa=" + strings.Repeat("a", 43) + "; __Host-stoa=" + v.cookie}, "").is(http.StatusUnauthorized)
	o.raw("GET", "/api/v1/me", []string{"Cookie: " + strings.Repeat("a=b; ", 10_000)}, "").is(http.StatusUnauthorized)
	// A token is held to what it may, whoever's cookie comes with it; a wrong one is not made up for.
	o.raw("GET", of+"/stores", []string{v.who(), token.who()}, "").is(http.StatusOK)
	o.raw("GET", of+"/members", []string{v.who(), token.who()}, "").is(http.StatusForbidden)
	for _, wrong := range []string{"Bearer", "Bearer x", "Basic dTpw", "Bearer " + strings.Repeat("a", 30_000), "Bearer " + token.bearer + "x", token.bearer, "Bearer " + v.cookie, "Digest a=b", "\xff"} {
		got := o.raw("GET", of+"/members", []string{v.who(), "Authorization: " + wrong}, "")
		require.Equal(t, http.StatusUnauthorized, got.status, "%.60q", wrong)
	}
	// Neither is ever read from the address.
	o.raw("GET", "/api/v1/me?access_token="+token.bearer+"&__Host-stoa="+v.cookie, nil, "").is(http.StatusUnauthorized)
}

// What is unknown, wrong and of somebody else is refused in the same words.
func TestUnknownAndWrongAreTheSame(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	token := o.withToken(own, o.member(own, admin), authz.StoresView).bearer
	name, _, ok := strings.Cut(token[len("stoa_pat_"):], "_")
	require.True(t, ok)
	texts := map[string]bool{}
	for _, guess := range []string{
		"stoa_pat_" + name + "_" + strings.Repeat("A", len(token)-len(name)-len("stoa_pat__")), "stoa_pat_" + strings.Repeat("a", 8) + "-" + strings.Repeat("a", 8) + "_" + strings.Repeat("A", 43),
		"nonsense", token[:len(token)-1], strings.Replace(token, "_pat_", "_scim_", 1),
	} {
		got := o.raw("GET", "/api/v1/me", []string{"Authorization: Bearer " + guess}, "").is(http.StatusUnauthorized)
		texts[strings.ReplaceAll(string(got.body), got.header.Get("X-Request-Id"), "")] = true
	}
	require.Len(t, texts, 1)
}

// Each answer of the console may be neither kept, framed nor guessed at, and no
// script of another origin may read it: whatever its status, with and without a session.
func TestEveryAnswerIsClosed(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	v := o.as(own, admin)
	paths := []string{"/docs", "/docs/docs.js", "/docs/docs.css", "/nothing", "/", "/healthz", "/readyz", "/xapi/../x"}
	for _, l := range o.api.ConsoleLines() {
		path := strings.NewReplacer(":tenant", own.Slug, ":store", "main").Replace(l.Path)
		paths = append(paths, regexp.MustCompile(`:[a-z]+`).ReplaceAllString(path, "aaaaaaaa"))
	}
	slices.Sort(paths)
	for _, path := range slices.Compact(paths) {
		for _, method := range []string{"GET", "HEAD", "PUT", "OPTIONS"} {
			for _, who := range []string{v.who(), "X-None: 1"} {
				got := o.raw(method, path, []string{who, "Origin: https://evil.example", "Accept: text/html"}, "")
				at := fmt.Sprintf("%s %s: %d", method, path, got.status)
				require.Less(t, got.status, 500, at)
				require.Equal(t, "no-store", got.header.Get("Cache-Control"), at)
				require.Equal(t, "nosniff", got.header.Get("X-Content-Type-Options"), at)
				require.Equal(t, "DENY", got.header.Get("X-Frame-Options"), at)
				require.Equal(t, "no-referrer", got.header.Get("Referrer-Policy"), at)
				csp := got.header.Get("Content-Security-Policy")
				require.Contains(t, csp, "default-src 'none'", at)
				require.Contains(t, csp, "frame-ancestors 'none'", at)
				require.NotContains(t, csp, "unsafe", at)
				for name := range got.header {
					require.False(t, strings.HasPrefix(name, "Access-Control-"), "%s has %s", at, name)
				}
				require.Empty(t, got.header.Get("Server"), at)
				require.Empty(t, got.header.Get("X-Powered-By"), at)
			}
		}
	}
}
