package tenant

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// Mapping says that a group, of the provider's claim or of the directory, gives a role.
type Mapping struct {
	ID    int64  // random; its text is id.Text
	Claim string // the group, exactly
	Role  string // slug
	Store int64  // 0: the whole tenant
}

const maxMappings = 1000

func (m *Mapping) target() audit.Target {
	return audit.Target{Kind: "mapping", ID: id.Text(m.ID), Name: m.Claim}
}

// ListMappings returns the tenant's mappings, at most 1000, by group.
func ListMappings(tx *postgres.Tx) ([]Mapping, error) {
	rows, err := tx.Query(tx.Context(), `select id, claim, role, coalesce(store_id, 0) from role_mappings
		where tenant_id = $1 order by claim, role, id limit $2`, tx.TenantID(), maxMappings)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Mapping])
}

// AddMapping makes a group give a role: to the directory's people at once, to
// others at their next sign-in. Whoever adds it must hold all that the role
// holds: the caller asks authz before. Invalid: the group or the role;
// NotFound: the store; Conflict: there is such a mapping, or too many.
func AddMapping(tx *postgres.Tx, claim, role string, store int64, now time.Time) (*Mapping, error) {
	if n := utf8.RuneCountInString(claim); n < 1 || n > 500 || !utf8.ValidString(claim) || strings.ContainsRune(claim, 0) {
		return nil, fault.New(fault.Invalid, "a group has 1 to 500 characters")
	}
	if err := authz.Touch(tx); err != nil {
		return nil, err
	}
	if err := requireRole(tx, role); err != nil {
		return nil, err
	}
	if store != 0 {
		if err := requireStore(tx, store); err != nil {
			return nil, err
		}
	}
	all, err := ListMappings(tx)
	if err != nil {
		return nil, err
	}
	for _, m := range all {
		if m.Claim == claim && m.Role == role && m.Store == store {
			return nil, fault.New(fault.Conflict, "the group %q gives that role already", claim)
		}
	}
	if len(all) >= maxMappings {
		return nil, fault.New(fault.Conflict, "there are %d mappings already, more are not possible", len(all))
	}
	m := &Mapping{ID: id.New(), Claim: claim, Role: role, Store: store}
	if _, err := tx.Exec(tx.Context(), `insert into role_mappings (tenant_id, id, claim, role, store_id) values ($1, $2, $3, $4, nullif($5::bigint, 0))`,
		tx.TenantID(), m.ID, m.Claim, m.Role, m.Store); err != nil {
		return nil, err
	}
	if err := syncGroupNamed(tx, claim, now); err != nil {
		return nil, err
	}
	return m, audit.Record(tx, audit.Event{Type: audit.MappingChanged, Target: m.target(), After: m.state()})
}

func (m *Mapping) state() map[string]any {
	return map[string]any{"claim": m.Claim, "role": m.Role, "store_id": m.Store}
}

// RemoveMapping undoes AddMapping. NotFound: the mapping; Conflict: the last
// admin has the role by it.
func RemoveMapping(tx *postgres.Tx, mapping int64, now time.Time) error {
	if err := authz.Touch(tx); err != nil {
		return err
	}
	rows, err := tx.Query(tx.Context(), `delete from role_mappings where tenant_id = $1 and id = $2
		returning id, claim, role, coalesce(store_id, 0)`, tx.TenantID(), mapping)
	if err != nil {
		return err
	}
	gone, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Mapping])
	if err != nil {
		return err
	}
	if len(gone) == 0 {
		return fault.New(fault.NotFound, "there is no such mapping")
	}
	if err := syncGroupNamed(tx, gone[0].Claim, now); err != nil {
		return err
	}
	return audit.Record(tx, audit.Event{Type: audit.MappingChanged, Target: gone[0].target(), Before: gone[0].state()})
}
