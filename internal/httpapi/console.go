package httpapi

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	adminui "github.com/stoa-lrs/stoa/admin-ui"
	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/authn"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/keyring"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// Console is what the console API is made of. Policies is needed for any of it
// to be answered; then all but DNS and Clock are.
type Console struct {
	Policies   *authz.Policies
	Sessions   *authn.Sessions
	SignIn     *authn.SignIn
	Tokens     *authn.Tokens
	Operator   *postgres.Operator
	Peppers    *tenant.Peppers
	Keyring    *keyring.Ring   // client secrets of providers and streams, pseudonyms
	PublicURL  string          // where browsers reach the service: the origin that may change things, and the authority of new keys
	ViewingCap int             // statements that a person may look at in an hour, where the tenant says nothing
	DNS        tenant.Resolver // proves e-mail domains; nil: the machine's own
	Insecure   bool            // development: providers on this machine may speak http
	Clock      func() time.Time
	Version    string // of the program, for health
	Schema     int64  // number of the last migration that the program knows, for health; 0: unknown
}

// console is what all exchanges of the console share.
type console struct {
	Console
	description *description
	document    []byte // the description, as it is served
	docs        []byte // the same for people
	pages       http.Handler
	sameOrigin  *http.CrossOriginProtection
	https       bool
	denials     *denials
	tenantIDs   *tenantIDs
	began       time.Time
}

func newConsole(c Console, basePath string) (*console, error) {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.DNS == nil {
		c.DNS = net.DefaultResolver
	}
	d, err := readDescription(apiv1.Description)
	if err != nil {
		return nil, err
	}
	docs, err := docsPage(apiv1.Description)
	if err != nil {
		return nil, err
	}
	made := &console{
		Console: c, description: d, docs: docs, document: withServer(apiv1.Description, basePath), pages: adminui.Handler(),
		sameOrigin: http.NewCrossOriginProtection(), denials: newDenials(c.Clock),
		tenantIDs: &tenantIDs{clock: c.Clock, known: map[string]tenantID{}}, began: c.Clock(),
	}
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		if err != nil {
			return nil, err
		}
		made.https = u.Scheme == "https"
		if err := made.sameOrigin.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
			return nil, err
		}
	}
	return made, nil
}

// isConsole reports whether path belongs to people and their programs, not to xAPI.
func isConsole(path string) bool {
	for _, prefix := range []string{"/api/", "/auth/", "/scim/"} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

// caller is who called the console, and where the request takes place.
type caller struct {
	person *authn.Person   // who acts: of the tenant, or the operator who has entered it
	people []*authn.Person // all that the session is signed in as; of a token: one
	closed []string        // slugs of the session's tenants that are suspended
	tenant int64           // where; the person's own, if the path names none
	store  *tenant.Store   // nil: the path and the query name none
	key    *tenant.Key     // nil: the path names none
	denied bool            // what was refused is in the log already
}

// scope is that of the caller's transactions.
func (c *caller) scope() postgres.Scope { return postgres.NewScope(c.tenant, c.person.Subject()) }

// giver is the caller as somebody who gives grants.
func (c *caller) giver() authz.Giver {
	return authz.Giver{Subject: c.person.Subject(), Only: c.person.Only}
}

// request asks whether the caller may do something, in the whole tenant.
func (c *caller) request(action authz.Action) authz.Request {
	return authz.Request{Tenant: c.tenant, Subject: c.person.Subject(), Action: action, Only: c.person.Only}
}

// look runs fn in a transaction that only reads, of the tenant of x.
func (x *exchange) look(fn func(*postgres.Tx) error) error {
	return x.api.DB.TenantRead(x.context(), x.caller.scope(), fn)
}

// change runs fn in a transaction of the tenant of x.
func (x *exchange) change(fn func(*postgres.Tx) error) error {
	return x.api.DB.Tenant(x.context(), x.caller.scope(), fn)
}

// changePolicies is change for what changes permissions: every replica is told.
func (x *exchange) changePolicies(fn func(*postgres.Tx) error) error {
	if err := x.change(fn); err != nil {
		return err
	}
	x.announce()
	return nil
}

// announce tells every replica that permissions of the tenant of x have changed.
func (x *exchange) announce() {
	x.api.console.Policies.Announce(context.WithoutCancel(x.context()), x.caller.tenant)
}

func (x *exchange) now() time.Time { return x.api.console.Clock() }
