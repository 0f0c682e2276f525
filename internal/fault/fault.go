// Package fault is the vocabulary of errors. Every layer returns errors of a
// Kind; the HTTP edge alone turns a Kind into a status. It owns no data and
// imports nothing of Stoa.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what went wrong in terms a caller can act on. The zero value,
// Internal, is a defect or an unknown failure: its text never reaches a client.
type Kind uint8

// The kinds, in the order of their HTTP status (see httpapi's table).
const (
	Internal Kind = iota
	Invalid
	Unauthenticated
	Forbidden
	NotFound
	Conflict
	PreconditionFailed
	TooLarge
	RateLimited
	Unavailable
)

var names = [...]string{
	"internal", "invalid", "unauthenticated", "forbidden", "not_found",
	"conflict", "precondition_failed", "too_large", "rate_limited", "unavailable",
}

// String returns the stable snake_case code of k.
func (k Kind) String() string { return names[k] }

// Violation is one broken rule in something a client sent.
type Violation struct {
	Statement int    `json:"statement"`      // index in the batch, from 0
	Path      string `json:"path"`           // JSON pointer inside that statement; "" is the whole
	Rule      string `json:"rule"`           // what is wrong and what would be right
	Spec      string `json:"spec,omitempty"` // e.g. "xAPI 1.0.3 Data 2.4.2.3"
}

// Error is an error of a Kind. Message is public; Cause is for the log only.
type Error struct {
	Kind       Kind
	Message    string
	Violations []Violation
	RetryAfter time.Duration // for RateLimited and Unavailable; 0 is none
	Cause      error
}

// New returns an Error of kind with a public message.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// Wrap returns an Error of kind with a public message and a private cause.
func Wrap(kind Kind, cause error, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...), Cause: cause}
}

// Error gives the public message and the cause: for logs, not for clients.
func (e *Error) Error() string {
	switch {
	case e.Cause != nil:
		return fmt.Sprintf("%s: %s: %v", e.Kind, e.Message, e.Cause)
	case len(e.Violations) > 0:
		v := e.Violations[0]
		return fmt.Sprintf("%s: %s (statement %d %s: %s; %d in all)", e.Kind, e.Message, v.Statement, v.Path, v.Rule, len(e.Violations))
	}
	return fmt.Sprintf("%s: %s", e.Kind, e.Message)
}

// Unwrap returns the private cause.
func (e *Error) Unwrap() error { return e.Cause }

// KindOf returns the Kind of the first *Error in err's chain, else Internal.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// Is reports whether err is of kind k.
func Is(err error, k Kind) bool { return err != nil && KindOf(err) == k }
