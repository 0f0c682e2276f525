package httpapi

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authn"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// tenantIDs remembers which tenant a slug names, so that an operator inside
// does not cost a transaction of the operator's handle with each request. What
// is permitted there is asked each time all the same.
type tenantIDs struct {
	clock func() time.Time
	mu    sync.Mutex
	known map[string]tenantID
}

type tenantID struct {
	id int64
	at time.Time
}

const (
	tenantIDsAge = authz.MaxAge
	tenantIDsMax = 1000
)

// get returns the id of the tenant of that slug, or NotFound.
func (k *tenantIDs) get(ctx context.Context, op *postgres.Operator, slug string) (int64, error) {
	now := k.clock()
	k.mu.Lock()
	known, ok := k.known[slug]
	k.mu.Unlock()
	if ok && now.Sub(known.at) < tenantIDsAge {
		return known.id, nil
	}
	t, err := tenant.Get(ctx, op, slug)
	if err != nil {
		return 0, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.known) >= tenantIDsMax {
		clear(k.known)
	}
	k.known[slug] = tenantID{t.ID, now}
	return t.ID, nil
}

// entered lists where an operator is inside now. Notes say where to look, and
// the tenants' own rows what is true. Without Redis there are no notes, and the
// list is empty; what the operator may do inside does not depend on it.
func (a *API) entered(x *exchange, p *authn.Person) ([]apiv1.Inside, error) {
	slugs, err := a.console.Sessions.NotedEntries(x.context(), p.Member)
	if fault.Is(err, fault.Unavailable) {
		a.Logger.WarnContext(x.context(), "where an operator is inside is not known", "error", err)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []apiv1.Inside
	for _, slug := range slugs {
		in, err := a.insideOf(x, p, slug)
		switch {
		case err != nil:
			return nil, err
		case in != nil:
			all = append(all, *in)
		default:
			x.noteLeft(p.Member, slug)
		}
	}
	return all, nil
}

// insideOf is what an operator is inside one tenant; nil: not inside.
func (a *API) insideOf(x *exchange, p *authn.Person, slug string) (*apiv1.Inside, error) {
	t, err := tenant.Get(x.context(), a.console.Operator, slug)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var e *authz.Entry
	var slugs map[int64]string
	if err := a.DB.TenantRead(x.context(), t.Scope(p.Subject()), func(tx *postgres.Tx) error {
		if e, err = openEntry(tx, p.Member, x.now()); err != nil || e == nil {
			return err
		}
		slugs, err = storeSlugs(tx)
		return err
	}); err != nil || e == nil {
		return nil, err
	}
	permitted, err := a.console.Policies.Permitted(x.context(), t.ID, p.Subject(), p.Only)
	if err != nil {
		return nil, err
	}
	return &apiv1.Inside{
		Tenant: t.Slug, TenantName: t.Name, Entry: entryModel(x.now())(e), Permissions: permissionsModel(permitted, slugs),
	}, nil
}

// openEntry is an operator's entry into the tenant of tx that is open; nil: there is none.
func openEntry(tx *postgres.Tx, operator int64, now time.Time) (*authz.Entry, error) {
	open, err := authz.OpenEntries(tx, now)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(open, func(e authz.Entry) bool { return e.OperatorID == operator }); i >= 0 {
		return &open[i], nil
	}
	return nil, nil
}

// noteEntered and noteLeft keep the notes; what cannot be noted is logged.
func (x *exchange) noteEntered(operator int64, slug string, until time.Time) {
	if err := x.api.console.Sessions.NoteEntry(x.context(), operator, slug, until); err != nil {
		x.api.Logger.WarnContext(x.context(), "an operator's entry was not noted", "error", err)
	}
}

func (x *exchange) noteLeft(operator int64, slug string) {
	if err := x.api.console.Sessions.ForgetEntry(x.context(), operator, slug); err != nil {
		x.api.Logger.WarnContext(x.context(), "the note of an operator's entry was not taken back", "error", err)
	}
}

// tellLook records in a tenant's log what an operator who is inside reads
// there, once a minute for each path: whatever they change, the change itself
// records. Where that cannot be recorded nothing is shown.
func (a *API) tellLook(x *exchange, r route) error {
	c := x.caller
	if c == nil || !c.person.Operator || c.tenant == c.person.Tenant || r.method != http.MethodGet {
		return nil
	}
	look := denial{c.tenant, c.person.Subject(), "look " + x.request.URL.Path}
	if !a.console.denials.first(look) {
		return nil
	}
	err := x.change(func(tx *postgres.Tx) error {
		return audit.Record(tx, audit.Event{
			Type: audit.OperatorLooked, Target: audit.Target{Kind: "route", ID: r.method + " " + r.path},
			Details: map[string]any{"path": x.request.URL.Path},
		})
	})
	if err != nil {
		a.console.denials.forget(look)
	}
	return err
}
