package httpapi

import (
	"net/http"
	"slices"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/authn"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

func (a *API) getMe(x *exchange) error {
	first := x.caller.person
	me := apiv1.Me{Email: first.Email, Name: first.Name, Token: nil}
	if first.Token != 0 {
		me.Token = optional(id.Text(first.Token))
	} else {
		me.Session = &apiv1.CurrentSession{ID: first.Session}
	}
	for _, p := range x.caller.people {
		in, err := a.signInModel(x, p)
		if err != nil {
			return err
		}
		me.SignIns = append(me.SignIns, in)
		if p.Operator {
			if me.Entered, err = a.entered(x, p); err != nil {
				return err
			}
		}
	}
	return x.answer(http.StatusOK, me)
}

// signInModel is what somebody is in one tenant.
func (a *API) signInModel(x *exchange, p *authn.Person) (in apiv1.SignIn, err error) {
	permitted, err := a.console.Policies.Permitted(x.context(), p.Tenant, p.Subject(), p.Only)
	if err != nil {
		return in, err
	}
	t, err := tenant.Get(x.context(), a.console.Operator, p.Slug)
	if err != nil {
		return in, err
	}
	in = apiv1.SignIn{Tenant: p.Slug, TenantName: t.Name, Platform: p.Operator, Member: id.Text(p.Member), Email: p.Email, Name: p.Name}
	err = a.DB.TenantRead(x.context(), p.Scope(), func(tx *postgres.Tx) error {
		s, err := tenant.GetSettings(tx)
		if err != nil {
			return err
		}
		inside, err := authz.OpenEntries(tx, x.now())
		if err != nil {
			return err
		}
		slugs, err := storeSlugs(tx)
		in.TimeZone, in.Locale, in.OperatorsInside = s.TimeZone, s.Locale, len(inside)
		in.Permissions = permissionsModel(permitted, slugs)
		return err
	})
	return in, err
}

func permissionsModel(permitted map[int64][]authz.Action, slugs map[int64]string) apiv1.Permissions {
	name := func(a *authz.Action) apiv1.Action { return string(*a) }
	p := apiv1.Permissions{Tenant: each(permitted[0], name), Stores: map[string][]apiv1.Action{}}
	for store, actions := range permitted {
		if slug := slugs[store]; slug != "" {
			p.Stores[slug] = each(actions, name)
		}
	}
	return p
}

// inTenant makes the sign-in of ?tenant= the one that acts; a tenant that one is
// not signed in to is not told from one that does not exist.
func (x *exchange) inTenant() error {
	i := slices.IndexFunc(x.caller.people, func(p *authn.Person) bool { return p.Slug == x.query.Get("tenant") })
	if i < 0 {
		return noTenant()
	}
	p := x.caller.people[i]
	x.caller.tenant = p.Tenant
	x.as(p, authn.Client{Address: x.remote, Device: x.request.UserAgent()})
	return nil
}

func (a *API) listMySessions(x *exchange) error {
	if err := x.inTenant(); err != nil {
		return err
	}
	return x.answerSessions(x.caller.tenant, x.caller.person.Member)
}

func (a *API) endMySession(x *exchange) error {
	if err := x.inTenant(); err != nil {
		return err
	}
	p := x.caller.person
	if err := a.console.Sessions.End(x.context(), p.Scope(), p.Member, x.gin.Param("session"), "the person ended it"); err != nil {
		return err
	}
	return x.sendNothing()
}

func (a *API) tokenModel(x *exchange) func(*tenant.Token) apiv1.Token {
	return func(t *tenant.Token) apiv1.Token {
		m := apiv1.Token{
			ID: id.Text(t.ID), Name: t.Name, Actions: each(t.Actions, func(a *authz.Action) apiv1.Action { return string(*a) }),
			Status: apiv1.TokenStatusActive, CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt, RevokedAt: t.RevokedAt, LastUsedAt: t.LastUsedAt,
		}
		switch {
		case t.RevokedAt != nil:
			m.Status = apiv1.TokenStatusRevoked
		case !x.now().Before(t.ExpiresAt):
			m.Status = apiv1.TokenStatusExpired
		}
		return m
	}
}

func (a *API) listMyTokens(x *exchange) error {
	if err := x.inTenant(); err != nil {
		return err
	}
	var page apiv1.TokenPage
	if err := x.look(func(tx *postgres.Tx) error {
		tokens, next, err := tenant.ListTokens(tx, x.caller.person.Member, x.page())
		page.Items, page.Next = each(tokens, a.tokenModel(x)), next
		return err
	}); err != nil {
		return err
	}
	return x.answer(http.StatusOK, page)
}

func (a *API) createMyToken(x *exchange) error {
	if err := x.inTenant(); err != nil {
		return err
	}
	n, body, err := receive[apiv1.NewToken](x)
	if err != nil {
		return err
	}
	p := x.caller.person
	permitted, err := a.console.Policies.Permitted(x.context(), p.Tenant, p.Subject(), nil)
	if err != nil {
		return err
	}
	var may []authz.Action
	for _, actions := range permitted {
		may = append(may, actions...)
	}
	return x.once(http.StatusCreated, body, func(tx *postgres.Tx) (created, error) {
		t, plain, err := tenant.CreateToken(tx, a.console.Peppers, tenant.NewToken{
			Member: p.Member, Name: n.Name, Actions: actionsOf(n.Actions), May: may, ExpiresAt: n.ExpiresAt,
		}, x.now())
		if err != nil {
			return created{}, err
		}
		m := a.tokenModel(x)(t)
		return created{model: apiv1.IssuedToken{Token: m, Secret: plain.Reveal()}, kept: apiv1.IssuedToken{Token: m}}, nil
	})
}

func (a *API) revokeMyToken(x *exchange) error {
	if err := x.inTenant(); err != nil {
		return err
	}
	token, err := x.numbered("token")
	if err != nil {
		return err
	}
	if err := x.change(func(tx *postgres.Tx) error {
		_, err := tenant.RevokeToken(tx, x.caller.person.Member, token, x.now())
		return err
	}); err != nil {
		return err
	}
	return x.sendNothing()
}
