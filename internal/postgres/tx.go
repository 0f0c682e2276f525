package postgres

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/gorm"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// Scope is who a transaction is for: one tenant, and the actor that asked. The
// zero Scope is refused.
type Scope struct {
	tenant int64
	actor  string
}

// NewScope returns the scope of actor (free text for logs, e.g. "key:7k2") in tenant.
func NewScope(tenant int64, actor string) Scope { return Scope{tenant: tenant, actor: actor} }

// Tenant returns the tenant's id.
func (s Scope) Tenant() int64 { return s.tenant }

// Actor returns who asked.
func (s Scope) Actor() string { return s.actor }

// Tx is a transaction bound to one Scope. It is valid only inside the function
// it was given to; used afterwards, every method fails.
type Tx struct {
	scope Scope
	pipe  pipe
	conn  *sql.Conn
	db    *DB
}

// Scope returns the scope that the transaction is bound to.
func (tx *Tx) Scope() Scope { return tx.scope }

// TenantID returns the id of the tenant that the transaction is bound to.
func (tx *Tx) TenantID() int64 { return tx.scope.tenant }

// Tenant runs fn in one read-write transaction of scope's tenant and commits
// it when fn returns nil. A serialization failure or deadlock runs fn again (at
// most 4 times in all), so fn must have no effect outside the transaction. A
// Tenant inside a Tenant is refused. Lost connections are Unavailable, and so
// is a transaction that takes longer than Config.Timeout.
func (db *DB) Tenant(ctx context.Context, scope Scope, fn func(*Tx) error) error {
	return db.run(ctx, scope, "begin", fn)
}

// TenantRead is Tenant for a read-only transaction.
func (db *DB) TenantRead(ctx context.Context, scope Scope, fn func(*Tx) error) error {
	return db.run(ctx, scope, "begin read only", fn)
}

type insideKey struct{}

var errInside = errors.New("postgres: transaction inside a transaction")

func (db *DB) run(ctx context.Context, scope Scope, begin string, fn func(*Tx) error) error {
	if scope.tenant <= 0 {
		return errors.New("postgres: transaction without a tenant")
	}
	if ctx.Value(insideKey{}) != nil {
		return errInside
	}
	return retry(ctx, func() error { return db.once(ctx, scope, begin, fn) })
}

func (db *DB) once(ctx context.Context, scope Scope, begin string, fn func(*Tx) error) (err error) {
	conn, err := db.sql.Conn(ctx)
	if err != nil {
		return mapError(err)
	}
	defer func() { _ = conn.Close() }() // back to the pool
	tx := &Tx{scope: scope, conn: conn, db: db}
	if err := conn.Raw(func(dc any) error {
		tx.pipe.ctx, tx.pipe.conn = context.WithValue(ctx, insideKey{}, true), dc.(*stdlib.Conn).Conn()
		return nil
	}); err != nil {
		return mapError(err)
	}
	if err := tx.pipe.expireAt(time.Now().Add(db.timeout)); err != nil {
		return mapError(err)
	}
	tx.pipe.prelude = []queued{{begin, nil}, {setTenant, []any{strconv.FormatInt(scope.tenant, 10)}}}
	err = errAbandoned // what stays when fn panics or ends its goroutine: that must not commit
	defer func() { err = tx.pipe.end(err) }()
	return fn(tx)
}

// setTenant names the tenant to row-level security for this transaction only.
const setTenant = `select set_config('app.tenant_id', $1, true)`

// Context returns the transaction's context; a Tenant called with it is refused.
func (tx *Tx) Context() context.Context { return tx.pipe.ctx }

// Exec runs one statement and returns the number of rows that it affected.
func (tx *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	return tx.pipe.exec(ctx, query, args...)
}

// Query runs one query. Errors, also those of the rows, are mapped to faults by Tenant.
func (tx *Tx) Query(ctx context.Context, query string, args ...any) (pgx.Rows, error) {
	return tx.pipe.query(ctx, query, args...)
}

// QueryRow runs one query for one row.
func (tx *Tx) QueryRow(ctx context.Context, query string, args ...any) pgx.Row {
	return tx.pipe.queryRow(ctx, query, args...)
}

// SendBatch sends several statements in one round trip, together with the
// begin of the transaction where that is still to come.
func (tx *Tx) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	return tx.pipe.send(ctx, b)
}

// Gorm returns a gorm session inside the transaction. It cannot begin, commit
// or reach another connection.
func (tx *Tx) Gorm() *gorm.DB {
	session := tx.db.gorm.Session(&gorm.Session{NewDB: true, Context: tx.pipe.ctx})
	if err := tx.pipe.begin(tx.pipe.ctx); err != nil {
		_ = session.AddError(err)
		return session
	}
	session.Statement.ConnPool = boundPool{tx}
	return session
}

type failedRow struct{ err error }

func (r failedRow) Scan(...any) error { return r.err }

// retry runs once again after a serialization failure or deadlock, within a budget.
func retry(ctx context.Context, once func() error) error {
	const attempts = 4
	for attempt := 1; ; attempt++ {
		err := once()
		if attempt == attempts || !IsRetryable(err) {
			return err
		}
		pause := time.NewTimer(time.Duration(attempt) * time.Duration(rand.Int64N(int64(10*time.Millisecond))))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return fault.Wrap(fault.Unavailable, ctx.Err(), "the request was cancelled")
		}
	}
}

// IsRetryable reports whether err is a serialization failure or a deadlock: the
// same transaction may succeed when it is run again.
func IsRetryable(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.Code == "40001" || pg.Code == "40P01")
}
