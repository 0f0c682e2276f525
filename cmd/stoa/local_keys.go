package main

import (
	"context"
	"time"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/config"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

func (l local) CreateKey(ctx context.Context, of, store string, n apiv1.NewKey) (m apiv1.IssuedKey, err error) {
	c, err := l.sh.load(config.Operator | config.Database | config.Peppers | config.PublicURL)
	if err != nil {
		return m, err
	}
	key := tenant.NewKey{Name: n.Name, HomePage: c.PublicURL, ExpiresAt: n.ExpiresAt}
	if key.Scopes, err = authz.ParseScopes(texts(n.Scopes)); err != nil {
		return m, err
	}
	if key.Networks, err = tenant.ParseNetworks(n.Networks); err != nil {
		return m, err
	}
	err = l.sh.visit(ctx, of, func(tx *postgres.Tx) error {
		s, err := tenant.GetStore(tx, store)
		if err != nil {
			return err
		}
		key.Store = s.ID
		k, plain, err := tenant.CreateKey(tx, c.Peppers, key, l.sh.now())
		if err != nil {
			return err
		}
		m = apiv1.IssuedKey{Key: keyModel(k, s.Slug, l.sh.now()), Secret: plain.Reveal()}
		return nil
	})
	return m, err
}

func (l local) ListKeys(ctx context.Context, of, store string, page tenant.Page) (m apiv1.KeyPage, err error) {
	err = l.sh.visit(ctx, of, func(tx *postgres.Tx) error {
		var of int64
		if store != "" {
			s, err := tenant.GetStore(tx, store)
			if err != nil {
				return err
			}
			of = s.ID
		}
		keys, next, err := tenant.ListKeys(tx, of, page)
		if err != nil {
			return err
		}
		slugs, err := storeSlugs(tx)
		m = apiv1.KeyPage{Items: models(keys, func(k *tenant.Key) apiv1.Key { return keyModel(k, slugs[k.StoreID], l.sh.now()) }), Next: next}
		return err
	})
	return m, err
}

// onKey enters the tenant that the key's user name carries.
func (l local) onKey(ctx context.Context, user string, do func(*postgres.Tx) (*tenant.Key, error)) (m apiv1.Key, err error) {
	of, _, ok := tenant.ParseUserName(user)
	if !ok {
		return m, fault.New(fault.Invalid, "%q is no key's user name, such as 3-h4k2m9q0", user)
	}
	err = l.sh.enter(ctx, of, func(tx *postgres.Tx) error {
		k, err := do(tx)
		if err != nil {
			return err
		}
		slugs, err := storeSlugs(tx)
		m = keyModel(k, slugs[k.StoreID], l.sh.now())
		return err
	})
	return m, err
}

func (l local) GetKey(ctx context.Context, user string) (apiv1.Key, error) {
	return l.onKey(ctx, user, func(tx *postgres.Tx) (*tenant.Key, error) { return tenant.GetKey(tx, user) })
}

func (l local) RotateKey(ctx context.Context, user string, grace time.Duration) (m apiv1.IssuedKey, err error) {
	c, err := l.sh.load(config.Database | config.Peppers)
	if err != nil {
		return m, err
	}
	m.Key, err = l.onKey(ctx, user, func(tx *postgres.Tx) (*tenant.Key, error) {
		k, plain, err := tenant.Rotate(tx, c.Peppers, user, grace, l.sh.now())
		m.Secret = plain.Reveal()
		return k, err
	})
	return m, err
}

func (l local) RevokeKey(ctx context.Context, user string) (apiv1.Key, error) {
	return l.onKey(ctx, user, func(tx *postgres.Tx) (*tenant.Key, error) { return tenant.Revoke(tx, user, l.sh.now()) })
}
