package httpapi

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// statuses is the one place where a fault becomes a status. What is not in it
// is a 500 with a fixed text.
var statuses = map[fault.Kind]int{
	fault.Invalid:            http.StatusBadRequest,
	fault.Unauthenticated:    http.StatusUnauthorized,
	fault.Forbidden:          http.StatusForbidden,
	fault.NotFound:           http.StatusNotFound,
	fault.Conflict:           http.StatusConflict,
	fault.PreconditionFailed: http.StatusPreconditionFailed,
	fault.TooLarge:           http.StatusRequestEntityTooLarge,
	fault.RateLimited:        http.StatusTooManyRequests,
	fault.Unavailable:        http.StatusServiceUnavailable,
}

// problem is the body of every error (RFC 9457).
type problem struct {
	Type       string `json:"type"`
	Title      string `json:"title"`
	Status     int    `json:"status"`
	Detail     string `json:"detail"`
	Code       string `json:"code"` // stable: the name of a fault.Kind, or method_not_allowed
	RequestID  string `json:"requestId"`
	Violations any    `json:"violations,omitempty"`
}

// refusal is an error that only HTTP has a word for.
type refusal struct {
	status       int
	code, detail string
}

func (r *refusal) Error() string { return r.code + ": " + r.detail }

// place is a broken rule in a request to the console, where there are no statements.
type place struct {
	Path string `json:"path"`
	Rule string `json:"rule"`
}

// fail answers with err, and keeps it for the log. When the answer has begun
// there is no way back: the connection is broken off, so that nobody takes
// half an answer for a whole one.
func (x *exchange) fail(err error) {
	x.err = err
	if x.wroteHeader {
		panic(http.ErrAbortHandler)
	}
	p := problem{Status: http.StatusInternalServerError, Code: fault.Internal.String(), Detail: "something went wrong here; the request id leads to the reason"}
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind != fault.Internal {
		p.Status, p.Code, p.Detail = statuses[f.Kind], f.Kind.String(), f.Message
		switch {
		case len(f.Violations) == 0:
		case isConsole(x.route):
			places := make([]place, len(f.Violations))
			for i, v := range f.Violations {
				places[i] = place{v.Path, v.Rule}
			}
			p.Violations = places
		default:
			p.Violations = f.Violations
		}
		x.retryAfter(f)
	}
	if r, ok := errors.AsType[*refusal](err); ok {
		p.Status, p.Code, p.Detail = r.status, r.code, r.detail
	}
	x.code = p.Code
	switch {
	case isSCIM(x.route):
		x.scimProblem(err, p)
	case x.navigates() && p.Status != http.StatusMethodNotAllowed: // a browser that loads pages ahead must not be led on
		x.refuseSignIn(err, p)
	default:
		x.problem(p)
	}
}

// retryAfter tells when to come back: 429 and 503 always do.
func (x *exchange) retryAfter(f *fault.Error) {
	after := f.RetryAfter
	switch f.Kind {
	case fault.RateLimited, fault.Unavailable:
		after = max(after, time.Second)
	}
	if after > 0 {
		x.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(after.Seconds()))))
	}
}

// problem writes p as the whole answer.
func (x *exchange) problem(p problem) {
	p.Type, p.Title, p.RequestID = "about:blank", http.StatusText(p.Status), x.id
	body, err := json.Marshal(p)
	if err != nil { // strings and numbers only: it cannot
		panic(err)
	}
	h := x.Header()
	for _, name := range []string{"Etag", "Last-Modified", "Content-Encoding"} {
		h.Del(name) // of the answer that was about to be given
	}
	if p.Status == http.StatusUnauthorized {
		challenge := `Basic realm="Stoa", charset="UTF-8"`
		if isConsole(x.route) {
			challenge = `Bearer realm="Stoa"`
		}
		h.Set("Www-Authenticate", challenge)
	}
	h.Set("Cache-Control", "no-store")
	x.send(p.Status, "application/problem+json", body)
}
