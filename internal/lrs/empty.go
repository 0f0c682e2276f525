package lrs

import (
	"context"
	"errors"
	"fmt"
	"io"

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
func (r *LRS) Empty(ctx context.Context, scope postgres.Scope, store int64) (deleted int64, err error) {
	for first := true; ; first = false {
		var rows, statements int64
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
				err := tx.QueryRow(ctx, `select count(*) from statements where tenant_id = $1 and store_id = $2`, tx.TenantID(), store).Scan(&there)
				if err != nil {
					return err
				}
				if err := tenant.RecordEmptied(tx, store, there); err != nil {
					return err
				}
			}
			var gone usage.Bytes
			rows = 0
			for _, of := range []struct {
				table, size string
				bytes, rows *int64
				only        string
			}{
				{"statements", "octet_length(payload)", &gone.Statements, &statements, ""},
				{"waiting_lists", "0", new(int64), new(int64), " and upto <= (select upto from usage_cursors where tenant_id = $1 and store_id = $2)"},
				{"pending_refs", "0", new(int64), new(int64), ""},
				{"activities", "0", new(int64), new(int64), ""},
				{"documents", "octet_length(content)", &gone.Documents, new(int64), ""},
			} {
				if err := tx.QueryRow(ctx, `
					with gone as (
						delete from `+of.table+` where ctid = any (array(
							select ctid from `+of.table+` where tenant_id = $1 and store_id = $2`+of.only+` limit $3))
						returning `+of.size+` as bytes)
					select count(*), coalesce(sum(bytes), 0)::bigint from gone`,
					tx.TenantID(), store, emptyBatch).Scan(of.rows, of.bytes); err != nil {
					return err
				}
				rows += *of.rows
			}
			return usage.Remove(tx, store, gone)
		})
		if err != nil {
			return deleted, err
		}
		if deleted += statements; rows == 0 {
			break
		}
	}
	if err := r.emptyLists(ctx, scope, store); err != nil {
		return deleted, err
	}
	if err := r.forgetLexicon(ctx, scope, store); err != nil {
		return deleted, err
	}
	r.definitions.cache.InvalidateAll()
	return deleted, r.emptyBlobs(ctx, scope.Tenant(), store)
}

// listPages is how many pages of statement_rel one transaction looks through.
const listPages = 4096

// emptyLists deletes a store's posting lists. No index leads to them by store,
// so the table is read once, page by page.
func (r *LRS) emptyLists(ctx context.Context, scope postgres.Scope, store int64) error {
	for first, pages := 0, 1; first < pages; first += listPages {
		err := r.db.Tenant(ctx, scope, func(tx *postgres.Tx) error {
			if err := tx.QueryRow(ctx, `select pg_relation_size('statement_rel') / current_setting('block_size')::int`).Scan(&pages); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, `
				delete from statement_rel where ctid >= $3::tid and ctid < $4::tid and tenant_id = $1 and store_id = $2`,
				tx.TenantID(), store, fmt.Sprintf("(%d,0)", first), fmt.Sprintf("(%d,0)", first+listPages))
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *LRS) emptyBlobs(ctx context.Context, tenant, store int64) error {
	list := r.blobs.List(&blob.ListOptions{Prefix: attachmentPrefix(tenant, store)})
	for {
		object, err := list.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return blobError(err)
		}
		if err := r.blobs.Delete(ctx, object.Key); err != nil && !fault.Is(blobError(err), fault.NotFound) {
			return blobError(err)
		}
		r.meter.Kept(tenant, store, usage.Bytes{Attachments: -object.Size})
	}
}
