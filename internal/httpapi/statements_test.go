package httpapi_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

const throughHeader = "X-Experience-API-Consistent-Through"

func TestStatementsComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	s := setup(t)
	c := s.client()
	id := uuid.NewString()
	posted := c.do(request{method: "POST", path: "statements", body: statement(id, "did")}).is(http.StatusOK)
	require.JSONEq(t, `["`+id+`"]`, string(posted.body))

	got := c.do(request{path: "statements", query: values("statementId", id)}).is(http.StatusOK)
	var one map[string]any
	got.json(&one)
	require.Equal(t, id, one["id"])
	require.Equal(t, "2.0.0", one["version"])
	require.Equal(t, c.user, one["authority"].(map[string]any)["account"].(map[string]any)["name"])
	stored, err := time.Parse(time.RFC3339, one["stored"].(string))
	require.NoError(t, err)
	require.Equal(t, stored.Format(http.TimeFormat), got.header.Get("Last-Modified"))
	require.Equal(t, "application/json", got.header.Get("Content-Type"))

	list := c.do(request{path: "statements"})
	require.Equal(t, []string{id}, list.result().ids())
	require.Equal(t, stored.Format(http.TimeFormat), list.header.Get("Last-Modified"))
	require.Empty(t, list.result().More)

	// Ids that the server makes are of version 4: two widespread clients refuse others.
	made, err := uuid.Parse(c.post(statement("", "made"))[0])
	require.NoError(t, err)
	require.Equal(t, uuid.Version(4), made.Version())
}

func TestPutChoosesTheID(t *testing.T) {
	t.Parallel()
	s := setup(t)
	c := s.client()
	id := uuid.NewString()
	put := func(id, body string) answer {
		return c.do(request{method: "PUT", path: "statements", query: values("statementId", id), body: body})
	}
	body := statement("", "did")
	put(id, body).is(http.StatusNoContent)
	put(id, body).is(http.StatusNoContent) // the same again
	put(strings.ToUpper(id), body).is(http.StatusNoContent)
	put(id, statement(id, "did")).is(http.StatusNoContent)
	require.Equal(t, "conflict", put(id, statement("", "other")).is(http.StatusConflict).problem().Code)

	other := put(id, statement(uuid.NewString(), "did")).is(http.StatusBadRequest).problem()
	require.Equal(t, "/id", other.Violations[0].Path)
	put(id, "["+body+"]").is(http.StatusBadRequest)
	put("not-a-uuid", body).is(http.StatusBadRequest)
	c.do(request{method: "PUT", path: "statements", body: body}).is(http.StatusBadRequest)
	c.do(request{method: "PUT", path: "statements", query: values("statementId", id, "format", "ids"), body: body}).is(http.StatusBadRequest)
	require.Len(t, c.do(request{path: "statements"}).result().Statements, 1)
}

// A rejected batch leaves nothing behind and tells every fault.
func TestABatchIsStoredAsAWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	s := setup(t)
	c := s.client()
	bad := `{"actor":{"mbox":"nobody"},"verb":{"id":"no iri"},"object":{"id":"https://example.com/a"}}`
	p := c.do(request{method: "POST", path: "statements", body: "[" + statement("", "did") + "," + bad + "]"}).is(http.StatusBadRequest).problem()
	require.Equal(t, "invalid", p.Code)
	require.Len(t, p.Violations, 2)
	for i, path := range []string{"/actor/mbox", "/verb/id"} {
		require.Equal(t, 1, p.Violations[i].Statement)
		require.Equal(t, path, p.Violations[i].Path)
		require.NotEmpty(t, p.Violations[i].Rule)
		require.NotEmpty(t, p.Violations[i].Spec)
	}
	require.Empty(t, c.do(request{path: "statements"}).result().Statements)
	require.Equal(t, "[]", string(c.do(request{method: "POST", path: "statements", body: "[]"}).is(http.StatusOK).body))
}

func TestStatementsNeedAKnownContentType(t *testing.T) {
	t.Parallel()
	s := setup(t)
	c := s.client()
	for contentType, status := range map[string]int{
		"application/json":                  200,
		"application/json; charset=utf-8":   200,
		"APPLICATION/JSON":                  200,
		"text/plain":                        400,
		"multipart/form-data; boundary=x":   400,
		"multipart/mixed":                   400,
		"application/x-www-form-urlencoded": 400,
		";":                                 400,
		"":                                  400,
		"application/vnd.experienceapi.statement+json": 400,
	} {
		c.do(request{method: "POST", path: "statements", body: statement("", "did"), header: header("Content-Type", contentType)}).is(status)
	}
	for name, body := range map[string]string{"empty": "", "not JSON": "{", "two": "{}{}", "a string": `"x"`, "null": "null", "nothing": "  "} {
		got := c.do(request{method: "POST", path: "statements", body: body, header: header("Content-Type", "application/json")})
		require.Equal(t, 400, got.status, name)
	}
	c.do(request{method: "POST", path: "statements", query: values("statementId", uuid.NewString()), body: statement("", "did")}).is(400)
}

func TestVoidedStatements(t *testing.T) {
	t.Parallel()
	s := setup(t)
	c := s.client()
	id := uuid.NewString()
	c.post(statement(id, "did"))
	by := func(name string) answer { return c.do(request{path: "statements", query: values(name, id)}) }
	by("statementId").is(http.StatusOK)
	by("voidedStatementId").is(http.StatusNotFound)
	c.post(`{"actor":{"mbox":"mailto:a@example.com"},"verb":{"id":"http://adlnet.gov/expapi/verbs/voided"},"object":{"objectType":"StatementRef","id":"` + id + `"}}`)
	by("statementId").is(http.StatusNotFound)
	by("voidedStatementId").is(http.StatusOK)
	require.NotContains(t, c.do(request{path: "statements"}).result().ids(), id)
}

func TestEveryStatementsAnswerTellsConsistentThrough(t *testing.T) {
	t.Parallel()
	s := setup(t)
	c := s.client()
	before := time.Now().UTC()
	id := c.post(statement("", "did"))[0]
	limited := s.key(c, "state")
	old := *c
	old.version = "0.95"
	for name, by := range map[string]*client{"forbidden": limited, "in no version": &old} {
		require.NotEmpty(t, by.do(request{path: "statements"}).header.Get(throughHeader), name)
	}
	for name, r := range map[string]request{
		"list":     {path: "statements"},
		"one":      {path: "statements", query: values("statementId", id)},
		"missing":  {path: "statements", query: values("statementId", uuid.NewString())},
		"bad":      {path: "statements", query: values("LIMIT", "1")},
		"post":     {method: "POST", path: "statements", body: statement("", "did")},
		"put":      {method: "PUT", path: "statements", query: values("statementId", uuid.NewString()), body: statement("", "did")},
		"bad post": {method: "POST", path: "statements", body: "{}"},
		"head":     {method: "HEAD", path: "statements"},
	} {
		through, err := time.Parse("2006-01-02T15:04:05.999999Z", c.do(r).header.Get(throughHeader))
		require.NoError(t, err, name)
		require.WithinRange(t, through, before.Add(-time.Minute), time.Now().Add(time.Minute), name)
	}
}

// Whatever a HEAD tells, a GET does.
func TestHeadMirrorsGet(t *testing.T) {
	t.Parallel()
	s := setup(t)
	c := s.client()
	id := c.post(statement("", "did"), statement("", "did"))[0]
	c.do(request{method: "PUT", path: "activities/state", query: state, body: `{"a":1}`}).is(204)
	for _, encoding := range []string{"identity", "gzip"} {
		for _, r := range []request{
			{path: "about"},
			{path: "statements", query: values("limit", "1")},
			{path: "statements", query: values("statementId", id, "format", "canonical")},
			{path: "statements", query: values("statementId", uuid.NewString())},
			{path: "statements", query: values("agent", "no")},
			{path: "activities", query: values("activityId", "https://example.com/activities/1")},
			{path: "agents", query: values("agent", agent)},
			{path: "activities/state", query: state},
			{path: "activities/profile", query: aboutA},
		} {
			r.header = header("Accept-Encoding", encoding, "X-Request-Id", "the-same-id")
			got := c.do(r)
			r.method = http.MethodHead
			head := c.do(r)
			require.Equal(t, got.status, head.status)
			require.Empty(t, head.body)
			require.Equal(t, got.length, head.length, "%s %s", r.path, r.query)
			for _, h := range []http.Header{got.header, head.header} {
				h.Del("Date")
				h.Del(throughHeader) // time goes on between the two
			}
			require.Equal(t, got.header, head.header, "%s %s", r.path, r.query)
		}
	}
}

func TestReadMineSeesOnlyWhatTheKeyWrote(t *testing.T) {
	t.Parallel()
	s := setup(t)
	owner := s.client()
	mine := s.key(owner, "statements/write", "statements/read/mine")
	theirs := owner.post(statement("", "did"), statement("", "did"), statement("", "did"))
	own := mine.post(statement("", "did"), statement("", "did"))

	require.ElementsMatch(t, own, mine.do(request{path: "statements"}).result().ids())
	require.Len(t, owner.do(request{path: "statements"}).result().ids(), 5)
	mine.do(request{path: "statements", query: values("statementId", own[0])}).is(http.StatusOK)
	missing := mine.do(request{path: "statements", query: values("statementId", theirs[0])}).is(http.StatusNotFound)
	never := mine.do(request{path: "statements", query: values("statementId", uuid.NewString())}).is(http.StatusNotFound)
	require.Equal(t, never.problem().Detail, missing.problem().Detail)

	// A link to more is the key's own, too.
	link := owner.do(request{path: "statements", query: values("limit", "1")}).result().More
	mine.do(follow(t, link)).is(http.StatusBadRequest)
	link = mine.do(request{path: "statements", query: values("limit", "1")}).result().More
	require.Len(t, mine.do(follow(t, link)).result().ids(), 1)
	owner.do(follow(t, link)).is(http.StatusBadRequest)
}

// follow is a request for a link to more.
func follow(t *testing.T, link string) request {
	t.Helper()
	u, err := url.Parse(link)
	require.NoError(t, err)
	require.False(t, u.IsAbs())
	return request{path: u.Path, query: u.Query()}
}

func TestMoreLeadsThroughEverything(t *testing.T) {
	t.Parallel()
	s := setup(t)
	c := s.client()
	var all []string
	for range 7 {
		all = append(all, c.post(statement("", "did"))...)
	}
	c.post(statement("", "other"))
	replica := *c
	replica.base = s.start().URL()

	var seen []string
	r := request{path: "statements", query: values("limit", "2", "ascending", "true", "verb", "https://example.com/verbs/did", "format", "ids")}
	for i := 0; ; i++ {
		from := []*client{c, &replica, c.v1()}[i%3] // any replica, any version
		page := from.do(r).result()
		seen = append(seen, page.ids()...)
		for _, got := range page.Statements {
			require.NotContains(t, got["actor"], "name", "the format stays")
		}
		c.post(statement("", "did")) // arrives later: comes at the end
		if page.More == "" || len(seen) >= len(all) {
			break
		}
		r = follow(t, page.More)
	}
	require.Equal(t, all, seen[:len(all)])
}

func TestMoreCannotBeForged(t *testing.T) {
	t.Parallel()
	s := setup(t)
	c, stranger := s.client(), s.client()
	c.post(statement("", "did"), statement("", "did"), statement("", "did"))
	stranger.post(statement("", "did"), statement("", "did"))
	link := follow(t, c.do(request{path: "statements", query: values("limit", "1")}).result().More)
	c.do(link).is(http.StatusOK)
	s.key(c, "statements/read").do(link).is(http.StatusOK) // another key that reads the store

	require.Equal(t, "invalid", stranger.do(link).is(http.StatusBadRequest).problem().Code)
	token := link.query.Get("more")
	for i := range token {
		flipped := byte('A')
		if token[i] == flipped {
			flipped = 'B'
		}
		bad := token[:i] + string(flipped) + token[i+1:]
		c.do(request{path: link.path, query: values("more", bad)}).is(http.StatusBadRequest)
	}
	for _, bad := range []string{"", "x", token[:len(token)-4], token + "AAAA", strings.Repeat("A", 60)} {
		c.do(request{path: link.path, query: values("more", bad)}).is(http.StatusBadRequest)
	}
	c.do(request{path: link.path, query: values("more", token, "limit", "1")}).is(http.StatusBadRequest)
	c.do(request{path: link.path, query: values("more", token, "more", token)}).is(http.StatusBadRequest)
}

// Nothing of another tenant can be reached with ids that are known.
func TestAnotherTenantsStatementsAreNotThere(t *testing.T) {
	t.Parallel()
	s := setup(t)
	c, stranger := s.client(), s.client()
	id := c.post(statement("", "did"))[0]
	for _, name := range []string{"statementId", "voidedStatementId"} {
		stranger.do(request{path: "statements", query: values(name, id)}).is(http.StatusNotFound)
	}
	for _, q := range []url.Values{nil, values("verb", "https://example.com/verbs/did"), values("agent", agent), values("activity", "https://example.com/activities/1")} {
		require.Empty(t, stranger.do(request{path: "statements", query: q}).result().Statements)
	}
	// The id is free in the stranger's own store: not even a conflict tells of it.
	stranger.do(request{method: "PUT", path: "statements", query: values("statementId", id), body: statement("", "other")}).is(http.StatusNoContent)
	var activity map[string]any
	stranger.do(request{path: "activities", query: values("activityId", "https://example.com/activities/2")}).is(http.StatusOK).json(&activity)
	require.NotContains(t, activity, "definition")
	var person map[string]any
	s.client().do(request{path: "agents", query: values("agent", agent)}).is(http.StatusOK).json(&person)
	require.NotContains(t, person, "name")
}

func TestDefinitionsNeedTheScopeDefine(t *testing.T) {
	t.Parallel()
	s := setup(t)
	owner := s.client()
	activity := func() (a map[string]any) {
		owner.do(request{path: "activities", query: values("activityId", "https://example.com/activities/1")}).is(http.StatusOK).json(&a)
		return a
	}
	s.key(owner, "statements/write").post(statement("", "did"))
	require.NotContains(t, activity(), "definition")
	s.key(owner, "statements/write", "define").post(statement("", "did"))
	require.Contains(t, activity(), "definition")
}

func TestCanonicalSpeaksTheLanguageAskedFor(t *testing.T) {
	t.Parallel()
	s := setup(t)
	c := s.client()
	id := c.post(statement("", "did"))[0]
	got := c.do(request{path: "statements", query: values("statementId", id, "format", "canonical"), header: header("Accept-Language", "de-AT, en;q=0.5")}).is(200)
	require.Contains(t, string(got.body), `"name":{"de":"Eins"}`)
	require.Contains(t, got.header.Values("Vary"), "Accept-Language")
}
