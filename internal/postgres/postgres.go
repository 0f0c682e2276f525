// Package postgres is the only way to the database. It owns connections, the
// binding of every transaction to one tenant, and the mapping of database
// errors to faults. It holds no queries: feature packages own theirs and run
// them on a *Tx.
//
// Three things stand between a tenant and another's rows: DB has no query
// method, so a *Tx is needed; a *Tx exists only inside Tenant or TenantRead,
// which name the tenant to the database before the first statement; and the
// database forces row-level security upon a role that cannot bypass it.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	gormpg "gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// The roles that the schema grants to. Their names are fixed because policies name them.
const (
	AppRole      = "stoa_app"      // tenants' transactions
	IngestRole   = "stoa_ingest"   // the committer: inserts for several named tenants at once
	OperatorRole = "stoa_operator" // platform tables only
	AuditRole    = "stoa_audit"    // the sealer: every tenant's audit log, and nothing else
)

// Roles lists them all.
var Roles = []string{AppRole, IngestRole, OperatorRole, AuditRole}

// Config says where the database is. URLs are libpq URLs or keyword strings.
type Config struct {
	URL       string        // as AppRole
	IngestURL string        // as IngestRole
	MaxConns  int           // of tenant transactions; 0 is 16
	Lanes     int           // of the committer: connections for ingest; 0 is 2
	Timeout   time.Duration // of a tenant transaction, for its server may be gone without a word; 0 is 30 s
}

// DB is an open database. It has no query method: see Tenant and TenantRead.
type DB struct {
	app    *pgxpool.Pool
	sql    *sql.DB
	gorm   *gorm.DB
	ingest *pgxpool.Pool

	timeout time.Duration
}

// Open checks that the roles are safe and returns a DB. A role that is a
// superuser, may bypass row-level security or owns tables is refused (Invalid);
// a database that cannot be reached is Unavailable.
func Open(ctx context.Context, c Config) (*DB, error) {
	app, err := openPool(ctx, c.URL, or(c.MaxConns, 16))
	if err != nil {
		return nil, err
	}
	ingest, err := openPool(ctx, c.IngestURL, or(c.Lanes, 2)+2) // and one for Flush, one for dictionaries
	if err != nil {
		app.Close()
		return nil, err
	}
	sqlDB := stdlib.OpenDBFromPool(app)
	g, err := gorm.Open(gormpg.New(gormpg.Config{Conn: closedGate{}}), &gorm.Config{
		SkipDefaultTransaction: true,
		DisableAutomaticPing:   true,
		Logger:                 logger.Discard,
		TranslateError:         false,
	})
	if err != nil {
		ingest.Close()
		app.Close()
		return nil, fmt.Errorf("open gorm: %w", err)
	}
	return &DB{app: app, sql: sqlDB, gorm: g, ingest: ingest, timeout: or(c.Timeout, 30*time.Second)}, nil
}

// Close waits for running transactions and closes every connection.
func (db *DB) Close() {
	_ = db.sql.Close()
	db.app.Close()
	db.ingest.Close()
}

// Ping reports whether both roles reach the database: Unavailable where not.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.app.Ping(ctx); err != nil {
		return mapError(err)
	}
	return mapError(db.ingest.Ping(ctx))
}

// Stats gives connections in use and open for tenant transactions and for ingest.
func (db *DB) Stats() (appInUse, appOpen, ingestInUse, ingestOpen int32) {
	a, i := db.app.Stat(), db.ingest.Stat()
	return a.AcquiredConns(), a.TotalConns(), i.AcquiredConns(), i.TotalConns()
}

func openPool(ctx context.Context, dsn string, maxConns int) (*pgxpool.Pool, error) {
	cfg, err := parseURL(dsn)
	if err != nil {
		return nil, err
	}
	cfg.MaxConns = int32(maxConns)
	if cfg.ConnConfig.ConnectTimeout == 0 {
		cfg.ConnConfig.ConnectTimeout = connectTimeout
	}
	cfg.ConnConfig.RuntimeParams["application_name"] = "stoa"
	cfg.ConnConfig.RuntimeParams["timezone"] = "UTC"
	// Our statements have one good plan each, through an index, whatever their
	// parameters. Planning them anew costs more than most of them take (0.5 ms
	// for an ingest group); and a plan that was made while a table was small
	// must still be right when it is not.
	for name, value := range map[string]string{
		"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off", "enable_bitmapscan": "off",
		"enable_hashjoin": "off", "enable_mergejoin": "off",
	} {
		cfg.ConnConfig.RuntimeParams[name] = value
	}
	cfg.AfterConnect = readTimesAsUTC
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, mapError(err)
	}
	if err := checkRole(ctx, pool); err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

// connectTimeout is for a new connection, unless the URL has a connect_timeout.
const connectTimeout = 5 * time.Second

// CheckURL reports whether dsn can be used, without connecting: nil or Invalid.
func CheckURL(dsn string) error {
	_, err := parseURL(dsn)
	return err
}

func parseURL(dsn string) (*pgxpool.Config, error) {
	if dsn == "" {
		return nil, fault.New(fault.Invalid, "no database URL")
	}
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fault.New(fault.Invalid, "the database URL is not valid (it is not shown: it may hold a password)")
	}
	return cfg, nil
}

// readTimesAsUTC makes every timestamptz arrive in UTC: what leaves the service
// must not depend on the zone of the machine.
func readTimesAsUTC(_ context.Context, conn *pgx.Conn) error {
	conn.TypeMap().RegisterType(&pgtype.Type{
		Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
	return nil
}

// checkRole refuses a role that row-level security does not bind, or that may
// become such a role.
func checkRole(ctx context.Context, pool *pgxpool.Pool) error {
	var role string
	var bypass, owner bool
	err := pool.QueryRow(ctx, `
		select rolname,
		       exists (select from pg_roles b where (b.rolsuper or b.rolbypassrls) and pg_has_role(r.oid, b.oid, 'member')),
		       exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
		               where n.nspname = 'public' and c.relkind in ('r','p') and pg_has_role(r.oid, c.relowner, 'member'))
		from pg_roles r where rolname = current_user`).Scan(&role, &bypass, &owner)
	switch {
	case isCode(err, "28P01", "28000", "3D000"): // wrong password, no such role, no such database
		return fault.Wrap(fault.Invalid, err, "the database does not know role %q, its password or the database; `stoa migrate up` creates what is missing", pool.Config().ConnConfig.User)
	case err != nil:
		return mapError(err)
	case bypass:
		return fault.New(fault.Invalid, "database role %q can bypass row-level security; use %q, which `stoa migrate up` creates", role, AppRole)
	case owner:
		return fault.New(fault.Invalid, "database role %q owns tables, or is a member of their owner; use %q, which `stoa migrate up` creates", role, AppRole)
	}
	return nil
}

// RoleURL returns dsn with the user replaced by role: the three roles share
// one host and password unless they are configured one by one. dsn must be a
// URL (postgres://…); anything else is Invalid.
func RoleURL(dsn, role string) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || u.User == nil {
		return "", fault.New(fault.Invalid, "the database URL must have the form postgres://role:password@host/database")
	}
	if password, ok := u.User.Password(); ok {
		u.User = url.UserPassword(role, password)
	} else {
		u.User = url.User(role)
	}
	return u.String(), nil
}

func or[T int | time.Duration](n, otherwise T) T {
	if n > 0 {
		return n
	}
	return otherwise
}

// rollback ends whatever transaction conn is in, so that it may be reused. A
// connection that cannot be cleaned is closed; the pool then drops it.
func rollback(ctx context.Context, conn *pgx.Conn) error {
	if conn.IsClosed() {
		return errors.New("connection is closed")
	}
	if conn.PgConn().TxStatus() == 'I' {
		return nil
	}
	if _, err := conn.Exec(ctx, "rollback"); err != nil {
		_ = conn.Close(ctx)
		return err
	}
	return nil
}
