package main

import (
	"context"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/config"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// whose is the member whose tokens are meant: the database does not know who asks.
func whose(tx *postgres.Tx, member string) (*tenant.Member, error) {
	if member == "" {
		return nil, fault.New(fault.Invalid, "say whose: --member, an address or an id")
	}
	return tenant.FindMember(tx, member)
}

// CreateToken makes a token for somebody who may do now what it is for.
func (l local) CreateToken(ctx context.Context, of, member string, n apiv1.NewToken) (m apiv1.IssuedToken, err error) {
	c, err := l.sh.load(config.Operator | config.Database | config.Peppers)
	if err != nil {
		return m, err
	}
	t, err := l.sh.resolve(ctx, of)
	if err != nil {
		return m, err
	}
	err = l.sh.open(ctx, func(db *postgres.DB) error {
		var owner *tenant.Member
		if err := db.TenantRead(ctx, t.Scope(actor), func(tx *postgres.Tx) (err error) {
			owner, err = whose(tx, member)
			return err
		}); err != nil {
			return err
		}
		may, err := l.permitted(ctx, db, t, owner.ID)
		if err != nil {
			return err
		}
		return db.Tenant(ctx, t.Scope(actor), func(tx *postgres.Tx) error {
			token, plain, err := tenant.CreateToken(tx, c.Peppers, tenant.NewToken{
				Member: owner.ID, Name: n.Name, Actions: as[authz.Action](n.Actions), May: may, ExpiresAt: n.ExpiresAt,
			}, l.sh.now())
			if err == nil {
				m = apiv1.IssuedToken{Token: tokenModel(token, l.sh.now()), Secret: plain.Reveal()}
			}
			return err
		})
	})
	return m, err
}

// permitted is what a member may do anywhere in the tenant.
func (l local) permitted(ctx context.Context, db *postgres.DB, t *tenant.Tenant, member int64) (may []authz.Action, err error) {
	c := authz.Config{DB: db}
	subject := "member:"
	if t.IsPlatform() {
		c.Platform, subject = t.ID, "operator:"
	}
	policies := authz.NewPolicies(c)
	defer policies.Close()
	permitted, err := policies.Permitted(ctx, t.ID, subject+id.Text(member), nil)
	for _, actions := range permitted {
		may = append(may, actions...)
	}
	return may, err
}

func (l local) ListTokens(ctx context.Context, of, member string, page tenant.Page) (m apiv1.TokenPage, err error) {
	err = l.sh.visit(ctx, of, func(tx *postgres.Tx) error {
		owner, err := whose(tx, member)
		if err != nil {
			return err
		}
		tokens, next, err := tenant.ListTokens(tx, owner.ID, page)
		m = apiv1.TokenPage{Items: models(tokens, func(t *tenant.Token) apiv1.Token { return tokenModel(t, l.sh.now()) }), Next: next}
		return err
	})
	return m, err
}

func (l local) RevokeToken(ctx context.Context, of, member, token string) error {
	number, err := numbered(token, "token")
	if err != nil {
		return err
	}
	return l.sh.visit(ctx, of, func(tx *postgres.Tx) error {
		owner, err := whose(tx, member)
		if err == nil {
			_, err = tenant.RevokeToken(tx, owner.ID, number, l.sh.now())
		}
		return err
	})
}
