package httpapi

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/lrs"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// documents answers one of the three document resources: they differ in their
// parameters only (xAPI 1.0.3 Communication 2.2, 2.3, 2.6, 2.7).
type documents struct{ kind xapi.DocumentKind }

// query reads the parameters, and refuses a condition that names nothing: a
// client whose ETag got lost must not write as if it had set no condition.
func (d documents) query(x *exchange) (*xapi.DocumentQuery, error) {
	for _, name := range []string{"If-Match", "If-None-Match"} {
		if len(x.request.Header.Values(name)) > 0 && strings.Trim(condition(x, name), ", \t") == "" {
			return nil, fault.New(fault.Invalid, "%s is empty: send an ETag or *, or leave it out", name)
		}
	}
	return xapi.ParseDocumentQuery(d.kind, x.request.Method, x.query, x.version)
}

// get answers one document, or without an id the ids of all.
func (d documents) get(x *exchange) error {
	q, err := d.query(x)
	if err != nil {
		return err
	}
	h := x.Header()
	if q.ID == "" {
		ids, updated, err := x.api.LRS.Documents(x.context(), x.read(), q)
		if err != nil {
			return err
		}
		if !updated.IsZero() {
			h.Set("Last-Modified", updated.UTC().Format(http.TimeFormat))
		}
		body, err := json.Marshal(ids)
		if err != nil {
			return err
		}
		return x.sendJSON(body)
	}
	doc, err := x.api.LRS.Document(x.context(), x.read(), q)
	if err != nil {
		return err
	}
	h.Set("Etag", doc.ETag)
	h.Set("Last-Modified", doc.Updated.UTC().Format(http.TimeFormat))
	h.Set("Cache-Control", "no-cache")                              // may be kept, must be asked about
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox") // a browser shows it, and runs nothing of it
	if xapi.NotModified(doc.ETag, condition(x, "If-None-Match")) {
		x.writer().WriteHeader(http.StatusNotModified)
		return nil
	}
	x.send(http.StatusOK, doc.ContentType, doc.Body)
	return nil
}

func (d documents) put(x *exchange) error {
	unconditional := condition(x, "If-Match") == "" && condition(x, "If-None-Match") == ""
	return d.write(x, func(old *lrs.Document, sent xapi.Document) (xapi.Document, error) {
		if old == nil && unconditional {
			return sent, xapi.UnconditionalCreate(x.version, d.kind, sent.ContentType)
		}
		return sent, nil
	})
}

// post merges the members of a JSON object into the document that is there.
func (d documents) post(x *exchange) error {
	return d.write(x, func(old *lrs.Document, sent xapi.Document) (xapi.Document, error) {
		if old == nil {
			return xapi.MergeDocuments(nil, sent)
		}
		return xapi.MergeDocuments(&old.Document, sent)
	})
}

// write replaces a document with what change makes of it and the body.
func (d documents) write(x *exchange, change func(old *lrs.Document, sent xapi.Document) (xapi.Document, error)) error {
	q, err := d.query(x)
	if err != nil {
		return err
	}
	sent := xapi.Document{ContentType: x.request.Header.Get("Content-Type")}
	if sent.ContentType == "" {
		sent.ContentType = "application/octet-stream" // RFC 9110 8.3
	}
	if len(sent.ContentType) > 255 || strings.ContainsFunc(sent.ContentType, func(r rune) bool { return r < ' ' || r > '~' }) {
		return fault.New(fault.Invalid, "Content-Type has more than 255 characters, or others than those of ASCII")
	}
	if sent.Body, err = x.readBody(x.api.Limits.Document); err != nil {
		return err
	}
	var written xapi.Document
	err = x.api.LRS.WriteDocument(x.context(), x.read(), q, func(old *lrs.Document) (*xapi.Document, error) {
		if err := d.precondition(x, old); err != nil {
			return nil, err
		}
		var err error
		size := len(sent.Body)
		if old != nil {
			size += len(old.Body)
		}
		if err = x.parse(size, func() error { written, err = change(old, sent); return err }); err != nil {
			return nil, err
		}
		if int64(len(written.Body)) > x.api.Limits.Document {
			return nil, tooLarge(x.api.Limits.Document) // many small merges make a large document
		}
		return &written, nil
	})
	if err != nil {
		return err
	}
	x.Header().Set("Etag", xapi.ETag(written.Body))
	return x.sendNothing()
}

// delete removes one document, or without an id all of a State context.
func (d documents) delete(x *exchange) error {
	q, err := d.query(x)
	if err != nil {
		return err
	}
	if q.ID == "" {
		if err := d.precondition(x, nil); err != nil {
			return err
		}
		if err := x.api.LRS.DeleteDocuments(x.context(), x.read(), q); err != nil {
			return err
		}
		return x.sendNothing()
	}
	err = x.api.LRS.WriteDocument(x.context(), x.read(), q, func(old *lrs.Document) (*xapi.Document, error) {
		return nil, d.precondition(x, old)
	})
	if err != nil {
		return err
	}
	return x.sendNothing()
}

func (d documents) precondition(x *exchange, old *lrs.Document) error {
	etag := ""
	if old != nil {
		etag = old.ETag
	}
	return xapi.Precondition(x.version, x.request.Method, d.kind, old != nil, etag, condition(x, "If-Match"), condition(x, "If-None-Match"))
}

// condition returns a header that may stand on several lines.
func condition(x *exchange, name string) string {
	return strings.Join(x.request.Header.Values(name), ", ")
}
