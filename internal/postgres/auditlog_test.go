package postgres_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/postgres"
)

func TestTheAuditLogGrowsAndNeverChanges(t *testing.T) {
	t.Parallel()
	w := setup(t)
	sealer, op := w.urls.OpenSealer(t), w.urls.OpenOperator(t)
	as := map[string]func(sql string, args ...any) error{
		"stoa_app": func(sql string, args ...any) error {
			return w.db.Tenant(t.Context(), w.mine, func(tx *postgres.Tx) error {
				_, err := tx.Exec(t.Context(), sql, args...)
				return err
			})
		},
		"stoa_ingest": func(sql string, args ...any) error {
			return w.db.Ingest(t.Context(), []int64{w.mine.Tenant()}, func(tx *postgres.IngestTx) error {
				_, err := tx.Exec(t.Context(), sql, args...)
				return err
			})
		},
		"stoa_operator": func(sql string, args ...any) error {
			return op.Do(t.Context(), func(tx pgx.Tx) error {
				_, err := tx.Exec(t.Context(), sql, args...)
				return err
			})
		},
		"stoa_audit": func(sql string, args ...any) error {
			return sealer.Do(t.Context(), func(tx pgx.Tx) error {
				_, err := tx.Exec(t.Context(), sql, args...)
				return err
			})
		},
	}
	for role, exec := range as {
		for _, sql := range []string{
			"update audit_events set details = '{}'", "delete from audit_events", "truncate audit_events",
			"update audit_seals set root = root", "delete from audit_seals", "truncate audit_seals",
			"insert into audit_events (tenant_id, id) overriding system value select tenant_id, id from audit_events on conflict (tenant_id, id) do update set details = '{}'",
		} {
			refused(t, exec(sql), role+": "+sql)
		}
	}
	require.NoError(t, as["stoa_app"](event, w.mine.Tenant()))
	require.NoError(t, as["stoa_operator"](event, w.them.Tenant()), "an operator's act on a tenant stands in its log")
	for role, sql := range map[string]string{"stoa_ingest": event, "stoa_audit": event, "stoa_app": seal, "stoa_operator": seal} {
		refused(t, as[role](sql, w.mine.Tenant()), role+": "+sql)
	}
	for _, sql := range []string{"select details from audit_events", "select from audit_seals", event + " returning details"} {
		args := []any{w.them.Tenant()}[:strings.Count(sql, "$1")]
		refused(t, as["stoa_operator"](sql, args...), sql)
	}
}

func TestTheSealerSeesTheLogOnly(t *testing.T) {
	t.Parallel()
	w := setup(t)
	sealer := w.urls.OpenSealer(t)
	for _, table := range append(w.tenantTables(), "tenants", "goose_db_version") {
		var tenants []int64
		err := sealer.Do(t.Context(), func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), `select set_config('app.tenant_id', $1, true)`, fmt.Sprint(w.mine.Tenant()))
			require.NoError(t, err)
			if !strings.HasPrefix(table, "audit_") {
				_, err = tx.Exec(t.Context(), `select from `+table)
				return err
			}
			return tx.QueryRow(t.Context(), `select array_agg(tenant_id order by tenant_id) from `+table).Scan(&tenants)
		})
		if strings.HasPrefix(table, "audit_") {
			require.NoError(t, err, table)
			require.Equal(t, []int64{w.mine.Tenant(), w.them.Tenant()}, tenants, table)
			continue
		}
		refused(t, err, table)
	}
}
