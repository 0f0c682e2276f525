package authz

import (
	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// Touch is the first thing in every transaction that changes what the tenant
// permits: its members, grants, roles, entries, ended sessions, or what its
// settings allow operators. It makes such changes of one tenant wait for each
// other, and the snapshots be read again. After the commit comes Announce.
// Touching twice is fine.
func Touch(tx *postgres.Tx) error {
	var batch pgx.Batch
	batch.Queue(`insert into policy_versions (tenant_id, version) values ($1, 1)
		on conflict (tenant_id) do update set version = policy_versions.version + 1`, tx.TenantID())
	// A statement of its own, so that it sees what the change before did.
	batch.Queue(`update policy_versions set had_admin = true where tenant_id = $1 and not had_admin and `+hasAdmin, tx.TenantID())
	return tx.SendBatch(tx.Context(), &batch).Close()
}

// hasAdmin: somebody active has the admin's role in the whole tenant, for ever.
const hasAdmin = `exists (select ` + admins + `)`

// admins are the grants that say so.
const admins = `from grants g join members m on m.tenant_id = g.tenant_id and m.id = g.member_id
	where g.tenant_id = $1 and g.store_id is null and g.expires_at is null and m.status = 'active'
	and g.role = (select case t.kind when 'platform' then 'operator' else 'tenant-admin' end from tenants t where t.id = $1)`

// RequireAdmin is the last thing in such a transaction: Conflict when nobody
// would be left who is active and an admin (of the platform: an operator) in the
// whole tenant for ever, where somebody was before. A new tenant has none yet.
func RequireAdmin(tx *postgres.Tx) error {
	var had, has bool
	err := tx.QueryRow(tx.Context(), `
		select coalesce((select had_admin from policy_versions where tenant_id = $1), false), `+hasAdmin, tx.TenantID()).Scan(&had, &has)
	if err != nil {
		return err
	}
	if had && !has {
		return fault.New(fault.Conflict, "nobody would be left to administer this organisation; make somebody else an admin first, for the whole of it and without an end")
	}
	return nil
}
