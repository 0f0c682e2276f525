package authz_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

func TestSyncing(t *testing.T) {
	t.Parallel()
	c := setupCompany(t)
	sync := func(member int64, wanted ...authz.Wanted) (changed bool) {
		c.in(c.tenant, func(tx *postgres.Tx) (err error) {
			changed, err = authz.SyncGrants(tx, member, authz.SSO, wanted, c.now())
			return err
		})
		return changed
	}
	version := func() (n int64) {
		c.in(c.tenant, func(tx *postgres.Tx) error {
			return tx.QueryRow(tx.Context(), `select version from policy_versions where tenant_id = $1`, c.tenant).Scan(&n)
		})
		return n
	}
	p := c.policies(nil)
	require.True(t, sync(c.analyst, authz.Wanted{Role: authz.Exporter}, authz.Wanted{Role: authz.Exporter}, authz.Wanted{Role: "gone"}, authz.Wanted{Role: authz.Auditor, Store: 1 << 40}))
	require.True(t, c.may(p, c.tenant, c.analyst, 0, authz.StatementsExport))
	before := version()
	require.False(t, sync(c.analyst, authz.Wanted{Role: authz.Exporter}))
	require.Equal(t, before, version(), "a sign-in that changes nothing touches nothing")
	require.True(t, sync(c.analyst, authz.Wanted{Role: authz.Auditor, Store: c.store}))
	p.Announce(t.Context(), c.tenant)
	require.False(t, c.may(p, c.tenant, c.analyst, 0, authz.StatementsExport))
	require.True(t, c.may(p, c.tenant, c.analyst, c.store, authz.AuditView))
	require.True(t, sync(c.analyst))
	p.Announce(t.Context(), c.tenant)
	require.True(t, c.may(p, c.tenant, c.analyst, 0, authz.StatementsView), "given by hand, so it stays")
	require.False(t, c.may(p, c.tenant, c.analyst, c.store, authz.AuditView))

	// The last admin, whom the provider would make a nobody.
	require.True(t, sync(c.exporter, authz.Wanted{Role: authz.TenantAdmin}))
	c.in(c.tenant, func(tx *postgres.Tx) error { return authz.TakeGrant(tx, c.admin, c.adminGrant) })
	require.False(t, sync(c.exporter))
	events := c.events(c.tenant)
	require.Equal(t, "grant.kept", events[len(events)-1])
	before = version()
	require.False(t, sync(c.exporter))
	require.Equal(t, events, c.events(c.tenant), "it was told when it began")
	require.Equal(t, before, version())
	require.False(t, sync(c.exporter, authz.Wanted{Role: authz.TenantAdmin}), "the provider gives it again")
	require.False(t, sync(c.exporter))
	require.Equal(t, append(events, "grant.kept"), c.events(c.tenant), "so this is another time")
	c.give(c.tenant, authz.NewGrant{Member: c.admin, Role: authz.TenantAdmin})
	require.True(t, sync(c.exporter), "now there is another")

	require.Equal(t, fault.NotFound, c.kind(func(tx *postgres.Tx) error {
		_, err := authz.SyncGrants(tx, 1, authz.FromSCIM, nil, c.now())
		return err
	}))
	require.Equal(t, fault.Internal, c.kind(func(tx *postgres.Tx) error {
		_, err := authz.SyncGrants(tx, c.analyst, authz.Manual, nil, c.now())
		return err
	}))
}

// outcome is what a tenant's members have, and what the log says of it, by names.
func (c *company) outcome(tenant int64) (lines []string) {
	c.t.Helper()
	for _, sql := range []string{
		`select m.name || ' has ' || g.role || ' ' || (g.store_id is not null) || ' ' || g.source || ' ' || g.granted_by || ' ' || (g.kept_since is not null)
			from grants g join members m on m.tenant_id = g.tenant_id and m.id = g.member_id where g.tenant_id = $1 order by 1`,
		`select action || ' ' || target_kind || ' ' || target_name || ' ' || actor_id || ' ' || coalesce((details::jsonb -> 'after')::text, (details::jsonb -> 'before')::text, '')
			from audit_events where tenant_id = $1 order by id`,
	} {
		c.in(tenant, func(tx *postgres.Tx) error {
			rows, err := tx.Query(tx.Context(), sql, tenant)
			if err != nil {
				return err
			}
			more, err := pgx.CollectRows(rows, pgx.RowTo[string])
			lines = append(lines, more...)
			return err
		})
	}
	// Ids are random, and so is the order in which one member's grants are taken.
	taken := regexp.MustCompile(`^grant\.(?:taken|kept) (member \S+)`)
	from := 0
	for i := range lines {
		lines[i] = regexp.MustCompile(`"grant": "[^"]*"|"store": \d+`).ReplaceAllString(lines[i], "")
		if a, b := taken.FindStringSubmatch(lines[from]), taken.FindStringSubmatch(lines[i]); a == nil || b == nil || a[1] != b[1] {
			from = i
		}
		slices.Sort(lines[from : i+1])
	}
	return lines
}

// TestSyncingAllIsSyncingEach does the same to two tenants, in one for all
// members at once and in the other for one after the other.
func TestSyncingAllIsSyncingEach(t *testing.T) {
	t.Parallel()
	c := &company{world: setup(t)}
	r := rand.New(rand.NewPCG(1, 2))
	type side struct {
		tenant, store int64
		members       []int64
	}
	var sides [2]side
	for i := range sides {
		s := &sides[i]
		s.tenant = c.world.tenant(fmt.Sprint("side", i))
		s.store = c.world.store(s.tenant, "a")
		for n := range 8 {
			s.members = append(s.members, c.member(s.tenant, fmt.Sprint("m", n)))
		}
	}
	roles := []string{authz.TenantAdmin, authz.TenantAdmin, authz.Analyst, authz.Exporter, "gone", authz.Operator}
	for round := range 60 {
		order := r.Perm(8)[:1+r.IntN(8)]
		source := []authz.GrantSource{authz.SSO, authz.FromSCIM}[r.IntN(2)]
		choice := make([][]authz.Wanted, 8) // Store 1: that of the side
		for n := range choice {
			for range r.IntN(4) - 1 {
				choice[n] = append(choice[n], authz.Wanted{Role: roles[r.IntN(len(roles))], Store: int64(r.IntN(4) / 3)})
			}
		}
		stopped := r.IntN(8)
		for i, s := range sides {
			wanted := map[int64][]authz.Wanted{}
			var members []int64
			for _, n := range order {
				members = append(members, s.members[n])
				for _, w := range choice[n] {
					if w.Store != 0 {
						w.Store = s.store
					}
					wanted[s.members[n]] = append(wanted[s.members[n]], w)
				}
			}
			c.exec(s.tenant, `update members set status = case when id = $2 then 'disabled' else 'active' end where tenant_id = $1`, s.members[stopped])
			c.in(s.tenant, func(tx *postgres.Tx) error {
				if i == 0 {
					_, err := authz.SyncMembers(tx, members, source, wanted, c.now())
					return err
				}
				for _, m := range members {
					if _, err := authz.SyncGrants(tx, m, source, wanted[m], c.now()); err != nil {
						return err
					}
				}
				return nil
			})
		}
		require.Equal(t, c.outcome(sides[1].tenant), c.outcome(sides[0].tenant), "round %d", round)
	}
	require.Contains(t, c.events(sides[0].tenant), "grant.kept")
}

func TestSyncingManyIsNotSyncingEach(t *testing.T) {
	t.Parallel()
	c := setupCompany(t)
	const n = 600
	var members []int64
	wanted := map[int64][]authz.Wanted{}
	c.in(c.tenant, func(tx *postgres.Tx) error {
		for i := range n {
			m := id.New()
			members = append(members, m)
			wanted[m] = []authz.Wanted{{Role: authz.Analyst}}
			if _, err := tx.Exec(tx.Context(), `insert into members (tenant_id, id, email, name, status) values ($1, $2, $3, $3, 'active')`,
				c.tenant, m, fmt.Sprintf("many%d@example.com", i)); err != nil {
				return err
			}
		}
		return nil
	})
	took := func(fn func(tx *postgres.Tx) error) time.Duration {
		start := time.Now()
		c.in(c.tenant, fn)
		return time.Since(start)
	}
	together := took(func(tx *postgres.Tx) error {
		changed, err := authz.SyncMembers(tx, members, authz.FromSCIM, wanted, c.now())
		require.True(t, changed)
		return err
	})
	each := took(func(tx *postgres.Tx) error {
		for _, m := range members {
			if _, err := authz.SyncGrants(tx, m, authz.SSO, wanted[m], c.now()); err != nil {
				return err
			}
		}
		return nil
	})
	require.Less(t, 4*together, each)
	require.Len(t, c.events(c.tenant), 2*n+4)
}
