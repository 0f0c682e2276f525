package authz

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// The same rule stands in the schema.
var slugShape = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// maxRoles is how many roles of its own a tenant may have.
const maxRoles = 200

// RoleText is what may be said about a role, besides its slug.
type RoleText struct {
	Name        string
	Description string
	Actions     []Action // at least one, of the console's
}

// CreateRole makes a role of the tenant's own. Invalid: slug, name, description
// or actions; Forbidden: the maker lacks one of the actions in the whole tenant;
// Conflict: the slug is taken, or there are too many.
func CreateRole(tx *postgres.Tx, by Giver, slug string, text RoleText, now time.Time) (*Role, error) {
	if err := Touch(tx); err != nil {
		return nil, err
	}
	if !slugShape.MatchString(slug) {
		return nil, fault.New(fault.Invalid, "the slug %q is not valid: 1 to 63 characters a-z, 0-9 and -, not beginning or ending with -", slug)
	}
	if builtInRole(slug) != nil {
		return nil, fault.New(fault.Conflict, "%q is a built-in role", slug)
	}
	r, err := checkRole(tx, by, slug, text, now)
	if err != nil {
		return nil, err
	}
	var all int
	if err := tx.QueryRow(tx.Context(), `select count(*) from roles where tenant_id = $1`, tx.TenantID()).Scan(&all); err != nil {
		return nil, err
	}
	if all >= maxRoles {
		return nil, fault.New(fault.Conflict, "there are at most %d roles; delete one first", maxRoles)
	}
	r.Version = 1
	n, err := tx.Exec(tx.Context(), `
		insert into roles (tenant_id, slug, name, description, actions, created_at) values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
		tx.TenantID(), r.Slug, r.Name, r.Description, texts(r.Actions), kept(now))
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, fault.New(fault.Conflict, "there is a role %q already", slug)
	}
	return r, audit.Record(tx, audit.Event{Type: audit.RoleCreated, Target: r.target(), After: r.facts()})
}

// ChangeRole changes a role of the tenant's own. NotFound: there is none, or it
// is built in; PreconditionFailed: version is not 0 and not the role's; else as
// CreateRole. Who holds the role has what it says at once.
func ChangeRole(tx *postgres.Tx, by Giver, slug string, version int64, text RoleText, now time.Time) (*Role, error) {
	if err := Touch(tx); err != nil {
		return nil, err
	}
	before, err := ownRole(tx, slug)
	if err != nil {
		return nil, err
	}
	if version != 0 && version != before.Version {
		return nil, fault.New(fault.PreconditionFailed, "the role has been changed meanwhile; read it again")
	}
	r, err := checkRole(tx, by, slug, text, now)
	if err != nil {
		return nil, err
	}
	r.Version = before.Version + 1
	if _, err := tx.Exec(tx.Context(), `
		update roles set name = $3, description = $4, actions = $5, version = $6 where tenant_id = $1 and slug = $2`,
		tx.TenantID(), slug, r.Name, r.Description, texts(r.Actions), r.Version); err != nil {
		return nil, err
	}
	return r, audit.Record(tx, audit.Event{Type: audit.RoleChanged, Target: r.target(), Before: before.facts(), After: r.facts()})
}

// DeleteRole deletes a role of the tenant's own. NotFound and PreconditionFailed
// as ChangeRole; Conflict: somebody has it, or sign-in gives it.
func DeleteRole(tx *postgres.Tx, slug string, version int64) error {
	if err := Touch(tx); err != nil {
		return err
	}
	r, err := ownRole(tx, slug)
	if err != nil {
		return err
	}
	if version != 0 && version != r.Version {
		return fault.New(fault.PreconditionFailed, "the role has been changed meanwhile; read it again")
	}
	var granted, mapped bool
	if err := tx.QueryRow(tx.Context(), `
		select exists (select from grants where tenant_id = $1 and role = $2),
		       exists (select from role_mappings where tenant_id = $1 and role = $2)
		    or exists (select from identity_providers where tenant_id = $1 and default_role = $2)`,
		tx.TenantID(), slug).Scan(&granted, &mapped); err != nil {
		return err
	}
	switch {
	case granted:
		return fault.New(fault.Conflict, "members have the role %q; take it from them first", slug)
	case mapped:
		return fault.New(fault.Conflict, "sign-in gives the role %q; change its mapping first", slug)
	}
	if _, err := tx.Exec(tx.Context(), `delete from roles where tenant_id = $1 and slug = $2`, tx.TenantID(), slug); err != nil {
		return err
	}
	return audit.Record(tx, audit.Event{Type: audit.RoleDeleted, Target: r.target(), Before: r.facts()})
}

// GetRole returns a role that members of the tenant can have, built-in or its
// own, or NotFound.
func GetRole(tx *postgres.Tx, slug string) (*Role, error) {
	ofPlatform, err := isPlatform(tx)
	if err != nil {
		return nil, err
	}
	if r := builtInRole(slug); r != nil && grantable(slug, ofPlatform) {
		return r.clone(), nil
	}
	return ownRole(tx, slug)
}

// ListRoles returns one page of the roles that members of the tenant can have,
// by slug, and the cursor of the next page; "" when there is none.
func ListRoles(tx *postgres.Tx, page Page) ([]Role, string, error) {
	ofPlatform, err := isPlatform(tx)
	if err != nil {
		return nil, "", err
	}
	roles, err := selectRoles(tx, `where tenant_id = $1 and slug > $2 order by slug limit $3`, page.After, page.Rows()+1)
	if err != nil {
		return nil, "", err
	}
	for _, r := range builtIn {
		if grantable(r.Slug, ofPlatform) && r.Slug > page.After {
			roles = append(roles, *r.clone())
		}
	}
	slices.SortFunc(roles, func(a, b Role) int { return strings.Compare(a.Slug, b.Slug) })
	roles, next := postgres.Cut(page, roles, func(r Role) string { return r.Slug })
	return roles, next, nil
}

func ownRole(tx *postgres.Tx, slug string) (*Role, error) {
	roles, err := selectRoles(tx, `where tenant_id = $1 and slug = $2`, slug)
	if err != nil {
		return nil, err
	}
	if len(roles) == 0 {
		return nil, fault.New(fault.NotFound, "there is no role %q of your own", slug)
	}
	return &roles[0], nil
}

func selectRoles(tx *postgres.Tx, where string, args ...any) ([]Role, error) {
	// In the order of bytes, as Go sorts.
	rows, err := tx.Query(tx.Context(), `select slug, name, description, actions, version from (
		select tenant_id, slug collate "C" as slug, name, description, actions, version from roles) r `+where,
		append([]any{tx.TenantID()}, args...)...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Role, error) {
		var r Role
		var actions []string
		err := row.Scan(&r.Slug, &r.Name, &r.Description, &actions, &r.Version)
		r.Actions = actionsOf(actions)
		return r, err
	})
}

// grantedBy lists the actions of a role that can be granted, or NotFound.
func grantedBy(tx *postgres.Tx, slug string) ([]Action, error) {
	r, err := GetRole(tx, slug)
	if err != nil {
		if fault.Is(err, fault.NotFound) {
			return nil, fault.New(fault.NotFound, "there is no role %q", slug)
		}
		return nil, err
	}
	return r.Actions, nil
}

func checkRole(tx *postgres.Tx, by Giver, slug string, text RoleText, now time.Time) (*Role, error) {
	for what, s := range map[string]string{"name": text.Name, "description": text.Description} {
		if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }) || strings.TrimSpace(s) != s {
			return nil, fault.New(fault.Invalid, "the %s is not valid: UTF-8 without control characters, no space at either end", what)
		}
	}
	switch n := utf8.RuneCountInString(text.Name); {
	case n == 0, n > 200:
		return nil, fault.New(fault.Invalid, "the name must have 1 to 200 characters")
	case utf8.RuneCountInString(text.Description) > 1000:
		return nil, fault.New(fault.Invalid, "the description must have at most 1000 characters")
	}
	ofPlatform, err := isPlatform(tx)
	if err != nil {
		return nil, err
	}
	if len(text.Actions) == 0 || len(text.Actions) > 100 {
		return nil, fault.New(fault.Invalid, "a role needs 1 to 100 actions")
	}
	for _, a := range text.Actions {
		if !slices.Contains(grantableActions(ofPlatform), a) {
			return nil, fault.New(fault.Invalid, "%q is no action that a role can have", a)
		}
	}
	actions := slices.Compact(slices.Sorted(slices.Values(text.Actions)))
	if err := RequireHeld(tx, by, 0, actions, now, nil); err != nil {
		return nil, err
	}
	return &Role{Slug: slug, Name: text.Name, Description: text.Description, Actions: actions}, nil
}

func isPlatform(tx *postgres.Tx) (is bool, err error) {
	err = tx.QueryRow(tx.Context(), `select kind = 'platform' from tenants where id = $1`, tx.TenantID()).Scan(&is)
	return is, err
}

func (r *Role) clone() *Role {
	c := *r
	c.Actions = slices.Clone(r.Actions)
	return &c
}

func (r *Role) target() audit.Target { return audit.Target{Kind: "role", ID: r.Slug, Name: r.Name} }

func (r *Role) facts() map[string]any {
	return map[string]any{"name": r.Name, "description": r.Description, "actions": r.Actions}
}

func texts(actions []Action) []string {
	all := make([]string, len(actions))
	for i, a := range actions {
		all[i] = string(a)
	}
	return all
}
