package httpapi

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"time"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// keyModel needs the slug of the key's store.
func keyModel(k *tenant.Key, store string, now time.Time) apiv1.Key {
	m := apiv1.Key{
		User: k.User, Name: k.Name, Store: store, Status: apiv1.KeyStatus(k.Status(now)), CreatedAt: k.CreatedAt, CreatedBy: k.CreatedBy,
		ExpiresAt: k.ExpiresAt, RevokedAt: k.RevokedAt, LastUsedAt: k.LastUsedAt(),
		Secrets: each(k.Secrets, func(s *tenant.Secret) apiv1.KeySecret {
			return apiv1.KeySecret{CreatedAt: s.CreatedAt, ExpiresAt: s.ExpiresAt, LastUsedAt: s.LastUsedAt}
		}),
		Networks: each(k.Networks, func(n *netip.Prefix) string { return n.String() }),
	}
	for _, name := range k.Scopes.Names() {
		m.Scopes = append(m.Scopes, apiv1.Scope(name))
	}
	_ = json.Unmarshal([]byte(k.Authority), &m.Authority) // written by package tenant
	return m
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

func (a *API) listKeys(x *exchange) error {
	var page apiv1.KeyPage
	var store int64
	if x.caller.store != nil {
		store = x.caller.store.ID
	}
	if err := x.look(func(tx *postgres.Tx) error {
		keys, next, err := tenant.ListKeys(tx, store, x.page())
		if err != nil {
			return err
		}
		slugs, err := storeSlugs(tx)
		page.Next = next
		page.Items = each(keys, func(k *tenant.Key) apiv1.Key { return keyModel(k, slugs[k.StoreID], x.now()) })
		return err
	}); err != nil {
		return err
	}
	return x.answer(http.StatusOK, page)
}

func scopesOf(names []apiv1.Scope) (authz.Scopes, error) {
	texts := make([]string, len(names))
	for i, n := range names {
		texts[i] = string(n)
	}
	return authz.ParseScopes(texts)
}

func (a *API) createKey(x *exchange) error {
	n, body, err := receive[apiv1.NewKey](x)
	if err != nil {
		return err
	}
	if x.caller.store == nil { // the description asks for ?store=
		return fault.New(fault.Invalid, "name the store")
	}
	scopes, err := scopesOf(n.Scopes)
	if err != nil {
		return err
	}
	networks, err := tenant.ParseNetworks(n.Networks)
	if err != nil {
		return err
	}
	return x.once(http.StatusCreated, body, func(tx *postgres.Tx) (created, error) {
		// A key must not do what its issuer could not, nor for longer.
		if err := authz.RequireHeld(tx, x.caller.giver(), x.caller.store.ID, authz.KeyScopesNeed(scopes), x.now(), n.ExpiresAt); err != nil {
			return created{}, err
		}
		k, plain, err := tenant.CreateKey(tx, a.console.Peppers, tenant.NewKey{
			Store: x.caller.store.ID, Name: n.Name, Scopes: scopes, Networks: networks, ExpiresAt: n.ExpiresAt, HomePage: a.console.PublicURL,
		}, x.now())
		if err != nil {
			return created{}, err
		}
		return issuedKey(k, x.caller.store.Slug, plain.Reveal(), x.now()), nil
	})
}

// issuedKey is shown with its secret once, and in replays without.
func issuedKey(k *tenant.Key, store, plain string, now time.Time) created {
	m := keyModel(k, store, now)
	return created{version: k.Version, model: apiv1.IssuedKey{Key: m, Secret: plain}, kept: apiv1.IssuedKey{Key: m}}
}

func (a *API) getKey(x *exchange) error { return x.answerKey(x.caller.key) }

func (x *exchange) answerKey(k *tenant.Key) error {
	store, err := x.storeOf(k)
	if err != nil {
		return err
	}
	return x.answerVersion(http.StatusOK, k.Version, keyModel(k, store, x.now()))
}

// storeOf returns the slug of the store of a key.
func (x *exchange) storeOf(k *tenant.Key) (slug string, err error) {
	err = x.look(func(tx *postgres.Tx) error {
		slugs, err := storeSlugs(tx)
		slug = slugs[k.StoreID]
		return err
	})
	return slug, err
}

func (a *API) changeKey(x *exchange) error {
	version, err := x.ifMatch()
	if err != nil {
		return err
	}
	c, _, err := receive[apiv1.KeyChange](x)
	if err != nil {
		return err
	}
	change := tenant.KeyChange{Name: c.Name}
	if c.Scopes != nil {
		scopes, err := scopesOf(*c.Scopes)
		if err != nil {
			return err
		}
		if err := x.look(func(tx *postgres.Tx) error { return x.mayHave(tx, scopes) }); err != nil {
			return err
		}
		change.Scopes, change.Widen = &scopes, true
	}
	if c.Networks != nil {
		networks, err := tenant.ParseNetworks(*c.Networks)
		if err != nil {
			return err
		}
		change.Networks = &networks
		if !change.Widen && tenant.Wider(x.caller.key.Networks, networks) {
			if version, err = x.mayOpen(version); err != nil {
				return err
			}
		}
	}
	var k *tenant.Key
	if err := x.change(func(tx *postgres.Tx) (err error) {
		k, err = tenant.UpdateKey(tx, x.caller.key.User, change, version)
		return err
	}); err != nil {
		return err
	}
	return x.answerKey(k)
}

// mayHave refuses who may not have, for as long as it lasts, the secret of the
// key that the path names, if it has those scopes.
func (x *exchange) mayHave(tx *postgres.Tx, scopes authz.Scopes) error {
	k := x.caller.key
	return authz.RequireHeld(tx, x.caller.giver(), k.StoreID, authz.KeptKeyNeeds(scopes), x.now(), k.ExpiresAt)
}

// mayOpen refuses who may not let the key be used from more places: its secret
// may have leaked to where it was of no use. seen is the version that the
// caller has seen, 0: any. It returns the one that was asked about, which must
// be the one that changes.
func (x *exchange) mayOpen(seen int64) (version int64, err error) {
	k := x.caller.key
	if seen != 0 && seen != k.Version {
		return 0, fault.New(fault.PreconditionFailed, "it has changed meanwhile: read it again")
	}
	return k.Version, x.look(func(tx *postgres.Tx) error { return x.mayHave(tx, k.Scopes) })
}

// rotateKey hands out a secret of the key: who may not issue such a key may not
// have its secret either.
func (a *API) rotateKey(x *exchange) error {
	r, body, err := receive[apiv1.RotateKey](x)
	if err != nil {
		return err
	}
	store, err := x.storeOf(x.caller.key)
	if err != nil {
		return err
	}
	grace := time.Duration(given(r.GraceMinutes, 1440)) * time.Minute
	return x.once(http.StatusOK, body, func(tx *postgres.Tx) (created, error) {
		if err := x.mayHave(tx, x.caller.key.Scopes); err != nil {
			return created{}, err
		}
		k, plain, err := tenant.Rotate(tx, a.console.Peppers, x.caller.key.User, grace, x.now())
		if err != nil {
			return created{}, err
		}
		return issuedKey(k, store, plain.Reveal(), x.now()), nil
	})
}

func (a *API) revokeKey(x *exchange) error {
	var k *tenant.Key
	if err := x.change(func(tx *postgres.Tx) (err error) {
		k, err = tenant.Revoke(tx, x.caller.key.User, x.now())
		return err
	}); err != nil {
		return err
	}
	return x.answerKey(k)
}
