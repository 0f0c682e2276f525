// Package usage counts what each tenant uses: statements and their bytes,
// requests, storage, reads in the console, keys. It owns the tables
// usage_statements, usage_storage, usage_requests and usage_keys (days are
// UTC's). It never judges what a number means: no price, quota or limit.
//
// Statements are counted in the transaction that stores them, and added up some
// seconds later (internal/lrs/counted.go); what is deleted is counted in the
// transaction that deletes it: these are exact. A Meter adds up everything else in the process and writes it
// every few seconds; what a process that is killed has not written is lost.
package usage

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/postgres"
)

// Counters are what was used in some time.
type Counters struct {
	Statements   int64 // stored
	Requests     int64 // with an API key
	Refused      int64 // of them: 4xx, but not 404, which of a document is an answer
	Failed       int64 // of them: 5xx
	BytesIn      int64 // of their bodies, as sent
	BytesStored  int64 // of the statements, as stored; deleting takes nothing back
	ConsoleReads int64 // GET requests of people
	ActiveKeys   int64 // API keys used; of several days: on the day with most
}

// CountStatements is how a statement counts what it stores: insert into
// usage_statements as counted (tenant_id, store_id, day, statements, bytes,
// last_at) …, and this.
const CountStatements = ` on conflict (tenant_id, store_id, day) do update set statements = counted.statements + excluded.statements,
	bytes = counted.bytes + excluded.bytes, last_at = greatest(counted.last_at, excluded.last_at)`

// Bytes are what a store holds of each kind.
type Bytes struct{ Statements, Documents, Attachments int64 }

// Remove counts what tx deletes from a store.
func Remove(tx *postgres.Tx, store int64, gone Bytes) error {
	if gone == (Bytes{}) {
		return nil
	}
	_, err := tx.Exec(tx.Context(), `
		insert into usage_storage as kept (tenant_id, store_id, day, statements, documents, attachments)
		values ($1, $2, (now() at time zone 'UTC')::date, $3, $4, $5)
		on conflict (tenant_id, store_id, day) do update set statements = kept.statements + excluded.statements,
			documents = kept.documents + excluded.documents, attachments = kept.attachments + excluded.attachments`,
		tx.TenantID(), store, -gone.Statements, -gone.Documents, -gone.Attachments)
	return err
}

const keptDays = 3 // of the rows of ten minutes, and of which keys a day's are

// Prune forgets what only the last days need, at most 1,000 rows of a table.
func Prune(tx *postgres.Tx, now time.Time) (rows int64, err error) {
	before := now.AddDate(0, 0, -keptDays)
	for _, query := range []string{
		`delete from usage_requests where ctid = any (array(
			select ctid from usage_requests where tenant_id = $1 and minutes = 10 and begins < $2 limit 1000))`,
		`delete from usage_keys where ctid = any (array(select ctid from usage_keys where tenant_id = $1 and day < ($2 at time zone 'UTC')::date limit 1000))`,
	} {
		n, err := tx.Exec(tx.Context(), query, tx.TenantID(), before)
		if err != nil {
			return rows, err
		}
		rows += n
	}
	return rows, nil
}

// reader is a transaction of a tenant, or of the operator's handle.
type reader interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}
