package httpapi

import (
	"net/http"
	"net/url"
	"time"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/lrs"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// moreParameter holds the token of a link to more results, and is then the
// only parameter.
const moreParameter = "more"

// getStatements answers GET statements: one statement by its id, or a page of
// those that a query finds (xAPI 1.0.3 Communication 2.1.3, 2.0 4.1.6.1).
func (a *API) getStatements(x *exchange) error {
	err := a.findStatements(x)
	if err != nil {
		a.setConsistentThrough(x, 0)
	}
	return err
}

func (a *API) findStatements(x *exchange) error {
	q, after, err := a.query(x)
	if err != nil {
		return err
	}
	if q.Single() {
		return a.getStatement(x, q)
	}
	page, err := a.LRS.Find(x.context(), x.read(), q, after)
	if err != nil {
		return err
	}
	a.through.saw(x.principal.Store, page.ConsistentThrough)
	h := x.Header()
	h.Set(consistentThroughHeader, page.ConsistentThrough.UTC().Format(xapi.StoredLayout))
	var newest time.Time
	for i := range page.Records {
		if page.Records[i].Stored.After(newest) {
			newest = page.Records[i].Stored
		}
	}
	if !newest.IsZero() {
		h.Set("Last-Modified", newest.UTC().Format(http.TimeFormat))
	}
	more := ""
	if page.Next != 0 {
		more = a.BasePath + statementsPath + "?" + moreParameter + "=" + a.more.encode(x.reader(), q.Values().Encode(), int64(page.Next))
	}
	return a.sendStatements(x, q, page.Records, func(statements [][]byte) [][]byte {
		return statementResult(statements, more)
	})
}

// query returns the query of x and where to go on: of its own parameters, or
// those in the token of a link that we made.
func (a *API) query(x *exchange) (*xapi.Query, lrs.Cursor, error) {
	values := x.query
	if !values.Has(moreParameter) {
		q, err := xapi.ParseQuery(values, x.version)
		return q, 0, err
	}
	if len(values) != 1 || len(values[moreParameter]) != 1 {
		return nil, 0, fault.New(fault.Invalid, "the parameter %s stands alone: take the link as it is", moreParameter)
	}
	text, cursor, err := a.more.decode(x.reader(), values.Get(moreParameter))
	if err != nil {
		return nil, 0, err
	}
	if values, err = url.ParseQuery(text); err != nil {
		return nil, 0, err // we wrote it
	}
	q, err := xapi.ParseQuery(values, x.version)
	return q, lrs.Cursor(cursor), err
}

func (a *API) getStatement(x *exchange, q *xapi.Query) error {
	id, voided := q.StatementID, false
	if q.VoidedStatementID != [16]byte{} {
		id, voided = q.VoidedStatementID, true
	}
	record, err := a.LRS.Statement(x.context(), x.read(), id, voided)
	if err != nil {
		return err
	}
	a.setConsistentThrough(x, 0)
	x.Header().Set("Last-Modified", record.Stored.UTC().Format(http.TimeFormat))
	return a.sendStatements(x, q, []lrs.Record{*record}, func(statements [][]byte) [][]byte { return statements })
}

// postStatements answers POST statements with the ids of what it stored
// (xAPI 1.0.3 Communication 2.1.2).
func (a *API) postStatements(x *exchange) error {
	a.setConsistentThrough(x, throughAge)
	if err := onlyParameters(x, ""); err != nil {
		return err
	}
	batch, err := a.receive(x)
	if err != nil {
		return err
	}
	ids, err := a.LRS.Commit(x.context(), lrs.Write{Author: x.author(), Batch: batch})
	if err != nil {
		return err
	}
	const quoted = 36 + len(`"",`)
	body := make([]byte, 0, len(ids)*quoted+len(`[]`))
	body = append(body, '[')
	for i, id := range ids {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, '"')
		body = append(body, id.String()...)
		body = append(body, '"')
	}
	return x.sendJSON(append(body, ']'))
}

// putStatement stores one statement under the id that the client chose
// (xAPI 1.0.3 Communication 2.1.1).
func (a *API) putStatement(x *exchange) error {
	a.setConsistentThrough(x, throughAge)
	if err := onlyParameters(x, "statementId"); err != nil {
		return err
	}
	q, err := xapi.ParseQuery(x.query, x.version)
	if err != nil {
		return err
	}
	batch, err := a.receive(x)
	if err != nil {
		return err
	}
	if batch.Array || len(batch.Statements) != 1 {
		return fault.New(fault.Invalid, "a PUT carries one statement, not an array: use POST for several")
	}
	s := &batch.Statements[0]
	if s.ID != [16]byte{} && s.ID != q.StatementID {
		f := fault.New(fault.Invalid, "the statement has another id than the parameter statementId")
		f.Violations = []fault.Violation{{Path: "/id", Rule: "must be absent or " + q.StatementID.String(), Spec: "xAPI 1.0.3 Communication 2.1.1"}}
		return f
	}
	s.ID = q.StatementID
	if _, err := a.LRS.Commit(x.context(), lrs.Write{Author: x.author(), Batch: batch}); err != nil {
		return err
	}
	return x.sendNothing()
}

// onlyParameters refuses every parameter but the required one, "" for none.
func onlyParameters(x *exchange, required string) error {
	values := x.query
	for name := range values {
		if name != required {
			return fault.New(fault.Invalid, "the parameter %q is not known for %s statements", name[:min(len(name), 64)], x.request.Method)
		}
	}
	if required != "" && !values.Has(required) {
		return fault.New(fault.Invalid, "the parameter %s is missing", required)
	}
	return nil
}
