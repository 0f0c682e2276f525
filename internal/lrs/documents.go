package lrs

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/usage"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// Document is one state or profile document.
type Document struct {
	xapi.Document
	ETag    string // as xapi.ETag gives it
	Updated time.Time
}

// maxDocumentID bounds an id in bytes: it is part of a primary key.
const maxDocumentID = 2000

// place is where a document lies in the table.
type place struct {
	kind  int16
	owner []byte // 16 bytes, names the activity and the agent
	id    []byte
	lock  int64
}

func placeOf(store int64, q *xapi.DocumentQuery) (place, error) {
	if len(q.ID) > maxDocumentID {
		return place{}, fault.New(fault.Invalid, "the document id is longer than %d bytes", maxDocumentID)
	}
	var head [17]byte
	binary.BigEndian.PutUint64(head[:], uint64(store))
	binary.BigEndian.PutUint64(head[8:], uint64(len(q.Activity)))
	head[16] = byte(q.Kind)
	h := sha256.New()
	h.Write(head[:])
	h.Write([]byte(q.Activity))
	h.Write([]byte(q.Agent))
	owner := h.Sum(nil)[:16]
	h.Write(q.Registration[:])
	h.Write([]byte(q.ID))
	return place{int16(q.Kind), owner, []byte(q.ID), int64(binary.BigEndian.Uint64(h.Sum(nil)))}, nil
}

// Document returns one document; NotFound when there is none.
func (r *LRS) Document(ctx context.Context, in Read, q *xapi.DocumentQuery) (*Document, error) {
	p, err := placeOf(in.Store, q)
	if err != nil {
		return nil, err
	}
	var d *Document
	err = r.read(ctx, in, func(tx *postgres.Tx) (err error) {
		d, err = loadDocument(ctx, tx, in.Store, p, q)
		return err
	})
	if err == nil && d == nil {
		err = fault.New(fault.NotFound, "there is no such document")
	}
	return d, err
}

// Documents returns the ids of the documents of a context (q.ID is ""),
// ascending, those changed after q.Since where it is set, and when the newest
// of them changed. For State without a registration: those of every registration.
func (r *LRS) Documents(ctx context.Context, in Read, q *xapi.DocumentQuery) (ids []string, updated time.Time, err error) {
	p, err := placeOf(in.Store, q)
	if err != nil {
		return nil, updated, err
	}
	err = r.read(ctx, in, func(tx *postgres.Tx) error {
		ids, updated = []string{}, time.Time{}
		rows, err := tx.Query(ctx, `
			select id, max(updated_at) from documents
			where tenant_id = $1 and store_id = $2 and kind = $3 and owner = $4
			  and ($5::uuid = '00000000-0000-0000-0000-000000000000' or registration = $5) and updated_at > $6
			group by id order by id`,
			tx.TenantID(), in.Store, p.kind, p.owner, q.Registration, q.Since)
		if err != nil {
			return err
		}
		var id []byte
		var at time.Time
		_, err = pgx.ForEachRow(rows, []any{&id, &at}, func() error {
			ids = append(ids, string(id))
			if at.After(updated) {
				updated = at
			}
			return nil
		})
		return err
	})
	return ids, updated, err
}

// WriteDocument replaces one document by what change makes of it, atomically:
// change sees the document as it is (nil: none) and returns the new one, nil to
// delete it, or an error to leave everything as it was. It may be called again
// when the transaction has to be.
func (r *LRS) WriteDocument(ctx context.Context, in Read, q *xapi.DocumentQuery, change func(old *Document) (*xapi.Document, error)) error {
	p, err := placeOf(in.Store, q)
	if err != nil {
		return err
	}
	var more int
	if err := r.db.Tenant(ctx, in.Scope, func(tx *postgres.Tx) error {
		// A row that is not there yet cannot be locked: lock its name.
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock($1)`, p.lock); err != nil {
			return err
		}
		old, err := loadDocument(ctx, tx, in.Store, p, q)
		if err != nil {
			return err
		}
		d, err := change(old)
		if err != nil {
			return err
		}
		if more = 0; old != nil {
			more = -len(old.Body)
		}
		if d == nil {
			_, err = tx.Exec(ctx, `
				delete from documents
				where tenant_id = $1 and store_id = $2 and kind = $3 and owner = $4 and registration = $5 and id = $6`,
				tx.TenantID(), in.Store, p.kind, p.owner, q.Registration, p.id)
			return err
		}
		more += len(d.Body)
		tag, err := hex.DecodeString(xapi.ETag(d.Body)[1:41])
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			insert into documents (tenant_id, store_id, kind, owner, registration, id, agent, updated_at, etag, content_type, content)
			values ($1, $2, $3, $4, $5, $6, $7, clock_timestamp(), $8, $9, $10)
			on conflict (tenant_id, store_id, kind, owner, registration, id) do update
			set updated_at = clock_timestamp(), etag = excluded.etag, content_type = excluded.content_type, content = excluded.content`,
			tx.TenantID(), in.Store, p.kind, p.owner, q.Registration, p.id, columnKey(in.Store, kindActor, q.Agent),
			tag, d.ContentType, d.Body)
		return err
	}); err != nil {
		return err
	}
	r.meter.Kept(in.Scope.Tenant(), in.Store, usage.Bytes{Documents: int64(more)})
	return nil
}

// DeleteDocuments deletes every document of a context (q.ID is ""): for State
// without a registration those of every registration.
func (r *LRS) DeleteDocuments(ctx context.Context, in Read, q *xapi.DocumentQuery) error {
	p, err := placeOf(in.Store, q)
	if err != nil {
		return err
	}
	var gone int64
	if err := r.db.Tenant(ctx, in.Scope, func(tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `
			with gone as (
				delete from documents
				where tenant_id = $1 and store_id = $2 and kind = $3 and owner = $4
				  and ($5::uuid = '00000000-0000-0000-0000-000000000000' or registration = $5)
				returning octet_length(content) as bytes)
			select coalesce(sum(bytes), 0)::bigint from gone`,
			tx.TenantID(), in.Store, p.kind, p.owner, q.Registration).Scan(&gone)
	}); err != nil {
		return err
	}
	r.meter.Kept(in.Scope.Tenant(), in.Store, usage.Bytes{Documents: -gone})
	return nil
}

func loadDocument(ctx context.Context, tx *postgres.Tx, store int64, p place, q *xapi.DocumentQuery) (*Document, error) {
	var d Document
	var tag []byte
	err := tx.QueryRow(ctx, `
		select content_type, content, etag, updated_at from documents
		where tenant_id = $1 and store_id = $2 and kind = $3 and owner = $4 and registration = $5 and id = $6`,
		tx.TenantID(), store, p.kind, p.owner, q.Registration, p.id).Scan(&d.ContentType, &d.Body, &tag, &d.Updated)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	d.ETag = `"` + hex.EncodeToString(tag) + `"`
	d.Updated = d.Updated.UTC()
	return &d, nil
}
