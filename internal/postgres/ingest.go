package postgres

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// IngestTx is a transaction of the ingest role, bound to the tenants that it
// was opened for. Only the committer (internal/lrs) has one; functions that
// take a *Tx cannot be called with it.
type IngestTx struct{ pipe pipe }

// Ingest runs fn in one transaction that may read and insert statements of the
// given tenants and of no other. It does not retry: the committer decides.
//
// When it returns, the transaction is committed and visible, but not yet
// durable: a crash of Postgres may lose it. Flush makes it durable. So the locks
// of a store are not held while the disk is waited for.
func (db *DB) Ingest(ctx context.Context, tenants []int64, fn func(*IngestTx) error) (err error) {
	if len(tenants) == 0 || slices.Min(tenants) <= 0 {
		return errors.New("postgres: ingest without a tenant")
	}
	if ctx.Value(insideKey{}) != nil {
		return errInside
	}
	conn, err := db.ingest.Acquire(ctx)
	if err != nil {
		return mapError(err)
	}
	defer conn.Release()
	tx := &IngestTx{pipe{ctx: context.WithValue(ctx, insideKey{}, true), conn: conn.Conn()}}
	tx.pipe.prelude = []queued{{"begin", nil}, {setTenants, []any{tenantList(tenants)}}}
	err = errAbandoned // as in Tenant
	defer func() { err = tx.pipe.end(err) }()
	return fn(tx)
}

// setTenants names the tenants to the ingest policy for this transaction only.
const setTenants = `select set_config('app.tenants', $1, true), set_config('synchronous_commit', 'off', true)`

// Flush returns when everything that Ingest had committed before is durable,
// on the standbys too where the server waits for those: a commit that waits for
// its own record waits for all before it. It must write a record for that: a
// transaction that only has an id commits without waiting.
func (db *DB) Flush(ctx context.Context) error {
	_, err := db.ingest.Exec(ctx, `select pg_logical_emit_message(true, 'stoa', '')`)
	return mapError(err)
}

func tenantList(tenants []int64) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, t := range tenants {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatInt(t, 10))
	}
	b.WriteByte('}')
	return b.String()
}

// SendBatch sends several statements in one round trip, together with the
// begin of the transaction where that is still to come.
func (tx *IngestTx) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	return tx.pipe.send(ctx, b)
}

// Query runs one query.
func (tx *IngestTx) Query(ctx context.Context, query string, args ...any) (pgx.Rows, error) {
	return tx.pipe.query(ctx, query, args...)
}

// Exec runs one statement and returns the number of rows that it affected.
func (tx *IngestTx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	return tx.pipe.exec(ctx, query, args...)
}
