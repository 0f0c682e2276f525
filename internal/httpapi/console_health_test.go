package httpapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/httpapi"
	"github.com/stoa-lrs/stoa/internal/lrs"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/ratelimit"
)

func now() time.Time { return time.Now() }

func number(n int64) string { return strconv.FormatInt(n, 10) }

func (v *visitor) health() (h apiv1.Health, parts map[string]apiv1.HealthPart) {
	v.o.t.Helper()
	v.call("GET", "/api/v1/platform/health", nil).is(http.StatusOK).json(&h)
	parts = map[string]apiv1.HealthPart{}
	for _, p := range h.Parts {
		parts[p.Name] = p
	}
	return h, parts
}

func TestHealthOfTheService(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	op := o.as(o.platform, authz.Operator)
	h, parts := op.health()
	require.Equal(t, apiv1.HealthStatusOk, h.Status)
	require.WithinDuration(t, time.Now(), h.StartedAt, time.Minute)
	require.Len(t, parts, 4)
	require.Positive(t, parts["database"].Numbers["appOpen"])
	require.Positive(t, parts["database"].Numbers["pingMs"])
	require.Contains(t, parts["ingest"].Numbers, "queued")
	require.NotContains(t, parts["ingest"].Numbers, "p50Ms", "nothing has been stored yet")
	require.Equal(t, `{"status":"ready","database":"ok","rateLimits":"ok","sessions":"ok"}`, string(o.ready()))

	token := o.withToken(o.platform, op.member, authz.PlatformView)
	o.redis.SetError("away")
	h, parts = token.health()
	require.Equal(t, apiv1.HealthStatusFailing, h.Status)
	require.Equal(t, apiv1.HealthPartStatusFailing, parts["sessions"].Status)
	require.NotEmpty(t, parts["sessions"].Detail)
	require.Equal(t, `{"status":"degraded","database":"ok","rateLimits":"ok","sessions":"unreachable"}`, string(o.ready()))
}

func (o *office) ready() []byte {
	w := httptest.NewRecorder()
	o.api.ServeHTTP(w, httptest.NewRequestWithContext(o.t.Context(), http.MethodGet, "/readyz", nil))
	require.Equal(o.t, http.StatusOK, w.Code)
	return w.Body.Bytes()
}

func TestHealthOfTheAuditLog(t *testing.T) {
	t.Parallel()
	fine := audit.SealerStats{Sealed: 7, Round: time.Now()}
	for name, c := range map[string]struct {
		seals   func(*audit.SealerStats)
		streams audit.StreamerStats
		status  apiv1.HealthStatus
	}{
		"all is well":        {func(*audit.SealerStats) {}, audit.StreamerStats{Streams: 2, Sent: 5}, apiv1.HealthStatusOk},
		"it never ran":       {func(s *audit.SealerStats) { s.Round = time.Time{} }, audit.StreamerStats{}, apiv1.HealthStatusDegraded},
		"it hangs":           {func(s *audit.SealerStats) { s.Round = time.Now().Add(-time.Minute) }, audit.StreamerStats{}, apiv1.HealthStatusDegraded},
		"it lags":            {func(s *audit.SealerStats) { s.Lag = time.Minute }, audit.StreamerStats{}, apiv1.HealthStatusDegraded},
		"much waits":         {func(s *audit.SealerStats) { s.Waiting = 10_000 }, audit.StreamerStats{}, apiv1.HealthStatusDegraded},
		"one tenant's fails": {func(s *audit.SealerStats) { s.Failing = 1 }, audit.StreamerStats{}, apiv1.HealthStatusDegraded},
		"no anchor":          {func(s *audit.SealerStats) { s.Unanchored = 1 }, audit.StreamerStats{}, apiv1.HealthStatusDegraded},
		"somebody cut it":    {func(s *audit.SealerStats) { s.Shortened, s.Failing = 1, 1 }, audit.StreamerStats{}, apiv1.HealthStatusFailing},
		"a stream fails":     {func(*audit.SealerStats) {}, audit.StreamerStats{Streams: 2, Failing: 1}, apiv1.HealthStatusDegraded},
		"a stream lags":      {func(*audit.SealerStats) {}, audit.StreamerStats{Streams: 2, Lag: time.Hour}, apiv1.HealthStatusDegraded},
	} {
		s := fine
		c.seals(&s)
		require.Equal(t, c.status, httpapi.AuditHealth(s, c.streams, time.Now()), name)
	}
}

// What health says, the metrics say too, and none of it by tenant.
func TestMetricsOfTheAuditLog(t *testing.T) {
	t.Parallel()
	limiter, err := ratelimit.New(ratelimit.Config{})
	require.NoError(t, err)
	t.Cleanup(limiter.Close)
	m := httpapi.NewMetrics(httpapi.Sources{
		Ingest: func() lrs.Stats { return lrs.Stats{} }, Limiter: limiter, Pool: func() (a, b, c, d int32) { return 0, 0, 0, 0 },
		LostUses: func() int64 { return 15 },
		Sealer: func() audit.SealerStats {
			return audit.SealerStats{Waiting: 1, Lag: 2 * time.Second, Sealed: 3, Failures: 4, Failing: 5, AnchorFailures: 6, Unanchored: 7, Shortened: 8, Round: time.Unix(9, 0)}
		},
		Streamer: func() audit.StreamerStats {
			return audit.StreamerStats{Sent: 10, Failures: 11, Streams: 12, Failing: 13, Lag: 14 * time.Second}
		},
	})
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	for i, name := range []string{
		"waiting", "seal_lag_seconds", "sealed_total", "seal_failures_total", "seal_failing", "anchor_failures_total", "unanchored", "shortened_total",
		"seal_round_timestamp_seconds", "streamed_total", "stream_failures_total", "streams", "streams_failing", "stream_lag_seconds", "uses_lost_total",
	} {
		require.Contains(t, w.Body.String(), fmt.Sprintf("\nstoa_audit_%s %d\n", name, i+1))
	}
	require.NotContains(t, w.Body.String(), "tenant=")
}

func TestUsageOfAKey(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own, other := o.tenant(), o.tenant()
	user, _ := o.key(own)
	minute := time.Now().UTC().Add(-3 * time.Minute).Truncate(time.Minute)
	for i := range 3 {
		o.in(own.ID, func(tx *postgres.Tx) error {
			return audit.Record(tx, audit.Event{Type: audit.KeyUsed, Target: audit.Target{Kind: "key", ID: user, Name: "Key"}, Details: map[string]any{
				"minute": minute.Add(-time.Duration(i) * time.Minute), "statuses": map[string]int{"2xx": 3}, "addresses": []string{"192.0.2.1"},
				"resources": map[string]any{"POST /xapi/statements": map[string]int{"requests": 2, "statements": 9}, "GET /xapi/about": map[string]int{"requests": 1, "statements": 0}},
			}})
		})
	}
	v := o.as(own, admin)
	path := "/api/v1/tenants/" + own.Slug + "/keys/" + user + "/usage"
	var page apiv1.KeyUsePage
	v.call("GET", path+"?limit=2", nil).is(http.StatusOK).json(&page)
	require.Len(t, page.Items, 2)
	require.NotEmpty(t, page.Next)
	require.Equal(t, apiv1.KeyUse{
		Begin: minute, Requests: 3, Statements: 9, Statuses: map[string]int64{"2xx": 3}, Addresses: []string{"192.0.2.1"},
		Resources: map[string]apiv1.ResourceUse{"POST /xapi/statements": {Requests: 2, Statements: 9}, "GET /xapi/about": {Requests: 1}},
	}, page.Items[0])
	require.Len(t, page.Secrets, 1)
	require.Nil(t, page.Secrets[0].LastUsedAt)
	v.call("GET", path+"?limit=2&after="+page.Next, nil).is(http.StatusOK).json(&page)
	require.Len(t, page.Items, 1)
	require.Empty(t, page.Next)

	v.call("GET", path+"?by=hour", nil).is(http.StatusOK).json(&page)
	var sum int64
	for _, u := range page.Items {
		require.Zero(t, u.Begin.Minute())
		sum += u.Statements
	}
	require.EqualValues(t, 27, sum)
	v.call("GET", path+"?since="+minute.Format(time.RFC3339), nil).is(http.StatusOK).json(&page)
	require.Empty(t, page.Items, "later than since")
	v.call("GET", path+"?by=day", nil).is(http.StatusBadRequest).problem()
	v.call("GET", path+"?after=x", nil).is(http.StatusBadRequest).problem()
	o.as(other, admin).call("GET", path, nil).is(http.StatusNotFound)
	v.call("GET", "/api/v1/tenants/"+own.Slug+"/keys/1-00000000/usage", nil).is(http.StatusNotFound)
}
