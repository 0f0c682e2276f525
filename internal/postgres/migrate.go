package postgres

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// MigrateConfig says who migrates and which roles the service will use.
type MigrateConfig struct {
	OwnerURL string   // the role that owns the schema; creates the database and the roles where they are missing
	RoleURLs []string // as AppRole, IngestRole and OperatorRole: a missing role is created with the URL's password
	Files    fs.FS
}

// Migration is one schema file and whether it has been applied.
type Migration struct {
	Version int64  `json:"version"`
	Name    string `json:"name"`
	Applied bool   `json:"applied"`
	Changed bool   `json:"changed"` // the file is not what was applied

	sum   [sha256.Size]byte // of the file
	known bool              // that of what was applied is on record
}

// Migrate brings the schema up to date and returns the files it applied. It is
// safe to start on several replicas at once: one works, the others wait for it.
// Conflict, before anything is applied: a file is not what was applied.
func Migrate(ctx context.Context, c MigrateConfig) ([]Migration, error) {
	if err := ensureDatabase(ctx, c.OwnerURL); err != nil {
		return nil, err
	}
	if err := ensureRoles(ctx, c); err != nil {
		return nil, err
	}
	var applied []Migration
	err := withProvider(ctx, c, func(p *goose.Provider, conn *sql.Conn) error {
		all, err := statusOf(ctx, p, conn, c.Files)
		if err != nil {
			return err
		}
		if err := refuseChanged(all); err != nil {
			return err
		}
		if err := writeSums(ctx, conn, all); err != nil {
			return err
		}
		results, err := p.Up(ctx)
		for _, r := range results {
			applied = append(applied, Migration{Version: r.Source.Version, Name: r.Source.Path, Applied: r.Error == nil})
		}
		return err
	})
	return applied, err
}

// MigrationStatus lists every known migration without changing anything.
func MigrationStatus(ctx context.Context, c MigrateConfig) (all []Migration, err error) {
	err = withProvider(ctx, c, func(p *goose.Provider, conn *sql.Conn) error {
		all, err = statusOf(ctx, p, conn, c.Files)
		return err
	})
	return all, err
}

// SchemaVersion is the number of the last migration that was applied, as an
// operator of the service sees it; it needs no owner's URL.
func SchemaVersion(ctx context.Context, op *Operator) (version int64, err error) {
	err = op.Do(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `select coalesce(max(version_id), 0) from goose_db_version where is_applied`).Scan(&version)
	})
	return version, err
}

// LastMigration is the number of the last of files.
func LastMigration(files fs.FS) (last int64, err error) {
	names, err := fs.Glob(files, "*.sql")
	for _, name := range names {
		n, err := goose.NumericComponent(name)
		if err != nil {
			return 0, err
		}
		last = max(last, n)
	}
	return last, err
}

// withProvider runs fn while conn holds the lock that goose's own programs take.
func withProvider(ctx context.Context, c MigrateConfig, fn func(p *goose.Provider, conn *sql.Conn) error) (err error) {
	cfg, err := pgx.ParseConfig(c.OwnerURL)
	if err != nil {
		return fault.New(fault.Invalid, "the owner's database URL is not valid (it is not shown: it may hold a password)")
	}
	// A migration that cannot have its lock quickly gives way instead of queueing everybody behind it.
	cfg.RuntimeParams["lock_timeout"] = "5s"
	db := stdlib.OpenDB(*cfg)
	defer func() { _ = db.Close() }()
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300)) // try each second, for five minutes
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, c.Files)
	if err != nil {
		return mapError(err)
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return mapError(err)
	}
	defer func() { _ = conn.Close() }()
	if err := locker.SessionLock(ctx, conn); err != nil {
		return mapError(err)
	}
	defer func() { err = errors.Join(err, mapError(locker.SessionUnlock(context.WithoutCancel(ctx), conn))) }()
	return mapError(fn(p, conn))
}

// ensureDatabase creates the database that dsn names where it is missing.
func ensureDatabase(ctx context.Context, dsn string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err == nil {
		return conn.Close(ctx)
	}
	if !isCode(err, "3D000") {
		return mapError(err)
	}
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return err
	}
	name := cfg.Database
	cfg.Database = "postgres"
	if conn, err = pgx.ConnectConfig(ctx, cfg); err != nil {
		return mapError(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, "create database "+pgx.Identifier{name}.Sanitize())
	if isCode(err, "42P04", "23505") { // another replica was faster
		return nil
	}
	return mapError(err)
}

// ensureRoles creates the roles of c.RoleURLs that are missing, each with the
// password of its URL. Roles belong to the whole cluster, so replicas and
// databases may race: a role that appears meanwhile is fine.
func ensureRoles(ctx context.Context, c MigrateConfig) error {
	conn, err := pgx.Connect(ctx, c.OwnerURL)
	if err != nil {
		return mapError(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, dsn := range c.RoleURLs {
		cfg, err := pgx.ParseConfig(dsn)
		if err != nil {
			return fault.New(fault.Invalid, "a role's database URL is not valid (it is not shown: it may hold a password)")
		}
		var exists bool
		if err := conn.QueryRow(ctx, "select exists (select from pg_roles where rolname = $1)", cfg.User).Scan(&exists); err != nil {
			return mapError(err)
		}
		if exists {
			continue
		}
		_, err = conn.Exec(ctx, fmt.Sprintf("create role %s login nosuperuser nocreatedb nocreaterole noinherit nobypassrls password %s",
			pgx.Identifier{cfg.User}.Sanitize(), literal(cfg.Password)))
		if isCode(err, "42501") {
			return fault.Wrap(fault.Invalid, err, "role %q is missing and the owner may not create it; create it, or give the owner CREATEROLE", cfg.User)
		}
		if err != nil && !isCode(err, "42710", "23505") {
			return fmt.Errorf("create role %q: %w", cfg.User, hideQuery(err))
		}
	}
	return nil
}

// literal quotes s for a utility statement, which takes no parameters.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// hideQuery keeps a statement that holds a password out of errors.
func hideQuery(err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return fmt.Errorf("%s (SQLSTATE %s)", pg.Message, pg.Code)
	}
	return err
}

func isCode(err error, codes ...string) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return false
	}
	for _, c := range codes {
		if pg.Code == c {
			return true
		}
	}
	return false
}
