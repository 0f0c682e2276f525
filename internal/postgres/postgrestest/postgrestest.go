// Package postgrestest gives each test a database of its own: the real
// Postgres, migrated, and reached as the roles of production (a superuser would
// hide every fault of isolation). A test fails, and never skips, without one.
//
// It owns one throw-away server, which all test processes of a checkout share
// (server.go, keeper.go), and in it one template database for each state of the
// migrations (template.go), from which tests' databases are cloned. With
// STOA_TEST_DATABASE_URL set to a superuser's URL that server is used instead.
// Only tests import this package.
package postgrestest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/postgres"
)

// OwnerRole owns the schema. It is no superuser: forced policies bind it.
const OwnerRole = "stoa_owner"

// Database is a migrated database. Each field is the URL for one role.
type Database struct {
	Owner    string // OwnerRole: migrations
	App      string // postgres.AppRole
	Ingest   string // postgres.IngestRole
	Operator string // postgres.OperatorRole
	Audit    string // postgres.AuditRole
}

// New returns a new database, which is dropped when the test ends.
func New(t testing.TB) *Database {
	t.Helper()
	ctx := t.Context()
	admin, err := server()
	require.NoError(t, err, "the tests need a Postgres")
	from, err := template(ctx, admin)
	require.NoError(t, err, "build the template database")
	name := "test_" + strings.ToLower(rand.Text())
	require.NoError(t, execute(ctx, admin, fmt.Sprintf(
		"create database %s owner %s template %s strategy file_copy", name, OwnerRole, from)))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		require.NoError(t, execute(ctx, admin, "drop database "+name+" with (force)"))
	})
	return &Database{
		Owner:    roleURL(admin, OwnerRole, name),
		App:      roleURL(admin, postgres.AppRole, name),
		Ingest:   roleURL(admin, postgres.IngestRole, name),
		Operator: roleURL(admin, postgres.OperatorRole, name),
		Audit:    roleURL(admin, postgres.AuditRole, name),
	}
}

// Open returns a new database as the service opens it, closed when the test ends.
func Open(t testing.TB) *postgres.DB {
	t.Helper()
	return New(t).Open(t)
}

// Open opens d as the service does; the handle is closed when the test ends.
func (d *Database) Open(t testing.TB) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), postgres.Config{URL: d.App, IngestURL: d.Ingest})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	return db
}

// OpenOperator opens d as operators do; the handle is closed when the test ends.
func (d *Database) OpenOperator(t testing.TB) *postgres.Operator {
	t.Helper()
	operator, err := postgres.OpenOperator(t.Context(), d.Operator)
	require.NoError(t, err)
	t.Cleanup(operator.Close)
	return operator
}

// roleURL is admin's URL for another role and database: in a test server every
// role has the superuser's password.
func roleURL(admin *url.URL, role, db string) string {
	password, _ := admin.User.Password()
	u := *admin
	u.User, u.Path = url.UserPassword(role, password), "/"+db
	return u.String()
}

// execute runs one statement as the superuser.
func execute(ctx context.Context, admin *url.URL, sql string) error {
	conn, err := pgx.Connect(ctx, admin.String())
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, sql)
	return err
}

// OpenSealer opens d as the sealer of the audit log does; the handle is closed when the test ends.
func (d *Database) OpenSealer(t testing.TB) *postgres.Sealer {
	t.Helper()
	sealer, err := postgres.OpenSealer(t.Context(), d.Audit)
	require.NoError(t, err)
	t.Cleanup(sealer.Close)
	return sealer
}
