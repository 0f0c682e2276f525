package postgres_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/postgres/postgrestest"
)

// world is a database with two tenants, each with one row in every table.
type world struct {
	t          *testing.T
	urls       *postgrestest.Database
	db         *postgres.DB
	mine, them postgres.Scope
}

func setup(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, urls: postgrestest.New(t)}
	w.db = w.urls.Open(t)
	op := w.urls.OpenOperator(t)
	w.mine, w.them = w.populate(op, "mine"), w.populate(op, "theirs")
	return w
}

// populate writes one row into every table, as the roles that do so in the service.
func (w *world) populate(op *postgres.Operator, slug string) postgres.Scope {
	w.t.Helper()
	ctx := w.t.Context()
	var id int64
	require.NoError(w.t, op.Do(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `insert into tenants (slug, name) values ($1, $1) returning id`, slug).Scan(&id)
	}))
	scope := postgres.NewScope(id, "test")
	require.NoError(w.t, w.db.Tenant(ctx, scope, func(tx *postgres.Tx) error {
		for _, query := range []string{
			`insert into stores (tenant_id, slug, name, kind) values ($1, 's', 'S', 'sandbox')`,
			`insert into keys (tenant_id, id, store_id, name, scopes, authority) select $1, 1, id, 'k', '{all}', '{}' from stores`,
			`insert into key_secrets (tenant_id, key_id, id, hash, pepper) values ($1, 1, 1, sha256('x'), 1)`,
			`insert into documents (tenant_id, store_id, kind, owner, registration, id, updated_at, etag, content_type, content)
				values ($1, 1, 1, 'o', gen_random_uuid(), 'd', now(), 'e', 'text/plain', 'c')`,
		} {
			if n, err := tx.Exec(ctx, query, id); err != nil || n != 1 {
				w.t.Fatalf("%s: %d rows, %v", query, n, err)
			}
		}
		return nil
	}))
	require.NoError(w.t, w.db.Ingest(ctx, []int64{id}, func(tx *postgres.IngestTx) error {
		for _, query := range []string{
			`insert into statements (tenant_id, store_id, stored, key_id, verb, dict, id, hash, payload) values ($1, 1, now(), 1, 1, 0, gen_random_uuid(), 'h', 'p')`,
			`insert into statement_rel (tenant_id, store_id, key, upto, list) values ($1, 1, 1, now(), 'l')`,
			`insert into pending_refs (tenant_id, store_id, target, referrer, voids) values ($1, 1, gen_random_uuid(), now(), false)`,
			`insert into dictionaries (tenant_id, store_id, number, vocabulary) values ($1, 1, 100, 'x')`,
			`insert into activities (tenant_id, store_id, key, iri, definition) values ($1, 1, 1, 'i', '{}')`,
		} {
			if _, err := tx.Exec(ctx, query, id); err != nil {
				w.t.Fatalf("%s: %v", query, err)
			}
		}
		return nil
	}))
	return scope
}

// as connects as one of the roles, past package postgres.
func (w *world) as(url string) *pgx.Conn {
	w.t.Helper()
	conn, err := pgx.Connect(w.t.Context(), url)
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// tenantTables lists every table that has a tenant_id.
func (w *world) tenantTables() []string {
	w.t.Helper()
	rows, err := w.as(w.urls.Owner).Query(w.t.Context(), `
		select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid
		where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attname = 'tenant_id' order by 1`)
	require.NoError(w.t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(w.t, err)
	require.NotEmpty(w.t, tables)
	return tables
}
