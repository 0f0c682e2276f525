package authn

import (
	"errors"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// Reason says why a sign-in failed. The list is closed: the words of a provider
// or of a library might hold a token, so they go neither to people nor into the
// audit log.
type Reason string

// The reasons.
const (
	Refused         Reason = "provider_refused"     // the provider sent an error instead of a code
	ProviderDown    Reason = "provider_unavailable" // does not answer, too slowly, too much, or with its own failure
	ProviderInvalid Reason = "provider_invalid"     // its discovery document cannot be used
	CodeRefused     Reason = "code_refused"         // the code or the client's secret is not valid
	NoIDToken       Reason = "no_id_token"
	BadSignature    Reason = "bad_signature" // of the ID token: key, algorithm, form
	WrongIssuer     Reason = "wrong_issuer"
	WrongAudience   Reason = "wrong_audience"
	WrongNonce      Reason = "wrong_nonce"
	WrongTime       Reason = "wrong_time" // expired, or from the future
	WrongHash       Reason = "wrong_hash" // at_hash
	WrongClaims     Reason = "wrong_claims"
	WrongBrowser    Reason = "wrong_browser"    // the sign-in was begun in another browser
	SettingsChanged Reason = "settings_changed" // while signing in
	TooManyGroups   Reason = "too_many_groups"  // Entra ID's overage claim
	NotPermitted    Reason = "not_permitted"    // the tenant does not let the person in; recorded by package tenant, with its reason
	TenantSuspended Reason = "tenant_suspended"
	Throttled       Reason = "throttled"
	Interrupted     Reason = "interrupted" // our own database or Redis
)

// failure is a Reason with what to tell people.
type failure struct {
	reason Reason
	fault  *fault.Error
}

func (f *failure) Error() string { return string(f.reason) + ": " + f.fault.Error() }

// Unwrap lets fault.KindOf find the kind.
func (f *failure) Unwrap() error { return f.fault }

func fail(kind fault.Kind, r Reason, cause error, format string, args ...any) error {
	return &failure{r, fault.Wrap(kind, cause, format, args...)}
}

// unacceptable is a token that must not be believed.
func unacceptable(r Reason, why string) error {
	return fail(fault.Unauthenticated, r, nil, "the identity provider's answer cannot be accepted: %s", why)
}

// ReasonOf returns why a sign-in failed; Interrupted for what is nobody's fault.
func ReasonOf(err error) Reason {
	if f, ok := errors.AsType[*failure](err); ok {
		return f.reason
	}
	switch fault.KindOf(err) {
	case fault.Forbidden, fault.Conflict, fault.Invalid, fault.NotFound, fault.Unauthenticated:
		return NotPermitted
	case fault.RateLimited:
		return Throttled
	}
	return Interrupted
}
