package lrs

import (
	"context"
	"errors"
	"io"

	"gocloud.dev/blob"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// emptyBatch is how many rows one transaction of Empty deletes of each table.
const emptyBatch = 2000

// Empty deletes everything in a sandbox: statements, documents, definitions
// and attachments, in short transactions. It returns the number of statements
// that it deleted, also with an error; what is left goes with the next call.
// Forbidden for a production store.
func (r *LRS) Empty(ctx context.Context, scope postgres.Scope, store int64) (deleted int64, err error) {
	for {
		var rows int64
		err := r.db.Tenant(ctx, scope, func(tx *postgres.Tx) error {
			if err := tenant.RequireSandbox(tx, store); err != nil {
				return err
			}
			rows = 0
			for _, table := range []string{"statements", "statement_rel", "pending_refs", "activities", "documents"} {
				n, err := tx.Exec(ctx, `
					delete from `+table+` where ctid = any (array(
						select ctid from `+table+` where tenant_id = $1 and store_id = $2 limit $3))`,
					tx.TenantID(), store, emptyBatch)
				if err != nil {
					return err
				}
				if rows += n; table == "statements" {
					deleted += n
				}
			}
			return nil
		})
		if err != nil {
			return deleted, err
		}
		if rows == 0 {
			break
		}
	}
	r.definitions.cache.InvalidateAll()
	return deleted, r.emptyBlobs(ctx, attachmentPrefix(scope.Tenant(), store))
}

func (r *LRS) emptyBlobs(ctx context.Context, prefix string) error {
	list := r.blobs.List(&blob.ListOptions{Prefix: prefix})
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
	}
}
