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
	op, sealer := w.urls.OpenOperator(t), w.urls.OpenSealer(t)
	w.mine, w.them = w.populate(op, sealer, "mine"), w.populate(op, sealer, "theirs")
	return w
}

// populate writes one row into every table, as the roles that do so in the service.
func (w *world) populate(op *postgres.Operator, sealer *postgres.Sealer, slug string) postgres.Scope {
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
			`insert into lexicon (tenant_id, store_id, kind, key, value, names, type, open) values ($1, 1, 1, 1, 'v', '', '', true)`,
			`insert into lexicon_words (tenant_id, store_id, kind, word, key) values ($1, 1, 1, 'v', 1)`,
			`insert into lexicon_reach (tenant_id, store_id) values ($1, 1)`,
			`insert into keys (tenant_id, id, store_id, name, scopes, authority) select $1, 1, id, 'k', '{all}', '{}' from stores`,
			`insert into key_secrets (tenant_id, key_id, id, hash, pepper) values ($1, 1, 1, sha256('x'), 1)`,
			`insert into documents (tenant_id, store_id, kind, owner, registration, id, updated_at, etag, content_type, content)
				values ($1, 1, 1, 'o', gen_random_uuid(), 'd', now(), 'e', 'text/plain', 'c')`,
			`insert into tenant_settings (tenant_id) values ($1)`,
			`insert into members (tenant_id, id, email, status) values ($1, 1, 'a@example.com', 'active')`,
			`insert into roles (tenant_id, slug, name, actions) values ($1, 'r', 'R', '{}')`,
			`insert into grants (tenant_id, id, member_id, role, source, granted_by) values ($1, 1, 1, 'r', 'manual', 'shell:x')`,
			`insert into policy_versions (tenant_id, version) values ($1, 1)`,
			`insert into identity_providers (tenant_id, state, issuer, client_id, client_secret) values ($1, 'draft', 'i', 'c', 's')`,
			`insert into role_mappings (tenant_id, id, claim, role) values ($1, 1, 'c', 'r')`,
			`insert into tenant_domains (tenant_id, domain) values ($1, 'example.com')`,
			`insert into access_tokens (tenant_id, id, kind, member_id, name, actions, hash, pepper, expires_at)
				values ($1, 1, 'personal', 1, 't', '{}', sha256('x'), 1, now())`,
			`insert into scim_groups (tenant_id, id, display_name) values ($1, 1, 'g')`,
			`insert into scim_group_members (tenant_id, group_id, member_id) values ($1, 1, 1)`,
			`insert into ended_sessions (tenant_id, member_id, session, at, expires_at) values ($1, 1, 's', now(), now())`,
			`insert into entries (tenant_id, id, operator_id, operator, reason, level, expires_at) values ($1, 1, 1, 'o', 'reason enough', 'read', now())`,
			`insert into recovery_links (tenant_id, id, email, hash, pepper, expires_at) values ($1, 1, 'a@example.com', sha256('x'), 1, now())`,
			`insert into idempotency (tenant_id, actor, key, fingerprint, status, body) values ($1, 'a', 'k', 'f', 201, 'b')`,
			`insert into viewings (tenant_id, actor, hour, rows) values ($1, 'a', now(), 1)`,
			event,
			`insert into audit_streams (tenant_id, id, name, kind, address) values ($1, 1, 's', 'webhook', 'https://siem.example.com')`,
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
			`insert into waiting_lists (tenant_id, store_id, upto, statements, lists) values ($1, 1, now(), 1, 'l')`,
			`insert into pending_refs (tenant_id, store_id, target, referrer, voids) values ($1, 1, gen_random_uuid(), now(), false)`,
			`insert into dictionaries (tenant_id, store_id, number, vocabulary) values ($1, 1, 100, 'x')`,
			`insert into activities (tenant_id, store_id, key, iri, definition) values ($1, 1, 1, 'i', '{}')`,
			`insert into usage_statements (tenant_id, store_id, day, statements, bytes, last_at) values ($1, 1, now(), 1, 1, now())`,
			`insert into usage_storage (tenant_id, store_id, day) values ($1, 1, now())`,
			`insert into usage_requests (tenant_id, store_id, minutes, begins) values ($1, 1, 10, now())`,
			`insert into usage_cursors (tenant_id, store_id, upto) values ($1, 1, now())`,
			`insert into usage_keys (tenant_id, store_id, day, key_id) values ($1, 1, now(), 1)`,
		} {
			if _, err := tx.Exec(ctx, query, id); err != nil {
				w.t.Fatalf("%s: %v", query, err)
			}
		}
		return nil
	}))
	require.NoError(w.t, sealer.Do(ctx, func(tx pgx.Tx) error {
		for _, query := range []string{seal, segment, word, anchor} {
			if _, err := tx.Exec(ctx, query, id); err != nil {
				return err
			}
		}
		return nil
	}))
	return scope
}

// An event of the audit log, the seal of one, and what else the sealer writes.
const (
	event = `insert into audit_events (tenant_id, actor_kind, actor_id, actor_name, action, target_kind, target_id, target_name,
		outcome, address, user_agent, session, request_id, details) values ($1, 'shell', 'shell:x', '', 'a', '', '', '', 'success', '', '', '', '', '{}')`
	seal = `insert into audit_seals (tenant_id, number, kind, at, events, leaves, total, last, settled, newest, root, previous, key_id, signature)
		values ($1, 1, 'events', now(), '{1}', sha256('l'), 1, 1, 0, now(), sha256('r'), sha256('p'), 'k', 's')`
	segment = `insert into audit_segments (tenant_id, upto, total, last, oldest, newest, horizon) values ($1, 1, 1, 1, current_timestamp, now(), clock_timestamp())`
	word    = `insert into audit_words (tenant_id, word, segment, events) values ($1, 1, 1, 'e')`
	anchor  = `insert into audit_anchors (tenant_id, number, at, error) values ($1, 1, now(), '')`
)

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
