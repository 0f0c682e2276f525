package authn

import (
	"strconv"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// Person is who sent a request to the console or its API: a member of one
// tenant by session or by access token, or the tenant's directory (SCIM), which
// has no member. It must not be changed.
type Person struct {
	Tenant, Member    int64
	Slug, Email, Name string         // of the tenant; of the member, as they were at the sign-in
	Operator          bool           // Tenant is the platform
	Session           string         // public id of the sign-in; "" for a token
	Token             int64          // 0 for a session
	Only              []authz.Action // at most these; nil: no limit but the member's own
}

// SCIM reports whether the person is no person but the tenant's directory.
func (p *Person) SCIM() bool { return p.Member == 0 }

// Subject names the person to authz: a member, an operator of the platform, or
// "scim:…" for the directory, who holds nothing there.
func (p *Person) Subject() string {
	switch {
	case p.SCIM():
		return "scim:" + id.Text(p.Token)
	case p.Operator:
		return authz.OperatorSubject(p.Member)
	}
	return authz.Subject(p.Member)
}

// Actor is how the audit log names the person.
func (p *Person) Actor() audit.Actor {
	a := audit.Actor{Kind: audit.ByMember, ID: p.Subject(), Name: p.Email}
	switch {
	case p.SCIM():
		a.Kind, a.Name = audit.BySCIM, p.Name
	case p.Operator:
		a.Kind = audit.ByOperator
	case p.Token != 0:
		a.Kind = audit.ByToken
	}
	return a
}

// Source returns what the audit events of a request of the person have in common.
func (p *Person) Source(from Client, request string) audit.Source {
	return audit.Source{
		Actor: p.Actor(), Address: from.address(), UserAgent: from.Device, Session: p.Session, RequestID: request,
	}
}

// Scope returns the scope of the person's transactions in their own tenant.
func (p *Person) Scope() postgres.Scope { return postgres.NewScope(p.Tenant, p.Subject()) }

// number spells a database id in keys of Redis.
func number(n int64) string { return strconv.FormatInt(n, 10) }
