package httpapi

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/lrs"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

var documentKinds = map[string]xapi.DocumentKind{
	string(apiv1.DocumentRowKindState): xapi.State, string(apiv1.DocumentRowKindActivityProfile): xapi.ActivityProfile,
	string(apiv1.DocumentRowKindAgentProfile): xapi.AgentProfile,
}

// documentQuery reads whose documents are meant; which parameters that takes
// depends on their kind.
func (x *exchange) documentQuery() (*xapi.DocumentQuery, error) {
	q, err := x.viewQuery("activity", "agent", "registration")
	if err != nil {
		return nil, err
	}
	d := &xapi.DocumentQuery{
		Kind: documentKinds[x.query.Get("kind")], Activity: q.Activity, Agent: q.Agent, Registration: q.Registration, ID: x.query.Get("id"),
	}
	belongs := map[string]bool{"activity": d.Kind != xapi.AgentProfile, "agent": d.Kind != xapi.ActivityProfile}
	var wrong []fault.Violation
	for _, name := range []string{"activity", "agent"} {
		switch has := x.query.Has(name); {
		case belongs[name] && !has:
			wrong = append(wrong, fault.Violation{Path: "?" + name, Rule: "is needed for this kind"})
		case !belongs[name] && has:
			wrong = append(wrong, fault.Violation{Path: "?" + name, Rule: "does not belong to this kind"})
		}
	}
	if d.Kind != xapi.State && x.query.Has("registration") {
		wrong = append(wrong, fault.Violation{Path: "?registration", Rule: "does not belong to this kind"})
	}
	if len(wrong) > 0 {
		f := fault.New(fault.Invalid, "the request breaks %d rule(s)", len(wrong))
		f.Violations = wrong
		return nil, f
	}
	return d, nil
}

func (a *API) viewDocuments(x *exchange) error {
	q, err := x.documentQuery()
	if err != nil {
		return err
	}
	query := x.query.Get("kind") + "\n" + q.Activity + "\n" + q.Agent + "\n" + q.Registration.String()
	var after *lrs.DocumentRef
	_, text, found, err := x.after(query)
	if err != nil {
		return err
	}
	if found { // we wrote it
		after = &lrs.DocumentRef{Registration: uuid.UUID([]byte(text[:16])), ID: text[16:]}
	}
	v, err := x.view()
	if err != nil {
		return err
	}
	limit, err := strconv.Atoi(x.query.Get("limit"))
	if err != nil {
		limit = 100
	}
	documents, more, err := a.LRS.ViewDocuments(x.context(), v, q, after, limit)
	if err != nil {
		return a.documentFault(x, err)
	}
	page := apiv1.DocumentPage{Items: make([]apiv1.DocumentRow, len(documents))}
	for i := range documents {
		if page.Items[i], err = x.documentRow(q, &documents[i]); err != nil {
			return err
		}
	}
	if more {
		last := documents[len(documents)-1]
		page.Next = x.cursor(query, 0, string(last.Registration[:])+last.ID)
	}
	return x.answer(http.StatusOK, page)
}

func (a *API) viewDocument(x *exchange) error {
	q, err := x.documentQuery()
	if err != nil {
		return err
	}
	v, err := x.view()
	if err != nil {
		return err
	}
	d, err := a.LRS.ViewDocument(x.context(), v, q)
	if err != nil {
		return a.documentFault(x, err)
	}
	var m apiv1.DocumentContent
	if m.Document, err = x.documentRow(q, d); err != nil {
		return err
	}
	if utf8.Valid(d.Content) {
		text := string(d.Content)
		m.Text = &text
	} else {
		text := base64.StdEncoding.EncodeToString(d.Content)
		m.Base64 = &text
	}
	return x.answer(http.StatusOK, m)
}

// documentFault says where, and records who must not see who people are.
func (a *API) documentFault(x *exchange, err error) error {
	if fault.Is(err, fault.Forbidden) {
		return a.denyIdentity(x, err)
	}
	if x.query.Has("id") && len(x.query.Get("id")) > 1000 {
		return invalidAt("?id", err)
	}
	return invalidAt("?agent", err)
}

func (x *exchange) documentRow(q *xapi.DocumentQuery, d *lrs.ViewedDocument) (apiv1.DocumentRow, error) {
	m := apiv1.DocumentRow{
		Kind: apiv1.DocumentRowKind(x.query.Get("kind")), ID: d.ID, Activity: optional(q.Activity),
		ContentType: d.ContentType, Size: d.Size, UpdatedAt: d.Updated,
	}
	if d.Registration != uuid.Nil {
		m.Registration = &d.Registration
	}
	if q.Agent != "" {
		raw := json.RawMessage(xapi.AppendIdentity(nil, q.Agent)) // as it was asked for, perhaps a pseudonym
		p, err := shower{}.person(raw)
		if err != nil {
			return m, err
		}
		m.Agent = &p
	}
	return m, nil
}
