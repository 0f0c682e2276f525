package authn_test

import (
	"context"
	"encoding/base64"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/authn"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/postgres/postgrestest"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

var here = netip.MustParseAddr("192.0.2.7")

// clock is moved by hand, unless it is the real one.
type clock struct {
	mu   sync.Mutex
	now  time.Time
	real bool
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.real {
		return time.Now()
	}
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// platform is a database with one tenant, one store and one key.
type platform struct {
	t       *testing.T
	urls    *postgrestest.Database
	db      *postgres.DB
	op      *postgres.Operator
	peppers *tenant.Peppers
	clock   *clock
	tenant  *tenant.Tenant
	store   *tenant.Store
	key     *tenant.Key
	secret  string
}

func setup(t *testing.T, n tenant.NewKey) *platform {
	t.Helper()
	p := &platform{t: t, urls: postgrestest.New(t), clock: &clock{now: time.Now().UTC().Truncate(time.Microsecond)}}
	p.db, p.op = p.urls.Open(t), p.urls.OpenOperator(t)
	var err error
	p.peppers, err = tenant.ParsePeppers("1:" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("p", 32))))
	require.NoError(t, err)
	p.tenant, err = tenant.Create(t.Context(), p.op, "acme", "Acme", p.clock.Now())
	require.NoError(t, err)
	p.in(func(tx *postgres.Tx) (err error) {
		p.store, err = tenant.CreateStore(tx, "s", "S", tenant.Sandbox, p.clock.Now())
		return err
	})
	p.key, p.secret = p.newKey(n)
	return p
}

func (p *platform) newKey(n tenant.NewKey) (k *tenant.Key, secret string) {
	p.t.Helper()
	n.Store, n.Name, n.HomePage = p.store.ID, "A key", "https://lrs.example.com"
	if n.Scopes == 0 {
		n.Scopes = authz.ScopeAll
	}
	p.in(func(tx *postgres.Tx) error {
		made, plain, err := tenant.CreateKey(tx, p.peppers, n, p.clock.Now())
		k, secret = made, plain.Reveal()
		return err
	})
	return k, secret
}

func (p *platform) in(fn func(*postgres.Tx) error) {
	p.t.Helper()
	require.NoError(p.t, p.db.Tenant(context.Background(), p.tenant.Scope("test"), fn))
}

// open returns one replica.
func (p *platform) open() *authn.Authenticator {
	a := authn.New(authn.Config{DB: p.db, Peppers: p.peppers, Clock: p.clock.Now, FlushEvery: time.Hour})
	p.t.Cleanup(a.Close)
	return a
}
