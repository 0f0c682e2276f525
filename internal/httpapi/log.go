package httpapi

import (
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/fault"
)

// finish ends an exchange: it answers for a handler that panicked, counts, and
// writes the one log record of the request. It is deferred.
func (a *API) finish(x *exchange) {
	broken := recover()
	if cause, _ := broken.(error); broken != nil && !errors.Is(cause, http.ErrAbortHandler) {
		if x.err == nil {
			x.err = &panicked{broken, debug.Stack()}
		}
		if !x.wroteHeader || x.encoder != nil {
			x.wroteHeader, x.encoder = false, nil
			x.gin = nil
			x.fail(x.err)
			broken = nil
		} else {
			broken = http.ErrAbortHandler
		}
	}
	if broken == nil {
		x.end()
	}
	a.memory.release(&x.held) // nothing of the body is used any more
	a.Metrics.inFlight.Dec()
	took := time.Since(x.began)
	route := x.route
	if route == "" {
		route = "(unknown)"
	}
	a.Metrics.observe(route, x.request.Method, x.status, took)
	a.countUse(x)
	a.log(x, route, took, broken != nil)
	if broken != nil {
		panic(broken) // net/http closes the connection
	}
}

// countUse counts the request for the key that it was made with, and for the tenant.
func (a *API) countUse(x *exchange) {
	p := x.principal
	if p != nil && a.Uses != nil {
		a.Uses.Add(p.Tenant, audit.KeyRef{ID: p.User, Name: p.Name}, string(x.action), x.statements, x.status, x.remote)
	}
	switch c := x.caller; {
	case p != nil:
		a.Meter.Request(p.Tenant, p.Store, p.Key, x.status, x.received())
	case c != nil && x.request.Method == http.MethodGet && x.status < 400 && strings.HasPrefix(x.route, insideTenant):
		a.Meter.Read(c.tenant)
	}
}

// insideTenant begins the routes that take place in a tenant.
const insideTenant = "/api/v1/tenants/:tenant/"

// log writes the record. Neither header nor query string is in it: both may
// hold who somebody is.
func (a *API) log(x *exchange, route string, took time.Duration, aborted bool) {
	level := slog.LevelInfo
	unknown := x.err != nil && !x.gone && fault.KindOf(x.err) == fault.Internal
	switch {
	case unknown:
		level = slog.LevelError
	case x.status >= 500 || aborted:
		level = slog.LevelWarn
	}
	ctx := x.request.Context()
	if !a.Logger.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 16)
	attrs = append(attrs,
		slog.String("request_id", x.id),
		slog.String("method", x.request.Method),
		slog.String("route", route),
		slog.Int("status", x.status),
		slog.Float64("ms", float64(took.Microseconds())/1000),
		slog.Int64("bytes_in", x.received()),
		slog.Int64("bytes_out", x.sent),
	)
	if p := x.principal; p != nil {
		attrs = append(attrs, slog.Int64("tenant", p.Tenant), slog.Int64("store", p.Store), slog.String("key", p.User))
	}
	if c := x.caller; c != nil {
		attrs = append(attrs, slog.Int64("tenant", c.tenant), slog.String("actor", c.person.Subject()))
	}
	if x.statements > 0 {
		attrs = append(attrs, slog.Int("statements", x.statements))
	}
	if x.code != "" {
		attrs = append(attrs, slog.String("code", x.code))
	}
	if aborted {
		attrs = append(attrs, slog.Bool("aborted", true))
	}
	if x.err != nil && (unknown || x.status >= 500) { // why a client was refused, it has been told; the text may quote it
		attrs = append(attrs, slog.String("error", x.err.Error()))
		if p, ok := errors.AsType[*panicked](x.err); ok {
			attrs = append(attrs, slog.String("stack", string(p.stack)))
		}
	}
	a.Logger.LogAttrs(ctx, level, "request", attrs...)
}
