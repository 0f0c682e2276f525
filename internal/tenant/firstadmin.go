package tenant

import (
	"time"

	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// firstInvitation is how long the first admin's invitation is good.
const firstInvitation = 14 * 24 * time.Hour

// InviteFirstAdmin invites somebody as the admin of a tenant that is as Create
// left it. Conflict: it has people or stores already; those who run the tenant
// invite others, and nobody gets at its data this way. Invalid: the address.
func InviteFirstAdmin(tx *postgres.Tx, email string, now time.Time) (*Member, error) {
	if err := authz.Touch(tx); err != nil { // of several at once one finds it empty
		return nil, err
	}
	var begun bool
	if err := tx.QueryRow(tx.Context(), `select exists (select from members where tenant_id = $1) or exists (select from stores where tenant_id = $1)`,
		tx.TenantID()).Scan(&begun); err != nil {
		return nil, err
	}
	if begun {
		return nil, fault.New(fault.Conflict, "the organisation has people or stores already")
	}
	m, err := Invite(tx, email, "", now.Add(firstInvitation), now)
	if err != nil {
		return nil, err
	}
	_, err = authz.GiveGrant(tx, authz.Trusted, authz.NewGrant{Member: m.ID, Role: authz.TenantAdmin}, now)
	return m, err
}
