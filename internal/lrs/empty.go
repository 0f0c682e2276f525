package lrs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"gocloud.dev/blob"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
	"github.com/stoa-lrs/stoa/internal/usage"
)

// emptyBatch is how many rows one transaction of Empty deletes of each table.
const emptyBatch = 2000

// Empty deletes everything in a sandbox: statements, documents, definitions
// and attachments, in short transactions. It returns the number of statements
// that it deleted, also with an error; what is left goes with the next call.
// Forbidden for a production store. The first transaction writes into the log
// how many there were.
//
// What is stored from now on stays, so that it ends however much that is; only
// the definitions of its activities, and contents that were there already, may
// have to be sent once more.
func (r *LRS) Empty(ctx context.Context, scope postgres.Scope, store int64) (deleted int64, err error) {
	until, err := r.moment(ctx, scope, store)
	if err != nil {
		return 0, err
	}
	return r.emptyUntil(ctx, scope, store, until)
}

// moment returns a time that whatever a sandbox has is not stored after, and
// whatever it gets next is.
func (r *LRS) moment(ctx context.Context, scope postgres.Scope, store int64) (at time.Time, err error) {
	err = r.db.Tenant(ctx, scope, func(tx *postgres.Tx) error {
		if err := tenant.RequireSandbox(tx, store); err != nil {
			return err
		}
		// Behind the lock nothing is under way that has its time already.
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock($1)`, store); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `
			select greatest(clock_timestamp(), (select upto from waiting_lists where store_id = $1 order by upto desc limit 1),
			    (select stored from statements where store_id = $1 order by stored desc limit 1))`, store).Scan(&at)
	})
	return at, err
}

// emptyUntil deletes what was there at a moment.
func (r *LRS) emptyUntil(ctx context.Context, scope postgres.Scope, store int64, until time.Time) (deleted int64, err error) {
	for first := true; ; first = false {
		var statements int64
		full := false                                     // there may be more
		r.counter.touch(storeName{scope.Tenant(), store}) // what waits is deleted when it is added up
		if err := r.AddUp(ctx); err != nil {
			return deleted, err
		}
		err := r.db.Tenant(ctx, scope, func(tx *postgres.Tx) error {
			if err := tenant.RequireSandbox(tx, store); err != nil {
				return err
			}
			if first {
				var there int64
				err := tx.QueryRow(ctx, `select count(*) from statements where tenant_id = $1 and store_id = $2 and stored <= $3`, tx.TenantID(), store, until).Scan(&there)
				if err != nil {
					return err
				}
				if err := tenant.RecordEmptied(tx, store, there); err != nil {
					return err
				}
			}
			var gone usage.Bytes
			full = false
			for _, of := range []struct {
				table, size string
				bytes, rows *int64
				only        string
			}{
				{"statements", "octet_length(payload)", &gone.Statements, &statements, "stored <= $4"},
				{"waiting_lists", "0", new(int64), new(int64), "upto <= least($4, (select upto from usage_cursors where tenant_id = $1 and store_id = $2))"},
				{"pending_refs", "0", new(int64), new(int64), "referrer <= $4"},
				{"activities", "0", new(int64), new(int64), "$4::timestamptz is not null"}, // they have no time
				{"documents", "octet_length(content)", &gone.Documents, new(int64), "updated_at <= $4"},
			} {
				if err := tx.QueryRow(ctx, `
					with gone as (
						delete from `+of.table+` where ctid = any (array(
							select ctid from `+of.table+` where tenant_id = $1 and store_id = $2 and `+of.only+` limit $3))
						returning `+of.size+` as bytes)
					select count(*), coalesce(sum(bytes), 0)::bigint from gone`,
					tx.TenantID(), store, emptyBatch, until).Scan(of.rows, of.bytes); err != nil {
					return err
				}
				full = full || *of.rows == emptyBatch
			}
			return usage.Remove(tx, store, gone)
		})
		if err != nil {
			return deleted, err
		}
		if deleted += statements; !full {
			break
		}
	}
	if err := r.emptyLists(ctx, scope, store, until); err != nil {
		return deleted, err
	}
	if err := r.forgetLexicon(ctx, scope, store); err != nil {
		return deleted, err
	}
	r.definitions.cache.InvalidateAll()
	return deleted, r.emptyBlobs(ctx, scope.Tenant(), store, until)
}

// listPages is how many pages of statement_rel one transaction looks through.
const listPages = 4096

// emptyLists deletes a store's posting lists that end until then. No index leads
// to them by store, so the table is read once, page by page.
func (r *LRS) emptyLists(ctx context.Context, scope postgres.Scope, store int64, until time.Time) error {
	for first, pages := 0, 1; first < pages; first += listPages {
		err := r.db.Tenant(ctx, scope, func(tx *postgres.Tx) error {
			if err := tx.QueryRow(ctx, `select pg_relation_size('statement_rel') / current_setting('block_size')::int`).Scan(&pages); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, `
				delete from statement_rel where ctid >= $3::tid and ctid < $4::tid and tenant_id = $1 and store_id = $2 and upto <= $5`,
				tx.TenantID(), store, fmt.Sprintf("(%d,0)", first), fmt.Sprintf("(%d,0)", first+listPages), until)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *LRS) emptyBlobs(ctx context.Context, tenant, store int64, until time.Time) error {
	list := r.blobs.List(&blob.ListOptions{Prefix: attachmentPrefix(tenant, store)})
	for {
		object, err := list.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return blobError(err)
		}
		if object.ModTime.After(until) {
			continue
		}
		if err := r.blobs.Delete(ctx, object.Key); err != nil && !fault.Is(blobError(err), fault.NotFound) {
			return blobError(err)
		}
		r.meter.Kept(tenant, store, usage.Bytes{Attachments: -object.Size})
	}
}
