package dev

import (
	"context"
	"time"

	"gocloud.dev/blob/memblob"

	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/lrs"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// demoTenant is an organisation that does not exist.
type demoTenant struct {
	slug, name string
	learners   int
	stores     []demoStore
}

type demoStore struct {
	slug, name string
	kind       tenant.Kind
	part       float64 // of Config.Statements
	seed       uint64
}

var demoTenants = []demoTenant{
	{"northwind", "Northwind Industries", 220, []demoStore{
		{"production", "Academy", tenant.Production, 1, 11},
		{"sandbox", "Trial courses", tenant.Sandbox, 0.05, 12},
	}},
	{"meridian", "Meridian Health", 90, []demoStore{
		{"production", "Clinical training", tenant.Production, 0.5, 21},
		{"sandbox", "Content tests", tenant.Sandbox, 0.03, 22},
	}},
}

// DemoKey opens one demo store, with every scope.
type DemoKey struct {
	Tenant, Store string // slugs
	Kind          tenant.Kind
	User, Secret  string
}

// filler makes the demo tenants what they should be.
type filler struct {
	Config
	env      *Environment
	secrets  *secrets
	db       *postgres.DB
	operator *postgres.Operator
	record   *lrs.LRS
}

// fill finds or makes the demo tenants, their stores and keys, and puts
// statements into a store that has not had them yet. What an earlier run was
// killed in the middle of is finished: the same statements come again with the
// same ids, which changes nothing.
func (e *Environment) fill(ctx context.Context, c Config, s *secrets) error {
	operator, err := postgres.OpenOperator(ctx, e.Variables[operatorURL])
	if err != nil {
		return e.explain(err)
	}
	defer operator.Close()
	db, err := postgres.Open(ctx, postgres.Config{URL: e.Variables[appURL], IngestURL: e.Variables[ingestURL]})
	if err != nil {
		return e.explain(err)
	}
	defer db.Close()
	blobs := memblob.OpenBucket(nil) // demo statements bring no contents
	defer func() { _ = blobs.Close() }()
	record := lrs.New(lrs.Config{DB: db, Blobs: blobs, Logger: c.Logger})
	defer record.Close()

	f := &filler{Config: c, env: e, secrets: s, db: db, operator: operator, record: record}
	for _, t := range demoTenants {
		if err := f.tenant(ctx, t); err != nil {
			return fault.Wrap(fault.KindOf(err), err, "the demo tenant %s cannot be made", t.slug)
		}
	}
	if err := f.signIns(ctx); err != nil {
		return err
	}
	return f.colleagues(ctx, demoTenants[0])
}

// explain adds what may help when somebody else's Postgres refuses a role.
func (e *Environment) explain(err error) error {
	if e.server != nil {
		return err
	}
	return fault.Wrap(fault.KindOf(err), err,
		"the roles %s, %s and %s need the password of STOA_DATABASE_URL's role in that Postgres; dev gives it only to those that it makes",
		postgres.AppRole, postgres.IngestRole, postgres.OperatorRole)
}

func (f *filler) tenant(ctx context.Context, d demoTenant) error {
	t, err := tenant.Get(ctx, f.operator, d.slug)
	if fault.Is(err, fault.NotFound) {
		t, err = tenant.Create(ctx, f.operator, d.slug, d.name, f.Clock())
	}
	if err != nil {
		return err
	}
	for _, store := range d.stores {
		known, err := f.store(ctx, t, store)
		if err != nil {
			return fault.Wrap(fault.KindOf(err), err, "store %s", store.slug)
		}
		f.env.Keys = append(f.env.Keys, DemoKey{d.slug, store.slug, store.kind, known.User, known.Secret})
		if known.Filled {
			continue
		}
		if err := f.statements(ctx, t, d, store, known); err != nil {
			return fault.Wrap(fault.KindOf(err), err, "store %s", store.slug)
		}
		known.Filled = true
		f.secrets.Stores[d.slug+"/"+store.slug] = known
		if err := f.secrets.save(); err != nil {
			return err
		}
	}
	return nil
}

// store finds or makes a demo store and a key of it whose secret is known.
func (f *filler) store(ctx context.Context, t *tenant.Tenant, d demoStore) (demoFile, error) {
	name := t.Slug + "/" + d.slug
	known := f.secrets.Stores[name]
	minted := false
	err := f.db.Tenant(ctx, t.Scope("dev"), func(tx *postgres.Tx) error {
		minted = false
		store, err := tenant.GetStore(tx, d.slug)
		if fault.Is(err, fault.NotFound) {
			store, err = tenant.CreateStore(tx, d.slug, d.name, d.kind, f.Clock().UTC().Truncate(time.Microsecond))
		}
		if err != nil {
			return err
		}
		if known.ID != store.ID || !known.CreatedAt.Equal(store.CreatedAt) {
			known = demoFile{ID: store.ID, CreatedAt: store.CreatedAt}
		}
		if opens, err := f.opens(tx, known); opens || err != nil {
			return err
		}
		key, plain, err := tenant.CreateKey(tx, f.env.peppers, tenant.NewKey{
			Store: store.ID, Name: "Demo", Scopes: authz.ScopeAll, HomePage: f.PublicURL,
		}, f.Clock())
		if err != nil {
			return err
		}
		known.User, known.Secret, minted = key.User, plain.Reveal(), true
		return nil
	})
	if err != nil || !minted {
		return known, err
	}
	f.secrets.Stores[name] = known
	return known, f.secrets.save()
}

// opens reports whether the key that is known still opens its store.
func (f *filler) opens(tx *postgres.Tx, known demoFile) (bool, error) {
	of, id, ok := tenant.ParseUserName(known.User)
	if !ok || of != tx.TenantID() {
		return false, nil
	}
	c, err := tenant.LoadCredential(tx, id)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_, ok = c.Match(f.env.peppers, known.Secret, f.Clock())
	return ok && c.Store == known.ID && c.Status(f.Clock()) == tenant.KeyActive, nil
}

// author is the credential that the demo statements of a store carry.
func (f *filler) author(ctx context.Context, t *tenant.Tenant, known demoFile) (lrs.Author, error) {
	_, id, _ := tenant.ParseUserName(known.User)
	a := lrs.Author{Tenant: t.ID, Store: known.ID, Key: id}
	err := f.db.TenantRead(ctx, t.Scope("dev"), func(tx *postgres.Tx) error {
		c, err := tenant.LoadCredential(tx, id)
		if err == nil {
			a.Authority = c.Authority
		}
		return err
	})
	if err != nil {
		return a, err
	}
	a.Identity, err = xapi.ParseAgent(a.Authority, xapi.V1)
	return a, err
}
