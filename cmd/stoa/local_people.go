package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/config"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/keyring"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/secret"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

func (l local) ListMembers(ctx context.Context, of string, f tenant.MemberFilter, page tenant.Page) (m apiv1.MemberPage, err error) {
	err = l.sh.visit(ctx, of, func(tx *postgres.Tx) error {
		members, next, err := tenant.ListMembers(tx, f, page)
		m = apiv1.MemberPage{Items: []apiv1.Member{}, Next: next}
		for i := range members {
			one, e := memberModel(tx, &members[i], l.sh.now())
			m.Items, err = append(m.Items, one), errors.Join(err, e)
		}
		return err
	})
	return m, err
}

// onMember does something to the member of that address or id, and shows who it was.
func (l local) onMember(ctx context.Context, of, member string, do func(*postgres.Tx, *tenant.Member) (*tenant.Member, error)) (m apiv1.Member, err error) {
	err = l.sh.visit(ctx, of, func(tx *postgres.Tx) error {
		found, err := tenant.FindMember(tx, member)
		if err != nil {
			return err
		}
		if found, err = do(tx, found); err != nil {
			return err
		}
		m, err = memberModel(tx, found, l.sh.now())
		return err
	})
	return m, err
}

func (l local) GetMember(ctx context.Context, of, member string) (apiv1.Member, error) {
	return l.onMember(ctx, of, member, func(_ *postgres.Tx, m *tenant.Member) (*tenant.Member, error) { return m, nil })
}

func (l local) InviteMember(ctx context.Context, of string, n apiv1.Invitation) (m apiv1.Member, err error) {
	err = l.sh.visit(ctx, of, func(tx *postgres.Tx) error {
		now := l.sh.now()
		if err := authz.Touch(tx); err != nil {
			return err
		}
		invited, err := tenant.Invite(tx, n.Email, *n.Name, now.AddDate(0, 0, *n.Days), now)
		if err != nil {
			return err
		}
		for _, g := range n.Grants {
			if _, err := give(tx, invited.ID, g, now); err != nil {
				return err
			}
		}
		m, err = memberModel(tx, invited, now)
		return err
	})
	return m, err
}

func (l local) DisableMember(ctx context.Context, of, member string) (apiv1.Member, error) {
	return l.onMember(ctx, of, member, func(tx *postgres.Tx, m *tenant.Member) (*tenant.Member, error) {
		return tenant.DisableMember(tx, m.ID, m.Version, l.sh.now())
	})
}

func (l local) EnableMember(ctx context.Context, of, member string) (apiv1.Member, error) {
	return l.onMember(ctx, of, member, func(tx *postgres.Tx, m *tenant.Member) (*tenant.Member, error) {
		return tenant.EnableMember(tx, m.ID, m.Version, l.sh.now())
	})
}

// RemoveMember shows the member as it was.
func (l local) RemoveMember(ctx context.Context, of, member string) (was apiv1.Member, err error) {
	err = l.sh.visit(ctx, of, func(tx *postgres.Tx) error {
		m, err := tenant.FindMember(tx, member)
		if err != nil {
			return err
		}
		if was, err = memberModel(tx, m, l.sh.now()); err != nil {
			return err
		}
		return tenant.RemoveMember(tx, m.ID, m.Version)
	})
	return was, err
}

// give gives a member a role on the shell's word.
func give(tx *postgres.Tx, member int64, n apiv1.NewGrant, now time.Time) (*authz.Grant, error) {
	grant := authz.NewGrant{Member: member, Role: n.Role, ExpiresAt: n.ExpiresAt}
	if n.Store != nil {
		s, err := tenant.GetStore(tx, *n.Store)
		if err != nil {
			return nil, err
		}
		grant.Store = s.ID
	}
	return authz.GiveGrant(tx, authz.Trusted, grant, now)
}

func (l local) GiveGrant(ctx context.Context, of, member string, n apiv1.NewGrant) (m apiv1.Grant, err error) {
	err = l.sh.visit(ctx, of, func(tx *postgres.Tx) error {
		to, err := tenant.FindMember(tx, member)
		if err != nil {
			return err
		}
		g, err := give(tx, to.ID, n, l.sh.now())
		if err != nil {
			return err
		}
		slugs, err := storeSlugs(tx)
		m = grantModel(g, slugs, l.sh.now())
		return err
	})
	return m, err
}

func (l local) TakeGrant(ctx context.Context, of, member, grant string) error {
	g, err := numbered(grant, "grant")
	if err != nil {
		return err
	}
	return l.sh.visit(ctx, of, func(tx *postgres.Tx) error {
		m, err := tenant.FindMember(tx, member)
		if err != nil {
			return err
		}
		return authz.TakeGrant(tx, m.ID, g)
	})
}

// numbered reads the id of a thing of that kind.
func numbered(text, kind string) (int64, error) {
	n, ok := id.Parse(text)
	if !ok {
		return 0, fault.New(fault.Invalid, "%q is no %s's id, such as h4k2m9q0", text, kind)
	}
	return n, nil
}

func (l local) ListRoles(ctx context.Context, of string, page tenant.Page) (m apiv1.RolePage, err error) {
	err = l.sh.visit(ctx, of, func(tx *postgres.Tx) error {
		roles, next, err := authz.ListRoles(tx, page)
		m = apiv1.RolePage{Items: models(roles, roleModel), Next: next}
		return err
	})
	return m, err
}

func (l local) onRole(ctx context.Context, of string, do func(*postgres.Tx) (*authz.Role, error)) (m apiv1.Role, err error) {
	err = l.sh.visit(ctx, of, func(tx *postgres.Tx) error {
		r, err := do(tx)
		if err == nil {
			m = roleModel(r)
		}
		return err
	})
	return m, err
}

func (l local) GetRole(ctx context.Context, of, role string) (apiv1.Role, error) {
	return l.onRole(ctx, of, func(tx *postgres.Tx) (*authz.Role, error) { return authz.GetRole(tx, role) })
}

func (l local) CreateRole(ctx context.Context, of string, n apiv1.NewRole) (apiv1.Role, error) {
	return l.onRole(ctx, of, func(tx *postgres.Tx) (*authz.Role, error) {
		return authz.CreateRole(tx, authz.Trusted, n.Slug,
			authz.RoleText{Name: n.Name, Description: *n.Description, Actions: as[authz.Action](n.Actions)}, l.sh.now())
	})
}

func (l local) ChangeRole(ctx context.Context, of, role string, change func(*apiv1.RoleDefinition)) (apiv1.Role, error) {
	return l.onRole(ctx, of, func(tx *postgres.Tx) (*authz.Role, error) {
		r, err := authz.GetRole(tx, role)
		if err != nil {
			return nil, err
		}
		d := definition(roleModel(r))
		change(&d)
		return authz.ChangeRole(tx, authz.Trusted, role, r.Version,
			authz.RoleText{Name: d.Name, Description: d.Description, Actions: as[authz.Action](d.Actions)}, l.sh.now())
	})
}

func (l local) DeleteRole(ctx context.Context, of, role string) error {
	return l.sh.visit(ctx, of, func(tx *postgres.Tx) error { return authz.DeleteRole(tx, role, 0) })
}

// ssoModel needs to know where the service is, for the provider's settings.
func (l local) ssoModel(of string, s *tenant.SSO) (apiv1.SSO, error) {
	c, err := l.sh.load(config.Database)
	if err != nil {
		return apiv1.SSO{}, err
	}
	public := strings.TrimSuffix(c.PublicURL, "/")
	return apiv1.SSO{
		Active: providerModel(s.Active), Draft: providerModel(s.Draft), CallbackURL: public + "/auth/callback",
		BackchannelLogoutURL: public + "/auth/backchannel-logout/" + of, SignedOutURL: public + "/",
	}, nil
}

func (l local) GetSSO(ctx context.Context, of string) (m apiv1.SSO, err error) {
	err = l.sh.visit(ctx, of, func(tx *postgres.Tx) error {
		s, err := tenant.GetSSO(tx)
		if err == nil {
			m, err = l.ssoModel(of, s)
		}
		return err
	})
	return m, err
}

func (l local) DraftSSO(ctx context.Context, of string, d apiv1.ProviderDraft, insecure bool) (m apiv1.SSO, err error) {
	c, err := l.sh.load(config.Operator | config.Database | config.Keyring)
	if err != nil {
		return m, err
	}
	ring, err := keyring.Open(ctx, c.Keyring())
	if err != nil {
		return m, err
	}
	draft := tenant.Draft{
		Issuer: d.Issuer, ClientID: d.ClientID, Scopes: d.Scopes, GroupsClaim: *d.GroupsClaim, Domains: d.Domains,
	}
	if d.ClientSecret != nil {
		draft.Secret = secret.New(*d.ClientSecret)
	}
	if d.DefaultRole != nil {
		draft.DefaultRole = *d.DefaultRole
	}
	if err := l.sh.visit(ctx, of, func(tx *postgres.Tx) error {
		_, err := tenant.PutDraft(tx, ring, draft, insecure, 0, l.sh.now())
		return err
	}); err != nil {
		return m, err
	}
	return l.GetSSO(ctx, of)
}
