package httpapi

import (
	"net/http"
	"strings"

	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/scim"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// locatedUser fills in where a user and its groups are found.
func (x *exchange) locatedUser(u *scim.User) *scim.User {
	base := x.scimURL()
	u.Meta.Location = base + "/Users/" + u.ID
	for i := range u.Groups {
		u.Groups[i].Ref = base + "/Groups/" + u.Groups[i].Value
	}
	return u
}

func (x *exchange) answerUser(status int, u *scim.User) error {
	return x.answerResource(status, x.locatedUser(u).Meta, u)
}

func (a *API) listSCIMUsers(x *exchange) error {
	filter, page, err := x.scimQuery()
	if err != nil {
		return err
	}
	var users []*scim.User
	var total int
	if err := x.look(func(tx *postgres.Tx) (err error) {
		users, total, err = tenant.ListUsers(tx, filter, page)
		return err
	}); err != nil {
		return err
	}
	for _, u := range users {
		x.locatedUser(u)
	}
	return x.answerSCIM(http.StatusOK, scim.NewList(users, total, page))
}

func (a *API) createSCIMUser(x *exchange) error {
	u, err := receiveSCIM(x, scim.ParseUser)
	if err != nil {
		return err
	}
	var made *scim.User
	if err := x.changePolicies(func(tx *postgres.Tx) (err error) {
		made, err = tenant.CreateUser(tx, u, x.now())
		return err
	}); err != nil {
		return err
	}
	return x.answerUser(http.StatusCreated, made)
}

func (a *API) getSCIMUser(x *exchange) error {
	user, err := x.scimID("user")
	if err != nil {
		return err
	}
	var u *scim.User
	if err := x.look(func(tx *postgres.Tx) (err error) {
		u, err = tenant.GetUser(tx, user)
		return err
	}); err != nil {
		return err
	}
	return x.answerUser(http.StatusOK, u)
}

func (a *API) replaceSCIMUser(x *exchange) error {
	u, err := receiveSCIM(x, scim.ParseUser)
	if err != nil {
		return err
	}
	return x.changeUser(func(tx *postgres.Tx, user, version int64) (*scim.User, error) {
		return tenant.ReplaceUser(tx, user, u, version, x.now())
	})
}

func (a *API) patchSCIMUser(x *exchange) error {
	operations, err := receiveSCIM(x, scim.ParsePatch)
	if err != nil {
		return err
	}
	return x.changeUser(func(tx *postgres.Tx, user, version int64) (*scim.User, error) {
		return tenant.PatchUser(tx, user, operations, version, x.now())
	})
}

// changeUser runs fn on the user of the path and answers with what it made.
func (x *exchange) changeUser(fn func(tx *postgres.Tx, user, version int64) (*scim.User, error)) error {
	user, err := x.scimID("user")
	if err != nil {
		return err
	}
	version, err := x.scimVersion()
	if err != nil {
		return err
	}
	var u *scim.User
	if err := x.changePolicies(func(tx *postgres.Tx) (err error) {
		u, err = fn(tx, user, version)
		return err
	}); err != nil {
		return err
	}
	return x.answerUser(http.StatusOK, u)
}

func (a *API) deleteSCIMUser(x *exchange) error {
	return x.deleteResource("user", func(tx *postgres.Tx, user, version int64) error {
		return tenant.DeleteUser(tx, user, version, x.now())
	})
}

func (x *exchange) deleteResource(kind string, fn func(tx *postgres.Tx, of, version int64) error) error {
	of, err := x.scimID(kind)
	if err != nil {
		return err
	}
	version, err := x.scimVersion()
	if err != nil {
		return err
	}
	if err := x.changePolicies(func(tx *postgres.Tx) error { return fn(tx, of, version) }); err != nil {
		return err
	}
	return x.sendNothing()
}

func (x *exchange) locatedGroup(g *scim.Group) *scim.Group {
	base := x.scimURL()
	g.Meta.Location = base + "/Groups/" + g.ID
	for i := range g.Members {
		g.Members[i].Ref = base + "/Users/" + g.Members[i].Value
	}
	return g
}

func (x *exchange) answerGroup(status int, g *scim.Group) error {
	return x.answerResource(status, x.locatedGroup(g).Meta, g)
}

// wantsMembers reports whether the members of groups are asked for: there may be
// many, so Entra ID leaves them out where it does not need them.
func (x *exchange) wantsMembers() bool {
	wanted := x.query.Get("attributes")
	return !scim.Excluded(x.query.Get("excludedAttributes"), "members") &&
		(wanted == "" || strings.Contains(strings.ToLower(wanted), "members"))
}

func (a *API) listSCIMGroups(x *exchange) error {
	filter, page, err := x.scimQuery()
	if err != nil {
		return err
	}
	var groups []*scim.Group
	var total int
	if err := x.look(func(tx *postgres.Tx) (err error) {
		groups, total, err = tenant.ListGroups(tx, filter, page, x.wantsMembers())
		return err
	}); err != nil {
		return err
	}
	for _, g := range groups {
		x.locatedGroup(g)
	}
	return x.answerSCIM(http.StatusOK, scim.NewList(groups, total, page))
}

func (a *API) createSCIMGroup(x *exchange) error {
	g, err := receiveSCIM(x, scim.ParseGroup)
	if err != nil {
		return err
	}
	var made *scim.Group
	if err := x.changePolicies(func(tx *postgres.Tx) (err error) {
		made, err = tenant.CreateGroup(tx, g, x.now())
		return err
	}); err != nil {
		return err
	}
	return x.answerGroup(http.StatusCreated, made)
}

func (a *API) getSCIMGroup(x *exchange) error {
	group, err := x.scimID("group")
	if err != nil {
		return err
	}
	var g *scim.Group
	if err := x.look(func(tx *postgres.Tx) (err error) {
		g, err = tenant.GetGroup(tx, group, x.wantsMembers())
		return err
	}); err != nil {
		return err
	}
	return x.answerGroup(http.StatusOK, g)
}

func (a *API) replaceSCIMGroup(x *exchange) error {
	g, err := receiveSCIM(x, scim.ParseGroup)
	if err != nil {
		return err
	}
	made, err := x.changeGroup(func(tx *postgres.Tx, group, version int64) (*scim.Group, error) {
		return tenant.ReplaceGroup(tx, group, g, version, x.now())
	})
	if err != nil {
		return err
	}
	return x.answerGroup(http.StatusOK, made)
}

// patchSCIMGroup answers without the group: it may have 50,000 members, and
// directories patch one at a time.
func (a *API) patchSCIMGroup(x *exchange) error {
	operations, err := receiveSCIM(x, scim.ParsePatch)
	if err != nil {
		return err
	}
	g, err := x.changeGroup(func(tx *postgres.Tx, group, version int64) (*scim.Group, error) {
		return tenant.PatchGroup(tx, group, operations, version, x.now())
	})
	if err != nil {
		return err
	}
	x.Header().Set("Etag", g.Meta.Version)
	return x.sendNothing()
}

// changeGroup runs fn on the group of the path.
func (x *exchange) changeGroup(fn func(tx *postgres.Tx, group, version int64) (*scim.Group, error)) (g *scim.Group, err error) {
	group, err := x.scimID("group")
	if err != nil {
		return nil, err
	}
	version, err := x.scimVersion()
	if err != nil {
		return nil, err
	}
	err = x.changePolicies(func(tx *postgres.Tx) (err error) {
		g, err = fn(tx, group, version)
		return err
	})
	return g, err
}

func (a *API) deleteSCIMGroup(x *exchange) error {
	return x.deleteResource("group", func(tx *postgres.Tx, group, version int64) error {
		return tenant.DeleteGroup(tx, group, version, x.now())
	})
}
