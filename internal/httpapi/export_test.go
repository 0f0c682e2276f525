package httpapi

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authz"
)

// Line is a line of the table of routes, for tests.
type Line struct {
	Method, Path string
	Action       authz.Action
	OnPlatform   bool // it is the platform that must permit the action
}

// Lines lists everything that is answered.
func (a *API) Lines() []Line {
	lines := []Line{{Method: "GET", Path: "/metrics", Action: everybody}} // not the API's own: see Front
	for _, r := range a.routes() {
		lines = append(lines, Line{r.method, r.path, r.action, r.where == onPlatform})
	}
	return lines
}

// ConsoleLines lists the routes that the description must know.
func (a *API) ConsoleLines() []Line {
	return slices.DeleteFunc(a.Lines(), func(l Line) bool { return !isConsole(l.Path) })
}

// Front is what a service answers that has one address for everything.
func (a *API) Front() http.Handler { return a.front() }

// IsConsole tells whether the description must know a path.
func IsConsole(path string) bool { return isConsole(path) }

// CheckRoute is what happens to a route at the start.
func CheckRoute(method, path string, action authz.Action) error {
	return route{method: method, path: path, action: action, handle: func(*exchange) error { return nil }}.check()
}

// AuditHealth is what health says of the log.
func AuditHealth(s audit.SealerStats, streams audit.StreamerStats, now time.Time) apiv1.HealthStatus {
	return worst([]apiv1.HealthPart{sealsHealth(s, now), streamsHealth(streams)})
}

// SchemaHealth is the part of health of a program that knows migrations up to known.
func (a *API) SchemaHealth(ctx context.Context, known int64) apiv1.HealthPart {
	return a.schemaHealth(ctx, known)
}

// OtherName is where a sign-in at host is sent to first.
func OtherName(publicURL, host string) string {
	return (&console{Console: Console{PublicURL: publicURL}}).otherName(host)
}
