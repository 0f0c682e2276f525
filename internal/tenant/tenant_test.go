package tenant_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

func TestTenantLivesAndIsSuspended(t *testing.T) {
	t.Parallel()
	p := setup(t)
	made := p.tenant("acme")
	require.Equal(t, &tenant.Tenant{ID: made.ID, Slug: "acme", Name: "The acme", Status: tenant.Active, CreatedAt: now, Version: 1}, made)

	for range 2 { // twice is no error
		got, err := tenant.Suspend(t.Context(), p.op, "acme")
		require.NoError(t, err)
		require.Equal(t, tenant.Suspended, got.Status)
	}
	got, err := tenant.Resume(t.Context(), p.op, "acme")
	require.NoError(t, err)
	require.Equal(t, tenant.Active, got.Status)

	got, err = tenant.Update(t.Context(), p.op, "acme", tenant.Change{Limits: &tenant.Limits{Requests: 7}}, 0)
	require.NoError(t, err)
	require.Equal(t, tenant.Limits{Requests: 7}, got.Limits)
	got, err = tenant.Update(t.Context(), p.op, "acme", tenant.Change{Limits: &tenant.Limits{Statements: 9}}, 0)
	require.NoError(t, err)
	require.Equal(t, tenant.Limits{Statements: 9}, got.Limits, "a zero goes back to the default")
	again, err := tenant.Get(t.Context(), p.op, "acme")
	require.NoError(t, err)
	require.Equal(t, got, again)
}

func TestTenantIsRefused(t *testing.T) {
	t.Parallel()
	p := setup(t)
	p.tenant("acme")
	for _, c := range []struct {
		slug, name string
		want       fault.Kind
	}{
		{"acme", "Another", fault.Conflict},
		{"", "A", fault.Invalid},
		{"Acme", "A", fault.Invalid},
		{"-acme", "A", fault.Invalid},
		{"acme-", "A", fault.Invalid},
		{"ac me", "A", fault.Invalid},
		{"acme\n", "A", fault.Invalid},
		{strings.Repeat("a", 64), "A", fault.Invalid},
		{"b", "", fault.Invalid},
		{"b", " A", fault.Invalid},
		{"b", "A\x00", fault.Invalid},
		{"b", "A\nB", fault.Invalid},
		{"b", "\xff", fault.Invalid},
		{"b", strings.Repeat("ä", 201), fault.Invalid},
	} {
		_, err := tenant.Create(t.Context(), p.op, c.slug, c.name, now)
		require.Equal(t, c.want, fault.KindOf(err), "%q %q: %v", c.slug, c.name, err)
	}
	_, err := tenant.Create(t.Context(), p.op, strings.Repeat("a", 63), strings.Repeat("ä", 200), now)
	require.NoError(t, err)

	for name, call := range map[string]func() error{
		"get":     func() error { _, err := tenant.Get(t.Context(), p.op, "nobody"); return err },
		"suspend": func() error { _, err := tenant.Suspend(t.Context(), p.op, "nobody"); return err },
		"resume":  func() error { _, err := tenant.Resume(t.Context(), p.op, "nobody"); return err },
		"limits": func() error {
			_, err := tenant.Update(t.Context(), p.op, "nobody", tenant.Change{Limits: &tenant.Limits{}}, 0)
			return err
		},
	} {
		require.Equal(t, fault.NotFound, fault.KindOf(call()), name)
	}
	for _, l := range []tenant.Limits{{Requests: -1}, {Statements: -1}, {Requests: 2e9}} {
		_, err := tenant.Update(t.Context(), p.op, "acme", tenant.Change{Limits: &l}, 0)
		require.Equal(t, fault.Invalid, fault.KindOf(err))
	}
}

func TestTenantsAreListedInPages(t *testing.T) {
	t.Parallel()
	p := setup(t)
	for _, slug := range []string{"c", "a", "e", "b", "d"} {
		p.tenant(slug)
	}
	var slugs, sizes []string
	for page := (tenant.Page{Limit: 2}); ; {
		got, next, err := tenant.List(t.Context(), p.op, page)
		require.NoError(t, err)
		for _, g := range got {
			slugs = append(slugs, g.Slug)
		}
		sizes = append(sizes, strings.Repeat("x", len(got)))
		if next == "" {
			break
		}
		page.After = next
	}
	require.Equal(t, []string{"a", "b", "c", "d", "e"}, slugs)
	require.Equal(t, []string{"xx", "xx", "x"}, sizes)
}

func TestStoresOfATenant(t *testing.T) {
	t.Parallel()
	p := setup(t)
	acme, globex := p.tenant("acme"), p.tenant("globex")
	production := p.store(acme, "production", tenant.Production)
	sandbox := p.store(acme, "sandbox", tenant.Sandbox)
	foreign := p.store(globex, "sandbox", tenant.Sandbox) // the same slug is free in another tenant
	require.Positive(t, production.ID)
	require.NotEqual(t, sandbox.ID, foreign.ID)

	p.in(acme, func(tx *postgres.Tx) error {
		stores, next, err := tenant.ListStores(tx, tenant.Page{})
		require.NoError(t, err)
		require.Empty(t, next)
		require.Equal(t, []string{"production", "sandbox"}, []string{stores[0].Slug, stores[1].Slug})
		got, err := tenant.GetStore(tx, "sandbox")
		require.NoError(t, err)
		require.Equal(t, sandbox.ID, got.ID)
		require.Equal(t, now, got.CreatedAt.UTC())

		require.NoError(t, tenant.RequireSandbox(tx, sandbox.ID))
		require.Equal(t, fault.Forbidden, fault.KindOf(tenant.RequireSandbox(tx, production.ID)))
		require.Equal(t, fault.NotFound, fault.KindOf(tenant.RequireSandbox(tx, foreign.ID)), "another tenant's sandbox does not exist")
		return nil
	})
	for _, c := range []struct {
		slug, name string
		kind       tenant.Kind
		want       fault.Kind
	}{
		{"sandbox", "A", tenant.Sandbox, fault.Conflict},
		{"x", "A", "test", fault.Invalid},
		{"x", "A", "", fault.Invalid},
		{"X", "A", tenant.Sandbox, fault.Invalid},
		{"x", "", tenant.Sandbox, fault.Invalid},
	} {
		err := p.try(acme, func(tx *postgres.Tx) error {
			_, err := tenant.CreateStore(tx, c.slug, c.name, c.kind, now)
			return err
		})
		require.Equal(t, c.want, fault.KindOf(err), "%v: %v", c, err)
	}
	p.in(acme, func(tx *postgres.Tx) error {
		_, err := tenant.GetStore(tx, "nothing")
		require.Equal(t, fault.NotFound, fault.KindOf(err))
		return nil
	})
}
