package authz

import (
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// Wanted is a role that a member shall have by the word of a provider or a
// directory.
type Wanted struct {
	Role  string
	Store int64 // 0: the whole tenant
}

// SyncGrants makes the grants of that source be what is wanted, and reports
// whether anything changed (then Announce). Grants of other sources stay. What
// is wanted of roles or stores that do not exist is left out, and so is what is
// beyond 200 grants. The last admin keeps that grant, against the provider's
// word, which the log says when it begins. NotFound: the member.
func SyncGrants(tx *postgres.Tx, member int64, source GrantSource, wanted []Wanted, now time.Time) (changed bool, err error) {
	return SyncMembers(tx, []int64{member}, source, map[int64][]Wanted{member: wanted}, now)
}

// SyncMembers is SyncGrants for one member after the other, each of them once,
// in a few statements for all.
func SyncMembers(tx *postgres.Tx, members []int64, source GrantSource, wanted map[int64][]Wanted, now time.Time) (changed bool, err error) {
	if source != SSO && source != FromSCIM {
		return false, fault.New(fault.Internal, "grants of source %q are not kept by anybody else", source)
	}
	// Most sign-ins change nothing: then nobody need wait, nor read again.
	s, err := planSync(tx, members, source, wanted, now)
	if err != nil || s.empty() {
		return false, err
	}
	if err := Touch(tx); err != nil {
		return false, err
	}
	if s, err = planSync(tx, members, source, wanted, now); err != nil {
		return false, err
	}
	return len(s.gives)+len(s.takes) > 0, s.do(tx)
}

// syncing is what is to be done, and what there is as far as it has been planned.
type syncing struct {
	gives  []Grant
	takes  []int64
	keeps  []int64 // that their source takes, and stay
	again  []int64 // that were kept, and are wanted now
	events []audit.Event

	source GrantSource
	by     string // who gives
	at     time.Time
	people map[int64]person
	has    map[int64][]Grant // of that source
	stayed map[int64]bool    // grants that are kept already
	there  map[Wanted]bool   // whether role and store exist
	admin  string            // the admin's role
	admins map[int64]bool    // the grants of hasAdmin
}

type person struct {
	name   string
	active bool
}

func (s *syncing) empty() bool { return len(s.gives)+len(s.takes)+len(s.keeps)+len(s.again) == 0 }

// planSync reads what there is and compares it with what is wanted, a member after the other.
func planSync(tx *postgres.Tx, members []int64, source GrantSource, wanted map[int64][]Wanted, now time.Time) (*syncing, error) {
	s := &syncing{
		source: source, by: actor(tx), at: kept(now), people: map[int64]person{}, has: map[int64][]Grant{}, stayed: map[int64]bool{},
		there: map[Wanted]bool{}, admin: TenantAdmin, admins: map[int64]bool{},
	}
	if err := s.read(tx, members); err != nil {
		return nil, err
	}
	for _, member := range members {
		if _, is := s.people[member]; !is {
			return nil, fault.New(fault.NotFound, "there is no such member")
		}
		open := map[Wanted]bool{} // wanted, and not found yet
		for _, w := range wanted[member] {
			if _, seen := open[w]; seen || len(open) >= maxGrants {
				continue
			}
			var err error
			if open[w], err = s.exists(tx, w); err != nil {
				return nil, err
			}
		}
		s.plan(member, wanted[member], open)
	}
	return s, nil
}

// plan decides about one member.
func (s *syncing) plan(member int64, wanted []Wanted, open map[Wanted]bool) {
	var takes []Grant // without those that are kept already, and have to be kept on
	for _, g := range s.has[member] {
		switch w := (Wanted{g.Role, g.Store}); {
		case open[w]:
			open[w] = false
			if s.stayed[g.ID] {
				s.again = append(s.again, g.ID)
			}
		case !s.stayed[g.ID] || !s.isLastAdmin(g.ID):
			takes = append(takes, g)
		}
	}
	for _, w := range wanted { // in its order
		if open[w] {
			open[w] = false
			s.give(Grant{ID: id.New(), Member: member, Role: w.Role, Store: w.Store, Source: s.source, GrantedBy: s.by, GrantedAt: s.at})
		}
	}
	for i := range takes {
		g := &takes[i]
		what := audit.GrantTaken
		if s.isLastAdmin(g.ID) {
			what = audit.GrantKept
			s.keeps = append(s.keeps, g.ID)
		} else {
			s.takes = append(s.takes, g.ID)
			delete(s.admins, g.ID)
		}
		s.events = append(s.events, grantEvent(what, g, s.people[member].name))
	}
}

func (s *syncing) give(g Grant) {
	who := s.people[g.Member]
	if g.Role == s.admin && g.Store == 0 && who.active {
		s.admins[g.ID] = true
	}
	s.gives = append(s.gives, g)
	s.events = append(s.events, grantEvent(audit.GrantGiven, &g, who.name))
}

// isLastAdmin reports whether that is the grant without which the tenant would have no admin.
func (s *syncing) isLastAdmin(grant int64) bool { return len(s.admins) == 1 && s.admins[grant] }

// read reads the members, their grants, and who is an admin.
func (s *syncing) read(tx *postgres.Tx, members []int64) error {
	rows, err := tx.Query(tx.Context(), `select id, coalesce(nullif(name, ''), email), status = 'active' from members where tenant_id = $1 and id = any ($2)`,
		tx.TenantID(), members)
	if err != nil {
		return err
	}
	var member int64
	var p person
	if _, err := pgx.ForEachRow(rows, []any{&member, &p.name, &p.active}, func() error {
		s.people[member] = p
		return nil
	}); err != nil {
		return err
	}
	const those = `tenant_id = $1 and member_id = any ($2) and source = $3`
	has, err := selectGrants(tx, `where `+those+` order by id`, members, string(s.source))
	if err != nil {
		return err
	}
	for i := range has {
		s.has[has[i].Member] = append(s.has[has[i].Member], has[i])
	}
	var grant int64
	into := func(set map[int64]bool) func() error {
		return func() error { set[grant] = true; return nil }
	}
	if rows, err = tx.Query(tx.Context(), `select id from grants where kept_since is not null and `+those, tx.TenantID(), members, string(s.source)); err != nil {
		return err
	}
	if _, err := pgx.ForEachRow(rows, []any{&grant}, into(s.stayed)); err != nil {
		return err
	}
	if len(has) == 0 {
		return nil // nothing can be taken
	}
	if rows, err = tx.Query(tx.Context(), `select g.id `+admins, tx.TenantID()); err != nil {
		return err
	}
	if _, err := pgx.ForEachRow(rows, []any{&grant}, into(s.admins)); err != nil {
		return err
	}
	platform, err := isPlatform(tx)
	if platform {
		s.admin = Operator
	}
	return err
}

// exists reports whether there is that role, and that store.
func (s *syncing) exists(tx *postgres.Tx, w Wanted) (bool, error) {
	if there, known := s.there[w]; known {
		return there, nil
	}
	_, err := grantedBy(tx, w.Role)
	if err == nil {
		err = requireStore(tx, w.Store)
	}
	s.there[w] = err == nil
	if fault.Is(err, fault.NotFound) {
		err = nil
	}
	return s.there[w], err
}

// do carries out what has been planned.
func (s *syncing) do(tx *postgres.Tx) error {
	var b pgx.Batch
	b.Queue(`update grants set kept_since = null where tenant_id = $1 and id = any ($2)`, tx.TenantID(), s.again)
	b.Queue(`update grants set kept_since = $3 where tenant_id = $1 and id = any ($2)`, tx.TenantID(), s.keeps, s.at)
	b.Queue(`delete from grants where tenant_id = $1 and id = any ($2)`, tx.TenantID(), s.takes)
	var ids, members, stores []int64
	var roles []string
	for i := range s.gives {
		g := &s.gives[i]
		ids, members, stores, roles = append(ids, g.ID), append(members, g.Member), append(stores, g.Store), append(roles, g.Role)
	}
	b.Queue(`insert into grants (tenant_id, id, member_id, role, store_id, source, granted_by, granted_at)
		select $1, i, m, r, nullif(s, 0), $6, $7, $8 from unnest($2::bigint[], $3::bigint[], $4::text[], $5::bigint[]) as new (i, m, r, s)`,
		tx.TenantID(), ids, members, roles, stores, string(s.source), s.by, s.at)
	if err := tx.SendBatch(tx.Context(), &b).Close(); err != nil {
		return err
	}
	return audit.RecordAll(tx, s.events)
}
