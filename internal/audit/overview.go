package audit

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// Overviewed are the types of event of which operators see, over all tenants,
// that they were. The database holds them to it, and to columns without names
// or details (docs/decisions/0027-operators-see-that-not-what.md).
var Overviewed = []Type{
	TenantCreated, TenantChanged, TenantSuspended, TenantResumed, OperatorEntered, OperatorLeft, OperatorLooked,
	RecoveryLinkMade, RecoveryLinkUsed, MemberInvited, MemberJoined, MemberChanged, MemberDisabled, MemberEnabled, MemberRemoved,
	GroupChanged, GrantGiven, GrantTaken, GrantKept, RoleCreated, RoleChanged, RoleDeleted,
	SSOChanged, SSOTested, SSOActivated, MappingChanged, DomainChanged, SCIMTokenCreated, SCIMTokenRevoked,
	TokenCreated, TokenRevoked, KeyCreated, KeyChanged, KeyRotated, KeyRevoked, StoreCreated, StoreChanged, StoreEmptied,
	SettingsChanged, AccessReviewed, AuditExported, AuditVerified, AuditStreamChanged, AuditRetentionRan,
}

// Outline is as much of an event as operators see from outside its tenant.
type Outline struct {
	ID                     int64
	At                     time.Time
	TenantSlug, TenantName string
	Actor                  Actor // without its name
	Type                   Type
	TargetKind             string
	Outcome                Outcome
	RequestID              string
}

// outlinesRead is how many events one page looks through at most.
const outlinesRead = 5000

// Overview returns outlines of one page, newest first, of the tenant of that
// slug or of all (""), the platform included, and the cursor of the next page;
// "" when there is none. Of f it heeds actor, types, outcomes and times. A page
// may have fewer events than asked for, and a cursor. Invalid: filter or cursor.
func Overview(ctx context.Context, op *postgres.Operator, slug string, f Filter, page Page) (lines []Outline, next string, err error) {
	if err := f.check(); err != nil {
		return nil, "", err
	}
	for _, t := range f.Types {
		if !slices.Contains(Overviewed, t) {
			return nil, "", fault.New(fault.Invalid, "operators do not see %s from outside", t)
		}
	}
	before := latest
	if page.After != "" {
		if before, err = parseKey(page.After); err != nil {
			return nil, "", err
		}
	}
	if to := (key{f.To.UnixMicro(), 0}); !f.To.IsZero() && to.compare(before) < 0 {
		before = to
	}
	err = op.Do(ctx, func(tx pgx.Tx) error {
		lines, next = nil, ""
		of, args := "", []any{before.time(), before.id, notBefore(f.From), outlinesRead}
		if slug != "" {
			var tenant int64
			rows, err := tx.Query(ctx, `select id from tenants where slug = $1`, slug)
			if err != nil {
				return err
			}
			if tenant, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[int64]); err != nil {
				return err
			}
			of, args = ` and tenant_id = $5`, append(args, tenant)
		}
		rows, err := tx.Query(ctx, `
			select e.id, e.at, t.slug, t.name, e.actor_kind, e.actor_id, e.action, e.target_kind, e.outcome, e.request_id
			from (
				select id, at, tenant_id, actor_kind, actor_id, action, target_kind, outcome, request_id from audit_events
				where (at, id) < ($1, $2) and at >= $3`+of+` order by at desc, id desc limit $4) e
			join tenants t on t.id = e.tenant_id order by e.at desc, e.id desc`, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		var last key
		read := 0
		for rows.Next() {
			var l Outline
			if err := rows.Scan(&l.ID, &l.At, &l.TenantSlug, &l.TenantName, &l.Actor.Kind, &l.Actor.ID, &l.Type, &l.TargetKind, &l.Outcome, &l.RequestID); err != nil {
				return err
			}
			full := Line{Actor: l.Actor, Type: l.Type, Outcome: l.Outcome}
			only := Filter{Actor: f.Actor, Types: f.Types, Outcomes: f.Outcomes}
			if only.matches(&full, nil) {
				if len(lines) == page.Rows() {
					next = last.String()
					return nil
				}
				lines = append(lines, l)
			}
			last = key{l.At.UnixMicro(), l.ID}
			read++
		}
		if read == outlinesRead {
			next = last.String()
		}
		return rows.Err()
	})
	if fault.Is(err, fault.NotFound) {
		err = fault.New(fault.NotFound, "there is no such organisation")
	}
	return lines, next, err
}

// notBefore is t, or the earliest time that both Postgres and Go know.
func notBefore(t time.Time) time.Time {
	if t.Before(earliest.time()) {
		return earliest.time()
	}
	return t
}
