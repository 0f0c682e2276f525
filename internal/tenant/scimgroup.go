package tenant

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/scim"
)

// The directory's groups give roles by the tenant's mapping: its claim is the
// group's display name. What changes in a group changes its people's roles in
// the same transaction.

// group is a group as it is stored.
type group struct {
	id         int64
	name       string
	externalID string
	createdAt  time.Time
	updatedAt  time.Time
	version    int64
	members    []int64 // ascending
}

// CreateGroup adds a group. Invalid: a member that the directory does not keep;
// Conflict: the name is taken.
func CreateGroup(tx *postgres.Tx, g *scim.Group, now time.Time) (*scim.Group, error) {
	if err := authz.Touch(tx); err != nil {
		return nil, err
	}
	made := &group{id: id.New(), createdAt: kept(now)}
	n, err := tx.Exec(tx.Context(), `insert into scim_groups (tenant_id, id, display_name, created_at, updated_at, version)
		values ($1, $2, $3, $4, $4, 0) on conflict (tenant_id, display_name) do nothing`, tx.TenantID(), made.id, g.DisplayName, made.createdAt)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, groupTaken()
	}
	return putGroup(tx, made, g, now)
}

// GetGroup returns a group, with members if wanted. NotFound: there is none.
func GetGroup(tx *postgres.Tx, of int64, members bool) (*scim.Group, error) {
	g, err := findGroup(tx, of)
	if err != nil {
		return nil, err
	}
	return g.shown(tx, members)
}

// ReplaceGroup makes a group be what g says (PUT). version is what the
// directory has seen, 0: whatever there is.
func ReplaceGroup(tx *postgres.Tx, of int64, g *scim.Group, version int64, now time.Time) (*scim.Group, error) {
	old, err := lockGroup(tx, of, version)
	if err != nil {
		return nil, err
	}
	return putGroup(tx, old, g, now)
}

// PatchGroup does the operations of a PATCH to a group.
func PatchGroup(tx *postgres.Tx, of int64, operations []scim.Operation, version int64, now time.Time) (*scim.Group, error) {
	old, err := lockGroup(tx, of, version)
	if err != nil {
		return nil, err
	}
	g := &scim.Group{DisplayName: old.name, ExternalID: old.externalID}
	for _, m := range old.members {
		g.Members = append(g.Members, scim.Ref{Value: id.Text(m)})
	}
	if err := g.Apply(operations); err != nil {
		return nil, err
	}
	return putGroup(tx, old, g, now)
}

// DeleteGroup deletes a group; its people lose what it gave them.
func DeleteGroup(tx *postgres.Tx, of, version int64, now time.Time) error {
	g, err := lockGroup(tx, of, version)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(tx.Context(), `delete from scim_groups where tenant_id = $1 and id = $2`, tx.TenantID(), g.id); err != nil {
		return err
	}
	if err := syncMembers(tx, g.members, now); err != nil {
		return err
	}
	return recordGroup(tx, g, map[string]any{"change": "deleted", "removed": texts(g.members)})
}

// ListGroups returns one page of the groups that the filter (nil: all) matches,
// by id, with members if wanted, and how many there are in all. Invalid: an
// attribute that cannot be searched.
func ListGroups(tx *postgres.Tx, f *scim.Filter, page scim.Page, members bool) ([]*scim.Group, int, error) {
	q := query{args: []any{tx.TenantID()}}
	isMember := func(v string) string {
		return "exists (select from scim_group_members gm where gm.tenant_id = g.tenant_id and gm.group_id = g.id and gm.member_id = " + q.id(v) + ")"
	}
	where, err := q.where(f, map[string]func(string) string{
		"id":            func(v string) string { return "g.id = " + q.id(v) },
		"displayname":   func(v string) string { return "lower(g.display_name) = lower(" + q.arg(v) + ")" },
		"externalid":    func(v string) string { return "g.external_id = " + q.arg(v) },
		"members":       isMember,
		"members.value": isMember,
	})
	if err != nil {
		return nil, 0, err
	}
	where = "g.tenant_id = $1 and " + where
	var total int
	if err := tx.QueryRow(tx.Context(), `select count(*) from scim_groups g where `+where, q.args...).Scan(&total); err != nil {
		return nil, 0, err
	}
	groups, err := selectGroups(tx, where+fmt.Sprintf(` order by g.id offset %d limit %d`, page.Start-1, page.Count), q.args...)
	if err != nil {
		return nil, 0, err
	}
	all := make([]*scim.Group, len(groups))
	for i := range groups {
		if all[i], err = groups[i].shown(tx, members); err != nil {
			return nil, 0, err
		}
	}
	return all, total, nil
}

func selectGroups(tx *postgres.Tx, where string, args ...any) ([]group, error) {
	rows, err := tx.Query(tx.Context(), `select g.id, g.display_name, coalesce(g.external_id, ''), g.created_at, g.updated_at, g.version,
		array(select gm.member_id from scim_group_members gm where gm.tenant_id = g.tenant_id and gm.group_id = g.id order by 1)
		from scim_groups g where `+where, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (g group, err error) {
		err = row.Scan(&g.id, &g.name, &g.externalID, &g.createdAt, &g.updatedAt, &g.version, &g.members)
		return g, err
	})
}

func findGroup(tx *postgres.Tx, of int64) (*group, error) {
	groups, err := selectGroups(tx, `g.tenant_id = $1 and g.id = $2`, tx.TenantID(), of)
	if err != nil {
		return nil, err
	}
	if len(groups) == 0 {
		return nil, fault.New(fault.NotFound, "there is no such group")
	}
	return &groups[0], nil
}

func lockGroup(tx *postgres.Tx, of, version int64) (*group, error) {
	if err := authz.Touch(tx); err != nil {
		return nil, err
	}
	g, err := findGroup(tx, of)
	if err != nil {
		return nil, err
	}
	return g, sameVersion(version, g.version)
}

func groupTaken() error { return scim.Taken("there is a group of that displayName already") }

// putGroup makes old be what g says, and its people have what that gives.
func putGroup(tx *postgres.Tx, old *group, g *scim.Group, now time.Time) (*scim.Group, error) {
	members, err := knownMembers(tx, g.Members)
	if err != nil {
		return nil, err
	}
	added, removed := minus(members, old.members), minus(old.members, members)
	renamed := old.version > 0 && old.name != g.DisplayName
	if old.version > 0 && !renamed && old.externalID == g.ExternalID && len(added)+len(removed) == 0 {
		return old.shown(tx, true)
	}
	if renamed {
		var there bool
		if err := tx.QueryRow(tx.Context(), `select exists (select from scim_groups where tenant_id = $1 and display_name = $2)`,
			tx.TenantID(), g.DisplayName).Scan(&there); err != nil {
			return nil, err
		}
		if there {
			return nil, groupTaken()
		}
	}
	details := map[string]any{"change": "changed", "added": texts(added), "removed": texts(removed)}
	if old.version == 0 {
		details["change"] = "created"
	} else if renamed {
		details["name_before"] = old.name
	}
	put := &group{old.id, g.DisplayName, g.ExternalID, old.createdAt, kept(now), old.version + 1, members}
	var batch pgx.Batch
	batch.Queue(`update scim_groups set display_name = $3, external_id = nullif($4, ''), updated_at = $5, version = $6 where tenant_id = $1 and id = $2`,
		tx.TenantID(), put.id, put.name, put.externalID, put.updatedAt, put.version)
	batch.Queue(`delete from scim_group_members where tenant_id = $1 and group_id = $2 and member_id = any ($3)`, tx.TenantID(), put.id, removed)
	batch.Queue(`insert into scim_group_members (tenant_id, group_id, member_id) select $1, $2, unnest($3::bigint[])`, tx.TenantID(), put.id, added)
	if err := tx.SendBatch(tx.Context(), &batch).Close(); err != nil {
		return nil, err
	}
	affected := append(added, removed...)
	if renamed {
		affected = append(minus(members, added), affected...)
	}
	if err := syncMembers(tx, affected, now); err != nil {
		return nil, err
	}
	if err := recordGroup(tx, put, details); err != nil {
		return nil, err
	}
	return put.shown(tx, true)
}

// knownMembers reads the ids of members, ascending; one that the directory does
// not keep is Invalid.
func knownMembers(tx *postgres.Tx, refs []scim.Ref) ([]int64, error) {
	wanted := make([]int64, len(refs))
	for i, r := range refs {
		n, ok := id.Parse(r.Value)
		if !ok {
			return nil, scim.InvalidValue("%.50q is no user", r.Value)
		}
		wanted[i] = n
	}
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	rows, err := tx.Query(tx.Context(), `select id from members where tenant_id = $1 and scim and id = any ($2)`, tx.TenantID(), wanted)
	if err != nil {
		return nil, err
	}
	known, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, err
	}
	if unknown := minus(wanted, known); len(unknown) > 0 {
		return nil, scim.InvalidValue("%q is no user", id.Text(unknown[0]))
	}
	return wanted, nil
}

// minus returns what is in all and not in some.
func minus(all, some []int64) []int64 {
	out := map[int64]bool{}
	for _, n := range some {
		out[n] = true
	}
	left := []int64{}
	for _, n := range all {
		if !out[n] {
			left = append(left, n)
		}
	}
	return left
}

// texts are ids for the log, the first 100 of them.
func texts(ids []int64) []string {
	all := make([]string, min(len(ids), 100))
	for i := range all {
		all[i] = id.Text(ids[i])
	}
	if len(ids) > len(all) {
		all = append(all, fmt.Sprintf("and %d more", len(ids)-len(all)))
	}
	return all
}

func recordGroup(tx *postgres.Tx, g *group, details map[string]any) error {
	return audit.Record(tx, audit.Event{
		Type: audit.GroupChanged, Target: audit.Target{Kind: "group", ID: id.Text(g.id), Name: g.name}, Details: details,
	})
}

// shown is g as the directory sees it.
func (g *group) shown(tx *postgres.Tx, members bool) (*scim.Group, error) {
	s := &scim.Group{
		Schemas: []string{scim.GroupSchema}, ID: id.Text(g.id), ExternalID: g.externalID, DisplayName: g.name,
		Meta: &scim.Meta{ResourceType: "Group", Created: g.createdAt.UTC(), LastModified: g.updatedAt.UTC(), Version: scim.ETag(g.version)},
	}
	if !members || len(g.members) == 0 {
		return s, nil
	}
	rows, err := tx.Query(tx.Context(), `select id, coalesce(nullif(name, ''), email) from members where tenant_id = $1 and id = any ($2) order by id`,
		tx.TenantID(), g.members)
	if err != nil {
		return nil, err
	}
	s.Members, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (scim.Ref, error) {
		var member int64
		r := scim.Ref{Type: "User"}
		err := row.Scan(&member, &r.Display)
		r.Value = id.Text(member)
		return r, err
	})
	return s, err
}

// leaveGroups takes a member out of every group.
func leaveGroups(tx *postgres.Tx, m *Member, now time.Time) error {
	n, err := tx.Exec(tx.Context(), `delete from scim_group_members where tenant_id = $1 and member_id = $2`, tx.TenantID(), m.ID)
	if err != nil || n == 0 {
		return err
	}
	return syncMembers(tx, []int64{m.ID}, now)
}

// syncGroupNamed gives the people of the group of that name what the mapping
// says now.
func syncGroupNamed(tx *postgres.Tx, name string, now time.Time) error {
	groups, err := selectGroups(tx, `g.tenant_id = $1 and g.display_name = $2`, tx.TenantID(), strings.ToValidUTF8(name, ""))
	if err != nil || len(groups) == 0 {
		return err
	}
	return syncMembers(tx, groups[0].members, now)
}

// syncMembers gives each member what the groups say now.
func syncMembers(tx *postgres.Tx, members []int64, now time.Time) error {
	rows, err := tx.Query(tx.Context(), `select distinct gm.member_id, rm.role, coalesce(rm.store_id, 0) from scim_group_members gm
		join scim_groups g on g.tenant_id = gm.tenant_id and g.id = gm.group_id
		join role_mappings rm on rm.tenant_id = gm.tenant_id and rm.claim = g.display_name
		where gm.tenant_id = $1 and gm.member_id = any ($2) order by 1, 2, 3`, tx.TenantID(), members)
	if err != nil {
		return err
	}
	wanted := map[int64][]authz.Wanted{}
	var member int64
	var w authz.Wanted
	if _, err := pgx.ForEachRow(rows, []any{&member, &w.Role, &w.Store}, func() error {
		wanted[member] = append(wanted[member], w)
		return nil
	}); err != nil {
		return err
	}
	_, err = authz.SyncMembers(tx, members, authz.FromSCIM, wanted, now)
	return err
}
