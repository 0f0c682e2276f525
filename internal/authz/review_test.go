package authz_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

func TestTheAccessReview(t *testing.T) {
	t.Parallel()
	w := setup(t)
	tenant, other := w.tenant("mine"), w.tenant("other")
	store := w.store(tenant, "a")
	ann, bob, cid := w.member(tenant, "ann"), w.member(tenant, "bob"), w.member(tenant, "cid")
	w.give(other, authz.NewGrant{Member: w.member(other, "eve"), Role: authz.TenantAdmin})
	end := w.now().Add(time.Hour)
	w.give(tenant, authz.NewGrant{Member: ann, Role: authz.Exporter, ExpiresAt: &end})
	used := w.give(tenant, authz.NewGrant{Member: bob, Role: authz.Analyst, Store: store})
	w.give(tenant, authz.NewGrant{Member: bob, Role: authz.Auditor})
	w.in(tenant, func(tx *postgres.Tx) error {
		_, err := authz.CreateRole(tx, authz.Trusted, "taker", authz.RoleText{Name: "Taker", Actions: []authz.Action{authz.StatementsExport}}, w.now())
		return err
	})
	w.give(tenant, authz.NewGrant{Member: cid, Role: "taker"})
	for i, scopes := range []string{"{all}", "{statements/write}", "{state,all/read}", "{statements/read}"} {
		w.exec(tenant, `insert into keys (tenant_id, id, store_id, name, scopes, authority, created_by, revoked_at)
			values ($1, $2::bigint, $3, $4, $5::text[], '{}', 'member:h4k2m9q0', case when $2 = 4 then now() end)`, i+1, store, fmt.Sprint("key ", i+1), scopes)
	}
	w.exec(tenant, `insert into key_secrets (tenant_id, key_id, id, hash, pepper, last_used_at) values ($1, 1, 1, sha256('x'), 1, $2)`, w.now())
	w.in(tenant, func(tx *postgres.Tx) error { return authz.MarkUsed(tx, []int64{used.ID}, []time.Time{w.now()}) })

	var rows []authz.ReviewRow
	var totals authz.ReviewTotals
	read := func(limit int) {
		rows = nil
		w.in(tenant, func(tx *postgres.Tx) error {
			for after := ""; ; {
				page, all, next, err := authz.Review(tx, authz.Page{After: after, Limit: limit}, w.now())
				if err != nil {
					return err
				}
				rows, totals = append(rows, page...), all
				if after = next; next == "" {
					return nil
				}
			}
		})
	}
	lines := func() (lines []string) {
		for _, r := range rows {
			what, can := "", ""
			for _, c := range []struct {
				letter string
				able   bool
			}{{"e", r.CanExport}, {"v", r.CanView}, {"w", r.CanSeeWho}} {
				if c.able {
					can += c.letter
				}
			}
			if r.Grant != nil {
				what = r.Grant.Role
			}
			lines = append(lines, fmt.Sprint(r.Name, " ", what, " ", r.StoreSlug, " ", can, " ", r.Flags))
		}
		return lines
	}
	read(2)
	require.ElementsMatch(t, []string{
		"ann exporter  evw [never_used]",
		"bob analyst a v []",
		"bob auditor   [never_used]",
		"cid taker  e [never_used]",
		"key 1  a evw []",
		"key 3  a evw [never_used]",
	}, lines())
	require.Equal(t, "ann", rows[0].Name)
	require.Equal(t, int64(3), rows[5].Key.ID)
	require.Equal(t, "member:h4k2m9q0", rows[5].Key.CreatedBy)
	require.Equal(t, authz.ReviewTotals{Members: 3, CanView: 2, CanSeeWho: 1, CanExport: 2, Grants: 4, NeverUsed: 3, BulkKeys: 2}, totals)
	whole := lines()
	for _, limit := range []int{1, 3, 5, 6, 0} {
		read(limit)
		require.Equal(t, whole, lines(), "pages of %d", limit)
	}

	w.exec(tenant, `update members set status = 'disabled' where tenant_id = $1 and id = $2`, cid)
	w.advance(100 * 24 * time.Hour)
	read(0)
	require.ElementsMatch(t, []string{
		"ann exporter   [expired never_used unused]",
		"bob analyst a v [unused]",
		"bob auditor   [never_used unused]",
		"cid taker   [never_used unused]",
		"key 1  a evw [unused]",
		"key 3  a evw [never_used unused]",
	}, lines())
	require.Equal(t, authz.ReviewTotals{Members: 2, CanView: 1, Grants: 4, Expired: 1, Unused: 4, NeverUsed: 3, BulkKeys: 2}, totals)

	for _, cursor := range []string{"x", "g-", "k-h4k2m9q0-a", "z-h4k2m9q0"} {
		err := w.try(tenant, func(tx *postgres.Tx) error {
			_, _, _, err := authz.Review(tx, authz.Page{After: cursor}, w.now())
			return err
		})
		require.Equal(t, fault.Invalid, fault.KindOf(err), cursor)
	}
}
