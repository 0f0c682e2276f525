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
	Type       string            `json:"type"`
	Title      string            `json:"title"`
	Status     int               `json:"status"`
	Detail     string            `json:"detail"`
	Code       string            `json:"code"` // stable: the name of a fault.Kind, or method_not_allowed
	RequestID  string            `json:"requestId"`
	Violations []fault.Violation `json:"violations,omitempty"`
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
		p.Status, p.Code, p.Detail, p.Violations = statuses[f.Kind], f.Kind.String(), f.Message, f.Violations
		x.retryAfter(f)
	}
	x.code = p.Code
	x.problem(p)
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
		h.Set("Www-Authenticate", `Basic realm="Stoa", charset="UTF-8"`)
	}
	h.Set("Cache-Control", "no-store")
	x.send(p.Status, "application/problem+json", body)
}
