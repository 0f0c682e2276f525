package httpapi_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// What a key has written is everybody's statements: narrowing it to its own and
// taking its secret must not show them to who may not take statements out.
func TestAKeyInUseIsNotTakenOver(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	v := o.as(own, integrator)
	user, _ := o.key(own)
	key := "/api/v1/tenants/" + own.Slug + "/keys/" + user
	mine := []apiv1.Scope{"statements/write", "statements/read/mine"}
	b := v.call("PATCH", key, apiv1.KeyChange{Scopes: &mine}, "If-Match", "*").is(http.StatusForbidden).problem()
	require.Contains(t, b.Detail, "statements.export")
	write := mine[:1]
	v.call("PATCH", key, apiv1.KeyChange{Scopes: &write}, "If-Match", "*").is(http.StatusOK)
	v.call("POST", key+"/rotate", apiv1.RotateKey{}).is(http.StatusOK)

	// What an admin lets read its own statements, has a secret that only they hand out.
	o.as(own, admin).call("PATCH", key, apiv1.KeyChange{Scopes: &mine}, "If-Match", "*").is(http.StatusOK)
	v.call("POST", key+"/rotate", apiv1.RotateKey{}).is(http.StatusForbidden)
	o.as(own, admin).call("POST", key+"/rotate", apiv1.RotateKey{}).is(http.StatusOK)

	require.Len(t, o.events(own, "access.denied"), 2, "what a handler refuses is in the log as well")

	// A new key has written nothing.
	v.call("POST", "/api/v1/tenants/"+own.Slug+"/keys?store=main", apiv1.NewKey{Name: "K", Scopes: mine}).is(http.StatusCreated)
}

// A key that reads in bulk is of no use to who has its secret and is elsewhere:
// only who may have such a key lets it be used from more places.
func TestAKeyIsNotOpenedByWhoMayNotHaveIt(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	v, w := o.as(own, integrator), o.as(own, admin)
	user, _ := o.key(own)
	key := "/api/v1/tenants/" + own.Slug + "/keys/" + user
	from := func(networks ...string) apiv1.KeyChange {
		networks = append([]string{}, networks...)
		return apiv1.KeyChange{Networks: &networks}
	}
	read := []apiv1.Scope{"statements/write", "statements/read"}
	w.call("PATCH", key, apiv1.KeyChange{Scopes: &read}, "If-Match", "*").is(http.StatusOK)
	v.call("PATCH", key, from("10.0.0.0/8"), "If-Match", "*").is(http.StatusOK)
	v.call("PATCH", key, from("10.1.0.0/16", "10.2.0.1"), "If-Match", "*").is(http.StatusOK)
	for _, wider := range []apiv1.KeyChange{from(), from("10.0.0.0/8"), from("10.2.0.1", "192.0.2.1")} {
		b := v.call("PATCH", key, wider, "If-Match", "*").is(http.StatusForbidden).problem()
		require.Contains(t, b.Detail, "statements.export")
	}
	require.Len(t, o.events(own, "access.denied"), 1, "once a minute")
	tag := v.call("GET", key, nil).is(http.StatusOK).header.Get("Etag")
	w.call("PATCH", key, from(), "If-Match", tag).is(http.StatusOK)
	w.call("PATCH", key, from("10.0.0.0/8"), "If-Match", "*").is(http.StatusOK)
	w.call("PATCH", key, from(), "If-Match", tag).is(http.StatusPreconditionFailed)

	// What only writes is opened by who may issue it.
	both, write := from(), []apiv1.Scope{"statements/write"}
	both.Scopes = &write
	v.call("PATCH", key, both, "If-Match", "*").is(http.StatusOK)
	v.call("PATCH", key, from("10.0.0.0/8"), "If-Match", "*").is(http.StatusOK)
	v.call("PATCH", key, from("10.0.0.0/7"), "If-Match", "*").is(http.StatusOK)
}

// A directory's token puts people into groups, and groups give roles: who
// issues it must hold them.
func TestADirectoryGivesNothingThatItsMakerDoesNotHold(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	o.in(own.ID, func(tx *postgres.Tx) error {
		if _, err := authz.CreateRole(tx, authz.Trusted, "sso-people", authz.RoleText{
			Name: "SSO", Actions: []authz.Action{authz.TenantView, authz.SSOView, authz.SSOManage},
		}, time.Now()); err != nil {
			return err
		}
		_, err := tenant.AddMapping(tx, "admins", admin, 0, time.Now())
		return err
	})
	v := o.as(own, "sso-people")
	of := "/api/v1/tenants/" + own.Slug
	n := apiv1.NewScimToken{Name: "Okta", ExpiresAt: time.Now().Add(time.Hour)}
	require.Contains(t, v.call("POST", of+"/scim-tokens", n).is(http.StatusForbidden).problem().Detail, "members.manage")
	v.call("POST", of+"/sso/activate", nil, "If-Match", "*").is(http.StatusForbidden)
	o.as(own, admin).call("POST", of+"/scim-tokens", n).is(http.StatusCreated)
}
