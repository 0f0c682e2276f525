package authn

import (
	"errors"
	"net/netip"
	"time"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// Guard is what decides about an address that is dialled.
func Guard(address string, allowed []netip.Prefix) error { return guard(address, allowed) }

// Message is what people are told.
func Message(err error) string { return message(err) }

// RetryAfter is when people are told to come again.
func RetryAfter(err error) time.Duration {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.RetryAfter
	}
	return 0
}
