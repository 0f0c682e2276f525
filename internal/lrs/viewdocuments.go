package lrs

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// ViewedDocument is one document as a person looks at it.
type ViewedDocument struct {
	DocumentRef
	ContentType string
	Size        int64 // bytes
	Updated     time.Time
	Content     []byte // of ViewDocument only
}

// DocumentRef tells the documents of an activity and a person apart, and is
// where a page of them ended.
type DocumentRef struct {
	Registration uuid.UUID // Nil: none
	ID           string
}

// maxViewedDocument is the most bytes of a document that is shown.
const maxViewedDocument = 1 << 20

// ViewDocuments returns the page of at most limit documents of q's activity and
// agent that follows after (nil: the first), by registration and id; q.ID is
// "", and without q.Registration it is those of every registration. more: there
// are others. Errors are those of ViewStatements, and Forbidden where people are
// masked: what stands in a document cannot be.
func (r *LRS) ViewDocuments(
	ctx context.Context, v View, q *xapi.DocumentQuery, after *DocumentRef, limit int,
) (documents []ViewedDocument, more bool, err error) {
	err = r.lookAtDocuments(ctx, v, q, func(tx *postgres.Tx, p place) (int, error) {
		documents, more = nil, false
		if after == nil {
			after = &DocumentRef{} // no document has the id ""
		}
		rows, err := tx.Query(ctx, `
			select registration, id, content_type, length(content), updated_at from documents
			where tenant_id = $1 and store_id = $2 and kind = $3 and owner = $4
			  and ($5::uuid = '00000000-0000-0000-0000-000000000000' or registration = $5) and (registration, id) > ($6, $7)
			order by registration, id limit $8`,
			tx.TenantID(), v.Store, p.kind, p.owner, q.Registration, after.Registration, []byte(after.ID), limit+1)
		if err != nil {
			return 0, err
		}
		documents, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (d ViewedDocument, err error) {
			var id []byte
			err = row.Scan(&d.Registration, &id, &d.ContentType, &d.Size, &d.Updated)
			d.ID, d.Updated = string(id), d.Updated.UTC()
			return d, err
		})
		if more = len(documents) > limit; more {
			documents = documents[:limit]
		}
		return len(documents), err
	})
	return documents, more, err
}

// ViewDocument returns the document that q names. NotFound: there is none;
// TooLarge: it has more than 1 MiB; else as for ViewDocuments.
func (r *LRS) ViewDocument(ctx context.Context, v View, q *xapi.DocumentQuery) (*ViewedDocument, error) {
	d := &ViewedDocument{DocumentRef: DocumentRef{q.Registration, q.ID}}
	err := r.lookAtDocuments(ctx, v, q, func(tx *postgres.Tx, p place) (int, error) {
		err := tx.QueryRow(ctx, `
			select content_type, length(content), updated_at, case when length(content) <= $7 then content end from documents
			where tenant_id = $1 and store_id = $2 and kind = $3 and owner = $4 and registration = $5 and id = $6`,
			tx.TenantID(), v.Store, p.kind, p.owner, q.Registration, p.id, maxViewedDocument).
			Scan(&d.ContentType, &d.Size, &d.Updated, &d.Content)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return 0, fault.New(fault.NotFound, "there is no such document")
		case err == nil && d.Size > maxViewedDocument:
			return 0, fault.New(fault.TooLarge, "the document has %d bytes, and %d can be looked at", d.Size, maxViewedDocument)
		}
		d.Updated = d.Updated.UTC()
		return 1, err
	})
	if err != nil {
		return nil, err
	}
	return d, nil
}

// lookAtDocuments is look for documents. The log is not told their ids: they
// may name people.
func (r *LRS) lookAtDocuments(ctx context.Context, v View, q *xapi.DocumentQuery, fn func(*postgres.Tx, place) (seen int, err error)) error {
	if v.Masked {
		return fault.New(fault.Forbidden, "a document shows who people are: looking at it needs statements.view_identity")
	}
	told, err := v.told(&xapi.Query{Agent: q.Agent, Activity: q.Activity, Registration: q.Registration}, Results{})
	if err != nil {
		return err
	}
	known := *q
	if known.Agent, err = v.agent(q.Agent); err != nil {
		return err
	}
	p, err := placeOf(v.Store, &known)
	if err != nil {
		return err
	}
	told["kind"], told["content"] = kindNames[q.Kind], q.ID != ""
	return r.db.Tenant(ctx, v.Scope, func(tx *postgres.Tx) error {
		seen, err := fn(tx, p)
		if err != nil {
			return err
		}
		if _, err := r.count(ctx, tx, v, seen); err != nil {
			return err
		}
		told["rows"] = seen
		return audit.Record(tx, audit.Event{Type: audit.DocumentsViewed, Target: audit.Target{Kind: "store", ID: v.Slug}, Details: told})
	})
}

var kindNames = map[xapi.DocumentKind]string{xapi.State: "state", xapi.ActivityProfile: "activity-profile", xapi.AgentProfile: "agent-profile"}
