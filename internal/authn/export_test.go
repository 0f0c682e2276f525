package authn

import (
	"errors"
	"time"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// Message is what people are told.
func Message(err error) string { return message(err) }

// RetryAfter is when people are told to come again.
func RetryAfter(err error) time.Duration {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.RetryAfter
	}
	return 0
}
