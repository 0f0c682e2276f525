package main

import (
	"encoding/json"
	"net/netip"
	"time"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// The rows of the database in the models of the API, as the server makes them:
// TestTheSameOnTheSpotAndFromAfar holds the two together.

// models turns every row into a model; never nil.
func models[R, M any](rows []R, model func(*R) M) []M {
	all := make([]M, len(rows))
	for i := range rows {
		all[i] = model(&rows[i])
	}
	return all
}

// as gives texts of one kind another one.
func as[To, From ~string](list []From) []To {
	return models(list, func(s *From) To { return To(*s) })
}

// texts are what other kinds of text are, to those who want no more.
func texts[T ~string](list []T) []string { return as[string](list) }

// given is what p points to, and the zero where there is nothing.
func given[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// optional is nil for the zero value: absent in JSON.
func optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

func tenantModel(t *tenant.Tenant) apiv1.Tenant {
	return apiv1.Tenant{
		Slug: t.Slug, Name: t.Name, Status: apiv1.TenantStatus(t.Status), CreatedAt: t.CreatedAt,
		Limits: apiv1.TenantLimits{RequestsPerMinute: t.Limits.Requests, StatementsPerMinute: t.Limits.Statements},
	}
}

func storeModel(s *tenant.Store) apiv1.Store {
	return apiv1.Store{Slug: s.Slug, Name: s.Name, Kind: apiv1.StoreKind(s.Kind), CreatedAt: s.CreatedAt}
}

// storeSlugs names every store of the tenant; there are few.
func storeSlugs(tx *postgres.Tx) (map[int64]string, error) {
	slugs := map[int64]string{}
	for page := (tenant.Page{Limit: 1000}); ; {
		stores, next, err := tenant.ListStores(tx, page)
		if err != nil {
			return nil, err
		}
		for _, s := range stores {
			slugs[s.ID] = s.Slug
		}
		if next == "" {
			return slugs, nil
		}
		page.After = next
	}
}

// keyModel needs the slug of the key's store.
func keyModel(k *tenant.Key, store string, now time.Time) apiv1.Key {
	m := apiv1.Key{
		User: k.User, Name: k.Name, Store: store, Status: apiv1.KeyStatus(k.Status(now)), CreatedAt: k.CreatedAt, CreatedBy: k.CreatedBy,
		ExpiresAt: k.ExpiresAt, RevokedAt: k.RevokedAt, LastUsedAt: k.LastUsedAt(), Scopes: as[apiv1.Scope](k.Scopes.Names()),
		Secrets: models(k.Secrets, func(s *tenant.Secret) apiv1.KeySecret {
			return apiv1.KeySecret{CreatedAt: s.CreatedAt, ExpiresAt: s.ExpiresAt, LastUsedAt: s.LastUsedAt}
		}),
		Networks: models(k.Networks, func(n *netip.Prefix) string { return n.String() }),
	}
	_ = json.Unmarshal([]byte(k.Authority), &m.Authority) // written by package tenant
	return m
}

// memberModel reads the member's grants.
func memberModel(tx *postgres.Tx, m *tenant.Member, now time.Time) (apiv1.Member, error) {
	slugs, err := storeSlugs(tx)
	if err != nil {
		return apiv1.Member{}, err
	}
	grants, _, err := authz.ListGrants(tx, m.ID, authz.Page{Limit: 1000}) // a member has fewer
	return apiv1.Member{
		ID: id.Text(m.ID), Email: m.Email, Name: m.Name, Status: apiv1.MemberStatus(m.Status), Directory: m.SCIM,
		CreatedAt: m.CreatedAt, InvitedUntil: m.InvitedUntil, LastSignInAt: m.LastSignInAt,
		Grants: models(grants, func(g *authz.Grant) apiv1.Grant { return grantModel(g, slugs, now) }),
	}, err
}

func grantModel(g *authz.Grant, slugs map[int64]string, now time.Time) apiv1.Grant {
	return apiv1.Grant{
		ID: id.Text(g.ID), Role: g.Role, Store: optional(slugs[g.Store]), Source: apiv1.GrantSource(g.Source), GrantedBy: g.GrantedBy,
		GrantedAt: g.GrantedAt, ExpiresAt: g.ExpiresAt, Expired: g.ExpiresAt != nil && !now.Before(*g.ExpiresAt), LastUsedAt: g.LastUsedAt,
	}
}

func roleModel(r *authz.Role) apiv1.Role {
	return apiv1.Role{Slug: r.Slug, Name: r.Name, Description: r.Description, BuiltIn: r.BuiltIn, Actions: texts(r.Actions)}
}

// definition is what of a role can be changed.
func definition(r apiv1.Role) apiv1.RoleDefinition {
	return apiv1.RoleDefinition{Name: r.Name, Description: r.Description, Actions: r.Actions}
}

func providerModel(p *tenant.Provider) *apiv1.Provider {
	if p == nil {
		return nil
	}
	return &apiv1.Provider{
		Issuer: p.Issuer, ClientID: p.ClientID, Scopes: p.Scopes, GroupsClaim: p.GroupsClaim, Domains: p.Domains,
		DefaultRole: optional(p.DefaultRole), UpdatedAt: p.UpdatedAt, Tested: p.TestedAt != nil, TestedAt: p.TestedAt,
	}
}

func tokenModel(t *tenant.Token, now time.Time) apiv1.Token {
	m := apiv1.Token{
		ID: id.Text(t.ID), Name: t.Name, Actions: texts(t.Actions), Status: apiv1.TokenStatusActive,
		CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt, RevokedAt: t.RevokedAt, LastUsedAt: t.LastUsedAt,
	}
	switch {
	case t.RevokedAt != nil:
		m.Status = apiv1.TokenStatusRevoked
	case !now.Before(t.ExpiresAt):
		m.Status = apiv1.TokenStatusExpired
	}
	return m
}
