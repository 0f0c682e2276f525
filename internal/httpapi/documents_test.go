package httpapi_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/app"
)

// resources are the three document resources with the parameters of one document.
var resources = []struct {
	path  string
	query url.Values
	id    string
}{
	{"activities/state", state, "stateId"},
	{"activities/profile", aboutA, "profileId"},
	{"agents/profile", aboutMe, "profileId"},
}

func without(v url.Values, name string) url.Values {
	v = maps.Clone(v)
	v.Del(name)
	return v
}

func with(v url.Values, name, value string) url.Values {
	v = maps.Clone(v)
	v.Set(name, value)
	return v
}

func TestDocumentsKeepTheirBytesAndType(t *testing.T) {
	t.Parallel()
	s := setup(t)
	c := s.client()
	for _, r := range resources {
		body := "\x00\xff not JSON"
		put := c.do(request{method: "PUT", path: r.path, query: r.query, body: body, header: header("Content-Type", "image/x-thing; v=1")}).is(http.StatusNoContent)
		got := c.do(request{path: r.path, query: r.query}).is(http.StatusOK)
		require.Equal(t, body, string(got.body))
		require.Equal(t, "image/x-thing; v=1", got.header.Get("Content-Type"))
		require.Regexp(t, `^"[0-9a-f]{40}"$`, got.header.Get("ETag"))
		require.Equal(t, put.header.Get("ETag"), got.header.Get("ETag"))
		require.Contains(t, got.header.Get("Content-Security-Policy"), "sandbox")
		_, err := http.ParseTime(got.header.Get("Last-Modified"))
		require.NoError(t, err)

		again := c.do(request{path: r.path, query: r.query, header: header("If-None-Match", got.header.Get("ETag"))}).is(http.StatusNotModified)
		require.Empty(t, again.body)
		require.Equal(t, got.header.Get("ETag"), again.header.Get("ETag"))

		list := c.do(request{path: r.path, query: without(r.query, r.id)}).is(http.StatusOK)
		require.JSONEq(t, fmt.Sprintf("[%q]", r.query.Get(r.id)), string(list.body))
		require.NotEmpty(t, list.header.Get("Last-Modified"))
		require.JSONEq(t, `[]`, string(c.do(request{path: r.path, query: with(without(r.query, r.id), "since", "2099-01-01T00:00:00Z")}).is(http.StatusOK).body))

		c.do(request{method: "DELETE", path: r.path, query: r.query}).is(http.StatusNoContent)
		require.Equal(t, "not_found", c.do(request{path: r.path, query: r.query}).is(http.StatusNotFound).problem().Code)
		c.do(request{method: "DELETE", path: r.path, query: r.query}).is(http.StatusNoContent)
	}
}

func TestPostMergesJSONObjects(t *testing.T) {
	t.Parallel()
	s := setup(t)
	c := s.client()
	for _, r := range resources {
		post := func(body, contentType string) answer {
			return c.do(request{method: "POST", path: r.path, query: r.query, body: body, header: header("Content-Type", contentType)})
		}
		post(`{"a":1,"b":{"x":1}}`, "application/json").is(http.StatusNoContent)
		post(`{"b":{"y":2},"c":1.0}`, "application/json; charset=utf-8").is(http.StatusNoContent)
		require.Equal(t, `{"a":1,"b":{"y":2},"c":1.0}`, string(c.do(request{path: r.path, query: r.query}).body))
		for _, bad := range []string{`[1]`, `{"a":`, `"x"`, ``} {
			post(bad, "application/json").is(http.StatusBadRequest)
		}
		post(`{"a":2}`, "text/plain").is(http.StatusBadRequest)
		require.Equal(t, `{"a":1,"b":{"y":2},"c":1.0}`, string(c.do(request{path: r.path, query: r.query}).body))
	}
}

func TestPreconditionsGuardDocuments(t *testing.T) {
	t.Parallel()
	s := setup(t)
	c := s.client()
	for _, r := range resources {
		send := func(method, body string, conditions ...string) answer {
			return c.do(request{method: method, path: r.path, query: r.query, body: body, header: header(conditions...)})
		}
		etag := func() string { return c.do(request{path: r.path, query: r.query}).is(http.StatusOK).header.Get("ETag") }

		send("PUT", `{"n":1}`, "If-Match", `"0000000000000000000000000000000000000000"`).is(http.StatusPreconditionFailed)
		send("PUT", `{"n":1}`, "If-None-Match", "*").is(http.StatusNoContent)
		send("PUT", `{"n":2}`, "If-None-Match", "*").is(http.StatusPreconditionFailed)
		conflict := send("PUT", `{"n":2}`).is(http.StatusConflict).problem()
		require.Contains(t, conflict.Detail, "If-Match")
		first := etag()
		for _, method := range []string{"PUT", "POST", "DELETE"} {
			send(method, `{"n":3}`, "If-Match", `"1234"`).is(http.StatusPreconditionFailed)
		}
		for _, name := range []string{"If-Match", "If-None-Match"} {
			for _, method := range []string{"PUT", "POST", "DELETE"} {
				for _, nothing := range []string{" ", ",", ", ,"} {
					require.Contains(t, send(method, `{"n":3}`, name, nothing).is(http.StatusBadRequest).problem().Detail, name)
				}
			}
		}
		require.Equal(t, first, etag(), "unmodified")
		send("POST", `{"n":4}`, "If-Match", first).is(http.StatusNoContent)
		send("PUT", `{"n":5}`, "If-Match", `"x", `+etag()).is(http.StatusNoContent)
		send("DELETE", "", "If-Match", etag()).is(http.StatusNoContent)
	}
	// Under 1.0.3 State asks for nothing, while a profile in JSON wants to be created knowingly.
	v1 := c.v1()
	for range 2 {
		v1.do(request{method: "PUT", path: "activities/state", query: state, body: `{}`}).is(http.StatusNoContent)
	}
	v1.do(request{method: "PUT", path: "agents/profile", query: aboutMe, body: `{}`}).is(http.StatusBadRequest)
	v1.do(request{method: "PUT", path: "agents/profile", query: aboutMe, body: "x", header: header("Content-Type", "application/octet-stream")}).is(http.StatusNoContent)
	v1.do(request{method: "PUT", path: "agents/profile", query: aboutMe, body: `{}`}).is(http.StatusConflict)
	c.do(request{method: "PUT", path: "activities/profile", query: aboutA, body: `{}`}).is(http.StatusNoContent)
}

func TestDeletingAStateContext(t *testing.T) {
	t.Parallel()
	s := setup(t)
	c := s.client()
	registration := uuid.NewString()
	all := without(state, "stateId")
	for i, q := range []url.Values{state, with(state, "stateId", "two"), with(with(state, "stateId", "three"), "registration", registration)} {
		c.do(request{method: "PUT", path: "activities/state", query: q, body: fmt.Sprint(i)}).is(http.StatusNoContent)
	}
	c.do(request{method: "DELETE", path: "activities/state", query: with(all, "registration", registration)}).is(http.StatusNoContent)
	var ids []string
	c.do(request{path: "activities/state", query: all}).json(&ids)
	require.Equal(t, []string{"s", "two"}, ids)
	c.do(request{method: "DELETE", path: "activities/state", query: all}).is(http.StatusNoContent)
	require.JSONEq(t, `[]`, string(c.do(request{path: "activities/state", query: all}).body))
	for _, r := range resources[1:] {
		c.do(request{method: "DELETE", path: r.path, query: without(r.query, r.id)}).is(http.StatusBadRequest)
	}
}

func TestBadDocumentRequests(t *testing.T) {
	t.Parallel()
	s := setup(t)
	c := s.client()
	for _, r := range resources {
		for _, method := range []string{"GET", "PUT", "POST", "DELETE"} {
			for name, query := range map[string]url.Values{
				"unknown parameter":  with(r.query, "x", "1"),
				"wrong case":         with(without(r.query, r.id), "stateid", "1"),
				"not an agent":       with(r.query, "agent", "nobody"),
				"not an IRI":         with(r.query, "activityId", "x"),
				"nothing":            {},
				"NUL":                with(r.query, r.id, "a\x00b"),
				"id longer than all": with(r.query, r.id, strings.Repeat("x", 5000)),
			} {
				got := c.do(request{method: method, path: r.path, query: query, body: `{}`})
				require.Equal(t, http.StatusBadRequest, got.status, "%s %s: %s", method, r.path, name)
			}
		}
	}
}

func TestATypeThatIsNoHeaderIsRefused(t *testing.T) {
	t.Parallel()
	s := setup(t)
	c := s.client()
	for _, r := range resources {
		for _, contentType := range []string{"text/\xff", "text/\u00e9", strings.Repeat("x", 256)} {
			c.do(request{method: "PUT", path: r.path, query: r.query, body: "x", header: header("Content-Type", contentType)}).is(http.StatusBadRequest)
		}
	}
}

func TestDocumentsAreBounded(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *app.Config) { c.Limits.Document = 1000 })
	c := s.client()
	for _, r := range resources {
		large := `{"a":"` + strings.Repeat("x", 1000) + `"}`
		c.do(request{method: "PUT", path: r.path, query: r.query, body: large}).is(http.StatusRequestEntityTooLarge)
		// Nor does it grow beyond by merging.
		for i, status := range []int{http.StatusNoContent, http.StatusRequestEntityTooLarge} {
			c.do(request{method: "POST", path: r.path, query: r.query, body: fmt.Sprintf(`{"%d":"%s"}`, i, strings.Repeat("x", 600))}).is(status)
		}
	}
}

func TestAnotherTenantsDocumentsAreNotThere(t *testing.T) {
	t.Parallel()
	s := setup(t)
	c, stranger := s.client(), s.client()
	for _, r := range resources {
		c.do(request{method: "PUT", path: r.path, query: r.query, body: `{"secret":1}`}).is(http.StatusNoContent)
		etag := c.do(request{path: r.path, query: r.query}).header.Get("ETag")

		stranger.do(request{path: r.path, query: r.query}).is(http.StatusNotFound)
		stranger.do(request{path: r.path, query: r.query, header: header("If-None-Match", etag)}).is(http.StatusNotFound)
		require.JSONEq(t, `[]`, string(stranger.do(request{path: r.path, query: without(r.query, r.id)}).body))
		stranger.do(request{method: "PUT", path: r.path, query: r.query, body: `{}`, header: header("If-Match", etag)}).is(http.StatusPreconditionFailed)
		stranger.do(request{method: "DELETE", path: r.path, query: r.query}).is(http.StatusNoContent)
		stranger.do(request{method: "PUT", path: r.path, query: r.query, body: `{}`, header: header("If-None-Match", "*")}).is(http.StatusNoContent)

		require.Equal(t, `{"secret":1}`, string(c.do(request{path: r.path, query: r.query}).is(http.StatusOK).body))
	}
}

// Of writers that saw the same document, one wins.
func TestConcurrentWritersDoNotOverwriteEachOther(t *testing.T) {
	t.Parallel()
	s := setup(t)
	c := s.client()
	c.do(request{method: "PUT", path: "activities/state", query: state, body: `{}`}).is(http.StatusNoContent)
	etag := c.do(request{path: "activities/state", query: state}).header.Get("ETag")
	var wg sync.WaitGroup
	statuses := make([]int, 8)
	for i := range statuses {
		wg.Go(func() {
			statuses[i] = c.do(request{method: "PUT", path: "activities/state", query: state, body: fmt.Sprintf(`{"n":%d}`, i), header: header("If-Match", etag)}).status
		})
	}
	wg.Wait()
	won := 0
	for _, status := range statuses {
		if status == http.StatusNoContent {
			won++
			continue
		}
		require.Equal(t, http.StatusPreconditionFailed, status)
	}
	require.Equal(t, 1, won)
	// Merges lose nothing.
	for i := range 8 {
		wg.Go(func() {
			c.do(request{method: "POST", path: "activities/state", query: state, body: fmt.Sprintf(`{"m%d":1}`, i)})
		})
	}
	wg.Wait()
	var merged map[string]int
	c.do(request{path: "activities/state", query: state}).json(&merged)
	require.Len(t, merged, 9)
}
