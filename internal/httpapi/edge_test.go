package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/lrs"
)

// edge is an API without what lies behind it, to look at the edge alone.
func edge(t *testing.T, log io.Writer, routes ...route) http.Handler {
	t.Helper()
	a, err := New(Config{
		MoreKeys: map[int16][]byte{1: {1}}, MoreVersion: 1,
		Logger: slog.New(slog.NewJSONHandler(log, nil)),
		Metrics: NewMetrics(Sources{
			Ingest:  func() lrs.Stats { return lrs.Stats{} },
			Pool:    func() (a, b, c, d int32) { return },
			Limiter: prometheus.NewGauge(prometheus.GaugeOpts{Name: "limiter", Help: "None."}),
		}),
		Limits: Limits{Body: 1 << 20},
	})
	require.NoError(t, err)
	require.NoError(t, a.mount(routes))
	return a
}

func get(t *testing.T, h http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w
}

// Each kind of fault has its status, and what is unknown tells nothing.
func TestFaultsBecomeStatuses(t *testing.T) {
	t.Parallel()
	limited := fault.New(fault.RateLimited, "slower")
	limited.RetryAfter = 1500 * time.Millisecond
	for _, test := range []struct {
		err    error
		status int
		code   string
		detail string
		retry  string
	}{
		{fault.New(fault.Invalid, "bad"), 400, "invalid", "bad", ""},
		{fault.New(fault.Unauthenticated, "who"), 401, "unauthenticated", "who", ""},
		{fault.New(fault.Forbidden, "no"), 403, "forbidden", "no", ""},
		{fault.New(fault.NotFound, "where"), 404, "not_found", "where", ""},
		{fault.New(fault.Conflict, "taken"), 409, "conflict", "taken", ""},
		{fault.New(fault.PreconditionFailed, "changed"), 412, "precondition_failed", "changed", ""},
		{fault.New(fault.TooLarge, "large"), 413, "too_large", "large", ""},
		{limited, 429, "rate_limited", "slower", "2"},
		{fault.Wrap(fault.Unavailable, errors.New("password=x"), "later"), 503, "unavailable", "later", "1"},
		{errors.New("secret detail"), 500, "internal", "", ""},
		{fault.New(fault.Internal, "secret detail"), 500, "internal", "", ""},
	} {
		var log bytes.Buffer
		h := edge(t, &log, route{http.MethodGet, "/xapi/fails", everybody, func(*exchange) error { return test.err }, nowhere})
		res := get(t, h, "/xapi/fails")
		require.Equal(t, test.status, res.Code)
		require.Equal(t, "application/problem+json", res.Header().Get("Content-Type"))
		require.Equal(t, test.retry, res.Header().Get("Retry-After"))
		body := res.Body.String()
		var p problem
		require.NoError(t, json.Unmarshal([]byte(body), &p))
		require.Equal(t, test.code, p.Code)
		require.Equal(t, res.Header().Get("X-Request-Id"), p.RequestID)
		require.NotContains(t, body, "secret")
		require.NotContains(t, body, "password")
		if test.detail != "" {
			require.Equal(t, test.detail, p.Detail)
		}
		require.Equal(t, 1, strings.Count(log.String(), "\n"), "one record: %s", log.String())
		require.Equal(t, test.status == 500, strings.Contains(log.String(), `"level":"ERROR"`))
		require.Equal(t, test.status == 500, strings.Contains(log.String(), "secret detail"))
		require.Contains(t, log.String(), p.RequestID)
	}
}

func TestAPanicIsA500(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	h := edge(t, &log, route{http.MethodGet, "/xapi/panics", everybody, func(*exchange) error { panic("secret") }, nowhere})
	res := get(t, h, "/xapi/panics")
	require.Equal(t, 500, res.Code)
	require.NotEmpty(t, res.Header().Get("X-Experience-API-Version"))
	require.NotContains(t, res.Body.String(), "secret")
	require.Contains(t, log.String(), "panic: secret")
	require.Contains(t, log.String(), "edge_test.go", "with the place")
	require.Equal(t, 1, strings.Count(log.String(), "\n"))
}

// An answer that is still being compressed can be taken back.
func TestAPanicWhileCompressingIsA500(t *testing.T) {
	t.Parallel()
	h := edge(t, io.Discard, route{http.MethodGet, "/xapi/panics", everybody, func(x *exchange) error {
		x.send(http.StatusOK, "application/json", []byte(`"`+strings.Repeat("x", 5000)+`"`))
		panic("late")
	}, nowhere})
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/xapi/panics", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	require.Equal(t, 500, w.Code)
	require.Empty(t, w.Header().Get("Content-Encoding"))
	require.Contains(t, w.Body.String(), `"code":"internal"`)
}

// An answer that has begun and cannot be ended must not look whole.
func TestAnAnswerThatBreaksIsCutOff(t *testing.T) {
	t.Parallel()
	for name, breaks := range map[string]func() error{
		"error": func() error { return errors.New("the blob store is away") },
		"panic": func() error { panic("at the disco") },
	} {
		server := httptest.NewServer(edge(t, io.Discard, route{http.MethodGet, "/half", everybody, func(x *exchange) error {
			x.writer().WriteHeader(http.StatusOK)
			_, err := x.writer().Write(bytes.Repeat([]byte("x"), 100_000))
			require.NoError(t, err)
			return breaks()
		}, nowhere}))
		res, err := server.Client().Get(server.URL + "/half")
		require.NoError(t, err, name)
		_, err = io.ReadAll(res.Body)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, name)
		_ = res.Body.Close()
		server.Close()
	}
}

func TestARouteWithoutActionOrHandlerFailsAtBoot(t *testing.T) {
	t.Parallel()
	a := edge(t, io.Discard).(*API)
	work := func(*exchange) error { return nil }
	require.ErrorContains(t, a.mount([]route{{http.MethodGet, "/xapi/open", "", work, nowhere}}), "/xapi/open")
	require.ErrorContains(t, a.mount([]route{{http.MethodGet, "/xapi/empty", everybody, nil, nowhere}}), "/xapi/empty")
	require.NoError(t, a.mount([]route{{http.MethodGet, "/xapi/fine", everybody, work, nowhere}}))
	for _, r := range a.routes() {
		// A scope that permits the marker would make a public route of a typo.
		require.False(t, authz.ScopeAll.Permits(everybody))
		require.True(t, r.action == everybody || authz.ScopeAll.Permits(r.action), "%s %s", r.method, r.path)
	}
}
