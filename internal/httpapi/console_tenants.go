package httpapi

import (
	"context"
	"net/http"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
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

// createTenant makes a tenant, and invites its first admin. These are two
// transactions: the operator's handle, which alone may make a tenant, may touch
// nothing inside one, and what may do that belongs to a tenant that is there.
// Should the second fail, the same request again goes on where this one ended.
// So it needs no Idempotency-Key: the slug is one. Settings need no row: a
// tenant without has the defaults.
func (a *API) createTenant(x *exchange) error {
	n, _, err := receive[apiv1.NewTenant](x)
	if err != nil {
		return err
	}
	t, err := tenant.Create(x.context(), a.console.Operator, n.Slug, n.Name, x.now())
	if fault.Is(err, fault.Conflict) && n.Admin != nil {
		return a.finishTenant(x, n, err)
	}
	if err != nil {
		return err
	}
	if n.Admin != nil {
		if err := a.inviteFirstAdmin(x, t, *n.Admin); err != nil {
			return err
		}
	}
	return x.answerTenant(http.StatusCreated, t)
}

// finishTenant goes on with a tenant that is there but has nothing in it yet.
// One that has is taken: that is the answer then, whatever was wanted.
func (a *API) finishTenant(x *exchange, n apiv1.NewTenant, taken error) error {
	t, err := tenant.Get(x.context(), a.console.Operator, n.Slug)
	if err != nil {
		return err
	}
	if t.Name != n.Name || t.Status != tenant.Active || t.IsPlatform() {
		return taken
	}
	if err := a.inviteFirstAdmin(x, t, *n.Admin); err != nil {
		if fault.Is(err, fault.Conflict) {
			return taken
		}
		return err
	}
	return x.answerTenant(http.StatusCreated, t)
}

// inviteFirstAdmin is done in the tenant's own transaction. Operators hold
// nothing there: it is the platform that gives this one grant.
func (a *API) inviteFirstAdmin(x *exchange, t *tenant.Tenant, email string) error {
	if err := a.DB.Tenant(x.context(), t.Scope(x.caller.person.Subject()), func(tx *postgres.Tx) error {
		_, err := tenant.InviteFirstAdmin(tx, email, x.now())
		return err
	}); err != nil {
		return err
	}
	a.console.Policies.Announce(context.WithoutCancel(x.context()), t.ID)
	return nil
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
		if fault.Is(err, fault.Conflict) { // inside already, which Redis may have forgotten
			x.noteEntered(p.Member, t.Slug, x.now().Add(authz.MaxEntry))
		}
		return err
	}
	x.noteEntered(p.Member, t.Slug, e.ExpiresAt)
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
	x.noteLeft(x.caller.person.Member, t.Slug)
	return x.sendNothing()
}
