package httpapi_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/app"
)

// form is a request in the alternate syntax.
func form(path, method string, fields url.Values) request {
	return request{method: "POST", path: path, query: values("method", method), body: fields.Encode(), header: header("Content-Type", "application/x-www-form-urlencoded")}
}

func TestTheAlternateSyntaxSaysTheSame(t *testing.T) {
	t.Parallel()
	s := setup(t)
	c := s.client().v1()
	id := uuid.NewString()
	c.do(form("statements", "PUT", values("statementId", id, "content", statement("", "did")))).is(http.StatusNoContent)
	c.do(form("statements", "POST", values("content", statement("", "did")))).is(http.StatusOK)
	require.Len(t, c.do(form("statements", "GET", values("agent", agent))).result().Statements, 2)
	require.Empty(t, c.do(form("statements", "HEAD", values("limit", "1"))).is(http.StatusOK).body)

	fields := with(aboutMe, "content", `{"a":"é+& "}`)
	fields.Set("If-None-Match", "*")
	c.do(form("agents/profile", "PUT", fields)).is(http.StatusNoContent)
	got := c.do(form("agents/profile", "GET", aboutMe)).is(http.StatusOK)
	require.Equal(t, `{"a":"é+& "}`, string(got.body))
	c.do(form("agents/profile", "PUT", fields)).is(http.StatusPreconditionFailed)
	c.do(form("agents/profile", "DELETE", with(aboutMe, "If-Match", got.header.Get("ETag")))).is(http.StatusNoContent)
	text := with(with(state, "content", "hello"), "Content-Type", "text/plain")
	c.do(form("activities/state", "PUT", text)).is(http.StatusNoContent)
	require.Equal(t, "text/plain", c.do(request{path: "activities/state", query: state}).header.Get("Content-Type"))
}

// A browser that can set no header sends all of them in the form.
func TestTheFormMayBringTheHeaders(t *testing.T) {
	t.Parallel()
	s := setup(t)
	c := s.client()
	bare := &client{t: t, base: c.base}
	credentials := c.prepare(request{path: "about"}).Header.Get("Authorization")
	fields := values("Authorization", credentials, "X-Experience-API-Version", "1.0.1", "Content-Length", "1", "content", statement("", "did"))
	got := bare.do(form("statements", "POST", fields)).is(http.StatusOK)
	require.Equal(t, "1.0.3", got.header.Get("X-Experience-API-Version"))

	bare.do(form("statements", "POST", without(fields, "Authorization"))).is(http.StatusUnauthorized)
	bare.do(form("statements", "POST", with(fields, "Authorization", "Basic eDp5"))).is(http.StatusUnauthorized)
	bare.do(form("statements", "POST", without(fields, "X-Experience-API-Version"))).is(http.StatusBadRequest)
	bare.do(form("statements", "POST", with(fields, "X-Experience-API-Version", "0.9"))).is(http.StatusBadRequest)
	readOnly := s.key(c, "statements/read")
	credentials = readOnly.prepare(request{path: "about"}).Header.Get("Authorization")
	bare.do(form("statements", "POST", with(fields, "Authorization", credentials))).is(http.StatusForbidden)
}

func TestTheAlternateSyntaxHasItsLimits(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *app.Config) { c.Limits.Form = 10_000 })
	c := s.client().v1()
	fields := values("statementId", uuid.NewString(), "content", statement("", "did"))
	good := form("statements", "PUT", fields)
	bad := func(name string, change func(*request)) {
		r := good
		r.header = good.header.Clone()
		change(&r)
		got := c.do(r)
		require.Equal(t, http.StatusBadRequest, got.status, "%s: %s", name, got.body)
		require.Equal(t, "1.0.3", got.header.Get("X-Experience-API-Version"))
	}
	bad("not a POST", func(r *request) { r.method = "PUT" })
	bad("another parameter", func(r *request) { r.query = values("method", "PUT", "statementId", fields.Get("statementId")) })
	bad("method twice", func(r *request) { r.query = values("method", "PUT", "method", "PUT") })
	bad("unknown method", func(r *request) { r.query = values("method", "PATCH") })
	bad("lower case", func(r *request) { r.query = values("method", "put") })
	bad("not a form", func(r *request) { r.header.Set("Content-Type", "application/json") })
	bad("not encoded", func(r *request) { r.body = "%zz" })
	bad("no content", func(r *request) { r.body = without(fields, "content").Encode() })
	bad("content of a GET", func(r *request) { r.query = values("method", "GET") })
	bad("a parameter twice", func(r *request) { r.body += "&statementId=" + fields.Get("statementId") })
	bad("an unknown parameter", func(r *request) { r.body += "&x=1" })

	// It is no syntax of 2.0: there, method is a parameter that nobody knows.
	v2 := *c
	v2.version = "2.0.0"
	v2.do(good).is(http.StatusBadRequest)

	large := with(fields, "content", statement("", strings.Repeat("x", 20_000)))
	c.do(form("statements", "PUT", large)).is(http.StatusNoContent) // credentials in the header
	bare := &client{t: t, base: c.base}
	bare.do(form("statements", "PUT", with(large, "Authorization", "Basic eDp5"))).is(http.StatusRequestEntityTooLarge)
}
