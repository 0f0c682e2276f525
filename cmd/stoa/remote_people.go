package main

import (
	"context"
	"errors"
	"strings"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// ListMembers looks for what the filter asks for itself: the API has none. A
// page is filled as one of the database is.
func (r *remote) ListMembers(ctx context.Context, of string, f tenant.MemberFilter, page tenant.Page) (apiv1.MemberPage, error) {
	found := apiv1.MemberPage{Items: []apiv1.Member{}, Next: page.After}
	limit := page.Limit
	switch { // as the database has it
	case limit <= 0:
		limit = 100
	case limit > 1000:
		limit = 1000
	}
	for {
		page.After, page.Limit = found.Next, limit-len(found.Items)
		got, err := ask[apiv1.MemberPage](r.api.ListMembers(ctx, of, &apiv1.ListMembersParams{After: after(page), Limit: limited(page)}))
		if err != nil {
			return found, err
		}
		for _, m := range got.Items {
			if (f.Status == "" || string(f.Status) == string(m.Status)) && strings.HasPrefix(m.Email, strings.ToLower(f.Prefix)) {
				found.Items = append(found.Items, m)
			}
		}
		if found.Next = got.Next; found.Next == "" || len(found.Items) >= limit {
			return found, nil
		}
	}
}

func (r *remote) GetMember(ctx context.Context, of, member string) (apiv1.Member, error) {
	m, _, err := r.member(ctx, of, member)
	return m, err
}

// member finds a member by address or id, with its version.
func (r *remote) member(ctx context.Context, of, member string) (m apiv1.Member, version *string, err error) {
	number := member
	if _, ok := id.Parse(member); !ok {
		if number, err = r.byAddress(ctx, of, strings.ToLower(member)); err != nil {
			return m, nil, err
		}
	}
	return askVersion[apiv1.Member](r.api.GetMember(ctx, of, number))
}

// byAddress goes through the members, who are listed by address.
func (r *remote) byAddress(ctx context.Context, of, address string) (member string, err error) {
	for page := (tenant.Page{Limit: 1000}); ; {
		got, err := ask[apiv1.MemberPage](r.api.ListMembers(ctx, of, &apiv1.ListMembersParams{After: after(page), Limit: limited(page)}))
		if err != nil {
			return "", err
		}
		for _, m := range got.Items {
			if m.Email == address {
				return m.ID, nil
			}
		}
		if page.After = got.Next; page.After == "" {
			return "", fault.New(fault.NotFound, "there is no such member")
		}
	}
}

func (r *remote) InviteMember(ctx context.Context, of string, n apiv1.Invitation) (apiv1.Member, error) {
	return ask[apiv1.Member](r.api.InviteMember(ctx, of, nil, n))
}

func (r *remote) DisableMember(ctx context.Context, of, member string) (apiv1.Member, error) {
	return r.setStatus(ctx, of, member, apiv1.MemberChangeStatusDisabled)
}

func (r *remote) EnableMember(ctx context.Context, of, member string) (apiv1.Member, error) {
	return r.setStatus(ctx, of, member, apiv1.MemberChangeStatusActive)
}

func (r *remote) setStatus(ctx context.Context, of, member string, status apiv1.MemberChangeStatus) (apiv1.Member, error) {
	m, version, err := r.member(ctx, of, member)
	if err != nil {
		return m, err
	}
	return ask[apiv1.Member](r.api.ChangeMember(ctx, of, m.ID, &apiv1.ChangeMemberParams{IfMatch: version}, apiv1.MemberChange{Status: &status}))
}

func (r *remote) RemoveMember(ctx context.Context, of, member string) (apiv1.Member, error) {
	m, version, err := r.member(ctx, of, member)
	if err != nil {
		return m, err
	}
	_, err = ask[struct{}](r.api.RemoveMember(ctx, of, m.ID, &apiv1.RemoveMemberParams{IfMatch: version}))
	return m, err
}

func (r *remote) GiveGrant(ctx context.Context, of, member string, n apiv1.NewGrant) (apiv1.Grant, error) {
	m, _, err := r.member(ctx, of, member)
	if err != nil {
		return apiv1.Grant{}, err
	}
	return ask[apiv1.Grant](r.api.GiveGrant(ctx, of, m.ID, nil, n))
}

func (r *remote) TakeGrant(ctx context.Context, of, member, grant string) error {
	if _, err := numbered(grant, "grant"); err != nil {
		return err
	}
	m, _, err := r.member(ctx, of, member)
	if err != nil {
		return err
	}
	_, err = ask[struct{}](r.api.TakeGrant(ctx, of, m.ID, grant))
	return err
}

func (r *remote) ListRoles(ctx context.Context, of string, page tenant.Page) (apiv1.RolePage, error) {
	return ask[apiv1.RolePage](r.api.ListRoles(ctx, of, &apiv1.ListRolesParams{After: after(page), Limit: limited(page)}))
}

func (r *remote) GetRole(ctx context.Context, of, role string) (apiv1.Role, error) {
	return ask[apiv1.Role](r.api.GetRole(ctx, of, role))
}

func (r *remote) CreateRole(ctx context.Context, of string, n apiv1.NewRole) (apiv1.Role, error) {
	return ask[apiv1.Role](r.api.CreateRole(ctx, of, nil, n))
}

func (r *remote) ChangeRole(ctx context.Context, of, role string, change func(*apiv1.RoleDefinition)) (apiv1.Role, error) {
	was, version, err := askVersion[apiv1.Role](r.api.GetRole(ctx, of, role))
	if err != nil {
		return was, err
	}
	d := definition(was)
	change(&d)
	return ask[apiv1.Role](r.api.ChangeRole(ctx, of, role, &apiv1.ChangeRoleParams{IfMatch: version}, d))
}

func (r *remote) DeleteRole(ctx context.Context, of, role string) error {
	_, version, err := askVersion[apiv1.Role](r.api.GetRole(ctx, of, role))
	if err != nil {
		return err
	}
	_, err = ask[struct{}](r.api.DeleteRole(ctx, of, role, &apiv1.DeleteRoleParams{IfMatch: version}))
	return err
}

func (r *remote) GetSSO(ctx context.Context, of string) (apiv1.SSO, error) {
	return ask[apiv1.SSO](r.api.GetSSO(ctx, of))
}

func (r *remote) DraftSSO(ctx context.Context, of string, d apiv1.ProviderDraft, insecure bool) (apiv1.SSO, error) {
	if insecure {
		return apiv1.SSO{}, fault.New(fault.Invalid, "--insecure-loopback is for the database: a server knows itself whether it is one for developing")
	}
	was, version, err := askVersion[apiv1.SSO](r.api.GetSSO(ctx, of))
	if err != nil {
		return was, err
	}
	return ask[apiv1.SSO](r.api.ChangeSSO(ctx, of, &apiv1.ChangeSSOParams{IfMatch: version}, d))
}

// myself refuses --member: nobody has a say in others' tokens.
func myself(member string) error {
	if member != "" {
		return fault.New(fault.Invalid, "--member is for the database: a server knows who asks, and nobody else's tokens are theirs")
	}
	return nil
}

func (r *remote) CreateToken(ctx context.Context, of, member string, n apiv1.NewToken) (apiv1.IssuedToken, error) {
	if err := myself(member); err != nil {
		return apiv1.IssuedToken{}, err
	}
	made, err := ask[apiv1.IssuedToken](r.api.CreateMyToken(ctx, &apiv1.CreateMyTokenParams{Tenant: of}, n))
	if err == nil && made.Secret == "" {
		err = fault.New(fault.Conflict, "the answer with the token %s was lost on its way: revoke it and make another one", made.Token.ID)
	}
	return made, r.atBrowser(of, err)
}

func (r *remote) ListTokens(ctx context.Context, of, member string, page tenant.Page) (apiv1.TokenPage, error) {
	if err := myself(member); err != nil {
		return apiv1.TokenPage{}, err
	}
	m, err := ask[apiv1.TokenPage](r.api.ListMyTokens(ctx, &apiv1.ListMyTokensParams{Tenant: of, After: after(page), Limit: limited(page)}))
	return m, r.atBrowser(of, err)
}

func (r *remote) RevokeToken(ctx context.Context, of, member, token string) error {
	if err := myself(member); err != nil {
		return err
	}
	if _, err := numbered(token, "token"); err != nil {
		return err
	}
	_, err := ask[struct{}](r.api.RevokeMyToken(ctx, token, &apiv1.RevokeMyTokenParams{Tenant: of}))
	return r.atBrowser(of, err)
}

// atBrowser says where to do what a token may not: it shall not make or end others.
func (r *remote) atBrowser(of string, err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != fault.Forbidden {
		return err
	}
	return fault.Wrap(fault.Forbidden, f.Cause,
		"%s: make one in the console, %s/admin/t/%s/account", f.Message, r.server, of)
}
