package authn_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authn"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

func TestASuspendedTenantLetsNobodyIn(t *testing.T) {
	t.Parallel()
	p := setupPeople(t)
	r := p.replica()
	back, login := r.begin()
	_, err := tenant.Suspend(t.Context(), p.op, "acme")
	require.NoError(t, err)
	_, err = r.signIn.Callback(t.Context(), authn.CallbackRequest{Params: back, Login: login, From: laptop})
	require.Equal(t, authn.TenantSuspended, authn.ReasonOf(err), "%v", err)
	_, err = r.signIn.Begin(t.Context(), authn.BeginRequest{Tenant: "acme", From: laptop})
	require.Equal(t, fault.Forbidden, fault.KindOf(err))
	require.Empty(t, p.events(audit.SignedIn))
}

func TestASuspendedTenantRefusesThoseInside(t *testing.T) {
	t.Parallel()
	p := setupPeople(t)
	replicas := []*replica{p.replica(), p.replica()}
	only := replicas[0].signedIn("")
	who := replicas[0].member(only)
	beta, m := p.other("beta")
	both, _, err := replicas[0].sessions.Create(t.Context(), replicas[0].signedIn(""), laptop,
		authn.SignedIn{Tenant: beta.ID, Slug: "beta", Member: m.ID, Email: m.Email})
	require.NoError(t, err)
	var token string
	p.in(func(tx *postgres.Tx) error {
		actions := []authz.Action{authz.StatementsView}
		_, plain, err := tenant.CreateToken(tx, p.peppers, tenant.NewToken{
			Member: who.Member, Name: "Laptop", Actions: actions, May: actions, ExpiresAt: p.clock.Now().Add(time.Hour),
		}, p.clock.Now())
		token = plain.Reveal()
		return err
	})
	open := func() {
		for _, r := range replicas {
			require.Equal(t, who.Member, r.member(only).Member)
			s, err := r.sessions.Load(t.Context(), both)
			require.NoError(t, err)
			require.Len(t, s.People, 2)
			require.Empty(t, s.Suspended)
			_, err = r.tokens.Bearer(t.Context(), token)
			require.NoError(t, err)
		}
	}
	open()
	_, err = tenant.Suspend(t.Context(), p.op, "acme")
	require.NoError(t, err)
	p.clock.advance(max(authn.MaxAge, authz.MaxAge, time.Minute)) // so that the use of the sessions is written, too
	for _, r := range replicas {
		_, err := r.sessions.Load(t.Context(), only)
		require.Equal(t, authz.ErrSuspended().Error(), err.Error())
		s, err := r.sessions.Load(t.Context(), both)
		require.NoError(t, err)
		require.Len(t, s.People, 1)
		require.Equal(t, "beta", s.People[0].Slug)
		require.Equal(t, []string{"acme"}, s.Suspended)
		_, err = r.tokens.Bearer(t.Context(), token)
		require.Equal(t, authz.ErrSuspended().Error(), err.Error())
	}
	_, err = tenant.Resume(t.Context(), p.op, "acme")
	require.NoError(t, err)
	p.clock.advance(max(authn.MaxAge, authz.MaxAge))
	open()
}
