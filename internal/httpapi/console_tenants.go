package httpapi

import (
	"net/http"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

func tenantModel(t *tenant.Tenant) apiv1.Tenant {
	return apiv1.Tenant{
		Slug: t.Slug, Name: t.Name, Status: apiv1.TenantStatus(t.Status), CreatedAt: t.CreatedAt,
		Limits: apiv1.TenantLimits{RequestsPerMinute: t.Limits.Requests, StatementsPerMinute: t.Limits.Statements},
	}
}

func (x *exchange) answerTenant(status int, t *tenant.Tenant) error {
	return x.answerVersion(status, t.Version, tenantModel(t))
}

func (a *API) listTenants(x *exchange) error {
	tenants, next, err := tenant.List(x.context(), a.console.Operator, x.page())
	if err != nil {
		return err
	}
	return x.answer(http.StatusOK, apiv1.TenantPage{Items: each(tenants, tenantModel), Next: next})
}

// createTenant needs no Idempotency-Key: the slug is one.
func (a *API) createTenant(x *exchange) error {
	n, _, err := receive[apiv1.NewTenant](x)
	if err != nil {
		return err
	}
	t, err := tenant.Create(x.context(), a.console.Operator, n.Slug, n.Name, x.now())
	if err != nil {
		return err
	}
	if n.Admin != nil {
		// Operators hold nothing in a tenant: the platform gives the first admin.
		if err := a.DB.Tenant(x.context(), t.Scope(x.caller.person.Subject()), func(tx *postgres.Tx) error {
			if err := authz.Touch(tx); err != nil {
				return err
			}
			m, err := tenant.Invite(tx, *n.Admin, "", x.now().AddDate(0, 0, 14), x.now())
			if err != nil {
				return err
			}
			_, err = authz.GiveGrant(tx, authz.Trusted, authz.NewGrant{Member: m.ID, Role: authz.TenantAdmin}, x.now())
			return err
		}); err != nil {
			return err
		}
	}
	return x.answerTenant(http.StatusCreated, t)
}

func (a *API) getTenant(x *exchange) error {
	t, err := tenant.Get(x.context(), a.console.Operator, x.gin.Param("tenant"))
	if err != nil {
		return err
	}
	return x.answerTenant(http.StatusOK, t)
}

func (a *API) changeTenant(x *exchange) error {
	version, err := x.ifMatch()
	if err != nil {
		return err
	}
	c, _, err := receive[apiv1.TenantChange](x)
	if err != nil {
		return err
	}
	change := tenant.Change{Name: c.Name}
	if c.Limits != nil {
		change.Limits = &tenant.Limits{Requests: c.Limits.RequestsPerMinute, Statements: c.Limits.StatementsPerMinute}
	}
	t, err := tenant.Update(x.context(), a.console.Operator, x.gin.Param("tenant"), change, version)
	if err != nil {
		return err
	}
	return x.answerTenant(http.StatusOK, t)
}

func (a *API) suspendTenant(x *exchange) error {
	t, err := tenant.Suspend(x.context(), a.console.Operator, x.gin.Param("tenant"))
	if err != nil {
		return err
	}
	return x.answerTenant(http.StatusOK, t)
}

func (a *API) resumeTenant(x *exchange) error {
	t, err := tenant.Resume(x.context(), a.console.Operator, x.gin.Param("tenant"))
	if err != nil {
		return err
	}
	return x.answerTenant(http.StatusOK, t)
}

func (a *API) enterTenant(x *exchange) error {
	n, _, err := receive[apiv1.NewEntry](x)
	if err != nil {
		return err
	}
	t, err := tenant.Get(x.context(), a.console.Operator, x.gin.Param("tenant"))
	if err != nil {
		return err
	}
	x.caller.tenant = t.ID
	p := x.caller.person
	var e *authz.Entry
	if err := x.changePolicies(func(tx *postgres.Tx) (err error) {
		e, err = authz.EnterTenant(tx, authz.NewEntry{
			OperatorID: p.Member, Operator: named(p.Name, p.Email), Reason: n.Reason,
			Level: authz.Level(given(n.Level, apiv1.NewEntryLevelRead)), Minutes: n.Minutes,
		}, x.now())
		return err
	}); err != nil {
		return err
	}
	return x.answer(http.StatusCreated, entryModel(x.now())(e))
}

// named is a person for people.
func named(name, email string) string {
	if name == "" {
		return email
	}
	return name + " <" + email + ">"
}

func (a *API) leaveTenant(x *exchange) error {
	t, err := tenant.Get(x.context(), a.console.Operator, x.gin.Param("tenant"))
	if err != nil {
		return err
	}
	x.caller.tenant = t.ID
	if err := x.changePolicies(func(tx *postgres.Tx) error {
		_, err := authz.LeaveTenant(tx, x.caller.person.Member, x.now())
		return err
	}); err != nil {
		return err
	}
	return x.sendNothing()
}
