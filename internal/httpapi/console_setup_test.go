package httpapi_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/app"
	"github.com/stoa-lrs/stoa/internal/authn"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/httpapi"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/keyring"
	"github.com/stoa-lrs/stoa/internal/lrs"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/postgres/postgrestest"
	"github.com/stoa-lrs/stoa/internal/ratelimit"
	"github.com/stoa-lrs/stoa/internal/tenant"
	"github.com/stoa-lrs/stoa/internal/usage"
)

// office is the console on a database of its own.
type office struct {
	t        *testing.T
	api      *httpapi.API
	url      string
	database *postgrestest.Database
	record   *lrs.LRS
	meter    *usage.Meter
	db       *postgres.DB
	operator *postgres.Operator
	peppers  *tenant.Peppers
	ring     *keyring.Ring
	dns      *names
	policies *authz.Policies
	sessions *authn.Sessions
	past     *authn.Sessions // whose clock is two days late
	redis    *miniredis.Miniredis
	platform *tenant.Tenant
	log      *logBuffer
}

func setupOffice(t *testing.T, limits ...ratelimit.Limits) *office {
	t.Helper()
	d := postgrestest.New(t)
	peppers, err := tenant.ParsePeppers("1:" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("p", 32))))
	require.NoError(t, err)
	o := &office{t: t, database: d, db: d.Open(t), operator: d.OpenOperator(t), peppers: peppers, redis: miniredis.RunT(t), log: &logBuffer{}, dns: &names{}}
	o.platform, err = tenant.Platform(t.Context(), o.operator)
	require.NoError(t, err)
	logger := slog.New(slog.NewJSONHandler(o.log, nil))

	o.policies = authz.NewPolicies(authz.Config{DB: o.db, Platform: o.platform.ID, Logger: logger})
	t.Cleanup(o.policies.Close)
	redis, err := authn.OpenRedis("redis://" + o.redis.Addr())
	require.NoError(t, err)
	t.Cleanup(redis.Close)
	keys := keyring.Config{File: filepath.Join(t.TempDir(), "keyring.json")}
	require.NoError(t, keyring.Create(t.Context(), keys, time.Now()))
	o.ring, err = keyring.Open(t.Context(), keys)
	require.NoError(t, err)
	sessions := authn.SessionConfig{DB: o.db, Redis: redis, Policies: o.policies, Keyring: o.ring, Logger: logger}
	o.sessions = authn.NewSessions(sessions)
	sessions.Clock = func() time.Time { return time.Now().Add(-48 * time.Hour) }
	o.past = authn.NewSessions(sessions)
	signIn := authn.NewSignIn(authn.SignInConfig{
		DB: o.db, Operator: o.operator, Peppers: peppers, Redis: redis, Sessions: o.sessions, Throttle: authn.NewThrottle(redis, nil),
		PublicURL: "https://lrs.example.com", Private: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Logger: logger,
	})
	tokens := authn.NewTokens(authn.TokenConfig{DB: o.db, Peppers: peppers, Logger: logger})
	t.Cleanup(tokens.Close)
	apiKeys := authn.New(authn.Config{DB: o.db, Peppers: peppers, Logger: logger})
	t.Cleanup(apiKeys.Close)
	blobs, err := app.OpenBlobs(t.Context(), "mem://")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, blobs.Close()) })
	o.meter = usage.NewMeter(o.db, logger, nil)
	t.Cleanup(o.meter.Close)
	o.record = lrs.New(lrs.Config{DB: o.db, Blobs: blobs, Lanes: 1, Logger: logger, Meter: o.meter})
	t.Cleanup(o.record.Close)
	var limit ratelimit.Config
	if len(limits) > 0 {
		limit.Limits = limits[0]
	}
	limiter, err := ratelimit.New(limit)
	require.NoError(t, err)
	t.Cleanup(limiter.Close)

	moreKeys, moreVersion := peppers.Derive("links to more statements")
	server := httptest.NewUnstartedServer(nil)
	o.api, err = httpapi.New(httpapi.Config{
		DB: o.db, LRS: o.record, Meter: o.meter, Authn: apiKeys, Limiter: limiter, Logger: logger, MoreKeys: moreKeys, MoreVersion: moreVersion,
		Metrics: httpapi.NewMetrics(httpapi.Sources{Ingest: o.record.Stats, Limiter: limiter, Pool: o.db.Stats}),
		Console: httpapi.Console{
			Policies: o.policies, Sessions: o.sessions, Tokens: tokens, Operator: o.operator, Peppers: peppers,
			SignIn: signIn, Keyring: o.ring, DNS: o.dns, Insecure: true, PublicURL: "https://lrs.example.com",
			ViewingCap: 1000,
		},
	})
	require.NoError(t, err)
	server.Config.Handler = o.api.Front()
	server.Start()
	t.Cleanup(server.Close)
	o.url = server.URL
	return o
}

// names are TXT records: lists of texts by name.
type names struct{ sync.Map }

func (n *names) LookupTXT(_ context.Context, name string) ([]string, error) {
	if texts, ok := n.Load(name); ok {
		return texts.([]string), nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

// tenant makes one with a production store "main" and a sandbox "sandbox".
func (o *office) tenant() *tenant.Tenant {
	o.t.Helper()
	made, err := tenant.Create(o.t.Context(), o.operator, "t"+uuid.NewString()[:8], "Tenant", time.Now())
	require.NoError(o.t, err)
	o.in(made.ID, func(tx *postgres.Tx) error {
		if _, err := tenant.CreateStore(tx, "main", "Main", tenant.Production, time.Now()); err != nil {
			return err
		}
		_, err := tenant.CreateStore(tx, "sandbox", "Sandbox", tenant.Sandbox, time.Now())
		return err
	})
	return made
}

// in runs fn in a transaction of a tenant, and what it changed holds at once.
func (o *office) in(of int64, fn func(*postgres.Tx) error) {
	o.t.Helper()
	require.NoError(o.t, o.db.Tenant(o.t.Context(), postgres.NewScope(of, "system:test"), fn))
	o.policies.Announce(o.t.Context(), of)
}

// member makes an active member with roles in the whole tenant.
func (o *office) member(of *tenant.Tenant, roles ...string) int64 {
	o.t.Helper()
	var member int64
	o.in(of.ID, func(tx *postgres.Tx) error {
		if err := authz.Touch(tx); err != nil {
			return err
		}
		m, err := tenant.Invite(tx, "p"+uuid.NewString()[:8]+"@example.com", "Person", time.Now().Add(time.Hour), time.Now())
		if err != nil {
			return err
		}
		member = m.ID
		if _, err := tx.Exec(tx.Context(), `update members set status = 'active' where tenant_id = $1 and id = $2`, of.ID, m.ID); err != nil {
			return err
		}
		for _, role := range roles {
			if _, err := authz.GiveGrant(tx, authz.Trusted, authz.NewGrant{Member: m.ID, Role: role}, time.Now()); err != nil {
				return err
			}
		}
		return nil
	})
	return member
}

// key makes an API key of the store main.
func (o *office) key(of *tenant.Tenant) (user, password string) {
	o.t.Helper()
	return o.keyFor(of, authz.ScopeStatementsWrite)
}

func (o *office) keyFor(of *tenant.Tenant, scopes authz.Scopes) (user, password string) {
	o.t.Helper()
	o.in(of.ID, func(tx *postgres.Tx) error {
		s, err := tenant.GetStore(tx, "main")
		if err != nil {
			return err
		}
		k, plain, err := tenant.CreateKey(tx, o.peppers, tenant.NewKey{
			Store: s.ID, Name: "Key", Scopes: scopes, HomePage: "https://lrs.example.com",
		}, time.Now())
		if err != nil {
			return err
		}
		user, password = k.User, plain.Reveal()
		return nil
	})
	return user, password
}

// visitor is somebody who calls the console.
type visitor struct {
	o              *office
	cookie         string
	bearer         string
	user, password string
	member         int64
}

func (o *office) signedIn(in *authn.Sessions, of *tenant.Tenant, member int64) *visitor {
	o.t.Helper()
	cookie, _, err := in.Create(o.t.Context(), "", authn.Client{Device: "test"}, authn.SignedIn{
		Tenant: of.ID, Member: member, Slug: of.Slug, Email: "p" + id.Text(member) + "@example.com", Name: "Person", Operator: of.IsPlatform(),
	})
	require.NoError(o.t, err)
	return &visitor{o: o, cookie: cookie, member: member}
}

// as is a new member with that role, signed in.
func (o *office) as(of *tenant.Tenant, roles ...string) *visitor {
	o.t.Helper()
	return o.signedIn(o.sessions, of, o.member(of, roles...))
}

// withToken is a token of v's person.
func (o *office) withToken(of *tenant.Tenant, member int64, actions ...authz.Action) *visitor {
	o.t.Helper()
	v := &visitor{o: o, member: member}
	o.in(of.ID, func(tx *postgres.Tx) error {
		_, plain, err := tenant.CreateToken(tx, o.peppers, tenant.NewToken{
			Member: member, Name: "Token", Actions: actions, May: actions, ExpiresAt: time.Now().Add(time.Hour),
		}, time.Now())
		if err == nil {
			v.bearer = plain.Reveal()
		}
		return err
	})
	return v
}

// call is one request; a body that is no string is made JSON.
func (v *visitor) call(method, path string, body any, pairs ...string) answer {
	v.o.t.Helper()
	var reader io.Reader
	text, ok := body.(string)
	if body != nil && !ok {
		b, err := json.Marshal(body)
		require.NoError(v.o.t, err)
		text = string(b)
	}
	if body != nil {
		reader = strings.NewReader(text)
	}
	req, err := http.NewRequestWithContext(v.o.t.Context(), method, v.o.url+path, reader)
	require.NoError(v.o.t, err)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	switch {
	case v.bearer != "":
		req.Header.Set("Authorization", "Bearer "+v.bearer)
	case v.user != "":
		req.SetBasicAuth(v.user, v.password)
	case v.cookie != "":
		req.AddCookie(&http.Cookie{Name: "__Host-stoa", Value: v.cookie})
	}
	for name, values := range header(pairs...) {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	res, err := described{}.RoundTrip(req)
	require.NoError(v.o.t, err, "%s %s", method, path)
	defer func() { _ = res.Body.Close() }()
	content, err := io.ReadAll(res.Body)
	require.NoError(v.o.t, err)
	return answer{v.o.t, res.StatusCode, res.Header, res.ContentLength, content}
}

// described is a transport that holds what goes through it to the description:
// every answer must be one that it promises, and what it forbids to send must be
// refused. Of what is not the console's it says nothing.
type described struct{}

var description = sync.OnceValues(func() (routers.Router, error) {
	doc, err := openapi3.NewLoader().LoadFromData(apiv1.Description)
	if err != nil {
		return nil, err
	}
	doc.Servers = nil // the router wants none that is a mere path
	return legacy.NewRouter(doc)
})

func (described) RoundTrip(r *http.Request) (*http.Response, error) {
	if !httpapi.IsConsole(r.URL.Path) {
		return (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	}
	router, err := description()
	if err != nil {
		return nil, err
	}
	route, parameters, err := router.FindRoute(r)
	if err != nil {
		return nil, fmt.Errorf("not described: %w", err)
	}
	var sent []byte
	if r.Body != nil {
		if sent, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(sent))
	}
	options := &openapi3filter.Options{
		AuthenticationFunc:    openapi3filter.NoopAuthenticationFunc,
		IncludeResponseStatus: true,
		SkipSettingDefaults:   true,
	}
	input := &openapi3filter.RequestValidationInput{Request: r, PathParams: parameters, Route: route, Options: options}
	forbidden := openapi3filter.ValidateRequest(context.WithoutCancel(r.Context()), input)
	r.Body = io.NopCloser(bytes.NewReader(sent))
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		return nil, err
	}
	received, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	_ = res.Body.Close()
	res.Body = io.NopCloser(bytes.NewReader(received))
	if forbidden != nil && res.StatusCode < 300 {
		return nil, fmt.Errorf("the server accepted what is forbidden: %w", forbidden)
	}
	err = openapi3filter.ValidateResponse(context.WithoutCancel(r.Context()), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: res.StatusCode, Header: res.Header, Body: io.NopCloser(bytes.NewReader(received)), Options: options,
	})
	if err != nil {
		return nil, fmt.Errorf("status %d is not as described: %w\n%s", res.StatusCode, err, received)
	}
	return res, nil
}
