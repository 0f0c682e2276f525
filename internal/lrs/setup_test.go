package lrs

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"gocloud.dev/blob/memblob"

	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/postgres/postgrestest"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// fixture is a record store on a database of its own.
type fixture struct {
	*LRS
	t        *testing.T
	db       *postgres.DB
	database *postgrestest.Database
	operator *postgres.Operator
	merge    int // statements whose lists wait
	piece    int // bytes of them that are merged at once; 0: as many as there are
}

func setup(t *testing.T) *fixture {
	t.Helper()
	d := postgrestest.New(t)
	f := &fixture{t: t, database: d, db: d.Open(t), operator: d.OpenOperator(t)}
	f.LRS = f.another()
	return f
}

// another returns a second record store on the same database: another replica.
func (f *fixture) another() *LRS {
	blobs := memblob.OpenBucket(nil)
	r := New(Config{DB: f.db, Blobs: blobs, Merge: f.merge})
	if f.piece > 0 {
		r.committer.mergeBytes = f.piece
	}
	f.t.Cleanup(func() {
		r.Close()
		_ = blobs.Close()
	})
	return r
}

// author makes a tenant, a sandbox in it and a key of that.
func (f *fixture) author() Author {
	f.t.Helper()
	var a Author
	require.NoError(f.t, f.operator.Do(f.t.Context(), func(tx pgx.Tx) error {
		return tx.QueryRow(f.t.Context(), `insert into tenants (slug, name) values ($1, 'Tenant') returning id`, "t"+uuid.NewString()[:8]).Scan(&a.Tenant)
	}))
	return f.key(f.store(a.Tenant, "sandbox"))
}

func (f *fixture) store(tenant int64, kind string) Author {
	f.t.Helper()
	a := Author{Tenant: tenant}
	f.tx(tenant, func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `insert into stores (tenant_id, slug, name, kind) values ($1, $2, 'Store', $3) returning id`,
			tenant, "s"+uuid.NewString()[:8], kind).Scan(&a.Store)
	})
	return a
}

// key adds a key to a's store.
func (f *fixture) key(a Author) Author {
	f.t.Helper()
	a.Key = int64(uuid.New().ID()) + 1
	a.Authority = fmt.Appendf(nil, `{"objectType":"Agent","account":{"homePage":"https://stoa.test","name":"%d"}}`, a.Key)
	a.Identity = fmt.Sprintf("account:https://stoa.test\n%d", a.Key)
	f.tx(a.Tenant, func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, `insert into keys (tenant_id, id, store_id, name, scopes, authority) values ($1, $2, $3, 'Key', '{all}', $4)`,
			a.Tenant, a.Key, a.Store, string(a.Authority))
		return err
	})
	return a
}

func (f *fixture) tx(tenant int64, fn func(context.Context, *postgres.Tx) error) {
	f.t.Helper()
	ctx := f.t.Context()
	require.NoError(f.t, f.db.Tenant(ctx, postgres.NewScope(tenant, "test"), func(tx *postgres.Tx) error { return fn(ctx, tx) }))
}

func read(a Author) Read {
	return Read{Scope: postgres.NewScope(a.Tenant, "test"), Store: a.Store, Version: xapi.V2}
}

func batch(t testing.TB, body string) *xapi.Batch {
	t.Helper()
	b, err := xapi.Decode([]byte(body), xapi.V2, xapi.Limits{})
	require.NoError(t, err)
	return b
}

// put stores the statements of body and returns their ids.
func (f *fixture) put(a Author, body string) []uuid.UUID {
	f.t.Helper()
	ids, err := f.Commit(f.t.Context(), Write{a, batch(f.t, body)})
	require.NoError(f.t, err)
	return ids
}

// walk returns the ids of every statement that q finds, page by page.
func (f *fixture) walk(in Read, q xapi.Query) []uuid.UUID {
	f.t.Helper()
	ids := []uuid.UUID{}
	for after := Cursor(0); ; {
		page, err := f.Find(f.t.Context(), in, &q, after)
		require.NoError(f.t, err)
		for _, rec := range page.Records {
			ids = append(ids, rec.ID)
		}
		if after = page.Next; after == 0 {
			return ids
		}
	}
}

// simple is a statement of one learner, one verb and one activity.
func simple(id uuid.UUID, actor, verb, activity string) string {
	return fmt.Sprintf(`{"id":%q,"actor":{"mbox":"mailto:%s@example.com"},"verb":{"id":"https://example.com/verbs/%s"},"object":{"id":"https://example.com/%s"}}`,
		id, actor, verb, activity)
}
