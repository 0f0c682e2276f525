package httpapi

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/lrs"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// view is how the caller looks at the store of x: counted, recorded, and with
// pseudonyms where they may not see who people are.
func (x *exchange) view() (lrs.View, error) {
	c := x.caller
	sees, err := x.alsoMay(authz.StatementsViewIdentity)
	if err != nil {
		return lrs.View{}, err
	}
	v := lrs.View{
		Scope: c.scope(), Store: c.store.ID, Slug: c.store.Slug, Actor: c.person.Subject(),
		People: x.api.console.Keyring.Pseudonyms(c.tenant), Masked: !sees,
	}
	err = x.look(func(tx *postgres.Tx) error {
		s, err := tenant.GetSettings(tx)
		if err == nil {
			v.Cap = given(s.ViewingCap, x.api.console.ViewingCap)
		}
		return err
	})
	return v, err
}

// alsoMay reports whether the caller, who may do what the route does, may do
// action in the same store, too.
func (x *exchange) alsoMay(action authz.Action) (bool, error) {
	c := x.caller
	permitted, err := x.api.console.Policies.Permitted(x.context(), c.tenant, c.person.Subject(), c.person.Only)
	return slices.Contains(permitted[0], action) || slices.Contains(permitted[c.store.ID], action), err
}

// denyIdentity refuses and records that the caller asked who people are.
func (a *API) denyIdentity(x *exchange, why error) error {
	asked := route{method: x.request.Method, path: x.route, action: authz.StatementsViewIdentity}
	return a.deny(x, asked, x.caller.tenant, why)
}

// viewQuery reads the parameters that are xAPI's.
func (x *exchange) viewQuery(names ...string) (*xapi.Query, error) {
	values := url.Values{}
	for _, name := range names {
		if x.query.Has(name) {
			values[name] = x.query[name]
		}
	}
	q, err := xapi.ParseQuery(values, xapi.V2)
	if err == nil {
		return q, nil
	}
	for _, name := range slices.Sorted(maps.Keys(values)) { // each stands for itself: which is it?
		if _, err := xapi.ParseQuery(url.Values{name: values[name]}, xapi.V2); err != nil {
			return nil, invalidAt("?"+name, err)
		}
	}
	return nil, err
}

// invalidAt is err, and says where, if it is Invalid; what says where inside
// of place, goes on doing so.
func invalidAt(place string, err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != fault.Invalid {
		return err
	}
	at := *f
	at.Violations = []fault.Violation{{Path: place, Rule: f.Message}}
	if len(f.Violations) > 0 {
		at.Violations = slices.Clone(f.Violations)
	}
	for i := range at.Violations {
		if v := &at.Violations[i]; !strings.HasPrefix(v.Path, place) {
			v.Path = place + v.Path
		}
	}
	at.Message = fmt.Sprintf("the request breaks %d rule(s)", len(at.Violations))
	return &at
}

// viewer is who cursors are made for.
func (x *exchange) viewer() moreReader {
	return moreReader{tenant: x.caller.tenant, store: x.caller.store.ID, key: -x.caller.person.Member}
}

// mark stands in a cursor for the query that it belongs to, which may name
// people and must not be read out of it.
func (x *exchange) mark(query string) string {
	sum := sha256.Sum256([]byte(x.caller.person.Subject() + "\n" + x.route + "\n" + query))
	return string(sum[:])
}

// cursor says where a page of query ended: as a number, or as a text.
func (x *exchange) cursor(query string, at lrs.Cursor, text string) string {
	return x.api.more.encode(x.viewer(), x.mark(query)+text, int64(at))
}

// after reads ?after, which cursor has made for the same caller, store and
// query: else it is Invalid. found is false where there is none.
func (x *exchange) after(query string) (at lrs.Cursor, text string, found bool, err error) {
	if x.query.Get("after") == "" {
		return 0, "", false, nil
	}
	content, number, err := x.api.more.decode(x.viewer(), x.query.Get("after"))
	mark := x.mark(query)
	if err != nil || len(content) < len(mark) || content[:len(mark)] != mark {
		return 0, "", false, invalidAt("?after", fault.New(fault.Invalid, "the cursor of the page before, of the same query and the same person"))
	}
	return lrs.Cursor(number), content[len(mark):], true, nil
}
