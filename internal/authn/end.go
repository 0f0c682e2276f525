package authn

import (
	"context"
	"time"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// End ends one sign-in of a member, on every replica within a second and
// whatever becomes of Redis; why stands in the audit log. NotFound: the member
// has no such sign-in. While Redis is away that cannot be known, and the sign-in
// is ended without looking.
func (s *Sessions) End(ctx context.Context, by postgres.Scope, member int64, session, why string) error {
	found, err := s.lookUp(ctx, memberKey(by.Tenant(), member))
	if err != nil && !fault.Is(err, fault.Unavailable) {
		return err
	}
	at, there := found[session]
	if err == nil && !there || len(session) != len(newSignInID()) {
		return fault.New(fault.NotFound, "there is no such session")
	}
	if err := s.end(ctx, by, s.ending(member, session, why)); err != nil {
		return err
	}
	if there {
		s.forget(ctx, by.Tenant(), map[string]indexed{session: at})
	}
	return nil
}

// EndAll ends every sign-in that a member has begun until now, likewise.
func (s *Sessions) EndAll(ctx context.Context, by postgres.Scope, member int64, why string) error {
	if err := s.end(ctx, by, s.ending(member, "", why)); err != nil {
		return err
	}
	found, err := s.lookUp(ctx, memberKey(by.Tenant(), member))
	if err == nil {
		s.forget(ctx, by.Tenant(), found)
	}
	return nil
}

// ending writes that a sign-in is ended, "" for all.
func (s *Sessions) ending(member int64, session, why string) func(*postgres.Tx, time.Time) error {
	return func(tx *postgres.Tx, now time.Time) error {
		return tenant.EndSession(tx, member, session, why, now.Add(s.absolute), now)
	}
}

// end keeps what write says of ended sign-ins, and lets the replicas know.
func (s *Sessions) end(ctx context.Context, by postgres.Scope, write func(*postgres.Tx, time.Time) error) error {
	err := s.db.Tenant(ctx, by, func(tx *postgres.Tx) error { return write(tx, s.clock()) })
	if err == nil {
		s.policies.Announce(ctx, by.Tenant())
	}
	return err
}

// forget tidies up in Redis what is ended already.
func (s *Sessions) forget(ctx context.Context, tenant int64, found map[string]indexed) {
	if err := s.drop(ctx, tenant, found); err != nil {
		s.logger.WarnContext(ctx, "ended sessions stay in Redis, where they are worth nothing", "error", err)
	}
}
