package authz

import (
	"errors"
	"fmt"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
)

// rules is the policy model: role-based access control with domains. The
// domains are the tenant itself and its stores. What no rule allows is denied.
const rules = `
[request_definition]
r = sub, tenant, store, act
[policy_definition]
p = sub, act
[role_definition]
g = _, _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.act == p.act && (g(r.sub, p.sub, r.tenant) || g(r.sub, p.sub, r.store))
`

// Names of domains and roles in the model. A role's has a prefix, because for
// casbin everything holds the role of its own name.
const (
	wholeTenant = "tenant"
	rolePrefix  = "role:"
)

func domain(store int64) string {
	if store == 0 {
		return wholeTenant
	}
	return fmt.Sprint("store:", store)
}

// adapter gives casbin what was read from the tenant's rows. The rows change
// by SQL in the transaction of whoever changes them, never through casbin.
type adapter struct {
	roles  map[string][]Action // that somebody holds
	grants map[string][]grant  // by subject
}

// LoadPolicy is of persist.Adapter.
func (a adapter) LoadPolicy(m model.Model) error {
	for role, actions := range a.roles {
		for _, action := range actions {
			if err := m.AddPolicy("p", "p", []string{rolePrefix + role, string(action)}); err != nil {
				return err
			}
		}
	}
	for subject, grants := range a.grants {
		for _, g := range grants {
			line := []string{subject, rolePrefix + g.role, domain(g.store)}
			there, err := m.HasPolicyEx("g", "g", line)
			if err != nil {
				return err
			}
			if there { // the same role from two sources
				continue
			}
			if err := m.AddPolicy("g", "g", line); err != nil {
				return err
			}
		}
	}
	return nil
}

var errReadOnly = errors.New("authz: policies are changed by SQL only")

// SavePolicy is of persist.Adapter, and refused.
func (adapter) SavePolicy(model.Model) error { return errReadOnly }

// AddPolicy is of persist.Adapter, and refused.
func (adapter) AddPolicy(string, string, []string) error { return errReadOnly }

// RemovePolicy is of persist.Adapter, and refused.
func (adapter) RemovePolicy(string, string, []string) error { return errReadOnly }

// RemoveFilteredPolicy is of persist.Adapter, and refused.
func (adapter) RemoveFilteredPolicy(string, string, int, ...string) error { return errReadOnly }

func newEnforcer(a adapter) (*casbin.Enforcer, error) {
	m, err := model.NewModelFromString(rules)
	if err != nil {
		return nil, err
	}
	return casbin.NewEnforcer(m, a)
}
