package authz_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/postgres/postgrestest"
)

// world is one database with what the tests do to it.
type world struct {
	t        testing.TB
	db       *postgres.DB
	op       *postgres.Operator
	platform int64
	start    time.Time
	passed   atomic.Int64 // since start
}

func setup(t testing.TB) *world {
	t.Helper()
	urls := postgrestest.New(t)
	w := &world{t: t, db: urls.Open(t), op: urls.OpenOperator(t), start: time.Now().UTC().Truncate(time.Microsecond)}
	require.NoError(t, w.op.Do(t.Context(), func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `select id from tenants where kind = 'platform'`).Scan(&w.platform)
	}))
	return w
}

// now is the time of the clock that only advance moves.
func (w *world) now() time.Time          { return w.start.Add(time.Duration(w.passed.Load())) }
func (w *world) advance(d time.Duration) { w.passed.Add(int64(d)) }

// policies are those of one replica. Their clock is the world's.
func (w *world) policies(client redis.UniversalClient) *authz.Policies {
	return w.open(authz.Config{Redis: client, Clock: w.now})
}

func (w *world) open(c authz.Config) *authz.Policies {
	w.t.Helper()
	c.DB, c.Platform, c.Logger = w.db, w.platform, slog.New(slog.DiscardHandler)
	p := authz.NewPolicies(c)
	w.t.Cleanup(p.Close)
	return p
}

func (w *world) tenant(slug string) (tenant int64) {
	w.t.Helper()
	require.NoError(w.t, w.op.Do(w.t.Context(), func(tx pgx.Tx) error {
		return tx.QueryRow(w.t.Context(), `insert into tenants (slug, name) values ($1, $1) returning id`, slug).Scan(&tenant)
	}))
	return tenant
}

// in runs fn as that tenant and requires that it works.
func (w *world) in(tenant int64, fn func(*postgres.Tx) error) {
	w.t.Helper()
	require.NoError(w.t, w.try(tenant, fn))
}

func (w *world) try(tenant int64, fn func(*postgres.Tx) error) error {
	ctx := audit.With(context.Background(), audit.Source{Actor: audit.Actor{Kind: audit.ByMember, ID: "member:tester00", Name: "Tester"}})
	return w.db.Tenant(ctx, postgres.NewScope(tenant, "test"), fn)
}

// exec runs one statement as that tenant; its $1 is the tenant.
func (w *world) exec(tenant int64, sql string, args ...any) {
	w.t.Helper()
	w.in(tenant, func(tx *postgres.Tx) error {
		if err := authz.Touch(tx); err != nil {
			return err
		}
		_, err := tx.Exec(tx.Context(), sql, append([]any{tenant}, args...)...)
		return err
	})
}

func (w *world) member(tenant int64, name string) int64 {
	w.t.Helper()
	n := id.New()
	w.exec(tenant, `insert into members (tenant_id, id, email, name, status) values ($1, $2, $3 || '@example.com', $3, 'active')`, n, name)
	return n
}

func (w *world) store(tenant int64, slug string) (store int64) {
	w.t.Helper()
	w.in(tenant, func(tx *postgres.Tx) error {
		return tx.QueryRow(tx.Context(), `insert into stores (tenant_id, slug, name, kind) values ($1, $2, $2, 'sandbox') returning id`,
			tenant, slug).Scan(&store)
	})
	return store
}

// give gives a role without asking who gives it.
func (w *world) give(tenant int64, n authz.NewGrant) (g *authz.Grant) {
	w.t.Helper()
	w.in(tenant, func(tx *postgres.Tx) (err error) {
		g, err = authz.GiveGrant(tx, authz.Trusted, n, w.now())
		return err
	})
	return g
}

func (w *world) may(p *authz.Policies, tenant, member, store int64, a authz.Action) bool {
	w.t.Helper()
	return w.decide(p, authz.Request{Tenant: tenant, Subject: authz.Subject(member), Store: store, Action: a})
}

func (w *world) decide(p *authz.Policies, r authz.Request) bool {
	w.t.Helper()
	allowed, err := p.Decide(w.t.Context(), r)
	require.NoError(w.t, err)
	return allowed
}

// events lists the actions in the tenant's log, oldest first.
func (w *world) events(tenant int64) (actions []string) {
	w.t.Helper()
	w.in(tenant, func(tx *postgres.Tx) error {
		rows, err := tx.Query(tx.Context(), `select action from audit_events where tenant_id = $1 order by id`, tenant)
		if err != nil {
			return err
		}
		actions, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return actions
}
