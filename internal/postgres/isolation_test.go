package postgres_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/migrations"
)

// refused requires that the database itself said no: row-level security or a
// missing grant, both SQLSTATE 42501.
func refused(t *testing.T, err error, what string) {
	t.Helper()
	var pg *pgconn.PgError
	require.ErrorAs(t, err, &pg, what)
	require.Equal(t, "42501", pg.Code, "%s: %v", what, err)
}

func TestEveryTableShowsItsOwnTenantOnly(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for _, table := range w.tenantTables() {
		require.NoError(t, w.db.TenantRead(t.Context(), w.mine, func(tx *postgres.Tx) error {
			var own, theirs int
			err := tx.QueryRow(t.Context(), fmt.Sprintf(
				`select count(*) filter (where tenant_id = $1), count(*) filter (where tenant_id <> $1) from %s`, table), w.mine.Tenant()).Scan(&own, &theirs)
			require.NoError(t, err)
			require.Equal(t, 1, own, "%s: populate must write one row", table)
			require.Zero(t, theirs, table)
			// Named outright, by a subquery, and by what comes from outside.
			for _, where := range []string{"tenant_id = $1", "tenant_id in (select $1::bigint)", "(tenant_id = $1 or true) and tenant_id = $1"} {
				require.NoError(t, tx.QueryRow(t.Context(), `select count(*) from `+table+` where `+where, w.them.Tenant()).Scan(&theirs))
				require.Zero(t, theirs, table)
			}
			return nil
		}))
	}
	// The table that is no tenant table.
	require.NoError(t, w.db.TenantRead(t.Context(), w.mine, func(tx *postgres.Tx) error {
		var slugs []string
		require.NoError(t, tx.QueryRow(t.Context(), `select array_agg(slug) from tenants`).Scan(&slugs))
		require.Equal(t, []string{"mine"}, slugs)
		return nil
	}))
}

func TestAForgedTenantIsRefused(t *testing.T) {
	t.Parallel()
	w := setup(t)
	forged := map[string]string{
		"stores":      `insert into stores (tenant_id, slug, name, kind) values ($1, 'forged', 'S', 'sandbox')`,
		"keys":        `insert into keys (tenant_id, id, store_id, name, scopes, authority) values ($1, 2, 1, 'k', '{all}', '{}')`,
		"key_secrets": `insert into key_secrets (tenant_id, key_id, id, hash, pepper) values ($1, 1, 2, sha256('x'), 1)`,
		"documents": `insert into documents (tenant_id, store_id, kind, owner, registration, id, updated_at, etag, content_type, content)
			values ($1, 1, 1, 'o', gen_random_uuid(), 'd', now(), 'e', 'text/plain', 'c')`,
		"statements":    `insert into statements (tenant_id, store_id, stored, key_id, verb, dict, id, hash, payload) values ($1, 1, now(), 1, 1, 0, gen_random_uuid(), 'h', 'p')`,
		"statement_rel": `insert into statement_rel (tenant_id, store_id, key, upto, list) values ($1, 1, 1, now(), 'l')`,
		"waiting_lists": `insert into waiting_lists (tenant_id, store_id, upto, statements, lists) values ($1, 1, now(), 1, 'l')`,
		"pending_refs":  `insert into pending_refs (tenant_id, store_id, target, referrer, voids) values ($1, 1, gen_random_uuid(), now(), false)`,
		"dictionaries":  `insert into dictionaries (tenant_id, store_id, number, vocabulary) values ($1, 1, 101, 'x')`,
		"activities":    `insert into activities (tenant_id, store_id, key, iri, definition) values ($1, 1, 2, 'i', '{}')`,

		"lexicon":       `insert into lexicon (tenant_id, store_id, kind, key, value, names, type, open) values ($1, 1, 1, 2, 'v', '', '', true)`,
		"lexicon_words": `insert into lexicon_words (tenant_id, store_id, kind, word, key) values ($1, 1, 1, 'forged', 2)`,
		"lexicon_reach": `insert into lexicon_reach (tenant_id, store_id) values ($1, 2)`,

		"usage_statements": `insert into usage_statements (tenant_id, store_id, day, statements, bytes, last_at) values ($1, 2, now(), 1, 1, now())`,
		"usage_storage":    `insert into usage_storage (tenant_id, store_id, day) values ($1, 2, now())`,
		"usage_requests":   `insert into usage_requests (tenant_id, store_id, minutes, begins) values ($1, 2, 10, now())`,
		"usage_cursors":    `insert into usage_cursors (tenant_id, store_id, upto) values ($1, 2, now())`,
		"usage_keys":       `insert into usage_keys (tenant_id, store_id, day, key_id) values ($1, 2, now(), 2)`,

		"tenant_settings":    `insert into tenant_settings (tenant_id) values ($1)`,
		"members":            `insert into members (tenant_id, id, email, status) values ($1, 2, 'b@example.com', 'active')`,
		"roles":              `insert into roles (tenant_id, slug, name, actions) values ($1, 'forged', 'R', '{}')`,
		"grants":             `insert into grants (tenant_id, id, member_id, role, source, granted_by) values ($1, 2, 1, 'tenant-admin', 'manual', 'shell:x')`,
		"policy_versions":    `insert into policy_versions (tenant_id, version) values ($1, 9) on conflict (tenant_id) do update set version = 9`,
		"identity_providers": `insert into identity_providers (tenant_id, state, issuer, client_id, client_secret) values ($1, 'active', 'i', 'c', 's')`,
		"role_mappings":      `insert into role_mappings (tenant_id, id, claim, role) values ($1, 2, 'c', 'r')`,
		"tenant_domains":     `insert into tenant_domains (tenant_id, domain, verified_at) values ($1, 'forged.example.com', now())`,
		"access_tokens": `insert into access_tokens (tenant_id, id, kind, name, actions, hash, pepper, expires_at)
			values ($1, 2, 'scim', 't', '{}', sha256('x'), 1, now())`,
		"scim_groups":        `insert into scim_groups (tenant_id, id, display_name) values ($1, 2, 'forged')`,
		"scim_group_members": `insert into scim_group_members (tenant_id, group_id, member_id) values ($1, 1, 1)`,
		"ended_sessions":     `insert into ended_sessions (tenant_id, member_id, session, at, expires_at) values ($1, 1, '', now(), now())`,
		"entries":            `insert into entries (tenant_id, id, operator_id, operator, reason, level, expires_at) values ($1, 2, 1, 'o', 'reason enough', 'full', now())`,
		"recovery_links":     `insert into recovery_links (tenant_id, id, email, hash, pepper, expires_at) values ($1, 2, 'a@example.com', sha256('x'), 1, now())`,
		"idempotency":        `insert into idempotency (tenant_id, actor, key, fingerprint, status, body) values ($1, 'b', 'k', 'f', 201, 'b')`,
		"viewings":           `insert into viewings (tenant_id, actor, hour, rows) values ($1, 'b', now(), 1)`,
		"audit_events":       event,
		"audit_seals":        seal, // for want of a grant already: the application seals nothing
		"audit_segments":     segment,
		"audit_words":        word,
		"audit_anchors":      anchor,
		"audit_streams":      `insert into audit_streams (tenant_id, id, name, kind, address) values ($1, 2, 's', 'webhook', 'https://siem.example.com')`,
	}
	for _, table := range w.tenantTables() {
		sql, known := forged[table]
		require.True(t, known, "say how to forge a row of %s", table)
		err := w.db.Tenant(t.Context(), w.mine, func(tx *postgres.Tx) error {
			_, err := tx.Exec(t.Context(), sql, w.them.Tenant())
			return err
		})
		refused(t, err, table+" as the application")
		err = w.db.Ingest(t.Context(), []int64{w.mine.Tenant()}, func(tx *postgres.IngestTx) error {
			_, err := tx.Exec(t.Context(), sql, w.them.Tenant())
			return err
		})
		refused(t, err, table+" for ingest")
	}
	// A row of one's own cannot be given away, and theirs cannot be touched.
	people := []string{
		"tenant_settings", "members", "roles", "grants", "policy_versions", "identity_providers", "role_mappings", "tenant_domains", "access_tokens",
		"scim_groups", "scim_group_members", "ended_sessions", "entries", "recovery_links", "idempotency", "viewings",
	}
	for _, table := range append([]string{"stores", "keys", "key_secrets", "documents"}, people...) {
		err := w.db.Tenant(t.Context(), w.mine, func(tx *postgres.Tx) error {
			_, err := tx.Exec(t.Context(), `update `+table+` set tenant_id = $1`, w.them.Tenant())
			return err
		})
		refused(t, err, table)
		require.NoError(t, w.db.Tenant(t.Context(), w.mine, func(tx *postgres.Tx) error {
			n, err := tx.Exec(t.Context(), `update `+table+` set tenant_id = tenant_id where tenant_id = $1`, w.them.Tenant())
			require.Zero(t, n, table)
			return err
		}))
	}
	require.NoError(t, w.db.Tenant(t.Context(), w.mine, func(tx *postgres.Tx) error {
		for _, table := range append([]string{"documents", "statements", "statement_rel", "waiting_lists", "pending_refs", "activities"}, people...) {
			n, err := tx.Exec(t.Context(), `delete from `+table+` where tenant_id = $1`, w.them.Tenant())
			require.NoError(t, err)
			require.Zero(t, n, table)
		}
		return nil
	}))
	// Theirs is all there still.
	for _, table := range w.tenantTables() {
		require.NoError(t, w.db.TenantRead(t.Context(), w.them, func(tx *postgres.Tx) error {
			var n int
			require.NoError(t, tx.QueryRow(t.Context(), `select count(*) from `+table).Scan(&n))
			require.Equal(t, 1, n, table)
			return nil
		}))
	}
}

// A foreign key sees past row-level security: it must not tell what exists.
func TestAForeignKeyTellsNothingOfOthers(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var theirStore int64
	require.NoError(t, w.db.TenantRead(t.Context(), w.them, func(tx *postgres.Tx) error {
		return tx.QueryRow(t.Context(), `select id from stores`).Scan(&theirStore)
	}))
	var texts []string
	for _, store := range []int64{theirStore, 1 << 40} {
		err := w.db.Tenant(t.Context(), w.mine, func(tx *postgres.Tx) error {
			_, err := tx.Exec(t.Context(), `insert into keys (tenant_id, id, store_id, name, scopes, authority)
				values ($1, 9, $2, 'k', '{all}', '{}')`, w.mine.Tenant(), store)
			return err
		})
		var pg *pgconn.PgError
		require.ErrorAs(t, err, &pg)
		texts = append(texts, pg.Code+pg.Message)
	}
	require.Equal(t, texts[0], texts[1])
}

func TestRawSQLWithoutATenantSeesAndWritesNothing(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for role, url := range map[string]string{"app": w.urls.App, "ingest": w.urls.Ingest} {
		conn := w.as(url)
		for _, setting := range []string{"", "set app.tenant_id = ''; set app.tenants = ''"} {
			_, err := conn.Exec(t.Context(), setting)
			require.NoError(t, err)
			for _, table := range append(w.tenantTables(), "tenants") {
				var n int
				if err := conn.QueryRow(t.Context(), `select count(*) from `+table).Scan(&n); err != nil {
					refused(t, err, role+" reads "+table)
				}
				require.Zero(t, n, "%s reads %s", role, table)
			}
			_, err = conn.Exec(t.Context(), `insert into documents (tenant_id, store_id, kind, owner, registration, id, updated_at, etag, content_type, content)
				values ($1, 1, 1, 'o', gen_random_uuid(), 'd', now(), 'e', 'text/plain', 'c')`, w.mine.Tenant())
			refused(t, err, role+" writes a document")
			_, err = conn.Exec(t.Context(), `insert into statements (tenant_id, store_id, stored, key_id, verb, dict, id, hash, payload)
				values ($1, 1, now(), 1, 1, 0, gen_random_uuid(), 'h', 'p')`, w.mine.Tenant())
			refused(t, err, role+" writes a statement")
		}
		for _, sql := range []string{
			"alter table statements disable row level security", "alter table statements no force row level security",
			"drop policy tenant on statements", "truncate statements", "create table mine (id int)", "set role stoa_owner",
			"set session authorization stoa_owner", "alter role current_user bypassrls", "create policy p on statements using (true)",
		} {
			_, err := conn.Exec(t.Context(), sql)
			refused(t, err, role+": "+sql)
		}
		_, err := conn.Exec(t.Context(), "set row_security = off")
		require.NoError(t, err)
		_, err = conn.Exec(t.Context(), "select * from statements")
		refused(t, err, "with row security off a query fails instead of seeing everything")
	}
}

func TestIngestReachesOnlyTheTenantsItNamed(t *testing.T) {
	t.Parallel()
	w := setup(t)
	both := []int64{w.mine.Tenant(), w.them.Tenant()}
	for _, c := range []struct {
		tenants []int64
		sees    int
	}{{both[:1], 1}, {both, 2}, {[]int64{1 << 40}, 0}} {
		require.NoError(t, w.db.Ingest(t.Context(), c.tenants, func(tx *postgres.IngestTx) error {
			for _, table := range []string{"statements", "statement_rel", "waiting_lists", "pending_refs", "activities", "dictionaries"} {
				rows, err := tx.Query(t.Context(), `select tenant_id from `+table+` order by 1`)
				require.NoError(t, err)
				ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
				require.NoError(t, err)
				require.Len(t, ids, c.sees, table)
				require.Subset(t, c.tenants, ids, table)
			}
			return nil
		}))
	}
	for _, tenants := range [][]int64{nil, {}, {0}, {1, -1}} {
		err := w.db.Ingest(t.Context(), tenants, func(*postgres.IngestTx) error { t.Error("ran"); return nil })
		require.ErrorContains(t, err, "without a tenant")
	}
	require.NoError(t, w.db.Ingest(t.Context(), both[:1], func(tx *postgres.IngestTx) error {
		rows, err := tx.Query(t.Context(), `select tenant_id from keys where authority <> ''`) // an author, and nothing more of a key
		require.NoError(t, err)
		ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		require.Equal(t, both[:1], ids)
		return err
	}))
	for _, column := range []string{"store_id", "name", "scopes", "networks", "created_at", "expires_at", "revoked_at"} {
		err := w.db.Ingest(t.Context(), both, func(tx *postgres.IngestTx) error {
			_, err := tx.Exec(t.Context(), `select `+column+` from keys`)
			return err
		})
		refused(t, err, column)
	}
	for _, sql := range []string{
		"select from tenants", "select from stores", "select from key_secrets", "select from documents",
		"update keys set authority = '{}'", "delete from keys", "delete from statements", "update statements set payload = ''", "delete from activities", "delete from statement_rel", "update statement_rel set list = ''", "update waiting_lists set lists = ''",
	} {
		err := w.db.Ingest(t.Context(), both, func(tx *postgres.IngestTx) error {
			_, err := tx.Exec(t.Context(), sql)
			return err
		})
		refused(t, err, sql)
	}
}

func TestOperatorsReachPlatformTablesOnly(t *testing.T) {
	t.Parallel()
	w := setup(t)
	op := w.urls.OpenOperator(t)
	for _, table := range w.tenantTables() {
		if slices.Contains([]string{"tenant_domains", "usage_statements", "usage_storage", "usage_requests", "audit_events"}, table) {
			continue // below
		}
		err := op.Do(t.Context(), func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), `select set_config('app.tenant_id', $1, true)`, fmt.Sprint(w.mine.Tenant()))
			require.NoError(t, err)
			_, err = tx.Exec(t.Context(), `select from `+table)
			return err
		})
		refused(t, err, table)
	}
	require.NoError(t, op.Do(t.Context(), func(tx pgx.Tx) error {
		var n int
		err := tx.QueryRow(t.Context(), `select count(*) from tenants`).Scan(&n)
		require.Equal(t, 3, n, "two and the platform")
		require.NoError(t, tx.QueryRow(t.Context(), `select count(*) from tenant_domains`).Scan(&n))
		require.Equal(t, 2, n, "an address must lead to a tenant before there is one")
		for _, table := range []string{"usage_statements", "usage_storage", "usage_requests"} {
			require.NoError(t, tx.QueryRow(t.Context(), `select count(*) from `+table).Scan(&n))
			require.Equal(t, 2, n, "%s: how much each tenant uses", table)
		}
		require.NoError(t, tx.QueryRow(t.Context(), `select count(action) from audit_events`).Scan(&n))
		require.Zero(t, n, "no event that administers nothing")
		return err
	}))
	for _, column := range []string{"actor_name", "target_id", "target_name", "address", "user_agent", "session", "details"} {
		err := op.Do(t.Context(), func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), `select `+column+` from audit_events`)
			return err
		})
		refused(t, err, column)
	}
	applied, err := postgres.SchemaVersion(t.Context(), op)
	require.NoError(t, err)
	known, err := postgres.LastMigration(migrations.FS)
	require.NoError(t, err)
	require.Equal(t, known, applied)
	for _, table := range []string{"usage_statements", "usage_storage", "usage_requests"} {
		for _, sql := range []string{`delete from ` + table, `update ` + table + ` set store_id = 9`, `insert into ` + table + ` (tenant_id) values (1)`} {
			err := op.Do(t.Context(), func(tx pgx.Tx) error {
				_, err := tx.Exec(t.Context(), sql)
				return err
			})
			refused(t, err, sql)
		}
	}
	for _, sql := range []string{
		`insert into tenant_domains (tenant_id, domain) values ($1, 'operator.example.com')`,
		`update tenant_domains set verified_at = now() where tenant_id = $1`,
		`delete from tenant_domains where tenant_id = $1`,
	} {
		err := op.Do(t.Context(), func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), sql, w.mine.Tenant())
			return err
		})
		refused(t, err, sql)
	}
	err = op.Do(t.Context(), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `delete from tenants`)
		return err
	})
	refused(t, err, "tenants are never deleted in passing")
}

func TestCopyIsRefused(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for table, url := range map[string]string{"documents": w.urls.App, "statements": w.urls.Ingest} {
		conn := w.as(url)
		_, err := conn.Exec(t.Context(), `select set_config('app.tenant_id', $1, false), set_config('app.tenants', '{' || $1 || '}', false)`, fmt.Sprint(w.mine.Tenant()))
		require.NoError(t, err)
		_, err = conn.CopyFrom(t.Context(), pgx.Identifier{table}, []string{"tenant_id"}, pgx.CopyFromRows([][]any{{w.mine.Tenant()}}))
		require.Error(t, err, table)
		require.Contains(t, err.Error(), "COPY FROM not supported with row-level security")
	}
}

func TestDangerousRolesAreNotOpened(t *testing.T) {
	t.Parallel()
	w := setup(t)
	_, err := postgres.Open(t.Context(), postgres.Config{URL: w.urls.Owner, IngestURL: w.urls.Ingest})
	require.ErrorContains(t, err, "owns tables")
	_, err = postgres.Open(t.Context(), postgres.Config{URL: w.urls.App, IngestURL: w.urls.Owner})
	require.ErrorContains(t, err, "owns tables")
	_, err = postgres.OpenOperator(t.Context(), w.urls.Owner)
	require.ErrorContains(t, err, "owns tables")
	_, err = postgres.OpenSealer(t.Context(), w.urls.Owner)
	require.ErrorContains(t, err, "owns tables")
}
