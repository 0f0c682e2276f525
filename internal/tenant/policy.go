package tenant

import (
	"time"

	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// adminRole is the role that runs a tenant.
func adminRole(t *Tenant) string {
	if t.IsPlatform() {
		return authz.Operator
	}
	return authz.TenantAdmin
}

// grantsOf returns the grants of a member that are valid at that time.
func grantsOf(tx *postgres.Tx, member int64, now time.Time) ([]authz.Grant, error) {
	all, _, err := authz.ListGrants(tx, member, authz.Page{Limit: 1000}) // nobody has as many
	if err != nil {
		return nil, err
	}
	var valid []authz.Grant
	for _, g := range all {
		if g.ExpiresAt == nil || g.ExpiresAt.After(now) {
			valid = append(valid, g)
		}
	}
	return valid, nil
}

// lasting reports whether g is of that role, in the whole tenant, for ever.
func lasting(g authz.Grant, role string) bool {
	return g.Role == role && g.Store == 0 && g.ExpiresAt == nil
}

// requireRole is Invalid unless members of the tenant can have that role.
func requireRole(tx *postgres.Tx, role string) error {
	_, err := authz.GetRole(tx, queryable(role))
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.Invalid, "there is no role %q", role)
	}
	return err
}
