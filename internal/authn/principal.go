package authn

import (
	"encoding/json"

	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// Principal is who sent a request: one key of one store of one tenant. It is
// shared between requests and must not be changed.
type Principal struct {
	Tenant, Store, Key int64
	User               string // the key's user name, e.g. "3-h4k2m9q0": for logs
	Name               string // the key's name
	Scopes             authz.Scopes
	Limits             tenant.Limits   // the tenant's own rate limits; zero: the configured default
	Authority          json.RawMessage // the agent that the key's statements carry
	Identity           string          // canonical identity of Authority, account:<homePage>\n<name>
}

// Scope returns the scope of the principal's transactions.
func (p *Principal) Scope() postgres.Scope { return postgres.NewScope(p.Tenant, "key:"+p.User) }

func newPrincipal(c *tenant.Credential) *Principal {
	var agent struct {
		Account struct {
			HomePage string `json:"homePage"`
			Name     string `json:"name"`
		} `json:"account"`
	}
	_ = json.Unmarshal(c.Authority, &agent) // written by package tenant
	return &Principal{
		Tenant: c.Tenant, Store: c.Store, Key: c.Key, User: tenant.UserName(c.Tenant, c.Key), Name: c.Name,
		Scopes: c.Scopes, Limits: c.Limits, Authority: c.Authority,
		Identity: "account:" + agent.Account.HomePage + "\n" + agent.Account.Name,
	}
}
