package authz

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/stoa-lrs/stoa/internal/postgres"
)

// facts is everything that decides, in one statement: rows of several would be
// of several moments. $2 is now; $3 limits people to one member, 0: all.
const facts = `
select 0, coalesce((select version from policy_versions v where v.tenant_id = t.id), 0), t.kind, 0::bigint, null::timestamptz,
       array[coalesce((select break_glass from tenant_settings s where s.tenant_id = t.id), 'read'), t.status,
             case when exists (select from entries e where e.tenant_id = t.id and e.left_at is null and e.expires_at <= $2) then 'untold' else '' end]
from tenants t where t.id = $1
union all
select 1, id, '', 0, null, null from members
where tenant_id = $1 and status = 'active' and ($3::bigint = 0 or id = $3)
union all
select 2, member_id, role, coalesce(store_id, 0), expires_at, array[id::text] from grants
where tenant_id = $1 and (expires_at is null or expires_at > $2) and ($3::bigint = 0 or member_id = $3)
union all
select 3, 0, slug, 0, null, actions from roles where tenant_id = $1
union all
select 4, member_id, session, 0, at, null from ended_sessions where tenant_id = $1 and expires_at > $2 and ($3::bigint = 0 or member_id = $3)
union all
select 5, operator_id, level, 0, expires_at, null from entries
where tenant_id = $1 and left_at is null and expires_at > $2 and ($3::bigint = 0 or operator_id = $3)`

// What the first column says a row is.
const (
	factTenant = iota
	factMember
	factGrant
	factRole
	factEnded
	factEntry
)

// load reads what the tenant of tx permits at that time: to everybody, or, for
// a decision inside a transaction, to one person (only, a member of this tenant
// or of the platform).
func load(tx *postgres.Tx, at time.Time, only int64) (*snapshot, error) {
	ctx := tx.Context()
	rows, err := tx.Query(ctx, facts, tx.TenantID(), at, only)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	b := builder{snapshot: &snapshot{active: map[int64]struct{}{}, ended: map[ended]time.Time{}}, own: map[string][]Action{}}
	for rows.Next() {
		var f fact
		if err := rows.Scan(&f.is, &f.subject, &f.name, &f.store, &f.at, &f.texts); err != nil {
			return nil, err
		}
		if err := b.add(f); err != nil {
			return nil, err
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return b.build()
}

// state reads which change of the tenant's permissions was the last, and
// whether the tenant is suspended: that is written by the operator's handle,
// which counts no changes.
func state(ctx context.Context, tx *postgres.Tx) (version int64, suspended bool, err error) {
	err = tx.QueryRow(ctx, `select coalesce((select version from policy_versions where tenant_id = $1), 0),
		exists (select from tenants where id = $1 and status = 'suspended')`, tx.TenantID()).Scan(&version, &suspended)
	return version, suspended, err
}

type fact struct {
	is      int
	subject int64
	name    string
	store   int64
	at      *time.Time
	texts   []string
}

// builder gathers facts, in whatever order they come.
type builder struct {
	*snapshot
	own        map[string][]Action // the tenant's own roles
	given      []given
	entries    []fact
	breakGlass string
}

type given struct {
	member int64
	grant
}

func (b *builder) add(f fact) error {
	switch f.is {
	case factTenant:
		b.version, b.platform, b.breakGlass, b.suspended = f.subject, f.name == "platform", f.texts[0], f.texts[1] == "suspended"
		b.untold = f.texts[2] != ""
	case factMember:
		b.active[f.subject] = struct{}{}
	case factGrant:
		number, err := strconv.ParseInt(f.texts[0], 10, 64)
		if err != nil {
			return err
		}
		b.given = append(b.given, given{f.subject, grant{number, f.name, f.store}})
		b.ends(f.at)
	case factRole:
		b.own[f.name] = actionsOf(f.texts)
	case factEnded:
		b.ended[ended{f.subject, f.name}] = *f.at
	case factEntry:
		b.entries = append(b.entries, f)
		b.ends(f.at)
		if b.entryEnds.IsZero() || f.at.Before(b.entryEnds) {
			b.entryEnds = *f.at
		}
	}
	return nil
}

func (b *builder) ends(at *time.Time) {
	if at != nil && (b.until.IsZero() || at.Before(b.until)) {
		b.until = *at
	}
}

func (b *builder) build() (*snapshot, error) {
	b.roles, b.grants = map[string][]Action{}, map[string][]grant{}
	for _, g := range b.given {
		if _, active := b.active[g.member]; !active || !b.holds(g.role) {
			continue
		}
		b.grants[Subject(g.member)] = append(b.grants[Subject(g.member)], g.grant)
		if b.platform { // whose members are the operators, by either name
			b.grants[OperatorSubject(g.member)] = append(b.grants[OperatorSubject(g.member)], g.grant)
		}
	}
	for _, e := range b.entries {
		role := b.inside(e.name)
		if role == "" || b.platform {
			continue
		}
		b.roles[role] = actionsOfBuiltIn(role)
		b.grants[OperatorSubject(e.subject)] = []grant{{role: role}}
	}
	var err error
	b.enforcer, err = newEnforcer(adapter{b.roles, b.grants})
	return b.snapshot, err
}

// holds adds a role to those that are held; false where it cannot be held in
// this tenant, whatever the row says.
func (b *builder) holds(role string) bool {
	if _, there := b.roles[role]; there {
		return true
	}
	actions := b.own[role]
	if builtInRole(role) != nil {
		if !grantable(role, b.platform) {
			return false
		}
		actions = actionsOfBuiltIn(role)
	}
	if actions == nil {
		return false
	}
	allowed := grantableActions(b.platform)
	b.roles[role] = slices.DeleteFunc(slices.Clone(actions), func(a Action) bool { return !slices.Contains(allowed, a) })
	return true
}

// inside is the role of an operator whose entry has that level, as far as the
// tenant allows it at present; nothing is changed in a suspended one.
func (b *builder) inside(level string) string {
	switch {
	case b.breakGlass == "full" && level == "full" && !b.suspended:
		return entryFull
	case b.breakGlass == "full" || b.breakGlass == "read":
		return entryRead
	}
	return ""
}

func actionsOf(texts []string) []Action {
	actions := make([]Action, len(texts))
	for i, text := range texts {
		actions[i] = Action(text)
	}
	return actions
}
