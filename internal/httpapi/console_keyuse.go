package httpapi

import (
	"net/http"
	"time"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

func keyUseModel(u *audit.KeyUse) apiv1.KeyUse {
	m := apiv1.KeyUse{
		Begin: u.Begin, Resources: map[string]apiv1.ResourceUse{}, Statuses: u.Statuses, Addresses: u.Addresses, FurtherRequests: u.Further,
	}
	for name, r := range u.Resources {
		m.Resources[name] = apiv1.ResourceUse{Requests: r.Requests, Statements: r.Statements}
		m.Requests += r.Requests
		m.Statements += r.Statements
	}
	return m
}

// listKeyUse tells what the log says of a key's use; no learner stands there.
func (a *API) listKeyUse(x *exchange) error {
	f := audit.KeyUseFilter{Key: x.caller.key.User, Unit: time.Minute, Until: x.now()}
	if x.query.Get("by") == "hour" {
		f.Unit = time.Hour
	}
	if until, ok := x.moment("until"); ok {
		f.Until = until
	}
	f.Since = f.Until.Add(-24 * time.Hour)
	if since, ok := x.moment("since"); ok {
		f.Since = since
	}
	page := apiv1.KeyUsePage{Secrets: keyModel(x.caller.key, "", x.now()).Secrets}
	if err := x.look(func(tx *postgres.Tx) error {
		uses, next, err := audit.ListKeyUse(tx, f, x.page())
		page.Items, page.Next = each(uses, keyUseModel), next
		return err
	}); err != nil {
		return err
	}
	return x.answer(http.StatusOK, page)
}

// moment reads a parameter that the description says is a time.
func (x *exchange) moment(name string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, x.query.Get(name))
	return t, err == nil
}
