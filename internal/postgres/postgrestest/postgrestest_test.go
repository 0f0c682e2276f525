package postgrestest_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/postgres/postgrestest"
)

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func TestRolesAreThoseOfProduction(t *testing.T) {
	t.Parallel()
	d := postgrestest.New(t)
	for role, url := range map[string]string{
		postgrestest.OwnerRole: d.Owner, postgres.AppRole: d.App,
		postgres.IngestRole: d.Ingest, postgres.OperatorRole: d.Operator,
	} {
		var name string
		var unbound bool
		require.NoError(t, connect(t, url).QueryRow(t.Context(),
			"select rolname, rolsuper or rolbypassrls from pg_roles where rolname = current_user").Scan(&name, &unbound))
		require.Equal(t, role, name)
		require.False(t, unbound, "%s is not bound by row-level security", role)
	}
}

func TestDatabasesAreSeparate(t *testing.T) {
	t.Parallel()
	one, other := postgrestest.New(t), postgrestest.New(t)
	_, err := connect(t, one.Owner).Exec(t.Context(), "create table only_here ()")
	require.NoError(t, err)
	for url, want := range map[string]bool{one.Owner: true, other.Owner: false} {
		var found bool
		require.NoError(t, connect(t, url).QueryRow(t.Context(), "select to_regclass('only_here') is not null").Scan(&found))
		require.Equal(t, want, found)
	}
}

func TestDatabaseIsDroppedAfterTheTest(t *testing.T) {
	t.Parallel()
	var gone *postgrestest.Database
	require.True(t, t.Run("inner", func(t *testing.T) {
		gone = postgrestest.New(t)
		gone.Open(t)
		gone.OpenOperator(t)
	}))
	_, err := pgx.Connect(t.Context(), gone.Owner)
	require.ErrorContains(t, err, "does not exist")
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		postgrestest.New(b)
	}
}
