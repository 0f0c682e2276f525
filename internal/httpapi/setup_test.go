package httpapi_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/app"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/httpapi"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/postgres/postgrestest"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// service is the real thing on a database of its own.
type service struct {
	t        *testing.T
	config   app.Config
	main     *app.Main
	database *postgrestest.Database
	db       *postgres.DB
	operator *postgres.Operator
	log      *logBuffer
}

// setup starts the service; change may adjust its configuration.
func setup(t *testing.T, change ...func(*app.Config)) *service {
	t.Helper()
	d := postgrestest.New(t)
	peppers, err := tenant.ParsePeppers("1:" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("p", 32))))
	require.NoError(t, err)
	s := &service{t: t, database: d, log: &logBuffer{}}
	s.config = app.Config{
		Database: postgres.Config{URL: d.App, IngestURL: d.Ingest, MaxConns: 4, Lanes: 1},
		BlobURL:  "mem://", Peppers: peppers, CORSOrigins: []string{"*"},
		Logger: slog.New(slog.NewJSONHandler(s.log, nil)),
		Server: httpapi.ServerConfig{Listen: "127.0.0.1:0", DrainTimeout: 10 * time.Second},
	}
	for _, c := range change {
		c(&s.config)
	}
	s.db, s.operator = d.Open(t), d.OpenOperator(t)
	s.main = s.start()
	return s
}

// start starts a process of the service: a second one is a replica.
func (s *service) start() *app.Main {
	s.t.Helper()
	m := app.New(s.config)
	require.NoError(s.t, m.Run(s.t.Context()))
	s.t.Cleanup(func() { require.NoError(s.t, m.Close()) })
	return m
}

// logBuffer keeps what the service logs.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// client is a key of a store, and how it calls the service.
type client struct {
	t              *testing.T
	base           string
	user, password string
	version        string
	tenant, store  int64
}

// tenantStore makes a tenant with a store and returns a client that may do everything there.
func (s *service) client(scopes ...string) *client {
	s.t.Helper()
	made, err := tenant.Create(s.t.Context(), s.operator, "t"+uuid.NewString()[:8], "Tenant", time.Now())
	require.NoError(s.t, err)
	c := &client{t: s.t, base: s.main.URL(), version: "2.0.0", tenant: made.ID}
	require.NoError(s.t, s.db.Tenant(s.t.Context(), made.Scope("test"), func(tx *postgres.Tx) error {
		store, err := tenant.CreateStore(tx, "main", "Main", tenant.Production, time.Now())
		if err != nil {
			return err
		}
		c.store = store.ID
		return nil
	}))
	return s.key(c, scopes...)
}

// key makes another key of c's store; no scopes are all.
func (s *service) key(c *client, scopes ...string) *client {
	s.t.Helper()
	if len(scopes) == 0 {
		scopes = []string{"all"}
	}
	set, err := authz.ParseScopes(scopes)
	require.NoError(s.t, err)
	other := *c
	require.NoError(s.t, s.db.Tenant(s.t.Context(), postgres.NewScope(c.tenant, "test"), func(tx *postgres.Tx) error {
		k, plain, err := tenant.CreateKey(tx, s.config.Peppers, tenant.NewKey{
			Store: c.store, Name: "Key", Scopes: set, HomePage: "https://lrs.example.com",
		}, time.Now())
		if err != nil {
			return err
		}
		other.user, other.password = k.User, plain.Reveal()
		return nil
	}))
	return &other
}

// v1 is c speaking 1.0.3.
func (c *client) v1() *client {
	other := *c
	other.version = "1.0.3"
	return &other
}

// request is what a test sends; zero fields are what is usual.
type request struct {
	method string // GET
	path   string // under /xapi unless it begins with /
	query  url.Values
	header http.Header
	body   string // JSON unless the header says otherwise
}

// answer is what came back, with the body read.
type answer struct {
	t      *testing.T
	status int
	header http.Header
	length int64 // Content-Length, -1: none
	body   []byte
}

func (c *client) do(r request) answer {
	c.t.Helper()
	req := c.prepare(r)
	res, err := (&http.Transport{DisableCompression: true, DisableKeepAlives: true}).RoundTrip(req)
	require.NoError(c.t, err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	require.NoError(c.t, err)
	return answer{c.t, res.StatusCode, res.Header, res.ContentLength, body}
}

func (c *client) prepare(r request) *http.Request {
	c.t.Helper()
	if r.method == "" {
		r.method = http.MethodGet
	}
	if !strings.HasPrefix(r.path, "/") {
		r.path = "/xapi/" + r.path
	}
	address := c.base + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(c.t.Context(), r.method, address, strings.NewReader(r.body))
	require.NoError(c.t, err)
	if r.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.version != "" {
		req.Header.Set("X-Experience-API-Version", c.version)
	}
	if c.user != "" {
		req.SetBasicAuth(c.user, c.password)
	}
	for name, values := range r.header {
		req.Header[name] = values
		if len(values) == 1 && values[0] == "" {
			req.Header.Del(name)
		}
	}
	return req
}

// is requires the status and returns the answer.
func (a answer) is(status int) answer {
	a.t.Helper()
	require.Equal(a.t, status, a.status, "%s", a.body)
	return a
}

func (a answer) json(into any) {
	a.t.Helper()
	require.NoError(a.t, json.Unmarshal(a.body, into), "%s", a.body)
}

// problem is the body of an error.
type problem struct {
	Type, Title, Detail, Code, RequestID string
	Status                               int
	Violations                           []struct {
		Statement        int
		Path, Rule, Spec string
	}
}

func (a answer) problem() (p problem) {
	a.t.Helper()
	require.Equal(a.t, "application/problem+json", a.header.Get("Content-Type"))
	a.json(&p)
	require.Equal(a.t, a.status, p.Status)
	require.NotEmpty(a.t, p.Detail)
	require.Equal(a.t, a.header.Get("X-Request-Id"), p.RequestID)
	return p
}

type result struct {
	Statements []map[string]any
	More       string
}

func (a answer) result() (r result) {
	a.t.Helper()
	a.is(http.StatusOK).json(&r)
	return r
}

func (r result) ids() []string {
	ids := []string{}
	for _, s := range r.Statements {
		ids = append(ids, s["id"].(string))
	}
	return ids
}

// statement is a valid one; id may be "".
func statement(id, verb string) string {
	s := map[string]any{
		"actor":  map[string]any{"mbox": "mailto:learner@example.com", "name": "Learner"},
		"verb":   map[string]any{"id": "https://example.com/verbs/" + verb},
		"object": map[string]any{"id": "https://example.com/activities/1", "definition": map[string]any{"name": map[string]any{"en": "One", "de": "Eins"}}},
	}
	if id != "" {
		s["id"] = id
	}
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// store posts statements and returns their ids.
func (c *client) post(statements ...string) (ids []string) {
	c.t.Helper()
	c.do(request{method: "POST", path: "statements", body: "[" + strings.Join(statements, ",") + "]"}).is(http.StatusOK).json(&ids)
	return ids
}

func values(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

func header(pairs ...string) http.Header { return http.Header(values(pairs...)) }

const agent = `{"mbox":"mailto:learner@example.com"}`
