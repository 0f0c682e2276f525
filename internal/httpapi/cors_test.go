package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/app"
)

func TestBrowsersMayAskFromEverywhere(t *testing.T) {
	t.Parallel()
	s := setup(t)
	c := s.client()
	browser := &client{t: t, base: c.base}
	for _, e := range endpoints() {
		asks := "authorization,content-type,if-match,if-none-match,x-experience-api-version"
		got := browser.do(request{method: "OPTIONS", path: e.path, header: header(
			"Origin", "https://course.example.com", "Access-Control-Request-Method", e.method, "Access-Control-Request-Headers", asks,
		)}).is(http.StatusNoContent)
		require.Equal(t, "*", got.header.Get("Access-Control-Allow-Origin"))
		require.Contains(t, got.header.Get("Access-Control-Allow-Methods"), e.method)
		allowed := strings.ToLower(got.header.Get("Access-Control-Allow-Headers"))
		for name := range strings.SplitSeq(asks, ",") {
			require.Contains(t, allowed, name)
		}
		require.Empty(t, got.header.Get("Access-Control-Allow-Credentials"))
		require.NotEmpty(t, got.header.Get("Access-Control-Max-Age"))
	}
	for name, got := range map[string]answer{
		"success": c.do(request{path: "statements", header: header("Origin", "https://course.example.com")}).is(200),
		"failure": browser.do(request{path: "statements", header: header("Origin", "https://course.example.com")}).is(401),
	} {
		require.Equal(t, "*", got.header.Get("Access-Control-Allow-Origin"), name)
		exposed := got.header.Get("Access-Control-Expose-Headers")
		for _, h := range []string{"ETag", "Last-Modified", "X-Experience-API-Version", "X-Experience-API-Consistent-Through", "Retry-After", "RateLimit"} {
			require.Contains(t, exposed, h, name)
		}
	}
}

func TestOriginsCanBeConfigured(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *app.Config) { c.CORSOrigins = []string{"https://course.example.com"} })
	c := s.client()
	for origin, allowed := range map[string]string{"https://course.example.com": "https://course.example.com", "https://evil.example.com": ""} {
		for _, method := range []string{"OPTIONS", "GET"} {
			got := c.do(request{method: method, path: "statements", header: header("Origin", origin, "Access-Control-Request-Method", "GET")})
			require.Equal(t, allowed, got.header.Get("Access-Control-Allow-Origin"))
			require.Contains(t, got.header.Values("Vary"), "Origin")
		}
	}
}
