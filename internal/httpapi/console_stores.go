package httpapi

import (
	"net/http"
	"slices"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

func storeModel(s *tenant.Store) apiv1.Store {
	return apiv1.Store{Slug: s.Slug, Name: s.Name, Kind: apiv1.StoreKind(s.Kind), CreatedAt: s.CreatedAt}
}

// listStores leaves out stores that the caller is granted nothing in.
func (a *API) listStores(x *exchange) error {
	permitted, err := a.console.Policies.Permitted(x.context(), x.caller.tenant, x.caller.person.Subject(), x.caller.person.Only)
	if err != nil {
		return err
	}
	var page apiv1.StorePage
	var stores []tenant.Store
	if err := x.look(func(tx *postgres.Tx) (err error) {
		stores, page.Next, err = tenant.ListStores(tx, x.page())
		return err
	}); err != nil {
		return err
	}
	if !slices.Contains(permitted[0], authz.StoresView) {
		stores = slices.DeleteFunc(stores, func(s tenant.Store) bool { return !slices.Contains(permitted[s.ID], authz.StoresView) })
	}
	page.Items = each(stores, storeModel)
	return x.answer(http.StatusOK, page)
}

func (a *API) createStore(x *exchange) error {
	n, body, err := receive[apiv1.NewStore](x)
	if err != nil {
		return err
	}
	return x.once(http.StatusCreated, body, func(tx *postgres.Tx) (created, error) {
		s, err := tenant.CreateStore(tx, n.Slug, n.Name, tenant.Kind(n.Kind), x.now())
		if err != nil {
			return created{}, err
		}
		return created{version: s.Version, model: storeModel(s)}, nil
	})
}

func (a *API) getStore(x *exchange) error {
	s := x.caller.store
	return x.answerVersion(http.StatusOK, s.Version, storeModel(s))
}

func (a *API) changeStore(x *exchange) error {
	version, err := x.ifMatch()
	if err != nil {
		return err
	}
	c, _, err := receive[apiv1.StoreChange](x)
	if err != nil {
		return err
	}
	s := x.caller.store
	if err := x.change(func(tx *postgres.Tx) (err error) {
		s, err = tenant.UpdateStore(tx, x.caller.store.Slug, given(c.Name, x.caller.store.Name), version)
		return err
	}); err != nil {
		return err
	}
	return x.answerVersion(http.StatusOK, s.Version, storeModel(s))
}

func (a *API) emptyStore(x *exchange) error {
	e, _, err := receive[apiv1.EmptyStore](x)
	if err != nil {
		return err
	}
	s := x.caller.store
	if e.Confirm != s.Slug {
		f := fault.New(fault.Invalid, "the body breaks 1 rule(s)")
		f.Violations = []fault.Violation{{Path: "/confirm", Rule: "the slug of the store"}}
		return f
	}
	deleted, err := a.LRS.Empty(x.context(), x.caller.scope(), s.ID)
	if err != nil {
		return err
	}
	return x.answer(http.StatusOK, apiv1.EmptiedStore{Deleted: deleted})
}
