package tenant

import (
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// roleIn is a role in the whole tenant (store 0) or in one store.
type roleIn struct {
	Role  string
	Store int64
}

func touch(tx *postgres.Tx) error {
	_, err := tx.Exec(tx.Context(), `insert into policy_versions (tenant_id, version) values ($1, 1)
		on conflict (tenant_id) do update set version = policy_versions.version + 1`, tx.TenantID())
	return err
}

func requireAdmin(tx *postgres.Tx) error {
	var admins, ever int
	err := tx.QueryRow(tx.Context(), `select count(*) filter (where m.status = 'active'), count(*) from grants g
		join members m on m.tenant_id = g.tenant_id and m.id = g.member_id
		where g.tenant_id = $1 and g.role in ('tenant-admin', 'operator') and g.store_id is null and g.expires_at is null`, tx.TenantID()).Scan(&admins, &ever)
	if err == nil && admins == 0 && ever > 0 {
		return fault.New(fault.Conflict, "the last admin stays")
	}
	return err
}

func syncGrants(tx *postgres.Tx, member int64, source string, want []roleIn) error {
	if _, err := tx.Exec(tx.Context(), `delete from grants where tenant_id = $1 and member_id = $2 and source = $3`, tx.TenantID(), member, source); err != nil {
		return err
	}
	for _, w := range want {
		if err := giveGrant(tx, member, source, w); err != nil {
			return err
		}
	}
	return nil
}

func giveGrant(tx *postgres.Tx, member int64, source string, w roleIn) error {
	_, err := tx.Exec(tx.Context(), `insert into grants (tenant_id, id, member_id, role, store_id, source, granted_by) values ($1, $2, $3, $4, nullif($5, 0), $6, $7)`,
		tx.TenantID(), id.New(), member, w.Role, w.Store, source, actorOf(tx))
	return err
}

// adminRole is the role that runs the transaction's tenant.
func adminRole(t *Tenant) string {
	if t.IsPlatform() {
		return authz.Operator
	}
	return authz.TenantAdmin
}

// holdsLastingly reports whether a member has a role in the whole tenant, for
// ever, and not by the provider's word.
func holdsLastingly(tx *postgres.Tx, member int64, role string) (held bool, err error) {
	err = tx.QueryRow(tx.Context(), `select exists (select from grants where tenant_id = $1 and member_id = $2 and role = $3
		and store_id is null and expires_at is null and source <> 'sso')`, tx.TenantID(), member, role).Scan(&held)
	return held, err
}

func requireRole(tx *postgres.Tx, role string) error {
	return nil
}
