package tenant_test

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/postgres/postgrestest"
	"github.com/stoa-lrs/stoa/internal/secret"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

var now = time.Now().UTC().Truncate(time.Microsecond)

// platform is one database with what the tests do to it.
type platform struct {
	t       *testing.T
	db      *postgres.DB
	op      *postgres.Operator
	peppers *tenant.Peppers
}

func setup(t *testing.T) platform {
	t.Helper()
	urls := postgrestest.New(t)
	return platform{t, urls.Open(t), urls.OpenOperator(t), peppers(t, "1:"+pepper("a"))}
}

func pepper(fill string) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(fill, 32)))
}

func peppers(t *testing.T, text string) *tenant.Peppers {
	t.Helper()
	p, err := tenant.ParsePeppers(text)
	require.NoError(t, err)
	return p
}

func (p platform) tenant(slug string) *tenant.Tenant {
	p.t.Helper()
	t, err := tenant.Create(p.t.Context(), p.op, slug, "The "+slug, now)
	require.NoError(p.t, err)
	return t
}

// in runs fn as that tenant and requires that it works.
func (p platform) in(t *tenant.Tenant, fn func(*postgres.Tx) error) {
	p.t.Helper()
	require.NoError(p.t, p.try(t, fn))
}

func (p platform) try(t *tenant.Tenant, fn func(*postgres.Tx) error) error {
	return p.db.Tenant(context.Background(), t.Scope("test"), fn)
}

func (p platform) store(t *tenant.Tenant, slug string, kind tenant.Kind) (s *tenant.Store) {
	p.t.Helper()
	p.in(t, func(tx *postgres.Tx) (err error) {
		s, err = tenant.CreateStore(tx, slug, "Store "+slug, kind, now)
		return err
	})
	return s
}

func (p platform) key(t *tenant.Tenant, n tenant.NewKey) (k *tenant.Key, plain secret.Text) {
	p.t.Helper()
	if n.Name == "" {
		n.Name = "A key"
	}
	if n.Scopes == 0 {
		n.Scopes = authz.ScopeAll
	}
	n.HomePage = "https://lrs.example.com"
	p.in(t, func(tx *postgres.Tx) (err error) {
		k, plain, err = tenant.CreateKey(tx, p.peppers, n, now)
		return err
	})
	return k, plain
}

func (p platform) credential(t *tenant.Tenant, k *tenant.Key) (c *tenant.Credential) {
	p.t.Helper()
	p.in(t, func(tx *postgres.Tx) (err error) {
		c, err = tenant.LoadCredential(tx, k.ID)
		return err
	})
	return c
}

func hidden(text string) secret.Text { return secret.New(text) }
