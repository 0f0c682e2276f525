package httpapi_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

func (v *visitor) me() (me apiv1.Me) {
	v.o.t.Helper()
	v.call("GET", "/api/v1/me", nil).is(http.StatusOK).json(&me)
	return me
}

func (v *visitor) entries(slug string) []apiv1.Entry {
	v.o.t.Helper()
	var page apiv1.EntryPage
	v.call("GET", "/api/v1/tenants/"+slug+"/entries", nil).is(http.StatusOK).json(&page)
	return page.Items
}

// What an operator sees of where they are inside, and the tenant's admins of who is.
func TestBothSidesSeeAnEntry(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own, other := o.tenant(), o.tenant()
	boss, op := o.as(own, admin), o.as(o.platform, authz.Operator)
	again := o.signedIn(o.sessions, o.platform, op.member) // the same person in another browser
	entry := "/api/v1/tenants/" + own.Slug + "/entry"
	body := apiv1.NewEntry{Reason: "Ticket 4711 of today", Minutes: 30}
	require.Empty(t, op.me().Entered)
	require.Zero(t, boss.me().SignIns[0].OperatorsInside)

	op.call("POST", entry, body).is(http.StatusCreated)
	for _, v := range []*visitor{op, again} {
		in := v.me().Entered
		require.Len(t, in, 1)
		require.Equal(t, own.Slug, in[0].Tenant)
		require.Equal(t, own.Name, in[0].TenantName)
		require.Equal(t, apiv1.EntryLevelRead, in[0].Entry.Level)
		require.Contains(t, in[0].Permissions.Tenant, apiv1.Action(authz.StoresView))
		require.NotContains(t, in[0].Permissions.Tenant, apiv1.Action(authz.StoresManage))
	}
	require.Empty(t, o.as(o.platform, authz.Operator).me().Entered, "another operator's")
	require.Equal(t, 1, boss.me().SignIns[0].OperatorsInside)
	open := boss.entries(own.Slug)
	require.Len(t, open, 1)
	require.True(t, open[0].Active)
	require.Equal(t, body.Reason, open[0].Reason)

	// Redis forgets: who tries to enter again is inside, and is told where.
	o.redis.Del("stoa:entered:" + number(op.member))
	require.Empty(t, op.me().Entered)
	op.call("POST", entry, body).is(http.StatusConflict)
	require.Len(t, op.me().Entered, 1)

	// The tenant ends it: a note permits nothing, and goes.
	o.as(other, admin).call("DELETE", "/api/v1/tenants/"+other.Slug+"/entries/"+open[0].ID, nil).is(http.StatusNotFound)
	boss.call("DELETE", "/api/v1/tenants/"+own.Slug+"/entries/"+open[0].ID, nil).is(http.StatusNoContent)
	boss.call("DELETE", "/api/v1/tenants/"+own.Slug+"/entries/"+open[0].ID, nil).is(http.StatusNotFound)
	op.call("GET", "/api/v1/tenants/"+own.Slug+"/stores", nil).is(http.StatusForbidden)
	require.Empty(t, op.me().Entered)
	require.False(t, o.redis.Exists("stoa:entered:"+number(op.member)))
	require.Zero(t, boss.me().SignIns[0].OperatorsInside)

	op.call("POST", entry, body).is(http.StatusCreated)
	op.call("POST", "/api/v1/tenants/"+other.Slug+"/entry", body).is(http.StatusCreated)
	require.Len(t, op.me().Entered, 2)
	op.call("DELETE", entry, nil).is(http.StatusNoContent)
	in := op.me().Entered
	require.Len(t, in, 1)
	require.Equal(t, other.Slug, in[0].Tenant)
	all := boss.entries(own.Slug)
	require.Len(t, all, 2)
	require.False(t, all[0].Active || all[1].Active)
}

// An operator who is inside may look, and so stands in the access review.
func TestTheAccessReviewTellsOfOperatorsInside(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own, other := o.tenant(), o.tenant()
	boss, op := o.as(own, admin), o.as(o.platform, authz.Operator)
	inside := func(v *visitor, slug string) []apiv1.Entry {
		var page apiv1.AccessReviewPage
		v.call("GET", "/api/v1/tenants/"+slug+"/access-review?limit=1", nil).is(http.StatusOK).json(&page)
		require.NotNil(t, page.Inside)
		return page.Inside
	}
	allow := func(what string) {
		o.in(own.ID, func(tx *postgres.Tx) error {
			_, err := tx.Exec(tx.Context(), `insert into tenant_settings (tenant_id, break_glass) values ($1, $2)
				on conflict (tenant_id) do update set break_glass = $2`, own.ID, what)
			return err
		})
	}
	require.Empty(t, inside(boss, own.Slug))
	allow("full")
	level := apiv1.NewEntryLevelFull
	body := apiv1.NewEntry{Reason: "Ticket 4711 of today", Minutes: 30, Level: &level}
	op.call("POST", "/api/v1/tenants/"+own.Slug+"/entry", body).is(http.StatusCreated)
	all := inside(boss, own.Slug)
	require.Len(t, all, 1)
	require.Equal(t, body.Reason, all[0].Reason)
	require.NotEmpty(t, all[0].Operator)
	require.Equal(t, apiv1.EntryLevelFull, all[0].Level)
	require.True(t, all[0].Active)
	require.Equal(t, 30*time.Minute, all[0].ExpiresAt.Sub(all[0].EnteredAt))
	require.Empty(t, inside(o.as(other, admin), other.Slug), "another tenant")
	o.as(other, admin).call("GET", "/api/v1/tenants/"+own.Slug+"/access-review", nil).is(http.StatusNotFound)
	o.as(own, authz.Analyst).call("GET", "/api/v1/tenants/"+own.Slug+"/access-review", nil).is(http.StatusForbidden)

	allow("read")
	require.Equal(t, apiv1.EntryLevelRead, inside(boss, own.Slug)[0].Level, "as the settings leave it")
	allow("off")
	require.Empty(t, inside(boss, own.Slug), "who may do nothing")
	allow("read")
	op.call("DELETE", "/api/v1/tenants/"+own.Slug+"/entry", nil).is(http.StatusNoContent)
	require.Empty(t, inside(boss, own.Slug))
}

// Whatever an operator reads inside a tenant stands in the tenant's own log,
// once a minute.
func TestTheTenantIsToldWhatAnOperatorReads(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	boss, op := o.as(own, admin), o.as(o.platform, authz.Operator)
	of := "/api/v1/tenants/" + own.Slug
	told := func() map[string]int {
		paths := map[string]int{}
		o.in(own.ID, func(tx *postgres.Tx) error {
			rows, err := tx.Query(tx.Context(), `select details::json->>'path' from audit_events
				where tenant_id = $1 and action = 'operator.looked' and actor_kind = 'operator' and actor_id = $2`, own.ID, authz.OperatorSubject(op.member))
			if err != nil {
				return err
			}
			for rows.Next() {
				var path string
				if err := rows.Scan(&path); err != nil {
					return err
				}
				paths[path]++
			}
			return rows.Err()
		})
		return paths
	}
	op.call("GET", of+"/settings", nil).is(http.StatusForbidden)
	boss.call("GET", of+"/settings", nil).is(http.StatusOK)
	require.Empty(t, told(), "who is not inside has read nothing, and members are not operators")
	op.call("POST", of+"/entry", apiv1.NewEntry{Reason: "Ticket 4711 of today", Minutes: 30}).is(http.StatusCreated)
	reads := []string{"/settings", "/members", "/members/" + id.Text(boss.member), "/keys", "/roles", "/sso"}
	for range 3 {
		for _, rest := range reads {
			op.call("GET", of+rest, nil).is(http.StatusOK)
		}
	}
	op.call("GET", "/api/v1/me", nil).is(http.StatusOK)
	got := told()
	require.Len(t, got, len(reads))
	for _, rest := range reads {
		require.Contains(t, []int{1, 2}, got[of+rest], rest) // 2 where a minute ended meanwhile
	}
}

// A token needs no Redis; what Redis would have told is left out.
func TestWithoutRedisATokenStillLearnsWhoItIs(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	op := o.as(o.platform, authz.Operator)
	token := o.withToken(o.platform, op.member, authz.TenantsEnter)
	o.redis.SetError("away")
	require.Empty(t, token.me().Entered)
	op.call("GET", "/api/v1/me", nil).is(http.StatusServiceUnavailable)
}

// Making a tenant ended half-way: the same request makes the rest, and nothing
// gets into a tenant that is in use.
func TestATenantIsMadeToTheEnd(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	op := o.as(o.platform, authz.Operator)
	half, err := tenant.Create(t.Context(), o.operator, "halfway", "Half Way", now())
	require.NoError(t, err)
	body := apiv1.NewTenant{Slug: half.Slug, Name: half.Name, Admin: ptr(apiv1.Email("boss@example.com"))}
	for name, wrong := range map[string]apiv1.NewTenant{
		"another name": {Slug: half.Slug, Name: "Other", Admin: body.Admin},
		"no admin":     {Slug: half.Slug, Name: half.Name},
	} {
		got := op.call("POST", "/api/v1/tenants", wrong).is(http.StatusConflict)
		require.Equal(t, "conflict", got.problem().Code, name)
	}
	var made apiv1.Tenant
	op.call("POST", "/api/v1/tenants", body).is(http.StatusCreated).json(&made)
	require.Equal(t, half.Slug, made.Slug)
	var members apiv1.MemberPage
	o.as(half, admin).call("GET", "/api/v1/tenants/"+half.Slug+"/members", nil).is(http.StatusOK).json(&members)
	i := slices.IndexFunc(members.Items, func(m apiv1.Member) bool { return m.Email == *body.Admin })
	require.Equal(t, apiv1.MemberStatusInvited, members.Items[i].Status)
	require.Equal(t, authz.TenantAdmin, members.Items[i].Grants[0].Role)
	op.call("POST", "/api/v1/tenants", body).is(http.StatusConflict)

	used := o.tenant() // it has stores, and nobody
	body = apiv1.NewTenant{Slug: used.Slug, Name: used.Name, Admin: body.Admin}
	op.call("POST", "/api/v1/tenants", body).is(http.StatusConflict)
	body.Slug, body.Name = o.platform.Slug, o.platform.Name
	require.GreaterOrEqual(t, op.call("POST", "/api/v1/tenants", body).status, 400)
}
