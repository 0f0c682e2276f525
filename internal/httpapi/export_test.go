package httpapi

import (
	"time"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authz"
)

// Line is a line of the table of routes, for tests.
type Line struct {
	Method, Path string
	Action       authz.Action
}

// ConsoleLines lists the routes that the description must know.
func (a *API) ConsoleLines() []Line {
	var lines []Line
	for _, r := range a.routes() {
		if isConsole(r.path) {
			lines = append(lines, Line{r.method, r.path, r.action})
		}
	}
	return lines
}

// CheckRoute is what happens to a route at the start.
func CheckRoute(method, path string, action authz.Action) error {
	return route{method: method, path: path, action: action, handle: func(*exchange) error { return nil }}.check()
}

// AuditHealth is what health says of the log.
func AuditHealth(s audit.SealerStats, streams audit.StreamerStats, now time.Time) apiv1.HealthStatus {
	return worst([]apiv1.HealthPart{sealsHealth(s, now), streamsHealth(streams)})
}
