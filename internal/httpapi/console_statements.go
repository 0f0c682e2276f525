package httpapi

import (
	"encoding/json"
	"net/http"

	"github.com/google/uuid"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/lrs"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// viewRoutes are those that show what learners did.
func (a *API) viewRoutes() []route {
	const (
		get        = http.MethodGet
		statements = "/api/v1/tenants/:tenant/stores/:store/statements"
		documents  = "/api/v1/tenants/:tenant/stores/:store/documents"
	)
	return []route{
		{get, statements, authz.StatementsView, a.viewStatements, ofStore},
		{get, statements + "/:statement", authz.StatementsView, a.viewStatement, ofStore},
		{get, statements + "/:statement/related", authz.StatementsView, a.viewRelated, ofStore},
		{get, statements + "/:statement/voided-by", authz.StatementsView, a.viewVoiding, ofStore},
		{http.MethodPost, statements + "/:statement/void", authz.StatementsVoid, a.voidStatement, ofStore},
		{get, "/api/v1/tenants/:tenant/stores/:store/vocabulary", authz.StatementsView, a.listVocabulary, ofStore},
		{get, documents, authz.DocumentsView, a.viewDocuments, ofStore},
		{get, documents + "/content", authz.DocumentsView, a.viewDocument, ofStore},
	}
}

func (a *API) viewStatements(x *exchange) error {
	q, err := x.viewQuery("agent", "verb", "activity", "registration", "related_activities", "related_agents", "since", "until", "ascending", "limit")
	if err != nil {
		return err
	}
	results, err := x.results()
	if err != nil {
		return err
	}
	asked := *q
	asked.Limit = 0 // pages may differ in length
	query := asked.Values().Encode() + "\n" + results.String()
	after, _, _, err := x.after(query)
	if err != nil {
		return err
	}
	v, err := x.view()
	if err != nil {
		return err
	}
	page, err := a.LRS.ViewStatements(x.context(), v, q, results, after)
	if fault.Is(err, fault.Forbidden) {
		return a.denyIdentity(x, err)
	}
	if err != nil {
		return invalidAt("?agent", err)
	}
	return x.answerStatements(v, query, page)
}

func (x *exchange) answerStatements(v lrs.View, query string, page *lrs.ViewPage) error {
	show := x.shower(v)
	m := apiv1.StatementPage{Items: make([]apiv1.StatementRow, len(page.Statements)), Identities: !v.Masked, Remaining: page.Remaining}
	for i := range page.Statements {
		row, err := show.row(&page.Statements[i])
		if err != nil {
			return err
		}
		m.Items[i] = *row
	}
	if page.Next != 0 {
		m.Next = x.cursor(query, page.Next, "")
	}
	if !page.Reached.IsZero() {
		m.SearchedTo = &page.Reached
	}
	x.statements = len(m.Items)
	return x.answer(http.StatusOK, m)
}

// statement is the id in the path, which the description has checked.
func (x *exchange) statement() uuid.UUID { return uuid.MustParse(x.gin.Param("statement")) }

func (a *API) viewStatement(x *exchange) error {
	v, err := x.view()
	if err != nil {
		return err
	}
	s, err := a.LRS.ViewStatement(x.context(), v, x.statement())
	if err != nil {
		return err
	}
	return x.answerStatement(v, s)
}

func (x *exchange) answerStatement(v lrs.View, s *lrs.Viewed) error {
	row, err := x.shower(v).row(s)
	if err != nil {
		return err
	}
	members, err := rawMembers(s.JSON)
	if err != nil {
		return err
	}
	x.statements = 1
	return x.answer(http.StatusOK, apiv1.StatementDetail{Row: *row, Statement: members, Identities: !v.Masked})
}

func (a *API) viewRelated(x *exchange) error {
	query := x.statement().String()
	after, _, _, err := x.after(query)
	if err != nil {
		return err
	}
	v, err := x.view()
	if err != nil {
		return err
	}
	page, err := a.LRS.ViewRelated(x.context(), v, x.statement(), after)
	if err != nil {
		return err
	}
	return x.answerStatements(v, query, page)
}

func (a *API) viewVoiding(x *exchange) error {
	v, err := x.view()
	if err != nil {
		return err
	}
	page, err := a.LRS.ViewVoidedBy(x.context(), v, x.statement())
	if err != nil {
		return err
	}
	if len(page.Statements) == 0 {
		return fault.New(fault.NotFound, "no statement voids this one")
	}
	return x.answerStatement(v, &page.Statements[0])
}

// voidStatement voids as the person who asks, with the key of the console.
func (a *API) voidStatement(x *exchange) error {
	body, _, err := receive[apiv1.VoidStatement](x)
	if err != nil {
		return err
	}
	c := x.caller
	var key *tenant.Key
	if err := x.change(func(tx *postgres.Tx) (err error) {
		key, err = tenant.ConsoleKey(tx, c.store.ID, a.console.PublicURL, x.now())
		return err
	}); err != nil {
		return err
	}
	authority, err := xapi.ParseAgentParam([]byte(key.Authority), xapi.V2)
	if err != nil {
		return err
	}
	agent := map[string]any{"account": map[string]string{"homePage": a.console.PublicURL, "name": c.person.Subject()}}
	if c.person.Name != "" {
		agent["name"] = c.person.Name
	}
	by, err := json.Marshal(agent)
	if err != nil {
		return err
	}
	author := lrs.Author{Tenant: c.tenant, Store: c.store.ID, Key: key.ID, Authority: []byte(key.Authority), Identity: authority.Identity}
	voiding, err := a.LRS.Void(x.context(), lrs.View{Scope: c.scope(), Store: c.store.ID, Slug: c.store.Slug}, author, by, x.statement(), body.Reason)
	if err != nil {
		return invalidAt("/reason", err)
	}
	return x.answer(http.StatusCreated, apiv1.VoidedStatement{Voiding: voiding})
}
