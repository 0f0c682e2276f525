package authz_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// What Decide must say, in plain Go: somebody active has, at that moment, a
// role with the action, in the whole tenant or in that store.
type given struct {
	member, store int64
	role          string
	end           time.Duration // after the start; 0: never
}

type rights struct {
	active map[int64]bool
	roles  map[string][]authz.Action
	grants []given
}

func (r rights) permits(member, store int64, a authz.Action, at time.Duration) bool {
	return r.active[member] && slices.ContainsFunc(r.grants, func(g given) bool {
		return g.member == member && (g.store == 0 || g.store == store) && (g.end == 0 || at < g.end) && slices.Contains(r.roles[g.role], a)
	})
}

func TestDecideIsTheModel(t *testing.T) {
	t.Parallel()
	w := setup(t)
	builtIn := map[string][]authz.Action{}
	w.in(w.tenant("any"), func(tx *postgres.Tx) error {
		roles, _, err := authz.ListRoles(tx, authz.Page{})
		for _, r := range roles {
			builtIn[r.Slug] = r.Actions
		}
		return err
	})
	require.Len(t, builtIn, 6)
	every := slices.Concat(builtIn[authz.TenantAdmin], []authz.Action{authz.TenantsManage, authz.StatementsRead, "", "unknown"})
	p := w.policies(nil)
	tries := 0
	rapid.Check(t, func(t *rapid.T) {
		tries++
		tenant := w.tenant(fmt.Sprint("t-", id.Text(id.New())))
		begun := w.now()
		r := rights{active: map[int64]bool{}, roles: map[string][]authz.Action{}}
		stores := []int64{0, w.store(tenant, "a"), w.store(tenant, "b"), 1 << 40}
		for slug, actions := range builtIn {
			r.roles[slug] = actions
		}
		for i := range rapid.IntRange(0, 3).Draw(t, "roles") {
			slug := fmt.Sprint("own-", i)
			r.roles[slug] = rapid.SliceOfNDistinct(rapid.SampledFrom(builtIn[authz.TenantAdmin]), 1, 5, rapid.ID[authz.Action]).Draw(t, "actions")
			texts := []string{}
			for _, a := range r.roles[slug] {
				texts = append(texts, string(a))
			}
			w.exec(tenant, `insert into roles (tenant_id, slug, name, actions) values ($1, $2, $2, $3)`, slug, texts)
		}
		slugs := slices.Sorted(func(yield func(string) bool) {
			for slug := range r.roles {
				if !yield(slug) {
					return
				}
			}
		})
		var members []int64
		for i := range rapid.IntRange(1, 4).Draw(t, "members") {
			m := w.member(tenant, fmt.Sprint("m", i))
			members = append(members, m)
			r.active[m] = rapid.IntRange(0, 4).Draw(t, "active") > 0
			if !r.active[m] {
				w.exec(tenant, `update members set status = 'disabled' where tenant_id = $1 and id = $2`, m)
			}
		}
		for range rapid.IntRange(0, 8).Draw(t, "grants") {
			g := given{
				rapid.SampledFrom(members).Draw(t, "member"), rapid.SampledFrom(stores[:3]).Draw(t, "store"), rapid.SampledFrom(slugs).Draw(t, "role"),
				time.Duration(rapid.IntRange(0, 3).Draw(t, "end")) * time.Second,
			}
			r.grants = append(r.grants, g)
			var end *time.Time
			if g.end > 0 {
				at := begun.Add(g.end)
				end = &at
			}
			w.exec(tenant, `insert into grants (tenant_id, id, member_id, role, store_id, source, granted_by, expires_at)
				values ($1, $2, $3, $4, nullif($5::bigint, 0), 'manual', 'x', $6)`, id.New(), g.member, g.role, g.store, end)
		}
		for step := range 8 { // through all ends, half a second at a time
			at := time.Duration(step) * time.Second / 2
			for _, member := range append(members, 1) {
				for _, store := range stores {
					for _, a := range every {
						require.Equal(t, r.permits(member, store, a, at), w.may(p, tenant, member, store, a), "%v %d may %s in %d", at, member, a, store)
					}
				}
				permitted, err := p.Permitted(w.t.Context(), tenant, authz.Subject(member), nil)
				require.NoError(t, err)
				for _, a := range every {
					require.Equal(t, r.permits(member, 0, a, at), slices.Contains(permitted[0], a))
					for _, store := range stores[1:3] {
						in, more := permitted[store]
						if !more {
							in = permitted[0]
						}
						require.Equal(t, r.permits(member, store, a, at), slices.Contains(in, a))
					}
				}
			}
			w.advance(time.Second / 2)
		}
	})
	require.GreaterOrEqual(t, tries, 100)
}
