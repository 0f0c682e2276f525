package httpapi

import (
	"github.com/stoa-lrs/stoa/internal/authn"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/lrs"
)

// authenticate returns who sent x, by HTTP Basic (xAPI 1.0.3 Communication
// 4.0). It reads nothing but headers.
func (a *API) authenticate(x *exchange) (*authn.Principal, error) {
	user, password, ok := x.request.BasicAuth()
	if !ok {
		return nil, fault.New(fault.Unauthenticated, "send a key as Authorization: Basic, its user name and secret")
	}
	return a.Authn.Basic(x.context(), user, password, x.remote)
}

// author is what x's statements carry.
func (x *exchange) author() lrs.Author {
	p := x.principal
	return lrs.Author{Tenant: p.Tenant, Store: p.Store, Key: p.Key, Authority: p.Authority, Identity: p.Identity}
}

// read is what x may see: its own store, or there its own statements only.
func (x *exchange) read() lrs.Read {
	p := x.principal
	r := lrs.Read{Scope: p.Scope(), Store: p.Store, Version: x.version}
	if p.Scopes.OnlyOwnStatements() {
		author := x.author()
		r.Mine = &author
	}
	return r
}

// reader is who links to more results are made for.
func (x *exchange) reader() moreReader {
	r := moreReader{tenant: x.principal.Tenant, store: x.principal.Store}
	if x.principal.Scopes.OnlyOwnStatements() {
		r.key = x.principal.Key
	}
	return r
}

// mayDefine reports whether statements of x change what GET activities answers.
func (x *exchange) mayDefine() bool { return x.principal.Scopes.Permits(authz.ActivitiesDefine) }
