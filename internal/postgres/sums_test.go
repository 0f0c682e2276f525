package postgres_test

import (
	"io/fs"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/migrations"
)

// migratable is a migrated database and a copy of the migrations that a test may change.
func migratable(t *testing.T) (*world, postgres.MigrateConfig, fstest.MapFS) {
	t.Helper()
	w := setup(t)
	files := fstest.MapFS{}
	names, err := fs.Glob(migrations.FS, "*.sql")
	require.NoError(t, err)
	for _, name := range names {
		text, err := fs.ReadFile(migrations.FS, name)
		require.NoError(t, err)
		files[name] = &fstest.MapFile{Data: text}
	}
	return w, postgres.MigrateConfig{OwnerURL: w.urls.Owner, Files: files}, files
}

func changed(all []postgres.Migration) (names []string) {
	for _, m := range all {
		if m.Changed {
			names = append(names, m.Name)
		}
	}
	return names
}

const next = "90000_next.sql"

func migrationOf(sql string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte("-- +goose Up\n" + sql + "\n")}
}

func TestAChangedMigrationIsNamedAndRefused(t *testing.T) {
	t.Parallel()
	_, c, files := migratable(t)
	_, err := postgres.Migrate(t.Context(), c)
	require.NoError(t, err)
	const first = "00001_tenants.sql"
	applied := files[first]
	files[first] = &fstest.MapFile{Data: append([]byte("-- a change\n"), applied.Data...)}
	files[next] = migrationOf("create table plans (id int primary key);")

	all, err := postgres.MigrationStatus(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, []string{first}, changed(all))
	none, err := postgres.Migrate(t.Context(), c)
	require.True(t, fault.Is(err, fault.Conflict), "%v", err)
	require.ErrorContains(t, err, first)
	require.Empty(t, none)
	all, err = postgres.MigrationStatus(t.Context(), c)
	require.NoError(t, err)
	require.False(t, all[len(all)-1].Applied, "nothing is done")

	files[first] = applied
	one, err := postgres.Migrate(t.Context(), c)
	require.NoError(t, err)
	require.Len(t, one, 1)
	require.Equal(t, next, one[0].Name)
	files[next] = migrationOf("create table plans (id bigint primary key);")
	all, err = postgres.MigrationStatus(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, []string{next}, changed(all), "its sum is that of what has just been applied")
}

// A file that could not be applied may be mended.
func TestAFailedMigrationMayChange(t *testing.T) {
	t.Parallel()
	_, c, files := migratable(t)
	files[next] = migrationOf("create table;")
	_, err := postgres.Migrate(t.Context(), c)
	require.Error(t, err)
	files[next] = migrationOf("create table plans (id int primary key);")
	_, err = postgres.Migrate(t.Context(), c)
	require.NoError(t, err)
	all, err := postgres.MigrationStatus(t.Context(), c)
	require.NoError(t, err)
	require.Empty(t, changed(all))
	require.True(t, all[len(all)-1].Applied)
}

// A database from before there were sums gets them from the files, once,
// however many replicas start at the same time.
func TestSumsAreFilledInByReplicasAtOnce(t *testing.T) {
	t.Parallel()
	w, c, files := migratable(t)
	owner := w.as(w.urls.Owner)
	_, err := owner.Exec(t.Context(), `drop table if exists migration_sums`)
	require.NoError(t, err)
	all, err := postgres.MigrationStatus(t.Context(), c)
	require.NoError(t, err)
	require.Empty(t, changed(all))
	var there bool
	require.NoError(t, owner.QueryRow(t.Context(), `select to_regclass('migration_sums') is not null`).Scan(&there))
	require.False(t, there, "status only looks")

	files[next] = migrationOf("create table plans (id int primary key);")
	const replicas = 3
	applied, errs := make([]int, replicas), make([]error, replicas)
	var started sync.WaitGroup
	for i := range replicas {
		started.Go(func() {
			one, err := postgres.Migrate(t.Context(), c)
			applied[i], errs[i] = len(one), err
		})
	}
	started.Wait()
	require.Equal(t, make([]error, replicas), errs)
	require.ElementsMatch(t, []int{1, 0, 0}, applied)
	rows, err := owner.Query(t.Context(), `select name from migration_sums order by version`)
	require.NoError(t, err)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	known, err := fs.Glob(files, "*.sql")
	require.NoError(t, err)
	require.Equal(t, known, names)

	files["00002_statements.sql"] = migrationOf("select 1;")
	all, err = postgres.MigrationStatus(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, []string{"00002_statements.sql"}, changed(all))
}
