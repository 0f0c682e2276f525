package main

import (
	"context"
	"errors"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/app"
	"github.com/stoa-lrs/stoa/internal/config"
	"github.com/stoa-lrs/stoa/internal/lrs"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// local is the office in the database: nobody is asked whether they may, for
// who has its passwords may do everything. Changes are in the audit log as the
// shell's.
type local struct{ sh *shell }

// onTenant does something as the operator that gives a tenant.
func (l local) onTenant(ctx context.Context, do func(*postgres.Operator) (*tenant.Tenant, error)) (m apiv1.Tenant, err error) {
	err = l.sh.operate(ctx, func(op *postgres.Operator) error {
		t, err := do(op)
		if err == nil {
			m = tenantModel(t)
		}
		return err
	})
	return m, err
}

func (l local) CreateTenant(ctx context.Context, n apiv1.NewTenant) (apiv1.Tenant, error) {
	return l.onTenant(ctx, func(op *postgres.Operator) (*tenant.Tenant, error) {
		return tenant.Create(ctx, op, n.Slug, n.Name, l.sh.now())
	})
}

func (l local) GetTenant(ctx context.Context, slug string) (apiv1.Tenant, error) {
	return l.onTenant(ctx, func(op *postgres.Operator) (*tenant.Tenant, error) { return tenant.Get(ctx, op, slug) })
}

func (l local) SuspendTenant(ctx context.Context, slug string) (apiv1.Tenant, error) {
	return l.onTenant(ctx, func(op *postgres.Operator) (*tenant.Tenant, error) { return tenant.Suspend(ctx, op, slug) })
}

func (l local) ResumeTenant(ctx context.Context, slug string) (apiv1.Tenant, error) {
	return l.onTenant(ctx, func(op *postgres.Operator) (*tenant.Tenant, error) { return tenant.Resume(ctx, op, slug) })
}

func (l local) LimitTenant(ctx context.Context, slug string, change func(*apiv1.TenantLimits)) (apiv1.Tenant, error) {
	return l.onTenant(ctx, func(op *postgres.Operator) (*tenant.Tenant, error) {
		t, err := tenant.Get(ctx, op, slug)
		if err != nil {
			return nil, err
		}
		limits := tenantModel(t).Limits
		change(&limits)
		return tenant.Update(ctx, op, slug, tenant.Change{
			Limits: &tenant.Limits{Requests: limits.RequestsPerMinute, Statements: limits.StatementsPerMinute},
		}, t.Version)
	})
}

func (l local) ListTenants(ctx context.Context, page tenant.Page) (m apiv1.TenantPage, err error) {
	err = l.sh.operate(ctx, func(op *postgres.Operator) error {
		tenants, next, err := tenant.List(ctx, op, page)
		m = apiv1.TenantPage{Items: models(tenants, tenantModel), Next: next}
		return err
	})
	return m, err
}

func (l local) CreateStore(ctx context.Context, of string, n apiv1.NewStore) (m apiv1.Store, err error) {
	err = l.sh.visit(ctx, of, func(tx *postgres.Tx) error {
		s, err := tenant.CreateStore(tx, n.Slug, n.Name, tenant.Kind(n.Kind), l.sh.now())
		if err == nil {
			m = storeModel(s)
		}
		return err
	})
	return m, err
}

func (l local) ListStores(ctx context.Context, of string, page tenant.Page) (m apiv1.StorePage, err error) {
	err = l.sh.visit(ctx, of, func(tx *postgres.Tx) error {
		stores, next, err := tenant.ListStores(tx, page)
		m = apiv1.StorePage{Items: models(stores, storeModel), Next: next}
		return err
	})
	return m, err
}

// EmptyStore asks the record store, which refuses for a production store.
func (l local) EmptyStore(ctx context.Context, of, store string) (m apiv1.EmptiedStore, err error) {
	t, err := l.sh.resolve(ctx, of)
	if err != nil {
		return m, err
	}
	c, err := l.sh.load(config.Database)
	if err != nil {
		return m, err
	}
	err = l.sh.open(ctx, func(db *postgres.DB) (err error) {
		var s *tenant.Store
		if err := db.TenantRead(ctx, t.Scope(actor), func(tx *postgres.Tx) (err error) {
			s, err = tenant.GetStore(tx, store)
			return err
		}); err != nil {
			return err
		}
		blobs, err := app.OpenBlobs(ctx, c.BlobURL.Reveal())
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, blobs.Close()) }()
		records := lrs.New(lrs.Config{DB: db, Blobs: blobs, Lanes: 1})
		defer records.Close()
		m.Deleted, err = records.Empty(ctx, t.Scope(actor), s.ID)
		return err
	})
	return m, err
}
