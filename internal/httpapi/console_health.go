package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// When an operator should look at what is behind.
const (
	sealsLate   = 30 * time.Second
	streamsLate = 5 * time.Minute
	queueLong   = 10_000 // events in no seal
)

const healthTimeout = 2 * time.Second

// getHealth tells operators what /metrics tells machines, of this process.
func (a *API) getHealth(x *exchange) error {
	ctx, cancel := context.WithTimeout(x.context(), healthTimeout)
	defer cancel()
	parts := []apiv1.HealthPart{{}, {}, a.limitsHealth(), a.ingestHealth()}
	var pings sync.WaitGroup
	pings.Go(func() { parts[0] = a.databaseHealth(ctx) })
	pings.Go(func() {
		parts[1] = answering("sessions", "nobody can sign in, and sessions are not known: Redis does not answer", func() error {
			return a.console.Sessions.Ping(ctx)
		})
	})
	pings.Wait()
	if a.console.Schema > 0 {
		parts = append(parts, a.schemaHealth(ctx, a.console.Schema))
	}
	if s := a.Metrics.sources; s.Sealer != nil {
		parts = append(parts, sealsHealth(s.Sealer(), x.now()))
	}
	if s := a.Metrics.sources; s.Streamer != nil {
		parts = append(parts, streamsHealth(s.Streamer()))
	}
	return x.answer(http.StatusOK, apiv1.Health{
		Status: worst(parts), Version: a.console.Version, Parts: parts,
		StartedAt: a.console.began.UTC(), UptimeSeconds: int64(x.now().Sub(a.console.began).Seconds()),
	})
}

// worst is the status of all parts together.
func worst(parts []apiv1.HealthPart) apiv1.HealthStatus {
	order := []apiv1.HealthPartStatus{apiv1.HealthPartStatusOk, apiv1.HealthPartStatusDegraded, apiv1.HealthPartStatusFailing}
	rank := 0
	for _, p := range parts {
		rank = max(rank, slices.Index(order, p.Status))
	}
	return apiv1.HealthStatus(order[rank])
}

// healthy is a part of which nothing is wrong yet.
func healthy(name string, numbers map[string]float64) apiv1.HealthPart {
	return apiv1.HealthPart{Name: name, Status: apiv1.HealthPartStatusOk, Numbers: numbers}
}

// answering asks something, and takes the time.
func answering(name, otherwise string, ask func() error) apiv1.HealthPart {
	began := time.Now()
	err := ask()
	p := healthy(name, map[string]float64{"pingMs": milliseconds(time.Since(began))})
	if err != nil {
		p.Status, p.Detail = apiv1.HealthPartStatusFailing, otherwise
	}
	return p
}

func (a *API) databaseHealth(ctx context.Context) apiv1.HealthPart {
	p := answering("database", "Postgres does not answer", func() error { return a.DB.Ping(ctx) })
	appInUse, appOpen, ingestInUse, ingestOpen := a.DB.Stats()
	p.Numbers["appInUse"], p.Numbers["appOpen"] = float64(appInUse), float64(appOpen)
	p.Numbers["ingestInUse"], p.Numbers["ingestOpen"] = float64(ingestInUse), float64(ingestOpen)
	return p
}

// schemaHealth compares the database's migrations with those of the program.
func (a *API) schemaHealth(ctx context.Context, known int64) apiv1.HealthPart {
	applied, err := postgres.SchemaVersion(ctx, a.console.Operator)
	if err != nil {
		p := healthy("migrations", map[string]float64{"known": float64(known)})
		p.Status, p.Detail = apiv1.HealthPartStatusFailing, "which migrations have been applied cannot be read"
		return p
	}
	p := healthy("migrations", map[string]float64{"applied": float64(applied), "known": float64(known)})
	worse(&p, applied < known, "migrations are missing: run stoa migrate up")
	worse(&p, applied > known, "the database is newer than this program")
	return p
}

func (a *API) limitsHealth() apiv1.HealthPart {
	p := healthy("rateLimits", map[string]float64{})
	if a.Limiter.Degraded() {
		p.Status, p.Detail = apiv1.HealthPartStatusDegraded, "Redis is away: each process limits by itself"
	}
	return p
}

func (a *API) ingestHealth() apiv1.HealthPart {
	s := a.Metrics.sources.Ingest()
	p := healthy("ingest", map[string]float64{
		"statements": float64(s.Statements), "groups": float64(s.Groups), "duplicates": float64(s.Duplicates),
		"refused": float64(s.Refused), "retries": float64(s.Retries), "queued": float64(s.Queued),
	})
	if half, most, ok := a.Metrics.stored.quantiles(); ok {
		p.Numbers["p50Ms"], p.Numbers["p95Ms"] = milliseconds(half), milliseconds(most)
	}
	return p
}

func sealsHealth(s audit.SealerStats, now time.Time) apiv1.HealthPart {
	p := healthy("auditSeals", map[string]float64{
		"waiting": float64(s.Waiting), "lagSeconds": s.Lag.Seconds(), "sealed": float64(s.Sealed), "failures": float64(s.Failures),
		"failing": float64(s.Failing), "anchorFailures": float64(s.AnchorFailures), "unanchored": float64(s.Unanchored), "shortened": float64(s.Shortened),
	})
	worse(&p, s.Waiting >= queueLong || s.Lag > sealsLate || now.Sub(s.Round) > sealsLate, "events are sealed late")
	worse(&p, s.Failing > 0, "the logs of some organisations cannot be sealed")
	worse(&p, s.Unanchored > 0, "seals cannot be anchored outside the database")
	if s.Shortened > 0 {
		worse(&p, true, "somebody has cut an audit log: verify it")
		p.Status = apiv1.HealthPartStatusFailing
	}
	return p
}

func streamsHealth(s audit.StreamerStats) apiv1.HealthPart {
	p := healthy("auditStreams", map[string]float64{
		"streams": float64(s.Streams), "failing": float64(s.Failing), "lagSeconds": s.Lag.Seconds(), "sent": float64(s.Sent), "failures": float64(s.Failures),
	})
	worse(&p, s.Failing > 0, "some streams do not accept events")
	worse(&p, s.Lag > streamsLate, "some streams are behind")
	return p
}

// worse makes p degraded if something is wrong, and says what.
func worse(p *apiv1.HealthPart, wrong bool, what string) {
	if wrong {
		p.Status, p.Detail = apiv1.HealthPartStatusDegraded, strings.TrimPrefix(p.Detail+"; "+what, "; ")
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
