package bench

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"gocloud.dev/blob"
	"gocloud.dev/blob/memblob"

	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/dev/pgserver"
	"github.com/stoa-lrs/stoa/internal/lrs"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
	"github.com/stoa-lrs/stoa/migrations"
)

// laboratory is a durable Postgres of its own with tenants, one store and one
// key each, and a record store on it.
type laboratory struct {
	dir      string
	server   *pgserver.Server
	super    *pgxpool.Pool // outside row-level security: the floor and sizes
	database postgres.Config
	db       *postgres.DB
	blobs    *blob.Bucket
	peppers  *tenant.Peppers
	tenants  []account
}

// account is a key of one tenant's store.
type account struct {
	author lrs.Author
	user   string
	secret string
}

const (
	tenantCount = 50
	pepper      = "1:YmVuY2hiZW5jaGJlbmNoYmVuY2hiZW5jaGJlbmNoYmVuY2g="
)

func openLaboratory(ctx context.Context) (_ *laboratory, err error) {
	l := &laboratory{}
	defer func() {
		if err != nil {
			l.close()
		}
	}()
	if l.dir, err = os.MkdirTemp("", "stoa-bench-"); err != nil {
		return nil, err
	}
	l.server, err = pgserver.Start(ctx, pgserver.Config{Dir: l.dir, Settings: map[string]string{
		"shared_buffers": "6GB", "max_wal_size": "8GB", "checkpoint_timeout": "15min", "max_connections": "400",
	}})
	if err != nil {
		return nil, err
	}
	owner := l.server.URL(pgserver.Superuser, "stoa")
	roles := map[string]string{}
	for _, role := range postgres.Roles {
		if roles[role], err = postgres.RoleURL(owner, role); err != nil {
			return nil, err
		}
	}
	_, err = postgres.Migrate(ctx, postgres.MigrateConfig{
		OwnerURL: owner, RoleURLs: slices.Collect(maps.Values(roles)), Files: migrations.FS,
	})
	if err != nil {
		return nil, err
	}
	if l.super, err = pgxpool.New(ctx, owner+"&pool_max_conns=150"); err != nil {
		return nil, err
	}
	l.database = postgres.Config{URL: roles[postgres.AppRole], IngestURL: roles[postgres.IngestRole]}
	if l.db, err = postgres.Open(ctx, l.database); err != nil {
		return nil, err
	}
	l.blobs = memblob.OpenBucket(nil)
	if l.peppers, err = tenant.ParsePeppers(pepper); err != nil {
		return nil, err
	}
	operator, err := postgres.OpenOperator(ctx, roles[postgres.OperatorRole])
	if err != nil {
		return nil, err
	}
	defer operator.Close()
	for i := range tenantCount {
		a, err := l.addTenant(ctx, operator, i)
		if err != nil {
			return nil, err
		}
		l.tenants = append(l.tenants, a)
	}
	return l, nil
}

func (l *laboratory) addTenant(ctx context.Context, operator *postgres.Operator, i int) (account, error) {
	now := time.Now()
	t, err := tenant.Create(ctx, operator, fmt.Sprintf("tenant-%d", i), fmt.Sprintf("Tenant %d", i), now)
	if err != nil {
		return account{}, err
	}
	var a account
	err = l.db.Tenant(ctx, postgres.NewScope(t.ID, "bench"), func(tx *postgres.Tx) error {
		store, err := tenant.CreateStore(tx, "production", "Production", tenant.Production, now)
		if err != nil {
			return err
		}
		key, secret, err := tenant.CreateKey(tx, l.peppers, tenant.NewKey{
			Store: store.ID, Name: "bench", Scopes: authz.ScopeAll, HomePage: "https://bench.example.com",
		}, now)
		if err != nil {
			return err
		}
		a = account{user: key.User, secret: secret.Reveal(), author: lrs.Author{
			Tenant: t.ID, Store: store.ID, Key: key.ID, Authority: []byte(key.Authority),
			Identity: "account:https://bench.example.com\n" + key.User,
		}}
		return nil
	})
	return a, err
}

func (l *laboratory) close() {
	if l.db != nil {
		l.db.Close()
	}
	if l.blobs != nil {
		_ = l.blobs.Close()
	}
	if l.super != nil {
		l.super.Close()
	}
	if l.server != nil {
		_ = l.server.Stop()
	}
	if l.dir != "" {
		_ = os.RemoveAll(l.dir)
	}
}
