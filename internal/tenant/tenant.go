// Package tenant owns who may use the platform and where their statements go:
// tenants (client organisations), their stores, the API keys of a store with
// their secrets, and the people of a tenant: members, how they sign in, their
// directory (SCIM), their access tokens and ended sessions. It never decides
// whether a request is authentic (authn) or permitted (authz), and it never
// sees a statement. Every change stands in the audit log, in its transaction.
//
// Its data lives in the tables tenants, stores, keys, key_secrets,
// tenant_settings, members, identity_providers, role_mappings, tenant_domains,
// access_tokens, scim_groups, scim_group_members, recovery_links and
// ended_sessions. Tenants are made and changed through the operator's handle;
// everything else happens inside the tenant's own transaction, so functions
// take a *postgres.Tx.
package tenant

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// Status says whether a tenant is served.
type Status string

// The statuses of a tenant.
const (
	Active    Status = "active"
	Suspended Status = "suspended" // nothing is lost, every request is refused with Forbidden
)

// PlatformSlug is the slug of the platform's own tenant: its members are the operators.
const PlatformSlug = "platform"

// Limits are what a tenant may do in a minute. Zero is the configured default.
type Limits struct {
	Requests   int `json:"requests_per_minute,omitzero"`
	Statements int `json:"statements_per_minute,omitzero"`
}

// Tenant is one client organisation, or the platform itself.
type Tenant struct {
	ID        int64     `json:"id"`
	Slug      string    `json:"slug"` // unique on the platform
	Name      string    `json:"name"`
	Status    Status    `json:"status"`
	Limits    Limits    `json:"limits"` // overrides; zero: the default
	CreatedAt time.Time `json:"created_at"`
	Version   int64     `json:"version"` // counts its changes, from 1
}

// Scope returns the scope in which actor works on t's own rows.
func (t Tenant) Scope(actor string) postgres.Scope { return postgres.NewScope(t.ID, actor) }

// IsPlatform reports whether t is the platform's own tenant.
func (t Tenant) IsPlatform() bool { return t.Slug == PlatformSlug }

func (t Tenant) target() audit.Target {
	return audit.Target{Kind: "tenant", ID: t.Slug, Name: t.Name}
}

func (t Tenant) state() map[string]any {
	return map[string]any{
		"slug": t.Slug, "name": t.Name, "status": t.Status,
		"requests_per_minute": t.Limits.Requests, "statements_per_minute": t.Limits.Statements,
	}
}

const tenantColumns = `id, slug, name, status, coalesce(request_limit, 0), coalesce(statement_limit, 0), created_at, version`

func scanTenant(row pgx.CollectableRow) (Tenant, error) {
	var t Tenant
	err := row.Scan(&t.ID, &t.Slug, &t.Name, &t.Status, &t.Limits.Requests, &t.Limits.Statements, &t.CreatedAt, &t.Version)
	return t, err
}

// Create adds an active tenant. Invalid: slug or name; Conflict: the slug is taken.
func Create(ctx context.Context, op *postgres.Operator, slug, name string, now time.Time) (t *Tenant, err error) {
	if err := checkSlug(slug); err != nil {
		return nil, err
	}
	if err := checkName(name); err != nil {
		return nil, err
	}
	err = op.Do(ctx, func(tx pgx.Tx) error {
		t, err = one(ctx, tx, `insert into tenants (slug, name, created_at) values ($1, $2, $3)
			on conflict (slug) do nothing returning `+tenantColumns, slug, name, now)
		if err != nil {
			return err
		}
		return recordBoth(ctx, tx, t, audit.Event{Type: audit.TenantCreated, Target: t.target(), After: t.state()})
	})
	if fault.Is(err, fault.NotFound) {
		return nil, fault.New(fault.Conflict, "there is a tenant %q already", slug)
	}
	return t, err
}

// Get returns the tenant of that slug, or NotFound.
func Get(ctx context.Context, op *postgres.Operator, slug string) (t *Tenant, err error) {
	err = op.Do(ctx, func(tx pgx.Tx) error {
		t, err = one(ctx, tx, `select `+tenantColumns+` from tenants where slug = $1`, queryable(slug))
		return err
	})
	return t, named(err, slug)
}

// Platform returns the platform's own tenant.
func Platform(ctx context.Context, op *postgres.Operator) (*Tenant, error) {
	return Get(ctx, op, PlatformSlug)
}

// List returns the client tenants of one page, by slug, and the cursor of the
// next page; "" when there is none.
func List(ctx context.Context, op *postgres.Operator, page Page) (tenants []Tenant, next string, err error) {
	err = op.Do(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select `+tenantColumns+` from tenants where slug > $1 and kind = 'client' order by slug limit $2`,
			queryable(page.After), page.Rows()+1)
		if err != nil {
			return err
		}
		tenants, err = pgx.CollectRows(rows, scanTenant)
		return err
	})
	tenants, next = postgres.Cut(page, tenants, func(t Tenant) string { return t.Slug })
	return tenants, next, err
}

// Suspend makes every request of the tenant Forbidden, on every replica within
// a second. Suspending twice is no error. NotFound: no such tenant; Conflict:
// the platform itself.
func Suspend(ctx context.Context, op *postgres.Operator, slug string) (*Tenant, error) {
	return change(ctx, op, slug, 0, audit.TenantSuspended, func(t *Tenant) { t.Status = Suspended })
}

// Resume undoes Suspend.
func Resume(ctx context.Context, op *postgres.Operator, slug string) (*Tenant, error) {
	return change(ctx, op, slug, 0, audit.TenantResumed, func(t *Tenant) { t.Status = Active })
}

// Change says what of a tenant shall be different; nil: nothing.
type Change struct {
	Name   *string
	Limits *Limits // both: a zero goes back to the configured default
}

// Update changes a tenant. version is what the caller has seen, 0: whatever
// there is. Invalid: name or limits; NotFound: no such tenant;
// PreconditionFailed: it has changed since.
func Update(ctx context.Context, op *postgres.Operator, slug string, c Change, version int64) (*Tenant, error) {
	if c.Name != nil {
		if err := checkName(*c.Name); err != nil {
			return nil, err
		}
	}
	if l := c.Limits; l != nil && (min(l.Requests, l.Statements) < 0 || max(l.Requests, l.Statements) > maxLimit) {
		return nil, fault.New(fault.Invalid, "a limit is a number a minute between 1 and %d, or 0 for the default", maxLimit)
	}
	return change(ctx, op, slug, version, audit.TenantChanged, func(t *Tenant) {
		if c.Name != nil {
			t.Name = *c.Name
		}
		if c.Limits != nil {
			t.Limits = *c.Limits
		}
	})
}

const maxLimit = 1_000_000_000

// change locks a tenant and writes what fn makes of it; what changes nothing is
// no event.
func change(ctx context.Context, op *postgres.Operator, slug string, version int64, event audit.Type, fn func(*Tenant)) (t *Tenant, err error) {
	err = op.Do(ctx, func(tx pgx.Tx) error {
		t, err = one(ctx, tx, `select `+tenantColumns+` from tenants where slug = $1 for update`, queryable(slug))
		if err != nil {
			return err
		}
		if err := sameVersion(version, t.Version); err != nil {
			return err
		}
		before := *t
		fn(t)
		switch {
		case *t == before:
			return nil
		case t.IsPlatform() && t.Status != Active:
			return fault.New(fault.Conflict, "the platform itself cannot be suspended")
		}
		t.Version++
		if _, err := tx.Exec(ctx, `update tenants set name = $2, status = $3, request_limit = nullif($4, 0),
			statement_limit = nullif($5, 0), version = $6 where id = $1`,
			t.ID, t.Name, t.Status, t.Limits.Requests, t.Limits.Statements, t.Version); err != nil {
			return err
		}
		return recordBoth(ctx, tx, t, audit.Event{Type: event, Target: t.target(), Before: before.state(), After: t.state()})
	})
	if err != nil {
		return nil, named(err, slug)
	}
	return t, nil
}

// recordBoth writes what was done to a tenant into its own log and into the
// platform's, so that both sides can see it.
func recordBoth(ctx context.Context, tx pgx.Tx, t *Tenant, e audit.Event) error {
	if err := audit.RecordOperator(ctx, tx, t.ID, e); err != nil || t.IsPlatform() {
		return err
	}
	var platform int64
	if err := tx.QueryRow(ctx, `select id from tenants where kind = 'platform'`).Scan(&platform); err != nil {
		return err
	}
	return audit.RecordOperator(ctx, tx, platform, e)
}

func one(ctx context.Context, tx pgx.Tx, query string, args ...any) (*Tenant, error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	t, err := pgx.CollectExactlyOneRow(rows, scanTenant)
	if err != nil {
		return nil, err
	}
	return &t, nil
}

// kept is t as the database keeps it, so that what is returned now is what will
// be read later.
func kept(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func named(err error, slug string) error {
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.NotFound, "there is no tenant %q", slug)
	}
	return err
}
