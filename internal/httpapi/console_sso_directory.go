package httpapi

import (
	"net/http"
	"slices"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// pageOf cuts the page that x asks for out of a list that is read as a whole,
// because it is short. cursor names a row.
func pageOf[R any](x *exchange, rows []R, cursor func(*R) string) (page []R, next string, err error) {
	p := x.page()
	if p.After != "" {
		i := slices.IndexFunc(rows, func(r R) bool { return cursor(&r) == p.After })
		if i < 0 {
			return nil, "", fault.New(fault.Invalid, "the cursor leads nowhere now: begin with the first page")
		}
		rows = rows[i+1:]
	}
	limit := p.Limit
	if limit == 0 {
		limit = 100
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = cursor(&rows[limit-1])
	}
	return rows, next, nil
}

func mappingModel(slugs map[int64]string) func(*tenant.Mapping) apiv1.Mapping {
	return func(m *tenant.Mapping) apiv1.Mapping {
		return apiv1.Mapping{ID: id.Text(m.ID), Claim: m.Claim, Role: m.Role, Store: optional(slugs[m.Store])}
	}
}

func (a *API) listMappings(x *exchange) error {
	var page apiv1.MappingPage
	if err := x.look(func(tx *postgres.Tx) error {
		all, err := tenant.ListMappings(tx)
		if err != nil {
			return err
		}
		slugs, err := storeSlugs(tx)
		if err != nil {
			return err
		}
		rows, next, err := pageOf(x, all, func(m *tenant.Mapping) string { return id.Text(m.ID) })
		page.Items, page.Next = each(rows, mappingModel(slugs)), next
		return err
	}); err != nil {
		return err
	}
	return x.answer(http.StatusOK, page)
}

func (a *API) createMapping(x *exchange) error {
	n, body, err := receive[apiv1.NewMapping](x)
	if err != nil {
		return err
	}
	store, slugs := int64(0), map[int64]string{}
	if n.Store != nil {
		if err := x.look(func(tx *postgres.Tx) error {
			s, err := tenant.GetStore(tx, *n.Store)
			if err == nil {
				store, slugs[s.ID] = s.ID, s.Slug
			}
			return err
		}); err != nil {
			return err
		}
	}
	if err := x.requireRole("/role", n.Role, store); err != nil {
		return err
	}
	defer x.announce()
	return x.once(http.StatusCreated, body, func(tx *postgres.Tx) (created, error) {
		m, err := tenant.AddMapping(tx, n.Claim, n.Role, store, x.now())
		if err != nil {
			return created{}, err
		}
		return created{model: mappingModel(slugs)(m)}, nil
	})
}

func (a *API) deleteMapping(x *exchange) error {
	mapping, err := x.numbered("mapping")
	if err != nil {
		return err
	}
	if err := x.changePolicies(func(tx *postgres.Tx) error { return tenant.RemoveMapping(tx, mapping, x.now()) }); err != nil {
		return err
	}
	return x.sendNothing()
}

func domainModel(d *tenant.Domain) apiv1.Domain {
	return apiv1.Domain{
		Domain: d.Domain, Verified: d.VerifiedAt != nil, VerifiedAt: d.VerifiedAt,
		Record: apiv1.DomainRecord{Type: apiv1.TXT, Name: d.Host, Value: d.Challenge},
	}
}

func (a *API) listDomains(x *exchange) error {
	var page apiv1.DomainPage
	if err := x.look(func(tx *postgres.Tx) error {
		all, err := tenant.ListDomains(tx)
		if err != nil {
			return err
		}
		rows, next, err := pageOf(x, all, func(d *tenant.Domain) string { return d.Domain })
		page.Items, page.Next = each(rows, domainModel), next
		return err
	}); err != nil {
		return err
	}
	return x.answer(http.StatusOK, page)
}

func (a *API) createDomain(x *exchange) error {
	n, body, err := receive[apiv1.NewDomain](x)
	if err != nil {
		return err
	}
	return x.once(http.StatusCreated, body, func(tx *postgres.Tx) (created, error) {
		d, err := tenant.ClaimDomain(tx, n.Domain, x.now())
		if err != nil {
			return created{}, err
		}
		return created{model: domainModel(d)}, nil
	})
}

func (a *API) deleteDomain(x *exchange) error {
	if err := x.change(func(tx *postgres.Tx) error { return tenant.GiveUpDomain(tx, x.gin.Param("domain")) }); err != nil {
		return err
	}
	return x.sendNothing()
}

func (a *API) verifyDomain(x *exchange) error {
	d, err := tenant.VerifyDomain(x.context(), a.DB, x.caller.scope(), a.console.DNS, x.gin.Param("domain"), x.now())
	if err != nil {
		return err
	}
	return x.answer(http.StatusOK, domainModel(d))
}

func scimTokenModel(x *exchange) func(*tenant.Token) apiv1.ScimToken {
	return func(t *tenant.Token) apiv1.ScimToken {
		m := apiv1.ScimToken{
			ID: id.Text(t.ID), Name: t.Name, Status: apiv1.ScimTokenStatusActive, CreatedAt: t.CreatedAt,
			ExpiresAt: t.ExpiresAt, RevokedAt: t.RevokedAt, LastUsedAt: t.LastUsedAt,
		}
		switch {
		case t.RevokedAt != nil:
			m.Status = apiv1.ScimTokenStatusRevoked
		case !x.now().Before(t.ExpiresAt):
			m.Status = apiv1.ScimTokenStatusExpired
		}
		return m
	}
}

func (a *API) listSCIMTokens(x *exchange) error {
	var page apiv1.ScimTokenPage
	if err := x.look(func(tx *postgres.Tx) error {
		tokens, next, err := tenant.ListTokens(tx, 0, x.page())
		page.Items, page.Next = each(tokens, scimTokenModel(x)), next
		return err
	}); err != nil {
		return err
	}
	return x.answer(http.StatusOK, page)
}

// createSCIMToken: a directory gives members their addresses and groups, and so
// lets anybody come as somebody else.
func (a *API) createSCIMToken(x *exchange) error {
	n, body, err := receive[apiv1.NewScimToken](x)
	if err != nil {
		return err
	}
	return x.once(http.StatusCreated, body, func(tx *postgres.Tx) (created, error) {
		if err := authz.RequireAdminHeld(tx, x.caller.giver(), x.now()); err != nil {
			return created{}, err
		}
		t, plain, err := tenant.CreateToken(tx, a.console.Peppers, tenant.NewToken{Name: n.Name, ExpiresAt: n.ExpiresAt}, x.now())
		if err != nil {
			return created{}, err
		}
		m := apiv1.IssuedScimToken{Token: scimTokenModel(x)(t), BaseURL: a.directoryURL(x.gin.Param("tenant"))}
		kept := m
		m.Secret = plain.Reveal()
		return created{model: m, kept: kept}, nil
	})
}

func (a *API) revokeSCIMToken(x *exchange) error {
	token, err := x.numbered("token")
	if err != nil {
		return err
	}
	if err := x.change(func(tx *postgres.Tx) error {
		_, err := tenant.RevokeToken(tx, 0, token, x.now())
		return err
	}); err != nil {
		return err
	}
	return x.sendNothing()
}
