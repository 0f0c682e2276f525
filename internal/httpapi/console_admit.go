package httpapi

import (
	"net/http"
	"slices"
	"strings"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authn"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/ratelimit"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// admitPerson is admit for the console: who asks, from this origin, within the
// rate; where; whether that is permitted; and parameters as described. Who may
// not do a thing is not told more about it: parameters come last.
func (a *API) admitPerson(x *exchange, r route) error {
	cookie := sessionCookie(x.request)
	bearer := x.request.Header.Get("Authorization") != ""
	// A link with a user name in it makes a browser send Authorization too: where
	// that is not looked at, it excuses nobody.
	if cookie != "" && (!bearer || r.action == everybody) {
		if err := a.console.sameOrigin.Check(x.request); err != nil {
			return fault.Wrap(fault.Forbidden, err, "a browser sent this on behalf of another site")
		}
	}
	if r.action != everybody {
		if err := a.identify(x, r, cookie, bearer); err != nil {
			return err
		}
		if err := a.limitPerson(x); err != nil {
			return err
		}
		if err := a.permit(x, r); err != nil {
			return err
		}
	}
	var err error
	if x.query, err = parameters(x.request); err != nil {
		return err
	}
	return a.console.description.check(x, r)
}

// identify finds out who sent x. An Authorization header is believed before a
// cookie, and never both.
func (a *API) identify(x *exchange, r route, cookie string, bearer bool) error {
	from := authn.Client{Address: x.remote, Device: x.request.UserAgent()}
	var people []*authn.Person
	var closed []string
	switch {
	case bearer:
		kind, token, _ := strings.Cut(x.request.Header.Get("Authorization"), " ")
		if !strings.EqualFold(kind, "Bearer") {
			return fault.New(fault.Unauthenticated, "send an access token as Authorization: Bearer; API keys are for /xapi")
		}
		p, err := a.console.Tokens.Bearer(x.context(), strings.TrimSpace(token))
		if err != nil {
			return err
		}
		if p.SCIM() {
			return fault.New(fault.Unauthenticated, "this token is the directory's: it is for /scim")
		}
		if r.action == inPerson {
			return fault.New(fault.Forbidden, "this needs a person at a browser, not a token")
		}
		people = []*authn.Person{p}
	case cookie == "":
		return fault.New(fault.Unauthenticated, "nobody is signed in: send a session or an access token")
	default:
		s, err := a.console.Sessions.Load(x.context(), cookie)
		if err != nil {
			return err
		}
		people, closed = s.People, s.Suspended
	}
	x.caller = &caller{person: people[0], people: people, closed: closed, tenant: people[0].Tenant}
	x.as(people[0], from)
	return nil
}

// as makes p the actor of x: what is recorded from now on names them.
func (x *exchange) as(p *authn.Person, from authn.Client) {
	x.caller.person = p
	x.request = x.request.WithContext(audit.With(x.request.Context(), p.Source(from, x.id)))
}

// limitPerson charges one request to the person. Their ids are below zero, so
// that none meets an API key.
func (a *API) limitPerson(x *exchange) error {
	p := x.caller.person
	return a.charge(x, ratelimit.Request{Tenant: p.Tenant, Key: -p.Member, Requests: 1})
}

// permit finds where x takes place, and asks whether its caller may do there
// what the route does. The one call of Decide.
func (a *API) permit(x *exchange, r route) error {
	if r.where == nowhere {
		return nil
	}
	c := x.caller
	if err := a.enter(x, r); err != nil {
		return err
	}
	ask := c.request(r.action)
	lacking, err := a.locate(x, r, &ask)
	if err != nil {
		return err
	}
	allowed, err := a.console.Policies.Decide(x.context(), ask)
	switch {
	case err != nil:
		return err
	case allowed:
		return lacking
	}
	refused := fault.New(fault.Forbidden, "you may not do this here: it needs %s", r.action)
	if c.person.Operator && c.tenant != c.person.Tenant {
		inside, err := a.console.Policies.Permitted(x.context(), c.tenant, c.person.Subject(), nil)
		if err != nil {
			return err
		}
		if len(inside) == 1 && len(inside[0]) == 0 {
			return a.deny(x, r, c.person.Tenant, &refusal{http.StatusForbidden, "not_entered", "enter this organisation first, with a reason"})
		}
	}
	return a.deny(x, r, c.tenant, refused)
}

// enter finds the tenant that r takes place in, and who of the session is there.
func (a *API) enter(x *exchange, r route) error {
	c := x.caller
	slug := x.gin.Param("tenant")
	operator := (*authn.Person)(nil)
	for _, p := range c.people {
		if p.Operator {
			operator = p
		}
	}
	from := authn.Client{Address: x.remote, Device: x.request.UserAgent()}
	if r.where == onPlatform {
		if operator == nil {
			return a.deny(x, r, c.tenant, fault.New(fault.Forbidden, "this is for operators of the platform"))
		}
		c.tenant = operator.Tenant
		x.as(operator, from)
		return nil
	}
	for _, p := range c.people {
		if p.Slug == slug {
			c.tenant = p.Tenant
			x.as(p, from)
			return nil
		}
	}
	switch {
	case operator != nil:
	case slices.Contains(c.closed, slug):
		return authz.ErrSuspended()
	default:
		return a.deny(x, r, c.tenant, noTenant())
	}
	x.as(operator, from)
	c.tenant = operator.Tenant
	in, err := a.console.tenantIDs.get(x.context(), a.console.Operator, slug)
	if fault.Is(err, fault.NotFound) {
		return a.deny(x, r, operator.Tenant, noTenant())
	}
	if err != nil {
		return err
	}
	c.tenant = in
	return nil
}

// noTenant is the answer for a tenant that is somebody else's and for one that
// does not exist.
func noTenant() error { return fault.New(fault.NotFound, "there is no such organisation") }

// locate finds the store that the path, the key in it or ?store= names, and
// narrows ask to it. Where there is none of that name, lacking says so; but who
// may not do the thing in the whole tenant is refused just as for a store that
// they have nothing to do with.
func (a *API) locate(x *exchange, r route, ask *authz.Request) (lacking, err error) {
	switch r.where {
	case anyStore:
		ask.Store = authz.AnyStore
		return nil, nil
	case ofStore:
	default:
		return nil, nil
	}
	store, key := x.gin.Param("store"), x.gin.Param("key")
	if store == "" {
		store = x.request.URL.Query().Get("store")
	}
	if store == "" && key == "" {
		return nil, nil
	}
	err = x.look(func(tx *postgres.Tx) (err error) {
		if key != "" {
			if x.caller.key, err = tenant.GetKey(tx, key); err == nil {
				ask.Store = x.caller.key.StoreID
			}
			return err
		}
		if x.caller.store, err = tenant.GetStore(tx, store); err == nil {
			ask.Store = x.caller.store.ID
		}
		return err
	})
	if fault.Is(err, fault.NotFound) {
		return err, nil
	}
	return nil, err
}
