package authn

import (
	"context"
	"errors"
	"math"
	"strings"

	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// lookUp finds the tenant that somebody names. What does not exist costs the
// same questions and gives the same answer as a tenant without a provider.
func (s *SignIn) lookUp(ctx context.Context, slug, email string) (*tenant.Tenant, error) {
	var t *tenant.Tenant
	var err error
	switch {
	case slug != "":
		t, err = tenant.Get(ctx, s.operator, strings.ToLower(strings.TrimSpace(slug)))
	case email != "":
		domain := email[strings.LastIndexByte(email, '@')+1:]
		t, err = tenant.DomainTenant(ctx, s.operator, strings.ToLower(strings.TrimSpace(domain)))
	default:
		return nil, fault.New(fault.Invalid, "name an organisation or an e-mail address")
	}
	switch {
	case fault.Is(err, fault.NotFound), fault.Is(err, fault.Invalid):
		if _, err := s.settings(ctx, math.MaxInt64, false); err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		return nil, errNowhere()
	case err != nil:
		return nil, err
	case t.Status == tenant.Suspended:
		return nil, authz.ErrSuspended()
	}
	return t, nil
}

func errNowhere() error {
	return fault.New(fault.NotFound, "no organisation signs in by that name or e-mail domain")
}

// message is the public text of an error.
func message(err error) string {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.Message
	}
	return "something went wrong"
}
