package httpapi

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/stoa-lrs/stoa/internal/authn"
	"github.com/stoa-lrs/stoa/internal/fault"
)

// A browser whose sign-in was refused is sent to the page where people sign in,
// with a code that the page has words for. The list is closed, and none of it
// tells whether an organisation or a person exists: what is unknown and what has
// no provider is one code.
const (
	signInUnknown      = "unknown_organisation"
	signInExpired      = "expired" // too late, used already, or begun in another browser
	signInRefused      = "provider_refused"
	signInNotBelieved  = "provider_answer"
	signInProviderDown = "provider_unavailable" // away, or not to be used
	signInNotPermitted = "not_permitted"        // no member, or a disabled one
	signInSuspended    = "suspended"
	signInThrottled    = "throttled"
	signInRecovery     = "recovery_link"
	signInInvalid      = "invalid_request"
	signInUnavailable  = "unavailable"
	signInInternal     = "internal"
)

// signInPage is the admin UI's.
const signInPage = "/admin/sign-in"

// signInError is why somebody could not sign in, and at which tenant they tried:
// a slug that they gave themselves, or that of a sign-in that is under way.
type signInError struct {
	slug string
	err  error
}

func (e *signInError) Error() string { return e.err.Error() }

func (e *signInError) Unwrap() error { return e.err }

// navigates reports whether the answer to an error is for people: on the way of
// a browser that wants a page.
func (x *exchange) navigates() bool {
	switch x.route {
	case signInPath, callbackPath, recoverPath:
		return x.request.Method == http.MethodGet && strings.Contains(x.request.Header.Get("Accept"), "text/html")
	}
	return false
}

// refuseSignIn sends the browser to the page where people sign in. Nothing that
// the address said goes with it but the tenant's slug; and the request id.
func (x *exchange) refuseSignIn(err error, p problem) {
	q := url.Values{"error": {x.signInCode(err, p)}, "request": {x.id}}
	if e, ok := err.(*signInError); ok && e.slug != "" { //nolint:errorlint // the handlers' own, never wrapped
		q.Set("tenant", e.slug)
	}
	_ = x.seeOther(x.api.BasePath + signInPage + "?" + q.Encode()) // never fails
}

func (x *exchange) signInCode(err error, p problem) string {
	reason := authn.ReasonOf(err)
	if reason == authn.ProviderDown || reason == authn.ProviderInvalid {
		return signInProviderDown
	}
	switch p.Code {
	case fault.NotFound.String():
		return signInUnknown
	case fault.RateLimited.String():
		return signInThrottled
	case fault.Unavailable.String():
		return signInUnavailable
	case fault.Unauthenticated.String():
		if reason == authn.Refused {
			return signInRefused
		}
		return signInNotBelieved
	case fault.Forbidden.String():
		switch {
		case reason == authn.TenantSuspended, x.route == signInPath:
			return signInSuspended
		case x.route == recoverPath:
			return signInRecovery
		}
		return signInNotPermitted
	case fault.Invalid.String():
		if x.route == callbackPath && p.Violations == nil {
			return signInExpired
		}
		return signInInvalid
	}
	return signInInternal
}
