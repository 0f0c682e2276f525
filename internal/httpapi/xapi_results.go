package httpapi

import (
	"bytes"
	"net/http"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/lrs"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// statementResult wraps a page (xAPI 1.0.3 Data 2.5). more is a link of ours,
// or "" when there is no more.
func statementResult(statements [][]byte, more string) [][]byte {
	pieces := make([][]byte, 0, 2*len(statements)+1)
	next := []byte(`{"statements":[`)
	for _, s := range statements {
		pieces = append(pieces, next, s)
		next = comma
	}
	end := []byte(`],"more":"` + more + `"}`)
	if len(statements) == 0 {
		end = append(next, end...)
	}
	return append(pieces, end)
}

var comma = []byte{','}

// sendStatements answers with records in the format of q; wrap makes the body
// of them. Nothing is copied that is sent as it is.
func (a *API) sendStatements(x *exchange, q *xapi.Query, records []lrs.Record, wrap func([][]byte) [][]byte) error {
	x.statements = len(records)
	statements, err := formatted(x, q, records)
	if err != nil {
		return err
	}
	if q.Attachments {
		return a.sendMultipart(x, records, wrap(statements))
	}
	x.send(http.StatusOK, "application/json", wrap(statements)...)
	return nil
}

func formatted(x *exchange, q *xapi.Query, records []lrs.Record) ([][]byte, error) {
	statements := make([][]byte, len(records))
	if q.Format == xapi.FormatExact {
		for i := range records {
			statements[i] = records[i].JSON
		}
		return statements, nil
	}
	if q.Format == xapi.FormatCanonical {
		x.Header().Add("Vary", "Accept-Language")
	}
	f := xapi.NewFormatter(q.Format, xapi.ParseAcceptLanguage(x.request.Header.Get("Accept-Language")))
	for i := range records {
		text, err := f.Append(make([]byte, 0, len(records[i].JSON)), records[i].JSON)
		if err != nil {
			return nil, err
		}
		statements[i] = text
	}
	return statements, nil
}

// sendMultipart answers with statements and, behind them, the contents of
// their attachments, each once, as they come from the blob store. Contents
// that we do not have are left out: those have a fileUrl.
func (a *API) sendMultipart(x *exchange, records []lrs.Record, pieces [][]byte) error {
	type content struct{ sha2, contentType string }
	var contents []content
	seen := map[string]bool{}
	mine := x.principal.Scopes.OnlyOwnStatements()
	for i := range records {
		s, err := xapi.TermsOf(records[i].JSON)
		if err != nil {
			return err
		}
		for _, at := range s.Attachments {
			// Who reads only what it wrote itself must not get another's content
			// for naming its hash: without a fileUrl, it has sent the content.
			if seen[at.SHA2] || mine && at.FileURL != "" {
				continue
			}
			seen[at.SHA2] = true
			contents = append(contents, content{at.SHA2, at.ContentType})
		}
	}
	w := x.writer()
	m := xapi.NewMultipartWriter(w)
	x.Header().Set("Content-Type", m.ContentType())
	w.WriteHeader(http.StatusOK)
	if x.request.Method == http.MethodHead {
		return nil
	}
	if err := m.Statements(bytes.Join(pieces, nil)); err != nil {
		return err
	}
	for _, c := range contents {
		if err := a.sendAttachment(x, m, c.sha2, c.contentType); err != nil {
			return err
		}
	}
	return m.Close()
}

func (a *API) sendAttachment(x *exchange, m *xapi.MultipartWriter, sha2, contentType string) error {
	p := x.principal
	r, _, err := a.LRS.Attachment(x.context(), p.Tenant, p.Store, sha2)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	return m.Attachment(sha2, contentType, r)
}
