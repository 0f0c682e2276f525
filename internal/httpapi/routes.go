package httpapi

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// route is one line of the table: who may do what, and who does it.
type route struct {
	method string // GET answers HEAD too
	path   string
	action authz.Action // what a principal must be permitted; see everybody
	handle func(*exchange) error
	where  where
}

// where says who may call a route, and where they must be permitted its action.
type where uint8

const (
	nowhere     where = iota // no permission is asked: everybody, anyone, inPerson
	ofKey                    // an API key, in its store
	ofTenant                 // a person, in the whole tenant of the path
	ofStore                  // a person, in the store that the path, its key or ?store= names
	anyStore                 // a person, in the tenant of the path or at least one store of it
	onPlatform               // an operator, on the platform
	ofDirectory              // the directory of the tenant of the path, by its token
)

// everybody marks routes that need no principal. It is no action of authz: no
// scope permits it, and no empty field means it.
const everybody authz.Action = "everybody"

// What a signed-in person needs no permission for.
const (
	anyone   authz.Action = "anyone"    // by session or access token
	inPerson authz.Action = "in-person" // by session only
)

// routes is the one list of what this server answers.
func (a *API) routes() []route {
	state, activityProfile, agentProfile := documents{xapi.State}, documents{xapi.ActivityProfile}, documents{xapi.AgentProfile}
	return append([]route{
		{http.MethodGet, "/healthz", everybody, a.healthz, nowhere},
		{http.MethodGet, "/readyz", everybody, a.readyz, nowhere},

		{http.MethodGet, "/xapi/about", everybody, a.about, nowhere},
		{http.MethodGet, statementsPath, authz.StatementsRead, a.getStatements, ofKey},
		{http.MethodPost, statementsPath, authz.StatementsWrite, a.postStatements, ofKey},
		{http.MethodPut, statementsPath, authz.StatementsWrite, a.putStatement, ofKey},
		{http.MethodGet, "/xapi/activities", authz.ActivitiesRead, a.getActivity, ofKey},
		{http.MethodGet, "/xapi/agents", authz.AgentsRead, a.getAgent, ofKey},

		{http.MethodGet, "/xapi/activities/state", authz.StateRead, state.get, ofKey},
		{http.MethodPut, "/xapi/activities/state", authz.StateWrite, state.put, ofKey},
		{http.MethodPost, "/xapi/activities/state", authz.StateWrite, state.post, ofKey},
		{http.MethodDelete, "/xapi/activities/state", authz.StateWrite, state.delete, ofKey},

		{http.MethodGet, "/xapi/activities/profile", authz.ProfileRead, activityProfile.get, ofKey},
		{http.MethodPut, "/xapi/activities/profile", authz.ProfileWrite, activityProfile.put, ofKey},
		{http.MethodPost, "/xapi/activities/profile", authz.ProfileWrite, activityProfile.post, ofKey},
		{http.MethodDelete, "/xapi/activities/profile", authz.ProfileWrite, activityProfile.delete, ofKey},

		{http.MethodGet, "/xapi/agents/profile", authz.ProfileRead, agentProfile.get, ofKey},
		{http.MethodPut, "/xapi/agents/profile", authz.ProfileWrite, agentProfile.put, ofKey},
		{http.MethodPost, "/xapi/agents/profile", authz.ProfileWrite, agentProfile.post, ofKey},
		{http.MethodDelete, "/xapi/agents/profile", authz.ProfileWrite, agentProfile.delete, ofKey},
	}, a.consoleRoutes()...)
}

// mount registers routes. A route that forgot its action or its handler is an
// error: the process does not start.
func (a *API) mount(routes []route) error {
	for _, r := range routes {
		if err := r.check(); err != nil {
			return err
		}
		a.engine.Handle(r.method, r.path, a.serve(r))
		if r.method == http.MethodGet {
			a.engine.Handle(http.MethodHead, r.path, a.serve(r))
		}
	}
	return nil
}

// check refuses a route that says too little about who may call it.
func (r route) check() error {
	free := r.action == everybody || r.action == anyone || r.action == inPerson
	switch {
	case r.action == "" || r.handle == nil:
		return fmt.Errorf("route %s %s has no action or no handler", r.method, r.path)
	case free != (r.where == nowhere):
		return fmt.Errorf("route %s %s does not say where %s must be permitted", r.method, r.path, r.action)
	case (r.where == ofTenant || r.where == ofStore || r.where == anyStore || r.where == ofDirectory) && !strings.Contains(r.path, "/:tenant"):
		return fmt.Errorf("route %s %s names no tenant", r.method, r.path)
	}
	return nil
}

// serve is what happens to a request between gin and its handler.
func (a *API) serve(r route) gin.HandlerFunc {
	return func(g *gin.Context) {
		x := exchangeOf(g.Request.Context())
		x.gin, x.route, x.action = g, r.path, r.action
		if err := a.admit(x, r); err != nil {
			if r.path == statementsPath && x.principal != nil {
				a.setConsistentThrough(x, throughAge)
			}
			x.fail(err)
			return
		}
		if err := a.tellLook(x, r); err != nil {
			x.fail(err)
			return
		}
		if err := r.handle(x); err != nil {
			x.fail(a.denied(x, r, err))
		}
	}
}

// parameters reads the query string. net/url would drop what it cannot read.
func parameters(r *http.Request) (url.Values, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the query string is not well-formed: parameters are joined by & and percent-encoded")
	}
	return values, nil
}

// admit lets a request through to its handler: authenticated, authorized,
// within its rate, and in a version that is spoken. None of its body has been
// read: who may not send it, need not.
func (a *API) admit(x *exchange, r route) error {
	if isSCIM(r.path) {
		return a.admitDirectory(x, r)
	}
	if isConsole(r.path) {
		return a.admitPerson(x, r)
	}
	if r.action == everybody {
		return nil
	}
	principal, err := a.authenticate(x)
	if err != nil {
		return err
	}
	x.principal = principal
	if !principal.Scopes.Permits(r.action) {
		return fault.New(fault.Forbidden, "this key may not do that: it has the scopes %q", principal.Scopes)
	}
	if err := a.limitRequest(x); err != nil {
		return err
	}
	if x.query, err = parameters(x.request); err != nil {
		return err
	}
	if !isXAPI(r.path) {
		return nil
	}
	_, err = negotiate(x.request)
	return err
}
