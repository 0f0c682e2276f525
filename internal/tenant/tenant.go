// Package tenant owns who may use the platform and where their statements go:
// tenants (client organisations), their stores, and the API keys of a store
// with their secrets. It never decides whether a request is authentic (authn)
// or permitted (authz), and it never sees a statement.
//
// Its data lives in the tables tenants, stores, keys and key_secrets. Tenants
// are made and changed through the operator's handle; everything else happens
// inside the tenant's own transaction, so functions take a *postgres.Tx.
package tenant

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

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

// Limits are what a tenant may do in a minute. Zero is the configured default.
type Limits struct {
	Requests   int `json:"requests_per_minute,omitzero"`
	Statements int `json:"statements_per_minute,omitzero"`
}

// Tenant is one client organisation.
type Tenant struct {
	ID        int64     `json:"id"`
	Slug      string    `json:"slug"` // unique on the platform
	Name      string    `json:"name"`
	Status    Status    `json:"status"`
	Limits    Limits    `json:"limits"` // overrides; zero: the default
	CreatedAt time.Time `json:"created_at"`
}

// Scope returns the scope in which actor works on t's own rows.
func (t Tenant) Scope(actor string) postgres.Scope { return postgres.NewScope(t.ID, actor) }

const tenantColumns = `id, slug, name, status, coalesce(request_limit, 0), coalesce(statement_limit, 0), created_at`

func scanTenant(row pgx.CollectableRow) (Tenant, error) {
	var t Tenant
	err := row.Scan(&t.ID, &t.Slug, &t.Name, &t.Status, &t.Limits.Requests, &t.Limits.Statements, &t.CreatedAt)
	return t, err
}

// Create adds an active tenant. Invalid: slug or name; Conflict: the slug is taken.
func Create(ctx context.Context, op *postgres.Operator, slug, name string, now time.Time) (*Tenant, error) {
	if err := checkSlug(slug); err != nil {
		return nil, err
	}
	if err := checkName(name); err != nil {
		return nil, err
	}
	t, err := one(ctx, op, `insert into tenants (slug, name, created_at) values ($1, $2, $3)
		on conflict (slug) do nothing returning `+tenantColumns, slug, name, now)
	if fault.Is(err, fault.NotFound) {
		return nil, fault.New(fault.Conflict, "there is a tenant %q already", slug)
	}
	return t, err
}

// Get returns the tenant of that slug, or NotFound.
func Get(ctx context.Context, op *postgres.Operator, slug string) (*Tenant, error) {
	t, err := one(ctx, op, `select `+tenantColumns+` from tenants where slug = $1`, slug)
	return t, named(err, slug)
}

// List returns the tenants of one page, by slug, and the cursor of the next
// page; "" when there is none.
func List(ctx context.Context, op *postgres.Operator, page Page) (tenants []Tenant, next string, err error) {
	err = op.Do(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select `+tenantColumns+` from tenants where slug > $1 and kind = 'client' order by slug limit $2`,
			page.After, page.limit()+1)
		if err != nil {
			return err
		}
		tenants, err = pgx.CollectRows(rows, scanTenant)
		return err
	})
	tenants, next = cut(page, tenants, func(t Tenant) string { return t.Slug })
	return tenants, next, err
}

// Suspend makes every request of the tenant Forbidden, on every replica within
// a second. Suspending twice is no error. NotFound: no such tenant.
func Suspend(ctx context.Context, op *postgres.Operator, slug string) (*Tenant, error) {
	return setStatus(ctx, op, slug, Suspended)
}

// Resume undoes Suspend.
func Resume(ctx context.Context, op *postgres.Operator, slug string) (*Tenant, error) {
	return setStatus(ctx, op, slug, Active)
}

func setStatus(ctx context.Context, op *postgres.Operator, slug string, s Status) (*Tenant, error) {
	t, err := one(ctx, op, `update tenants set status = $2 where slug = $1 and kind = 'client' returning `+tenantColumns, slug, s)
	return t, named(err, slug)
}

// SetLimits replaces the tenant's rate limits: a zero goes back to the
// configured default. Invalid: a negative limit; NotFound: no such tenant.
func SetLimits(ctx context.Context, op *postgres.Operator, slug string, l Limits) (*Tenant, error) {
	if min(l.Requests, l.Statements) < 0 || max(l.Requests, l.Statements) > maxLimit {
		return nil, fault.New(fault.Invalid, "a limit is a number a minute between 1 and %d, or 0 for the default", maxLimit)
	}
	t, err := one(ctx, op, `update tenants set request_limit = nullif($2, 0), statement_limit = nullif($3, 0)
		where slug = $1 returning `+tenantColumns, slug, l.Requests, l.Statements)
	return t, named(err, slug)
}

const maxLimit = 1_000_000_000

func one(ctx context.Context, op *postgres.Operator, query string, args ...any) (*Tenant, error) {
	var t Tenant
	err := op.Do(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		t, err = pgx.CollectExactlyOneRow(rows, scanTenant)
		return err
	})
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
