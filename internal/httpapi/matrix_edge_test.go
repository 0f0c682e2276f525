package httpapi_test

import (
	"net/http"
	"net/http/httptest"

	"github.com/google/uuid"

	adminui "github.com/stoa-lrs/stoa/admin-ui"
)

// What keys and directories are called in the columns of the matrix.
const (
	key         = "an API key" // of the store, with every scope
	readKey     = "a reading key"
	foreign     = "another tenant's key" // with every scope too: in a store of its own
	ofDirectory = "the directory"
)

// edges are the lines of what is not for people: everybody's, of API keys, and of directories.
func edges() []line {
	const (
		of    = "/scim/v2/:tenant"
		user  = `{"userName":"s%s@acme.example","displayName":"S"}`
		group = `{"displayName":"g%s"}`
		patch = `{"Operations":[{"op":"replace","path":"active","value":true}]}`
	)
	writers, readers := either(key, foreign), either(key, foreign, readKey)
	page := httptest.NewRecorder() // as this binary has it: the UI may not be built
	adminui.Handler().ServeHTTP(page, httptest.NewRequest(http.MethodGet, adminui.Path, nil))
	stateOf, profileOf, aboutAgent := state.Encode(), aboutA.Encode(), aboutMe.Encode()
	lines := []line{
		{route: "GET /", may: everyRole, ok: http.StatusSeeOther},
		{route: "GET /admin", may: everyRole, ok: page.Code},
		{route: "GET /admin/*file", may: everyRole, ok: 200},
		{route: "GET /docs", may: everyRole, ok: 200},
		{route: "GET /docs/:file", may: everyRole, ok: 200},
		{route: "GET /healthz", may: everyRole, ok: 200},
		{route: "GET /readyz", may: everyRole, ok: 200},
		{route: "GET /metrics", may: everyRole, ok: 200}, // where it has no address of its own
		{route: "GET /xapi/about", may: everyRole, ok: 200},

		{route: "POST /xapi/statements", may: writers, ok: 200, body: statement("", "did")},
		{route: "PUT /xapi/statements", may: writers, ok: 204, query: "statementId=" + uuid.NewString(), body: statement("", "did")},
		{route: "GET /xapi/statements", may: readers, ok: 200},
		{route: "GET /xapi/activities", may: readers, ok: 200, query: values("activityId", "https://example.com/a").Encode()},
		{route: "GET /xapi/agents", may: readers, ok: 200, query: values("agent", agent).Encode()},
	}
	for _, d := range []struct{ path, query string }{
		{"/xapi/activities/state", stateOf}, {"/xapi/activities/profile", profileOf}, {"/xapi/agents/profile", aboutAgent},
	} {
		lines = append(lines,
			line{route: "POST " + d.path, may: writers, ok: 204, query: d.query, body: `{}`},
			line{route: "PUT " + d.path, may: writers, ok: 204, query: d.query, body: `{}`},
			line{route: "GET " + d.path, may: readers, ok: 200, query: d.query},
			line{route: "DELETE " + d.path, may: writers, ok: 204, query: d.query},
		)
	}
	return append(lines,
		line{route: "GET " + of + "/Users", may: ofDirectory, ok: 200},
		line{route: "POST " + of + "/Users", may: ofDirectory, ok: 201, body: user},
		line{route: "GET " + of + "/Users/:id", may: ofDirectory, ok: 404},
		line{route: "PUT " + of + "/Users/:id", may: ofDirectory, ok: 404, body: user},
		line{route: "PATCH " + of + "/Users/:id", may: ofDirectory, ok: 404, body: patch},
		line{route: "DELETE " + of + "/Users/:id", may: ofDirectory, ok: 404},
		line{route: "GET " + of + "/Groups", may: ofDirectory, ok: 200},
		line{route: "POST " + of + "/Groups", may: ofDirectory, ok: 201, body: group},
		line{route: "GET " + of + "/Groups/:id", may: ofDirectory, ok: 404},
		line{route: "PUT " + of + "/Groups/:id", may: ofDirectory, ok: 404, body: group},
		line{route: "PATCH " + of + "/Groups/:id", may: ofDirectory, ok: 404, body: patch},
		line{route: "DELETE " + of + "/Groups/:id", may: ofDirectory, ok: 404},
		line{route: "GET " + of + "/ServiceProviderConfig", may: ofDirectory, ok: 200},
		line{route: "GET " + of + "/ResourceTypes", may: ofDirectory, ok: 200},
		line{route: "GET " + of + "/Schemas", may: ofDirectory, ok: 200},
	)
}
