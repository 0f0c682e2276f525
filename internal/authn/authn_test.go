package authn_test

import (
	"context"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/authn"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

func TestAKeyBecomesAPrincipal(t *testing.T) {
	t.Parallel()
	p := setup(t, tenant.NewKey{Scopes: authz.ScopeStatementsWrite})
	_, err := tenant.Update(t.Context(), p.op, "acme", tenant.Change{Limits: &tenant.Limits{Requests: 7, Statements: 9}}, 0)
	require.NoError(t, err)
	got, err := p.open().Basic(t.Context(), p.key.User, p.secret, here)
	require.NoError(t, err)
	require.Equal(t, &authn.Principal{
		Tenant: p.tenant.ID, Store: p.store.ID, Key: p.key.ID, User: p.key.User, Name: "A key",
		Scopes: authz.ScopeStatementsWrite, Limits: tenant.Limits{Requests: 7, Statements: 9},
		Authority: []byte(p.key.Authority), Identity: "account:https://lrs.example.com\n" + p.key.User,
	}, got)
	require.Equal(t, p.tenant.ID, got.Scope().Tenant())
	require.Equal(t, "key:"+p.key.User, got.Scope().Actor())
}

func TestWhatIsWrongCannotBeToldApart(t *testing.T) {
	t.Parallel()
	p := setup(t, tenant.NewKey{})
	other, otherSecret := p.newKey(tenant.NewKey{})
	a := p.open()
	var texts []string
	for name, c := range map[string][2]string{
		"wrong secret":              {p.key.User, "stoa_wrong"},
		"no secret":                 {p.key.User, ""},
		"another key's secret":      {p.key.User, otherSecret},
		"unknown key":               {tenant.UserName(p.tenant.ID, p.key.ID^1), p.secret},
		"unknown tenant":            {tenant.UserName(p.tenant.ID+1, p.key.ID), p.secret},
		"huge tenant":               {"zzzzzzzzzzzz-00000001", p.secret},
		"no user":                   {"", ""},
		"not a user":                {"admin' or 1=1 --", p.secret},
		"user and secret swapped":   {p.secret, p.key.User},
		"a user in capital letters": {"1-ABCDEFGH", p.secret},
	} {
		for range 2 { // asked for, and known
			_, err := a.Basic(t.Context(), c[0], c[1], here)
			require.Equal(t, fault.Unauthenticated, fault.KindOf(err), "%s: %v", name, err)
			texts = append(texts, err.Error())
		}
	}
	for _, text := range texts {
		require.Equal(t, texts[0], text)
	}
	_, err := a.Basic(t.Context(), other.User, otherSecret, here)
	require.NoError(t, err)
}

func TestRevocationWorksOnEveryReplicaWithinMaxAge(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end  func(p *platform)
		want fault.Kind
	}{
		"revoked": {func(p *platform) {
			p.in(func(tx *postgres.Tx) error { _, err := tenant.Revoke(tx, p.key.User, p.clock.Now()); return err })
		}, fault.Unauthenticated},
		"rotated without a grace": {func(p *platform) {
			p.in(func(tx *postgres.Tx) error {
				_, _, err := tenant.Rotate(tx, p.peppers, p.key.User, 0, p.clock.Now())
				return err
			})
		}, fault.Unauthenticated},
		"suspended": {func(p *platform) {
			_, err := tenant.Suspend(context.Background(), p.op, "acme")
			require.NoError(p.t, err)
		}, fault.Forbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := setup(t, tenant.NewKey{})
			replicas := []*authn.Authenticator{p.open(), p.open()}
			for _, a := range replicas {
				_, err := a.Basic(t.Context(), p.key.User, p.secret, here)
				require.NoError(t, err)
			}
			c.end(p)
			p.clock.advance(authn.MaxAge)
			for _, a := range replicas {
				_, err := a.Basic(t.Context(), p.key.User, p.secret, here)
				require.Equal(t, c.want, fault.KindOf(err), err)
			}
		})
	}
	require.Less(t, authn.MaxAge, time.Second)
}

func TestAKeyExpiresByTheClockNotByTheCache(t *testing.T) {
	t.Parallel()
	end := time.Now().Add(time.Minute).UTC().Truncate(time.Microsecond)
	p := setup(t, tenant.NewKey{ExpiresAt: &end})
	a := p.open()
	p.clock.advance(end.Sub(p.clock.Now()) - 1)
	_, err := a.Basic(t.Context(), p.key.User, p.secret, here)
	require.NoError(t, err)
	p.clock.advance(1)
	_, err = a.Basic(t.Context(), p.key.User, p.secret, here)
	require.Equal(t, fault.Unauthenticated, fault.KindOf(err))
	require.ErrorContains(t, err, "expired")
	_, err = a.Basic(t.Context(), p.key.User, "wrong", here)
	require.NotContains(t, err.Error(), "expired", "only a holder of the secret learns that")
}

func TestBothSecretsWorkDuringTheGrace(t *testing.T) {
	t.Parallel()
	p := setup(t, tenant.NewKey{})
	var fresh string
	p.in(func(tx *postgres.Tx) error {
		_, plain, err := tenant.Rotate(tx, p.peppers, p.key.User, time.Minute, p.clock.Now())
		fresh = plain.Reveal()
		return err
	})
	a := p.open()
	for _, secret := range []string{p.secret, fresh} {
		_, err := a.Basic(t.Context(), p.key.User, secret, here)
		require.NoError(t, err)
	}
	p.clock.advance(time.Minute)
	_, err := a.Basic(t.Context(), p.key.User, p.secret, here)
	require.Equal(t, fault.Unauthenticated, fault.KindOf(err))
	_, err = a.Basic(t.Context(), p.key.User, fresh, here)
	require.NoError(t, err)
}

func TestAnAddressThatIsNotAllowedIsForbidden(t *testing.T) {
	t.Parallel()
	networks, err := tenant.ParseNetworks([]string{"192.0.2.0/24"})
	require.NoError(t, err)
	p := setup(t, tenant.NewKey{Networks: networks})
	a := p.open()
	for _, addr := range []string{"192.0.2.7", "::ffff:192.0.2.7"} {
		_, err := a.Basic(t.Context(), p.key.User, p.secret, netip.MustParseAddr(addr))
		require.NoError(t, err, addr)
	}
	for _, addr := range []netip.Addr{netip.MustParseAddr("192.0.3.7"), netip.MustParseAddr("2001:db8::1"), {}} {
		_, err := a.Basic(t.Context(), p.key.User, p.secret, addr)
		require.Equal(t, fault.Forbidden, fault.KindOf(err), addr)
		_, err = a.Basic(t.Context(), p.key.User, "wrong", addr)
		require.Equal(t, fault.Unauthenticated, fault.KindOf(err), "without the secret nobody learns of the list")
	}
}

func TestLastUsesAreWrittenLaterAndAtTheEnd(t *testing.T) {
	t.Parallel()
	p := setup(t, tenant.NewKey{})
	other, otherSecret := p.newKey(tenant.NewKey{})
	lastUse := func(user string) (at *time.Time) {
		p.in(func(tx *postgres.Tx) error {
			k, err := tenant.GetKey(tx, user)
			at = k.LastUsedAt()
			return err
		})
		return at
	}
	a := p.open()
	_, err := a.Basic(t.Context(), p.key.User, "wrong", here)
	require.Error(t, err)
	for range 3 {
		p.clock.advance(time.Second)
		_, err := a.Basic(t.Context(), p.key.User, p.secret, here)
		require.NoError(t, err)
	}
	used := p.clock.Now()
	p.clock.advance(time.Second)
	_, err = a.Basic(t.Context(), other.User, otherSecret, here)
	require.NoError(t, err)
	require.Nil(t, lastUse(p.key.User), "written per request")
	a.Close()
	require.Equal(t, used, *lastUse(p.key.User))
	require.Equal(t, used.Add(time.Second), *lastUse(other.User))

	b := authn.New(authn.Config{DB: p.db, Peppers: p.peppers, Clock: p.clock.Now, FlushEvery: time.Millisecond})
	defer b.Close()
	p.clock.advance(time.Second)
	_, err = b.Basic(t.Context(), p.key.User, p.secret, here)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return lastUse(p.key.User).Equal(p.clock.Now()) }, 10*time.Second, 5*time.Millisecond)
}

func TestADatabaseThatIsDownIsUnavailableUntilItIsBack(t *testing.T) {
	t.Parallel()
	p := setup(t, tenant.NewKey{})
	line := newLine(t, p.urls.App)
	db, err := postgres.Open(t.Context(), postgres.Config{URL: line.url, IngestURL: p.urls.Ingest})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	a := authn.New(authn.Config{DB: db, Peppers: p.peppers, Clock: p.clock.Now, FlushEvery: time.Hour, Logger: slog.New(slog.DiscardHandler)})
	defer a.Close()
	_, err = a.Basic(t.Context(), p.key.User, p.secret, here)
	require.NoError(t, err)

	line.cut()
	p.clock.advance(authn.MaxAge)
	for range 3 {
		_, err = a.Basic(t.Context(), p.key.User, p.secret, here)
		require.Equal(t, fault.Unavailable, fault.KindOf(err), err)
	}
	_, err = a.Basic(t.Context(), "nonsense", p.secret, here)
	require.Equal(t, fault.Unauthenticated, fault.KindOf(err), "needs no database")

	line.mend()
	require.Eventually(t, func() bool {
		_, err = a.Basic(t.Context(), p.key.User, p.secret, here)
		return err == nil
	}, 10*time.Second, 5*time.Millisecond)
}
