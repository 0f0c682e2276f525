package authn

import (
	"context"

	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// Recover lets the holder of a recovery link in, once, as an admin of its
// tenant, and returns the new value of the session cookie. Errors: Forbidden,
// with one text, for a link that never was, is used or is over; RateLimited;
// Unavailable. The link is only used up when the session could be made: so
// Redis is asked before.
func (s *SignIn) Recover(ctx context.Context, token, session string, from Client) (o *Outcome, err error) {
	if err := s.throttle.Check(ctx, from, 0); err != nil {
		return nil, err
	}
	of, ok := tenant.ParseRecovery(token)
	if !ok {
		s.throttle.Failed(ctx, from, 0)
		return nil, (&tenant.Refusal{}).Err()
	}
	if err := s.throttle.Check(ctx, from, of); err != nil {
		return nil, err
	}
	if err := s.redis.Ping(ctx); err != nil {
		return nil, err
	}
	slug, err := s.served(ctx, of)
	if fault.Is(err, fault.NotFound) { // a tenant that never was
		s.throttle.Failed(ctx, from, 0)
		return nil, (&tenant.Refusal{}).Err()
	}
	if err != nil {
		return nil, err
	}
	in := SignedIn{ID: newSignInID(), Tenant: of, Slug: slug, Operator: slug == tenant.PlatformSlug}
	o = &Outcome{Slug: slug, ReturnTo: "/"}
	o.Session, err = s.enter(ctx, session, from, in, "", func(tx *postgres.Tx) (*tenant.Member, *tenant.Refusal, error) {
		return tenant.UseRecovery(tx, s.peppers, token, s.clock())
	})
	if err != nil {
		s.failed(ctx, of, slug, from, err)
	}
	return o, err
}

// served returns the slug of a tenant; Forbidden when it is suspended.
func (s *SignIn) served(ctx context.Context, of int64) (slug string, err error) {
	var t *tenant.Tenant
	err = s.db.TenantRead(ctx, postgres.NewScope(of, "authn"), func(tx *postgres.Tx) (err error) {
		t, err = tenant.Self(tx)
		return err
	})
	if err != nil {
		return "", err
	}
	if t.Status == tenant.Suspended {
		err = fail(fault.Forbidden, TenantSuspended, nil, "%s", message(authz.ErrSuspended()))
	}
	return t.Slug, err
}
