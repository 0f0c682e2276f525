package httpapi

import (
	"net/http"
	"time"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/authn"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// memberOf reads a member's grants and makes the model.
func memberOf(tx *postgres.Tx, m *tenant.Member, slugs map[int64]string, now time.Time) (apiv1.Member, error) {
	grants, _, err := authz.ListGrants(tx, m.ID, authz.Page{Limit: 1000}) // a member has fewer
	return apiv1.Member{
		ID: id.Text(m.ID), Email: m.Email, Name: m.Name, Status: apiv1.MemberStatus(m.Status), Directory: m.SCIM,
		CreatedAt: m.CreatedAt, InvitedUntil: m.InvitedUntil, LastSignInAt: m.LastSignInAt,
		Grants: each(grants, func(g *authz.Grant) apiv1.Grant { return grantModel(g, slugs, now) }),
	}, err
}

func grantModel(g *authz.Grant, slugs map[int64]string, now time.Time) apiv1.Grant {
	return apiv1.Grant{
		ID: id.Text(g.ID), Role: g.Role, Store: optional(slugs[g.Store]), Source: apiv1.GrantSource(g.Source), GrantedBy: g.GrantedBy,
		GrantedAt: g.GrantedAt, ExpiresAt: g.ExpiresAt, Expired: g.ExpiresAt != nil && !now.Before(*g.ExpiresAt), LastUsedAt: g.LastUsedAt,
	}
}

// numbered returns the id in a part of the path; the description has checked its shape.
func (x *exchange) numbered(name string) (int64, error) {
	n, ok := id.Parse(x.gin.Param(name))
	if !ok {
		return 0, fault.New(fault.NotFound, "there is no such %s", name)
	}
	return n, nil
}

func (a *API) listMembers(x *exchange) error {
	var page apiv1.MemberPage
	filter := tenant.MemberFilter{Status: tenant.MemberStatus(x.query.Get("status")), Text: x.query.Get("text")} // the description has checked them
	if err := x.look(func(tx *postgres.Tx) error {
		members, next, err := tenant.ListMembers(tx, filter, x.page())
		if err != nil {
			return err
		}
		slugs, err := storeSlugs(tx)
		if err != nil {
			return err
		}
		page.Items, page.Next = make([]apiv1.Member, len(members)), next
		for i := range members {
			if page.Items[i], err = memberOf(tx, &members[i], slugs, x.now()); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	return x.answer(http.StatusOK, page)
}

func (a *API) getMember(x *exchange) error {
	member, err := x.numbered("member")
	if err != nil {
		return err
	}
	return x.answerMember(member)
}

func (x *exchange) answerMember(member int64) error {
	var model apiv1.Member
	var version int64
	if err := x.look(func(tx *postgres.Tx) error {
		m, err := tenant.GetMember(tx, member)
		if err != nil {
			return err
		}
		slugs, err := storeSlugs(tx)
		if err != nil {
			return err
		}
		version = m.Version
		model, err = memberOf(tx, m, slugs, x.now())
		return err
	}); err != nil {
		return err
	}
	return x.answerVersion(http.StatusOK, version, model)
}

// give gives a member what a body asks for.
func (x *exchange) give(tx *postgres.Tx, member int64, n apiv1.NewGrant) (*authz.Grant, error) {
	grant := authz.NewGrant{Member: member, Role: n.Role, ExpiresAt: n.ExpiresAt}
	if n.Store != nil {
		s, err := tenant.GetStore(tx, *n.Store)
		if err != nil {
			return nil, err
		}
		grant.Store = s.ID
	}
	return authz.GiveGrant(tx, x.caller.giver(), grant, x.now())
}

func (a *API) inviteMember(x *exchange) error {
	n, body, err := receive[apiv1.Invitation](x)
	if err != nil {
		return err
	}
	defer x.announce()
	return x.once(http.StatusCreated, body, func(tx *postgres.Tx) (created, error) {
		now := x.now()
		if err := authz.Touch(tx); err != nil {
			return created{}, err
		}
		m, err := tenant.Invite(tx, n.Email, given(n.Name, ""), now.AddDate(0, 0, given(n.Days, 14)), now)
		if err != nil {
			return created{}, err
		}
		for _, g := range n.Grants {
			if _, err := x.give(tx, m.ID, g); err != nil {
				return created{}, err
			}
		}
		slugs, err := storeSlugs(tx)
		if err != nil {
			return created{}, err
		}
		model, err := memberOf(tx, m, slugs, now)
		return created{version: m.Version, model: model}, err
	})
}

func (a *API) changeMember(x *exchange) error {
	member, err := x.numbered("member")
	if err != nil {
		return err
	}
	version, err := x.ifMatch()
	if err != nil {
		return err
	}
	c, _, err := receive[apiv1.MemberChange](x)
	if err != nil {
		return err
	}
	if err := x.changePolicies(func(tx *postgres.Tx) error {
		seen := version // of the first change; the second follows it in the same transaction
		if c.Name != nil {
			m, err := tenant.UpdateMember(tx, member, *c.Name, seen, x.now())
			if err != nil {
				return err
			}
			seen = m.Version
		}
		var err error
		switch given(c.Status, "") {
		case apiv1.MemberChangeStatusDisabled:
			_, err = tenant.DisableMember(tx, member, seen, x.now())
		case apiv1.MemberChangeStatusActive:
			_, err = tenant.EnableMember(tx, member, seen, x.now())
		}
		return err
	}); err != nil {
		return err
	}
	return x.answerMember(member)
}

func (a *API) removeMember(x *exchange) error {
	member, err := x.numbered("member")
	if err != nil {
		return err
	}
	version, err := x.ifMatch()
	if err != nil {
		return err
	}
	if err := x.changePolicies(func(tx *postgres.Tx) error { return tenant.RemoveMember(tx, member, version) }); err != nil {
		return err
	}
	return x.sendNothing()
}

func (a *API) giveGrant(x *exchange) error {
	member, err := x.numbered("member")
	if err != nil {
		return err
	}
	n, body, err := receive[apiv1.NewGrant](x)
	if err != nil {
		return err
	}
	defer x.announce()
	return x.once(http.StatusCreated, body, func(tx *postgres.Tx) (created, error) {
		g, err := x.give(tx, member, n)
		if err != nil {
			return created{}, err
		}
		slugs, err := storeSlugs(tx)
		return created{model: grantModel(g, slugs, x.now())}, err
	})
}

func (a *API) takeGrant(x *exchange) error {
	member, err := x.numbered("member")
	if err != nil {
		return err
	}
	grant, err := x.numbered("grant")
	if err != nil {
		return err
	}
	if err := x.changePolicies(func(tx *postgres.Tx) error { return authz.TakeGrant(tx, member, grant) }); err != nil {
		return err
	}
	return x.sendNothing()
}

func sessionModel(s *authn.SessionInfo) apiv1.Session {
	return apiv1.Session{ID: s.ID, Current: s.Current, StartedAt: s.Begun, LastSeenAt: s.Seen, Address: s.Address, UserAgent: s.Device}
}

func (x *exchange) answerSessions(of, member int64) error {
	page := x.page()
	sessions, next, err := x.api.console.Sessions.List(x.context(), of, member, x.caller.person.Session, page.After, page.Limit)
	if err != nil {
		return err
	}
	return x.answer(http.StatusOK, apiv1.SessionPage{Items: each(sessions, sessionModel), Next: next})
}

func (a *API) listMemberSessions(x *exchange) error {
	member, err := x.knownMember()
	if err != nil {
		return err
	}
	return x.answerSessions(x.caller.tenant, member)
}

// knownMember is the member that the path names, if the tenant has them.
func (x *exchange) knownMember() (int64, error) {
	member, err := x.numbered("member")
	if err != nil {
		return 0, err
	}
	return member, x.look(func(tx *postgres.Tx) error {
		_, err := tenant.GetMember(tx, member)
		return err
	})
}

func (a *API) endMemberSessions(x *exchange) error {
	member, err := x.knownMember()
	if err != nil {
		return err
	}
	if err := a.console.Sessions.EndAll(x.context(), x.caller.scope(), member, "an admin ended them"); err != nil {
		return err
	}
	return x.sendNothing()
}
