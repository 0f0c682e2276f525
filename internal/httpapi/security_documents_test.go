package httpapi_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a key has stored is never a page of ours: a form on another site can
// fetch it into a browser in the alternate syntax, at the origin that has the
// console's cookie.
func TestStoredDocumentsRunNowhere(t *testing.T) {
	t.Parallel()
	s := setup(t)
	c := s.client()
	query := values("activityId", "https://example.com/a", "agent", agent, "stateId", "page")
	const page = "<script>fetch('/api/v1/me')</script>"
	c.do(request{method: "PUT", path: "activities/state", query: query, body: page, header: header("Content-Type", "text/html")}).is(http.StatusNoContent)

	fields := url.Values{
		"Authorization":            {"Basic " + base64.StdEncoding.EncodeToString([]byte(c.user+":"+c.password))},
		"X-Experience-API-Version": {"1.0.3"},
	}
	for name := range query {
		fields.Set(name, query.Get(name))
	}
	stranger := &client{t: t, base: s.main.URL()}
	got := stranger.do(request{
		method: "POST", path: "activities/state", query: values("method", "GET"), body: fields.Encode(),
		header: header("Content-Type", "application/x-www-form-urlencoded", "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "document"),
	}).is(http.StatusOK)
	require.Equal(t, page, string(got.body), "it is what was stored")
	for _, a := range []answer{got, c.do(request{path: "activities/state", query: query}).is(http.StatusOK)} {
		require.Equal(t, "default-src 'none'; sandbox", a.header.Get("Content-Security-Policy"))
		require.Equal(t, "nosniff", a.header.Get("X-Content-Type-Options"))
	}
	require.Equal(t, "application/json", c.do(request{path: "statements"}).is(http.StatusOK).header.Get("Content-Type"))
}
