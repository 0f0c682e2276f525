package authz

import (
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// GrantSource says who keeps a grant.
type GrantSource string

// The sources of grants.
const (
	Manual   GrantSource = "manual"
	SSO      GrantSource = "sso"      // the provider's groups, at each sign-in
	FromSCIM GrantSource = "scim"     // the directory's groups
	Recovery GrantSource = "recovery" // a recovery link
)

// Grant is a role that a member has.
type Grant struct {
	ID         int64 // random, unique in the tenant
	Member     int64
	Role       string // slug
	Store      int64  // 0: the whole tenant
	Source     GrantSource
	GrantedBy  string // audit actor, e.g. member:h4k2m9q0
	GrantedAt  time.Time
	ExpiresAt  *time.Time // nil: never
	LastUsedAt *time.Time // up to a minute late; nil: never
}

// NewGrant says what a grant shall be.
type NewGrant struct {
	Member    int64
	Role      string
	Store     int64       // 0: the whole tenant
	Source    GrantSource // "" is Manual
	ExpiresAt *time.Time  // nil: never
}

// maxGrants is how many grants one member may have.
const maxGrants = 200

// GiveGrant gives a member a role. NotFound: the member, the role or the store;
// Invalid: the expiry is over; Forbidden: the giver lacks an action of the role
// there, or for as long, or is that member; Conflict: the member has that role
// there already, or too many.
func GiveGrant(tx *postgres.Tx, by Giver, n NewGrant, now time.Time) (*Grant, error) {
	if err := Touch(tx); err != nil {
		return nil, err
	}
	if n.Source == "" {
		n.Source = Manual
	}
	if n.ExpiresAt != nil && !n.ExpiresAt.After(now) {
		return nil, fault.New(fault.Invalid, "the grant would expire at %s, which is over", n.ExpiresAt.Format(time.RFC3339))
	}
	name, err := memberName(tx, n.Member)
	if err != nil {
		return nil, err
	}
	if by.is(n.Member) {
		return nil, fault.New(fault.Forbidden, "nobody gives a role to themselves; ask another admin")
	}
	actions, err := grantedBy(tx, n.Role)
	if err != nil {
		return nil, err
	}
	if err := requireStore(tx, n.Store); err != nil {
		return nil, err
	}
	if err := RequireHeld(tx, by, n.Store, actions, now, n.ExpiresAt); err != nil {
		return nil, err
	}
	var same, all int
	if err := tx.QueryRow(tx.Context(), `
		select count(*) filter (where role = $3 and coalesce(store_id, 0) = $4 and source = $5 and (expires_at is null or expires_at > $6)), count(*)
		from grants where tenant_id = $1 and member_id = $2`,
		tx.TenantID(), n.Member, n.Role, n.Store, string(n.Source), now).Scan(&same, &all); err != nil {
		return nil, err
	}
	switch {
	case same > 0:
		return nil, fault.New(fault.Conflict, "the member has the role %q there already", n.Role)
	case all >= maxGrants:
		return nil, fault.New(fault.Conflict, "a member has at most %d grants; take one first", maxGrants)
	}
	return give(tx, n, name, now)
}

// give writes a grant that was found to be right, and its event.
func give(tx *postgres.Tx, n NewGrant, memberName string, now time.Time) (*Grant, error) {
	g := &Grant{
		ID: id.New(), Member: n.Member, Role: n.Role, Store: n.Store, Source: n.Source, GrantedBy: actor(tx),
		GrantedAt: kept(now), ExpiresAt: n.ExpiresAt,
	}
	if n.ExpiresAt != nil {
		end := kept(*n.ExpiresAt)
		g.ExpiresAt = &end
	}
	if _, err := tx.Exec(tx.Context(), `
		insert into grants (tenant_id, id, member_id, role, store_id, source, granted_by, granted_at, expires_at)
		values ($1, $2, $3, $4, nullif($5, 0), $6, $7, $8, $9)`,
		tx.TenantID(), g.ID, g.Member, g.Role, g.Store, string(g.Source), g.GrantedBy, g.GrantedAt, g.ExpiresAt); err != nil {
		return nil, err
	}
	return g, recordGrant(tx, audit.GrantGiven, g, memberName)
}

// TakeGrant takes a grant from a member. NotFound: the member has no such
// grant; Conflict: it is the last admin's.
func TakeGrant(tx *postgres.Tx, member, grant int64) error {
	if err := Touch(tx); err != nil {
		return err
	}
	name, err := memberName(tx, member)
	if err != nil {
		return err
	}
	grants, err := selectGrants(tx, `where tenant_id = $1 and member_id = $2 and id = $3`, member, grant)
	if err != nil {
		return err
	}
	if len(grants) == 0 {
		return fault.New(fault.NotFound, "there is no such grant")
	}
	if err := take(tx, &grants[0], name); err != nil {
		return err
	}
	return RequireAdmin(tx)
}

func take(tx *postgres.Tx, g *Grant, memberName string) error {
	if _, err := tx.Exec(tx.Context(), `delete from grants where tenant_id = $1 and id = $2`, tx.TenantID(), g.ID); err != nil {
		return err
	}
	return recordGrant(tx, audit.GrantTaken, g, memberName)
}

// ListGrants returns one page of a member's grants, expired ones among them, by
// id, and the cursor of the next page; "" when there is none. NotFound: the member.
func ListGrants(tx *postgres.Tx, member int64, page Page) ([]Grant, string, error) {
	if _, err := memberName(tx, member); err != nil {
		return nil, "", err
	}
	after, err := afterID(page)
	if err != nil {
		return nil, "", err
	}
	grants, err := selectGrants(tx, `where tenant_id = $1 and member_id = $2 and id > $3 order by id limit $4`, member, after, page.Rows()+1)
	grants, next := postgres.Cut(page, grants, func(g Grant) string { return id.Text(g.ID) })
	return grants, next, err
}

func selectGrants(tx *postgres.Tx, where string, args ...any) ([]Grant, error) {
	rows, err := tx.Query(tx.Context(), `
		select id, member_id, role, coalesce(store_id, 0), source, granted_by, granted_at, expires_at, last_used_at from grants `+where,
		append([]any{tx.TenantID()}, args...)...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Grant])
}

// recordGrant tells the log. The target is the member.
func recordGrant(tx *postgres.Tx, what audit.Type, g *Grant, memberName string) error {
	return audit.Record(tx, grantEvent(what, g, memberName))
}

func grantEvent(what audit.Type, g *Grant, memberName string) audit.Event {
	facts := map[string]any{"grant": id.Text(g.ID), "role": g.Role, "source": string(g.Source)}
	if g.Store != 0 {
		facts["store"] = g.Store
	}
	if g.ExpiresAt != nil {
		facts["expires_at"] = g.ExpiresAt.UTC().Format(time.RFC3339)
	}
	e := audit.Event{Type: what, Target: audit.Target{Kind: "member", ID: id.Text(g.Member), Name: memberName}}
	if what == audit.GrantGiven {
		e.After = facts
	} else {
		e.Before = facts
	}
	return e
}

// memberName returns the name or address of a member, or NotFound.
func memberName(tx *postgres.Tx, member int64) (name string, err error) {
	rows, err := tx.Query(tx.Context(), `select coalesce(nullif(name, ''), email) from members where tenant_id = $1 and id = $2`, tx.TenantID(), member)
	if err != nil {
		return "", err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err == nil && len(names) == 0 {
		return "", fault.New(fault.NotFound, "there is no such member")
	}
	if err != nil {
		return "", err
	}
	return names[0], nil
}

func requireStore(tx *postgres.Tx, store int64) error {
	if store == 0 {
		return nil
	}
	var there bool
	err := tx.QueryRow(tx.Context(), `select exists (select from stores where tenant_id = $1 and id = $2)`, tx.TenantID(), store).Scan(&there)
	if err == nil && !there {
		return fault.New(fault.NotFound, "there is no such store")
	}
	return err
}

// kept is t as the database keeps it.
func kept(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
