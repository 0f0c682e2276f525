package tenant_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

func TestKeyIsShownOnceAndFoundAgain(t *testing.T) {
	t.Parallel()
	p := setup(t)
	acme := p.tenant("acme")
	s := p.store(acme, "s", tenant.Sandbox)
	end := now.Add(time.Hour)
	scopes := authz.ScopeStatementsWrite | authz.ScopeStatementsReadMine
	made, plain := p.key(acme, tenant.NewKey{Store: s.ID, Name: `Müller & "Söhne" <x>`, Scopes: scopes, ExpiresAt: &end})
	require.Regexp(t, `^stoa_[0-9a-hjkmnp-tv-z]{52}$`, plain.Reveal())

	var found *tenant.Key
	p.in(acme, func(tx *postgres.Tx) (err error) {
		found, err = tenant.GetKey(tx, made.User)
		return err
	})
	require.Equal(t, made, found)
	require.JSONEq(t, fmt.Sprintf(`{"objectType":"Agent","name":"Müller & \"Söhne\" <x>",
		"account":{"homePage":"https://lrs.example.com","name":%q}}`, made.User), found.Authority)

	// Nothing that is printed holds the secret or its hash.
	text, err := json.Marshal(found)
	require.NoError(t, err)
	require.NotContains(t, string(text)+fmt.Sprintf("%+v %#v", found, found), strings.TrimPrefix(plain.Reveal(), "stoa_"))
	require.NotContains(t, strings.ToLower(string(text)), "hash")

	c := p.credential(acme, made)
	require.Equal(t, tenant.KeyActive, c.Status(now))
	require.Equal(t, scopes, c.Scopes)
	id, ok := c.Match(p.peppers, plain.Reveal(), now)
	require.True(t, ok)
	require.Equal(t, made.Secrets[0].ID, id)
	for _, wrong := range []string{"", "stoa_", plain.Reveal() + "0", plain.Reveal()[1:], strings.ToUpper(plain.Reveal())} {
		_, ok := c.Match(p.peppers, wrong, now)
		require.False(t, ok, wrong)
	}
	require.Equal(t, tenant.KeyActive, c.Status(end.Add(-1)))
	require.Equal(t, tenant.KeyExpired, c.Status(end))
}

// A hash is bound to its key: copied to another row it opens nothing.
func TestAHashDoesNotOpenAnotherKey(t *testing.T) {
	t.Parallel()
	p := setup(t)
	acme := p.tenant("acme")
	s := p.store(acme, "s", tenant.Sandbox)
	from, plain := p.key(acme, tenant.NewKey{Store: s.ID})
	to, _ := p.key(acme, tenant.NewKey{Store: s.ID})
	p.in(acme, func(tx *postgres.Tx) error {
		n, err := tx.Exec(tx.Context(), `update key_secrets set hash = (select hash from key_secrets where key_id = $1) where key_id = $2`, from.ID, to.ID)
		require.EqualValues(t, 1, n)
		return err
	})
	_, ok := p.credential(acme, to).Match(p.peppers, plain.Reveal(), now)
	require.False(t, ok)
	_, ok = p.credential(acme, from).Match(p.peppers, plain.Reveal(), now)
	require.True(t, ok)
}

func TestKeyIsRefused(t *testing.T) {
	t.Parallel()
	p := setup(t)
	acme, globex := p.tenant("acme"), p.tenant("globex")
	s, foreign := p.store(acme, "s", tenant.Sandbox), p.store(globex, "s", tenant.Sandbox)
	past := now
	for name, c := range map[string]struct {
		new  tenant.NewKey
		want fault.Kind
	}{
		"no name":         {tenant.NewKey{Store: s.ID, Scopes: authz.ScopeAll}, fault.Invalid},
		"no scope":        {tenant.NewKey{Store: s.ID, Name: "k"}, fault.Invalid},
		"expired":         {tenant.NewKey{Store: s.ID, Name: "k", Scopes: authz.ScopeAll, ExpiresAt: &past}, fault.Invalid},
		"no store":        {tenant.NewKey{Name: "k", Scopes: authz.ScopeAll}, fault.NotFound},
		"another's store": {tenant.NewKey{Store: foreign.ID, Name: "k", Scopes: authz.ScopeAll}, fault.NotFound},
	} {
		err := p.try(acme, func(tx *postgres.Tx) error {
			_, _, err := tenant.CreateKey(tx, p.peppers, c.new, now)
			return err
		})
		require.Equal(t, c.want, fault.KindOf(err), "%s: %v", name, err)
	}
}

func TestAnothersKeyIsNotFound(t *testing.T) {
	t.Parallel()
	p := setup(t)
	acme, globex := p.tenant("acme"), p.tenant("globex")
	s := p.store(acme, "s", tenant.Sandbox)
	k, plain := p.key(acme, tenant.NewKey{Store: s.ID})
	disguised := tenant.UserName(globex.ID, k.ID) // the same key id under one's own tenant
	for _, user := range []string{k.User, disguised, "nonsense", ""} {
		for name, call := range map[string]func(tx *postgres.Tx) error{
			"get":    func(tx *postgres.Tx) error { _, err := tenant.GetKey(tx, user); return err },
			"revoke": func(tx *postgres.Tx) error { _, err := tenant.Revoke(tx, user, now); return err },
			"rotate": func(tx *postgres.Tx) error {
				_, _, err := tenant.Rotate(tx, p.peppers, user, 0, now)
				return err
			},
			"page": func(tx *postgres.Tx) error {
				_, _, err := tenant.ListKeys(tx, 0, tenant.Page{After: user + "x"})
				return err
			},
			"credential": func(tx *postgres.Tx) error { _, err := tenant.LoadCredential(tx, k.ID); return err },
		} {
			err := p.try(globex, call)
			require.Equal(t, fault.NotFound, fault.KindOf(err), "%s %q: %v", name, user, err)
		}
	}
	p.in(globex, func(tx *postgres.Tx) error {
		keys, _, err := tenant.ListKeys(tx, 0, tenant.Page{})
		require.Empty(t, keys)
		require.NoError(t, err)
		keys, _, err = tenant.ListKeys(tx, s.ID, tenant.Page{})
		require.Empty(t, keys)
		require.NoError(t, err)
		return tenant.RecordUses(tx, []tenant.Use{{Key: k.ID, Secret: k.Secrets[0].ID, At: now}})
	})
	p.in(acme, func(tx *postgres.Tx) error {
		got, err := tenant.GetKey(tx, k.User)
		require.Nil(t, got.LastUsedAt(), "another tenant marked it as used")
		require.Equal(t, tenant.KeyActive, got.Status(now))
		return err
	})
	_, ok := p.credential(acme, k).Match(p.peppers, plain.Reveal(), now)
	require.True(t, ok)
}

func TestKeysAreListedInPages(t *testing.T) {
	t.Parallel()
	p := setup(t)
	acme := p.tenant("acme")
	a, b := p.store(acme, "a", tenant.Sandbox), p.store(acme, "b", tenant.Production)
	want := map[string]bool{}
	for range 5 { // all of one instant
		k, _ := p.key(acme, tenant.NewKey{Store: a.ID})
		want[k.User] = true
	}
	other, _ := p.key(acme, tenant.NewKey{Store: b.ID})
	p.in(acme, func(tx *postgres.Tx) error {
		got := map[string]bool{}
		for page := (tenant.Page{Limit: 2}); ; {
			keys, next, err := tenant.ListKeys(tx, a.ID, page)
			require.NoError(t, err)
			require.NotEmpty(t, keys)
			for _, k := range keys {
				require.False(t, got[k.User], "listed twice")
				require.Len(t, k.Secrets, 1)
				got[k.User] = true
			}
			if next == "" {
				break
			}
			page.After = next
		}
		require.Equal(t, want, got)
		all, _, err := tenant.ListKeys(tx, 0, tenant.Page{})
		require.Len(t, all, 6)
		only, _, _ := tenant.ListKeys(tx, b.ID, tenant.Page{})
		require.Equal(t, other.User, only[0].User)
		return err
	})
}
