package httpapi_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/app"
	"github.com/stoa-lrs/stoa/internal/ratelimit"
)

func TestBatchesAreBounded(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *app.Config) { c.Limits.Body, c.Limits.Statements, c.Limits.Depth = 5000, 3, 20 })
	c := s.client()
	post := func(body string) answer { return c.do(request{method: "POST", path: "statements", body: body}) }

	large := `{"x":"` + strings.Repeat("x", 5000) + `"}`
	require.Equal(t, "too_large", post(large).is(http.StatusRequestEntityTooLarge).problem().Code)
	chunked := c.prepare(request{method: "POST", path: "statements", body: large})
	chunked.ContentLength, chunked.Body = -1, io.NopCloser(strings.NewReader(large))
	res, err := http.DefaultTransport.RoundTrip(chunked)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusRequestEntityTooLarge, res.StatusCode)

	one := statement("", "did")
	post("[" + one + "," + one + "," + one + "]").is(http.StatusOK)
	post("[" + one + "," + one + "," + one + "," + one + "]").is(http.StatusRequestEntityTooLarge)
	post(strings.Repeat(`[`, 100_000)).is(http.StatusRequestEntityTooLarge)
	post(strings.Repeat(`[`, 1000)).is(http.StatusBadRequest)
	deep := strings.TrimSuffix(one, "}") + `,"result":{"extensions":{"https://example.com/x":` + strings.Repeat("[", 30) + strings.Repeat("]", 30) + `}}}`
	post(deep).is(http.StatusBadRequest)
}

// Who may not send it, need not: the body is never asked for.
func TestARefusedRequestSendsNoBody(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *app.Config) { c.RateLimit.Limits.KeyRequests = 1 })
	c := s.client()
	wrong, limited, reader := *c, s.key(c), s.key(c, "statements/read")
	wrong.password = "wrong"
	limited.do(request{path: "statements"}).is(http.StatusOK)
	for status, who := range map[int]*client{http.StatusUnauthorized: &wrong, http.StatusForbidden: reader, http.StatusTooManyRequests: limited} {
		req := who.prepare(request{method: "POST", path: "statements"})
		body := &untouched{t: t}
		req.Body, req.ContentLength = io.NopCloser(body), 10<<20
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Expect", "100-continue")
		res, err := (&http.Transport{ExpectContinueTimeout: time.Minute}).RoundTrip(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, status, res.StatusCode)
		require.False(t, body.touched, status)
	}
}

type untouched struct {
	t       *testing.T
	touched bool
}

func (u *untouched) Read(p []byte) (int, error) {
	u.touched = true
	return len(p), nil
}

func TestRatesAreLimitedAndTold(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *app.Config) {
		c.RateLimit.Limits = ratelimit.Limits{KeyRequests: 5, KeyStatements: 4}
	})
	c := s.client()
	first := c.do(request{path: "statements"}).is(http.StatusOK)
	require.Equal(t, `"key-requests";q=5;w=60`, first.header.Get("RateLimit-Policy"))
	require.Equal(t, `"key-requests";r=4;t=12`, first.header.Get("RateLimit"))

	written := c.do(request{method: "POST", path: "statements", body: "[" + statement("", "did") + "," + statement("", "did") + "," + statement("", "did") + "]"}).is(http.StatusOK)
	require.Len(t, written.header.Values("RateLimit"), 2)
	require.Contains(t, written.header.Values("RateLimit")[1], `"key-statements";r=1;`)

	over := c.do(request{method: "POST", path: "statements", body: "[" + statement("", "did") + "," + statement("", "did") + "]"}).is(http.StatusTooManyRequests)
	require.Equal(t, "rate_limited", over.problem().Code)
	require.Equal(t, "15", over.header.Get("Retry-After"))
	require.Equal(t, "2.0.0", over.header.Get("X-Experience-API-Version"))
	require.Len(t, c.do(request{path: "statements"}).result().Statements, 3, "nothing of it was stored")

	c.do(request{path: "statements"}).is(http.StatusOK)
	require.NotEmpty(t, c.do(request{path: "statements"}).is(http.StatusTooManyRequests).header.Get(throughHeader))
	s.key(c).do(request{path: "statements"}).is(http.StatusOK) // another key has its own
}

// A Redis that is away is told, and costs no request.
func TestWithoutRedisTheServiceGoesOn(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *app.Config) {
		c.RateLimit = ratelimit.Config{URL: "redis://127.0.0.1:1/0", Limits: ratelimit.Limits{KeyRequests: 1000}}
	})
	c := s.client()
	c.do(request{method: "POST", path: "statements", body: statement("", "did")}).is(http.StatusOK)
	ready := c.do(request{path: "/readyz"}).is(http.StatusOK)
	require.JSONEq(t, `{"status":"degraded","database":"ok","rateLimits":"degraded"}`, string(ready.body))
	require.Contains(t, string(c.do(request{path: "/metrics"}).body), "stoa_ratelimit_degraded 1")
}

// What is logged tells nobody's name and no secret.
func TestTheLogTellsNoSecrets(t *testing.T) {
	t.Parallel()
	s := setup(t)
	c := s.client()
	c.do(request{path: "agents", query: values("agent", agent), header: header("X-Request-Id", "logged-request")}).is(http.StatusOK)
	c.do(request{path: "agents", query: values("agent", agent+"x")}).is(http.StatusBadRequest)
	c.do(request{method: "POST", path: "statements", body: statement("", "did")}).is(http.StatusOK)
	c.do(form("statements", "GET", values("agent", agent)))
	log := s.log.String()
	require.Contains(t, log, `"request_id":"logged-request","method":"GET","route":"/xapi/agents","status":200`)
	require.Contains(t, log, `"key":"`+c.user+`"`)
	require.Contains(t, log, `"statements":1`)
	for _, secret := range []string{"learner@example.com", c.password, "Authorization", "Basic"} {
		require.NotContains(t, log, secret)
	}
	require.Equal(t, 4, strings.Count(log, `"msg":"request"`))
}
