package httpapi

import (
	"net/http"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

func roleModel(r *authz.Role) apiv1.Role {
	return apiv1.Role{
		Slug: r.Slug, Name: r.Name, Description: r.Description, BuiltIn: r.BuiltIn,
		Actions: each(r.Actions, func(a *authz.Action) apiv1.Action { return string(*a) }),
	}
}

func actionsOf(names []apiv1.Action) []authz.Action {
	return each(names, func(n *apiv1.Action) authz.Action { return authz.Action(*n) })
}

func (a *API) listRoles(x *exchange) error {
	var page apiv1.RolePage
	if err := x.look(func(tx *postgres.Tx) error {
		roles, next, err := authz.ListRoles(tx, x.page())
		page.Items, page.Next = each(roles, roleModel), next
		return err
	}); err != nil {
		return err
	}
	return x.answer(http.StatusOK, page)
}

// answerRole: a built-in role never changes, so its version is 1 for ever.
func (x *exchange) answerRole(r *authz.Role) error {
	return x.answerVersion(http.StatusOK, max(r.Version, 1), roleModel(r))
}

func (a *API) getRole(x *exchange) error {
	var r *authz.Role
	if err := x.look(func(tx *postgres.Tx) (err error) {
		r, err = authz.GetRole(tx, x.gin.Param("role"))
		return err
	}); err != nil {
		return err
	}
	return x.answerRole(r)
}

func (a *API) createRole(x *exchange) error {
	n, body, err := receive[apiv1.NewRole](x)
	if err != nil {
		return err
	}
	defer x.announce()
	return x.once(http.StatusCreated, body, func(tx *postgres.Tx) (created, error) {
		r, err := authz.CreateRole(tx, x.caller.giver(), n.Slug,
			authz.RoleText{Name: n.Name, Description: given(n.Description, ""), Actions: actionsOf(n.Actions)}, x.now())
		if err != nil {
			return created{}, err
		}
		return created{version: r.Version, model: roleModel(r)}, nil
	})
}

func (a *API) changeRole(x *exchange) error {
	version, err := x.ifMatch()
	if err != nil {
		return err
	}
	d, _, err := receive[apiv1.RoleDefinition](x)
	if err != nil {
		return err
	}
	var r *authz.Role
	if err := x.changePolicies(func(tx *postgres.Tx) (err error) {
		r, err = authz.ChangeRole(tx, x.caller.giver(), x.gin.Param("role"), version,
			authz.RoleText{Name: d.Name, Description: d.Description, Actions: actionsOf(d.Actions)}, x.now())
		return err
	}); err != nil {
		return err
	}
	return x.answerRole(r)
}

func (a *API) deleteRole(x *exchange) error {
	version, err := x.ifMatch()
	if err != nil {
		return err
	}
	if err := x.changePolicies(func(tx *postgres.Tx) error {
		return authz.DeleteRole(tx, x.gin.Param("role"), version)
	}); err != nil {
		return err
	}
	return x.sendNothing()
}
