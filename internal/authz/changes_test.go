package authz_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// company is a tenant with people in the usual roles.
type company struct {
	*world
	tenant, store                     int64
	admin, exporter, analyst, nobody  int64
	adminGrant                        int64
	asAdmin, asExporter, asStoreAdmin authz.Giver
}

func setupCompany(t *testing.T) *company {
	t.Helper()
	c := &company{world: setup(t)}
	c.tenant = c.world.tenant("company")
	c.store = c.world.store(c.tenant, "a")
	c.admin, c.exporter, c.analyst, c.nobody = c.member(c.tenant, "admin"), c.member(c.tenant, "exporter"), c.member(c.tenant, "analyst"), c.member(c.tenant, "nobody")
	storeAdmin := c.member(c.tenant, "storeadmin")
	c.adminGrant = c.give(c.tenant, authz.NewGrant{Member: c.admin, Role: authz.TenantAdmin}).ID
	c.give(c.tenant, authz.NewGrant{Member: c.exporter, Role: authz.Exporter})
	c.give(c.tenant, authz.NewGrant{Member: c.analyst, Role: authz.Analyst})
	c.give(c.tenant, authz.NewGrant{Member: storeAdmin, Role: authz.TenantAdmin, Store: c.store})
	c.asAdmin = authz.Giver{Subject: authz.Subject(c.admin)}
	c.asExporter = authz.Giver{Subject: authz.Subject(c.exporter)}
	c.asStoreAdmin = authz.Giver{Subject: authz.Subject(storeAdmin)}
	return c
}

func (c *company) kind(fn func(*postgres.Tx) error) fault.Kind {
	c.t.Helper()
	err := c.try(c.tenant, fn)
	require.Error(c.t, err)
	return fault.KindOf(err)
}

func (c *company) giveAs(by authz.Giver, n authz.NewGrant) error {
	return c.try(c.tenant, func(tx *postgres.Tx) error {
		_, err := authz.GiveGrant(tx, by, n, c.now())
		return err
	})
}

func TestGivingGrants(t *testing.T) {
	t.Parallel()
	c := setupCompany(t)
	other := c.world.tenant("other")
	otherStore, otherMember := c.world.store(other, "a"), c.member(other, "x")
	c.in(other, func(tx *postgres.Tx) error {
		_, err := authz.CreateRole(tx, authz.Trusted, "theirs", authz.RoleText{Name: "Theirs", Actions: []authz.Action{authz.TenantView}}, c.now())
		return err
	})
	past, soon, later := c.now(), c.now().Add(time.Hour), c.now().Add(2*time.Hour)
	helper := c.member(c.tenant, "helper")
	c.give(c.tenant, authz.NewGrant{Member: helper, Role: authz.TenantAdmin, ExpiresAt: &soon})
	asHelper := authz.Giver{Subject: authz.Subject(helper)}
	token := c.asAdmin
	token.Only = []authz.Action{authz.MembersManage, authz.TenantView}

	for name, x := range map[string]struct {
		by   authz.Giver
		n    authz.NewGrant
		want fault.Kind
	}{
		"no member":                    {c.asAdmin, authz.NewGrant{Member: 1, Role: authz.Analyst}, fault.NotFound},
		"another tenant's member":      {c.asAdmin, authz.NewGrant{Member: otherMember, Role: authz.Analyst}, fault.NotFound},
		"another tenant's store":       {c.asAdmin, authz.NewGrant{Member: c.nobody, Role: authz.Analyst, Store: otherStore}, fault.NotFound},
		"another tenant's role":        {c.asAdmin, authz.NewGrant{Member: c.nobody, Role: "theirs"}, fault.NotFound},
		"no role":                      {c.asAdmin, authz.NewGrant{Member: c.nobody, Role: "gone"}, fault.NotFound},
		"the operators' role":          {authz.Trusted, authz.NewGrant{Member: c.nobody, Role: authz.Operator}, fault.NotFound},
		"the role of entries":          {authz.Trusted, authz.NewGrant{Member: c.nobody, Role: "operator-inside-full"}, fault.NotFound},
		"over already":                 {c.asAdmin, authz.NewGrant{Member: c.nobody, Role: authz.Analyst, ExpiresAt: &past}, fault.Invalid},
		"twice":                        {c.asAdmin, authz.NewGrant{Member: c.analyst, Role: authz.Analyst}, fault.Conflict},
		"to oneself":                   {c.asAdmin, authz.NewGrant{Member: c.admin, Role: authz.Analyst}, fault.Forbidden},
		"more than one holds":          {c.asExporter, authz.NewGrant{Member: c.nobody, Role: authz.Integrator}, fault.Forbidden},
		"for longer than one holds":    {asHelper, authz.NewGrant{Member: c.nobody, Role: authz.Analyst}, fault.Forbidden},
		"an hour longer than one":      {asHelper, authz.NewGrant{Member: c.nobody, Role: authz.Analyst, ExpiresAt: &later}, fault.Forbidden},
		"wider than one's store":       {c.asStoreAdmin, authz.NewGrant{Member: c.nobody, Role: authz.Analyst}, fault.Forbidden},
		"more than the token holds":    {token, authz.NewGrant{Member: c.nobody, Role: authz.Analyst}, fault.Forbidden},
		"by nobody":                    {authz.Giver{}, authz.NewGrant{Member: c.nobody, Role: authz.Analyst}, fault.Forbidden},
		"by somebody of another place": {authz.Giver{Subject: authz.Subject(otherMember)}, authz.NewGrant{Member: c.nobody, Role: authz.Analyst}, fault.Forbidden},
	} {
		err := c.giveAs(x.by, x.n)
		require.Error(t, err, name)
		require.Equal(t, x.want, fault.KindOf(err), "%s: %v", name, err)
	}
	before := len(c.events(c.tenant))
	require.NoError(t, c.giveAs(c.asExporter, authz.NewGrant{Member: c.nobody, Role: authz.Analyst}))
	require.NoError(t, c.giveAs(c.asStoreAdmin, authz.NewGrant{Member: c.nobody, Role: authz.Exporter, Store: c.store}))
	require.NoError(t, c.giveAs(asHelper, authz.NewGrant{Member: c.nobody, Role: authz.Exporter, ExpiresAt: &soon}))
	require.Equal(t, []string{"grant.given", "grant.given", "grant.given"}, c.events(c.tenant)[before:], "refused ones changed nothing")

	var grants []authz.Grant
	c.in(c.tenant, func(tx *postgres.Tx) error {
		for after := ""; ; {
			page, next, err := authz.ListGrants(tx, c.nobody, authz.Page{After: after, Limit: 2})
			if err != nil {
				return err
			}
			grants = append(grants, page...)
			if after = next; next == "" {
				return nil
			}
		}
	})
	require.Len(t, grants, 3)
	require.Equal(t, "member:tester00", grants[0].GrantedBy)
	c.in(c.tenant, func(tx *postgres.Tx) error { return authz.TakeGrant(tx, c.nobody, grants[0].ID) })
	require.Equal(t, fault.NotFound, c.kind(func(tx *postgres.Tx) error { return authz.TakeGrant(tx, c.nobody, grants[0].ID) }))
	require.Equal(t, fault.NotFound, c.kind(func(tx *postgres.Tx) error { return authz.TakeGrant(tx, c.admin, grants[1].ID) }), "of another member")
	err := c.try(other, func(tx *postgres.Tx) error { return authz.TakeGrant(tx, c.nobody, grants[1].ID) })
	require.Equal(t, fault.NotFound, fault.KindOf(err), "of another tenant")
	err = c.try(other, func(tx *postgres.Tx) error { _, _, err := authz.ListGrants(tx, c.nobody, authz.Page{}); return err })
	require.Equal(t, fault.NotFound, fault.KindOf(err))
}

func TestTheLastAdminStays(t *testing.T) {
	t.Parallel()
	c := setupCompany(t)
	takeAdmin := func(tx *postgres.Tx) error { return authz.TakeGrant(tx, c.admin, c.adminGrant) }
	end := c.now().Add(time.Hour)
	c.give(c.tenant, authz.NewGrant{Member: c.nobody, Role: authz.TenantAdmin, ExpiresAt: &end})
	c.give(c.tenant, authz.NewGrant{Member: c.analyst, Role: authz.TenantAdmin, Store: c.store})
	require.Equal(t, fault.Conflict, c.kind(takeAdmin), "neither a while nor a store is enough")
	change := func(sql string, args ...any) func(tx *postgres.Tx) error {
		return func(tx *postgres.Tx) error {
			if err := authz.Touch(tx); err != nil {
				return err
			}
			if _, err := tx.Exec(tx.Context(), sql, append([]any{c.tenant}, args...)...); err != nil {
				return err
			}
			if err := authz.Touch(tx); err != nil { // as when several changes are made in one transaction
				return err
			}
			return authz.RequireAdmin(tx)
		}
	}
	require.Equal(t, fault.Conflict, c.kind(change(`delete from members where tenant_id = $1 and id = $2`, c.admin)))
	require.Equal(t, fault.Conflict, c.kind(change(`update members set status = 'disabled' where tenant_id = $1 and id = $2`, c.admin)))
	c.give(c.tenant, authz.NewGrant{Member: c.exporter, Role: authz.TenantAdmin})
	c.in(c.tenant, takeAdmin)
	require.Equal(t, fault.Conflict, c.kind(change(`delete from members where tenant_id = $1 and id = $2`, c.exporter)))

	// A new tenant has none yet.
	fresh := c.world.tenant("fresh")
	c.in(fresh, func(tx *postgres.Tx) error {
		if err := authz.Touch(tx); err != nil {
			return err
		}
		return authz.RequireAdmin(tx)
	})
	// The platform's is an operator.
	operator := c.member(c.platform, "operator")
	g := c.give(c.platform, authz.NewGrant{Member: operator, Role: authz.Operator})
	err := c.try(c.platform, func(tx *postgres.Tx) error { return authz.TakeGrant(tx, operator, g.ID) })
	require.Equal(t, fault.Conflict, fault.KindOf(err))
}

// Two admins who remove each other at the same moment: one of them is refused.
func TestAdminsWhoRemoveEachOther(t *testing.T) {
	t.Parallel()
	c := setupCompany(t)
	second := c.give(c.tenant, authz.NewGrant{Member: c.exporter, Role: authz.TenantAdmin})
	results := make(chan error, 2)
	go func() {
		results <- c.try(c.tenant, func(tx *postgres.Tx) error { return authz.TakeGrant(tx, c.admin, c.adminGrant) })
	}()
	go func() {
		results <- c.try(c.tenant, func(tx *postgres.Tx) error { return authz.TakeGrant(tx, c.exporter, second.ID) })
	}()
	one, two := <-results, <-results
	if one == nil {
		one, two = two, one
	}
	require.NoError(t, two)
	require.Equal(t, fault.Conflict, fault.KindOf(one))
}

func TestRolesOfTheirOwn(t *testing.T) {
	t.Parallel()
	c := setupCompany(t)
	create := func(by authz.Giver, slug string, actions ...authz.Action) func(*postgres.Tx) error {
		return func(tx *postgres.Tx) error {
			_, err := authz.CreateRole(tx, by, slug, authz.RoleText{Name: "A role", Actions: actions}, c.now())
			return err
		}
	}
	c.in(c.tenant, create(c.asAdmin, "looker", authz.StatementsView, authz.TenantView, authz.StatementsView))
	for name, x := range map[string]struct {
		fn   func(*postgres.Tx) error
		want fault.Kind
	}{
		"taken":              {create(c.asAdmin, "looker", authz.TenantView), fault.Conflict},
		"built in":           {create(c.asAdmin, authz.Analyst, authz.TenantView), fault.Conflict},
		"reserved":           {create(c.asAdmin, "operator-inside", authz.TenantView), fault.Conflict},
		"no slug":            {create(c.asAdmin, "A B", authz.TenantView), fault.Invalid},
		"no actions":         {create(c.asAdmin, "x"), fault.Invalid},
		"the platform's":     {create(c.asAdmin, "x", authz.TenantsView), fault.Invalid},
		"SCIM's":             {create(c.asAdmin, "x", authz.SCIM), fault.Invalid},
		"unknown":            {create(c.asAdmin, "x", "everything"), fault.Invalid},
		"not held":           {create(c.asExporter, "x", authz.KeysManage), fault.Forbidden},
		"held in one store":  {create(c.asStoreAdmin, "x", authz.StatementsView), fault.Forbidden},
		"delete built in":    {func(tx *postgres.Tx) error { return authz.DeleteRole(tx, authz.Analyst, 0) }, fault.NotFound},
		"delete nothing":     {func(tx *postgres.Tx) error { return authz.DeleteRole(tx, "gone", 0) }, fault.NotFound},
		"delete a stale one": {func(tx *postgres.Tx) error { return authz.DeleteRole(tx, "looker", 7) }, fault.PreconditionFailed},
		"control characters": {func(tx *postgres.Tx) error {
			_, err := authz.CreateRole(tx, c.asAdmin, "x", authz.RoleText{Name: "a\x00", Actions: []authz.Action{authz.TenantView}}, c.now())
			return err
		}, fault.Invalid},
	} {
		require.Equal(t, x.want, c.kind(x.fn), name)
	}

	c.give(c.tenant, authz.NewGrant{Member: c.nobody, Role: "looker"})
	require.Equal(t, fault.Conflict, c.kind(func(tx *postgres.Tx) error { return authz.DeleteRole(tx, "looker", 1) }), "in use")
	p := c.policies(nil)
	require.True(t, c.may(p, c.tenant, c.nobody, 0, authz.StatementsView))
	c.in(c.tenant, func(tx *postgres.Tx) error {
		r, err := authz.ChangeRole(tx, c.asAdmin, "looker", 1, authz.RoleText{Name: "Other", Actions: []authz.Action{authz.TenantView}}, c.now())
		if err == nil {
			require.Equal(t, int64(2), r.Version)
		}
		return err
	})
	p.Announce(t.Context(), c.tenant)
	require.False(t, c.may(p, c.tenant, c.nobody, 0, authz.StatementsView))
	require.Equal(t, fault.Forbidden, c.kind(func(tx *postgres.Tx) error {
		_, err := authz.ChangeRole(tx, c.asExporter, "looker", 0, authz.RoleText{Name: "Other", Actions: []authz.Action{authz.KeysManage}}, c.now())
		return err
	}))

	var slugs []string
	c.in(c.tenant, func(tx *postgres.Tx) error {
		for after := ""; ; {
			page, next, err := authz.ListRoles(tx, authz.Page{After: after, Limit: 2})
			if err != nil {
				return err
			}
			for _, r := range page {
				slugs = append(slugs, r.Slug)
			}
			if after = next; next == "" {
				return nil
			}
		}
	})
	require.Equal(t, []string{"analyst", "auditor", "exporter", "integrator", "looker", "privacy-officer", "tenant-admin"}, slugs)

	other := c.world.tenant("other")
	for name, fn := range map[string]func(*postgres.Tx) error{
		"get":    func(tx *postgres.Tx) error { _, err := authz.GetRole(tx, "looker"); return err },
		"delete": func(tx *postgres.Tx) error { return authz.DeleteRole(tx, "looker", 0) },
		"change": func(tx *postgres.Tx) error {
			_, err := authz.ChangeRole(tx, authz.Trusted, "looker", 0, authz.RoleText{Name: "x", Actions: []authz.Action{authz.TenantView}}, c.now())
			return err
		},
	} {
		require.Equal(t, fault.NotFound, fault.KindOf(c.try(other, fn)), "another tenant's: %s", name)
	}
}

func TestSubjectsAreSpelledOnce(t *testing.T) {
	t.Parallel()
	n, ok := id.Parse("h4k2m9q0")
	require.True(t, ok)
	require.Equal(t, "member:h4k2m9q0", authz.Subject(n))
	require.Equal(t, "operator:h4k2m9q0", authz.OperatorSubject(n))
}
