package tenant_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// Of several who invite a first admin at once, one does.
func TestThereIsOneFirstAdmin(t *testing.T) {
	t.Parallel()
	p := setup(t)
	made := p.tenant("new")
	errs := make([]error, 5)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() {
			errs[i] = p.db.Tenant(t.Context(), made.Scope("test"), func(tx *postgres.Tx) error {
				_, err := tenant.InviteFirstAdmin(tx, fmt.Sprintf("a%d@example.com", i), now)
				return err
			})
		})
	}
	all.Wait()
	invited := 0
	for _, err := range errs {
		if err == nil {
			invited++
			continue
		}
		require.Equal(t, fault.Conflict, fault.KindOf(err), "%v", err)
	}
	require.Equal(t, 1, invited)
	p.in(made, func(tx *postgres.Tx) error {
		members, _, err := tenant.ListMembers(tx, tenant.MemberFilter{}, tenant.Page{})
		require.NoError(t, err)
		require.Len(t, members, 1)
		require.Equal(t, tenant.MemberInvited, members[0].Status)
		grants, _, err := authz.ListGrants(tx, members[0].ID, authz.Page{})
		require.Equal(t, authz.TenantAdmin, grants[0].Role)
		return err
	})
}
