package httpapi

import (
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/lrs"
)

// Metrics are what /metrics tells of this process. No metric has a label for
// tenants, stores or keys: their number has no bound, and they are nobody
// else's business.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	latency  *prometheus.HistogramVec
	inFlight prometheus.Gauge
	stored   recent // requests that stored statements
	sources  Sources
}

// Sources are the numbers that other packages keep; they are asked when the
// metrics are read.
type Sources struct {
	Ingest  func() lrs.Stats
	Limiter prometheus.Collector
	Pool    func() (appInUse, appOpen, ingestInUse, ingestOpen int32)

	LostUses func() int64 // see audit.Uses; nil where nobody counts them

	// The audit log's; nil where there is no console.
	Sealer   func() audit.SealerStats
	Streamer func() audit.StreamerStats
}

// NewMetrics registers everything.
func NewMetrics(s Sources) *Metrics {
	m := &Metrics{
		sources:  s,
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "stoa_http_requests_total", Help: "Requests answered.",
		}, []string{"route", "method", "status"}),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "stoa_http_request_seconds", Help: "Time from the header of a request to the end of its answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"route", "method"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "stoa_http_requests_in_flight", Help: "Requests being answered.",
		}),
	}
	counter := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, value)
	}
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
	}
	m.registry.MustRegister(
		m.requests, m.latency, m.inFlight,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		counter("stoa_statements_ingested_total", "Statements stored.", func() float64 { return float64(s.Ingest().Statements) }),
		counter("stoa_commit_groups_total", "Group commits; statements ingested divided by these is the size of a group.", func() float64 { return float64(s.Ingest().Groups) }),
		counter("stoa_statements_duplicate_total", "Statements received again and not stored.", func() float64 { return float64(s.Ingest().Duplicates) }),
		counter("stoa_statements_refused_total", "Requests refused in the database: an id taken, a voider voided.", func() float64 { return float64(s.Ingest().Refused) }),
		counter("stoa_commit_retries_total", "Group commits run again.", func() float64 { return float64(s.Ingest().Retries) }),
		gauge("stoa_commit_queue", "Requests that wait for a group commit.", func() float64 { return float64(s.Ingest().Queued) }),
		s.Limiter,
		poolGauges{s.Pool},
		buildInfo(),
	)
	if s.LostUses != nil {
		m.registry.MustRegister(
			counter("stoa_audit_uses_lost_total", "Requests of API keys that the audit log does not tell of, for want of memory.", func() float64 { return float64(s.LostUses()) }),
		)
	}
	if s.Sealer != nil {
		m.registry.MustRegister(
			gauge("stoa_audit_waiting", "Events of the audit log that are in no seal, at most 100,000.", func() float64 { return float64(s.Sealer().Waiting) }),
			gauge("stoa_audit_seal_lag_seconds", "From the oldest event that the last round sealed to its seal.", func() float64 { return s.Sealer().Lag.Seconds() }),
			gauge("stoa_audit_seal_round_timestamp_seconds", "When the last round of sealing ended.", func() float64 { return since1970(s.Sealer().Round) }),
			counter("stoa_audit_sealed_total", "Events sealed.", func() float64 { return float64(s.Sealer().Sealed) }),
			counter("stoa_audit_seal_failures_total", "Tenants' turns of sealing that failed.", func() float64 { return float64(s.Sealer().Failures) }),
			gauge("stoa_audit_seal_failing", "Tenants whose log could not be sealed in the last round.", func() float64 { return float64(s.Sealer().Failing) }),
			counter("stoa_audit_anchor_failures_total", "Seals that could not be anchored outside.", func() float64 { return float64(s.Sealer().AnchorFailures) }),
			gauge("stoa_audit_unanchored", "Tenants whose newest seal could not be anchored the last time.", func() float64 { return float64(s.Sealer().Unanchored) }),
			counter("stoa_audit_shortened_total", "Times that a chain was found shorter than it was: somebody cut it.", func() float64 { return float64(s.Sealer().Shortened) }),
		)
	}
	if s.Streamer != nil {
		m.registry.MustRegister(
			gauge("stoa_audit_streams", "Streams of the audit log that are enabled.", func() float64 { return float64(s.Streamer().Streams) }),
			gauge("stoa_audit_streams_failing", "Of them, those whose last delivery failed.", func() float64 { return float64(s.Streamer().Failing) }),
			gauge("stoa_audit_stream_lag_seconds", "Since the oldest seal that a stream has not had.", func() float64 { return s.Streamer().Lag.Seconds() }),
			counter("stoa_audit_streamed_total", "Events delivered to streams.", func() float64 { return float64(s.Streamer().Sent) }),
			counter("stoa_audit_stream_failures_total", "Deliveries to streams that failed.", func() float64 { return float64(s.Streamer().Failures) }),
		)
	}
	return m
}

func since1970(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

// poolGauges are the connections to Postgres.
type poolGauges struct {
	stats func() (appInUse, appOpen, ingestInUse, ingestOpen int32)
}

var poolDesc = prometheus.NewDesc("stoa_postgres_connections", "Connections to Postgres.", []string{"pool", "state"}, nil)

func (p poolGauges) Describe(ch chan<- *prometheus.Desc) { ch <- poolDesc }

func (p poolGauges) Collect(ch chan<- prometheus.Metric) {
	appInUse, appOpen, ingestInUse, ingestOpen := p.stats()
	for _, v := range []struct {
		n           int32
		pool, state string
	}{
		{appInUse, "app", "in_use"},
		{appOpen - appInUse, "app", "idle"},
		{ingestInUse, "ingest", "in_use"},
		{ingestOpen - ingestInUse, "ingest", "idle"},
	} {
		ch <- prometheus.MustNewConstMetric(poolDesc, prometheus.GaugeValue, float64(v.n), v.pool, v.state)
	}
}

func buildInfo() prometheus.Collector {
	version, revision, goVersion := "unknown", "unknown", "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		version, goVersion = info.Main.Version, info.GoVersion
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = s.Value
			}
		}
	}
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "stoa_build_info", Help: "Always 1; the labels say what is running.",
		ConstLabels: prometheus.Labels{"version": version, "revision": revision, "go": goVersion},
	}, func() float64 { return 1 })
}

// observe counts one answered request. route is a template and method one that
// the table knows, else "other": clients choose neither.
func (m *Metrics) observe(route, method string, status int, took time.Duration) {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions:
	default:
		method = "other"
	}
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Inc()
	m.latency.WithLabelValues(route, method).Observe(took.Seconds())
	if route == "/xapi/statements" && (method == http.MethodPost || method == http.MethodPut) && status < 300 {
		m.stored.add(took)
	}
}

// Handler serves the metrics in the format of Prometheus.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
