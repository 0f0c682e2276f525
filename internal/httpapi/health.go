package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// healthz says that the process runs. It looks at nothing else: a database
// that is away is no reason to start the process anew.
func (a *API) healthz(x *exchange) error {
	return x.sendJSON([]byte(`{"status":"ok"}`))
}

// readiness is the body of /readyz.
type readiness struct {
	Status     string `json:"status"`     // ready, degraded (answers nevertheless), draining or unavailable
	Database   string `json:"database"`   // ok or unreachable
	RateLimits string `json:"rateLimits"` // ok, or degraded: Redis is away and each process limits by itself

	// Of the console: ok, or unreachable: Redis is away, nobody can sign in, keys and tokens go on.
	Sessions string `json:"sessions,omitempty"`
}

// readyz says whether requests should be sent here.
func (a *API) readyz(x *exchange) error {
	ctx, cancel := context.WithTimeout(x.context(), 2*time.Second)
	defer cancel()
	r := readiness{Status: "ready", Database: "ok", RateLimits: "ok"}
	status := http.StatusOK
	if a.Limiter.Degraded() {
		r.Status, r.RateLimits = "degraded", "degraded"
	}
	var asked sync.WaitGroup
	var sessions error
	if a.console != nil {
		r.Sessions = "ok"
		asked.Go(func() { sessions = a.console.Sessions.Ping(ctx) })
	}
	database := a.DB.Ping(ctx)
	asked.Wait()
	if sessions != nil {
		r.Status, r.Sessions = "degraded", "unreachable"
	}
	if database != nil {
		r.Status, r.Database, status = "unavailable", "unreachable", http.StatusServiceUnavailable
	}
	if a.draining.Load() {
		r.Status, status = "draining", http.StatusServiceUnavailable
	}
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	x.Header().Set("Cache-Control", "no-store")
	x.send(status, "application/json", body)
	return nil
}
