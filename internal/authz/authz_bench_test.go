package authz_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// people fills tenants with n members each, of two grants: analyst of the whole
// tenant, and for every tenth member exporter of one store instead.
func people(b *testing.B, w *world, tenants []int64, n int) {
	b.Helper()
	for _, tenant := range tenants {
		w.in(tenant, func(tx *postgres.Tx) error {
			for _, sql := range []string{
				`insert into policy_versions (tenant_id, version) values ($1, $2::int * 0 + 1)`,
				`insert into stores (tenant_id, slug, name, kind) select $1, 's', 's', 'sandbox' where $2::int > 0`,
				`insert into members (tenant_id, id, email, status) select $1, i, 'm' || i || '@example.com', 'active' from generate_series(1, $2::int) i`,
				`insert into grants (tenant_id, member_id, id, role, source, granted_by)
				 select $1, i, 2000000 + i, 'analyst', 'sso', 'x' from generate_series(1, $2::int) i`,
				`insert into grants (tenant_id, member_id, id, role, store_id, source, granted_by)
				 select $1, i, 1000000 + i, case when i % 10 = 0 then 'exporter' else 'auditor' end,
				        (select min(id) from stores where tenant_id = $1), 'sso', 'x' from generate_series(1, $2::int) i`,
			} {
				if _, err := tx.Exec(tx.Context(), sql, tenant, n); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

func (w *world) tenants(n int) (ids []int64) {
	w.t.Helper()
	require.NoError(w.t, w.op.Do(w.t.Context(), func(tx pgx.Tx) error {
		rows, err := tx.Query(w.t.Context(), `insert into tenants (slug, name) select 't' || i, 'T' from generate_series(1, $1) i returning id`, n)
		if err != nil {
			return err
		}
		ids, err = pgx.CollectRows(rows, pgx.RowTo[int64])
		return err
	}))
	return ids
}

// BenchmarkBigTenant decides in one tenant of 10,000 members and 20,000 grants.
// "first" asks what nobody has asked of that snapshot before.
func BenchmarkBigTenant(b *testing.B) {
	w := setup(b)
	tenant := w.tenants(1)
	people(b, w, tenant, 10_000)
	ask := func(p *authz.Policies, member int64, a authz.Action, want bool) {
		if w.may(p, tenant[0], member, 0, a) != want {
			b.Fatal("decided wrongly")
		}
	}
	b.Run("load", func(b *testing.B) {
		var before, after runtime.MemStats
		p := w.policies(nil)
		runtime.GC()
		runtime.ReadMemStats(&before)
		for b.Loop() {
			w.exec(tenant[0], `select $1::bigint`) // a change of version
			p.Announce(b.Context(), tenant[0])
			ask(p, 1, authz.StatementsView, true)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB/snapshot")
		runtime.KeepAlive(p)
	})
	for name, c := range map[string]struct {
		action authz.Action
		want   bool
	}{"allow": {authz.StatementsView, true}, "deny": {authz.KeysManage, false}} {
		b.Run(name+"/first", func(b *testing.B) {
			p := w.policies(nil)
			ask(p, 10_000, c.action, c.want)
			i := int64(0)
			for b.Loop() {
				if i++; i == 10_000 { // everybody was asked: begin anew, aside
					b.StopTimer()
					w.exec(tenant[0], `select $1::bigint`)
					p.Announce(b.Context(), tenant[0])
					ask(p, 10_000, c.action, c.want)
					i = 1
					b.StartTimer()
				}
				ask(p, i, c.action, c.want)
			}
		})
		b.Run(name+"/cached", func(b *testing.B) {
			p := w.policies(nil)
			for b.Loop() {
				ask(p, 1, c.action, c.want)
			}
		})
	}
	b.Run("allow/cached/parallel", func(b *testing.B) {
		p := w.policies(nil)
		ask(p, 1, authz.StatementsView, true)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				ask(p, 1, authz.StatementsView, true)
			}
		})
	})
}

// BenchmarkManyTenants decides in 10,000 tenants of 10 members in turn. "churn"
// has places for a tenth of them: each decision reads a tenant.
func BenchmarkManyTenants(b *testing.B) {
	const n = 10_000
	w := setup(b)
	tenants := w.tenants(n)
	people(b, w, tenants, 10)
	ask := func(p *authz.Policies, i int) {
		if !w.may(p, tenants[i%n], 1, 0, authz.StatementsView) {
			b.Fatal("decided wrongly")
		}
	}
	fill := func(b *testing.B, size, tenants int) *authz.Policies {
		b.Helper()
		p := w.open(authz.Config{Size: size, Clock: w.now})
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for i := range tenants {
			ask(p, i)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		if tenants > 0 {
			b.Logf("%d snapshots: %.1f KiB each", p.Snapshots(), float64(after.HeapAlloc-before.HeapAlloc)/1024/float64(p.Snapshots()))
		}
		return p
	}
	for _, c := range []struct{ size, filled int }{{n, 0}, {n, n}, {n / 10, n}} {
		name := map[string]string{fmt.Sprint(n, 0): "cold", fmt.Sprint(n, n): "warm", fmt.Sprint(n/10, n): "churn"}[fmt.Sprint(c.size, c.filled)]
		b.Run(name, func(b *testing.B) {
			p := fill(b, c.size, c.filled)
			i := 0
			for b.Loop() {
				ask(p, i)
				if i++; name == "cold" && i == n {
					b.Fatal("too many iterations: some are not cold")
				}
			}
		})
	}
	b.Run("warm, version compared", func(b *testing.B) {
		p := fill(b, n, n)
		i := 0
		for b.Loop() {
			if i%n == 0 { // once around: all are too old again
				w.advance(time.Second)
			}
			ask(p, i)
			i++
		}
	})
}
