package tenant_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/secret"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

func (p platform) token(t *tenant.Tenant, n tenant.NewToken) (made *tenant.Token, plain secret.Text) {
	p.t.Helper()
	n.Name, n.ExpiresAt = "Token", now.Add(time.Hour)
	p.in(t, func(tx *postgres.Tx) (err error) {
		made, plain, err = tenant.CreateToken(tx, p.peppers, n, now)
		return err
	})
	return made, plain
}

func TestATokenOpensWhatItSays(t *testing.T) {
	t.Parallel()
	p := setup(t)
	acme := p.tenant("acme")
	m := p.invite(acme, "ada@acme.example")
	view := []authz.Action{authz.TenantView, authz.StatementsView}
	made, plain := p.token(acme, tenant.NewToken{Member: m.ID, Actions: []authz.Action{authz.StatementsView, authz.StatementsView}, May: view})
	_, other := p.token(acme, tenant.NewToken{Member: m.ID, Actions: view, May: view})
	scimToken, scimPlain := p.token(acme, tenant.NewToken{})
	require.Regexp(t, `^stoa_pat_[0-9a-z]+-`+id.Text(made.ID)+`_[0-9a-z]{52}$`, plain.Reveal())
	require.Regexp(t, `^stoa_scim_`, scimPlain.Reveal())

	kind, of, token, ok := tenant.ParseToken(plain.Reveal())
	require.True(t, ok)
	require.Equal(t, tenant.TokenPersonal, kind)
	require.Equal(t, [2]int64{acme.ID, made.ID}, [2]int64{of, token})
	load := func(token int64) (b *tenant.Bearer) {
		p.in(acme, func(tx *postgres.Tx) (err error) { b, err = tenant.LoadToken(tx, token); return err })
		return b
	}
	b := load(made.ID)
	require.Equal(t, []authz.Action{authz.StatementsView}, b.Actions)
	require.Equal(t, "ada@acme.example", b.Email)
	require.Equal(t, "acme", b.Slug)
	require.True(t, b.Match(p.peppers, plain.Reveal()))
	for _, wrong := range []string{"", other.Reveal(), plain.Reveal()[:len(plain.Reveal())-1], strings.Replace(plain.Reveal(), "pat", "scim", 1), strings.ToUpper(plain.Reveal())} {
		require.False(t, b.Match(p.peppers, wrong), wrong)
	}
	require.False(t, b.Match(peppers(t, "2:"+pepper("b")), plain.Reveal()), "another server's pepper")
	require.False(t, b.Works(now), "an invited member is not active")
	require.True(t, load(scimToken.ID).Works(now))
	require.False(t, load(scimToken.ID).Works(now.Add(time.Hour)), "over")

	p.in(acme, func(tx *postgres.Tx) error {
		if err := tenant.RecordTokenUses(tx, []tenant.TokenUse{{scimToken.ID, now.Add(time.Minute)}}); err != nil {
			return err
		}
		return tenant.RecordTokenUses(tx, []tenant.TokenUse{{scimToken.ID, now}})
	})
	require.Equal(t, now.Add(time.Minute), load(scimToken.ID).LastUsedAt.UTC(), "an older use changes nothing")
	for range 2 {
		p.in(acme, func(tx *postgres.Tx) error { _, err := tenant.RevokeToken(tx, 0, scimToken.ID, now); return err })
	}
	require.False(t, load(scimToken.ID).Works(now))
	require.Equal(t, fault.NotFound, fault.KindOf(p.try(acme, func(tx *postgres.Tx) error {
		_, err := tenant.RevokeToken(tx, m.ID+1, made.ID, now)
		return err
	})), "somebody else's")
	revoked := 0
	for _, e := range p.events(acme) {
		require.NotContains(t, e.Details, plain.Reveal()[len(plain.Reveal())-52:])
		if e.Type == string(audit.SCIMTokenRevoked) {
			revoked++
		}
	}
	require.Equal(t, 1, revoked)

	p.in(acme, func(tx *postgres.Tx) error {
		first, next, err := tenant.ListTokens(tx, m.ID, tenant.Page{Limit: 1})
		require.NoError(t, err)
		second, end, err := tenant.ListTokens(tx, m.ID, tenant.Page{Limit: 1, After: next})
		require.Len(t, append(first, second...), 2)
		require.NotEqual(t, first[0].ID, second[0].ID)
		require.Empty(t, end)
		return err
	})
}

func TestATokenIsRefused(t *testing.T) {
	t.Parallel()
	p := setup(t)
	acme := p.tenant("acme")
	m := p.invite(acme, "ada@acme.example")
	view := []authz.Action{authz.StatementsView}
	for name, c := range map[string]struct {
		n    tenant.NewToken
		want fault.Kind
	}{
		"more than held": {tenant.NewToken{Member: m.ID, Name: "T", Actions: []authz.Action{authz.StatementsExport}, May: view, ExpiresAt: now.Add(1)}, fault.Forbidden},
		"nothing":        {tenant.NewToken{Member: m.ID, Name: "T", May: view, ExpiresAt: now.Add(1)}, fault.Invalid},
		"no name":        {tenant.NewToken{Member: m.ID, Actions: view, May: view, ExpiresAt: now.Add(1)}, fault.Invalid},
		"over":           {tenant.NewToken{Member: m.ID, Name: "T", Actions: view, May: view, ExpiresAt: now}, fault.Invalid},
		"too long":       {tenant.NewToken{Member: m.ID, Name: "T", Actions: view, May: view, ExpiresAt: now.Add(367 * 24 * time.Hour)}, fault.Invalid},
		"scim, actions":  {tenant.NewToken{Name: "T", Actions: view, May: view, ExpiresAt: now.Add(1)}, fault.Invalid},
		"no member":      {tenant.NewToken{Member: 1, Name: "T", Actions: view, May: view, ExpiresAt: now.Add(1)}, fault.NotFound},
	} {
		err := p.try(acme, func(tx *postgres.Tx) error { _, _, err := tenant.CreateToken(tx, p.peppers, c.n, now); return err })
		require.Equal(t, c.want, fault.KindOf(err), name)
	}
	for _, text := range []string{"", "stoa_pat_", "stoa_pat_1-00000001", "stoa_foo_1-00000001_" + strings.Repeat("0", 52), "stoa_rec_1-00000001_" + strings.Repeat("0", 52)} {
		_, _, _, ok := tenant.ParseToken(text)
		require.False(t, ok, text)
	}
}

func TestARecoveryLinkIsGoodOnce(t *testing.T) {
	t.Parallel()
	p := setup(t)
	acme, globex := p.tenant("acme"), p.tenant("globex")
	by := p.provider(acme)
	ada, _ := p.signIn(acme, by, who("1", "ada@acme.example", "analysts"))
	p.in(acme, func(tx *postgres.Tx) error { _, err := tenant.DisableMember(tx, ada.ID, 0, now); return err })
	link := func(email string) (token string) {
		p.in(acme, func(tx *postgres.Tx) error {
			plain, expires, err := tenant.CreateRecovery(tx, p.peppers, email, now)
			require.Equal(t, now.Add(15*time.Minute), expires)
			token = plain.Reveal()
			return err
		})
		return token
	}
	use := func(in *tenant.Tenant, token string, at time.Time) (m *tenant.Member, ok bool) {
		p.in(in, func(tx *postgres.Tx) error {
			got, refused, err := tenant.UseRecovery(tx, p.peppers, token, at)
			m, ok = got, refused == nil
			return err
		})
		return m, ok
	}
	token := link("Ada@acme.example")
	of, ok := tenant.ParseRecovery(token)
	require.True(t, ok)
	require.Equal(t, acme.ID, of)
	for name, wrong := range map[string]string{"text": "x", "secret": token[:len(token)-1] + "#", "kind": strings.Replace(token, "_rec_", "_pat_", 1)} {
		_, ok = use(acme, wrong, now)
		require.False(t, ok, name)
	}
	_, ok = use(globex, token, now)
	require.False(t, ok, "another tenant's")
	_, ok = use(acme, token, now.Add(15*time.Minute))
	require.False(t, ok, "over")
	e, _ := p.last(acme, audit.SignInFailed)
	require.Equal(t, "denied", e.Outcome)

	// Used by several at once: one of them is let in.
	var all sync.WaitGroup
	let := make([]bool, 4)
	for i := range let {
		all.Go(func() { _, let[i] = use(acme, token, now) })
	}
	all.Wait()
	n := 0
	for _, l := range let {
		if l {
			n++
		}
	}
	require.Equal(t, 1, n)
	require.Equal(t, tenant.MemberActive, p.member(acme, ada.ID).Status)
	require.Contains(t, p.roles(acme, ada.ID), "recovery tenant-admin")
	for _, e := range p.events(acme) {
		require.NotContains(t, e.Details, token)
	}

	m, ok := use(acme, link("new@acme.example"), now)
	require.True(t, ok)
	require.Equal(t, []string{"recovery tenant-admin"}, p.roles(acme, m.ID))
	_, ok = use(acme, link("new@acme.example"), now)
	require.True(t, ok, "a second link for the same person")
	// Who came back by a link is known to the provider afterwards.
	again, reason := p.signIn(acme, by, who("9", "new@acme.example"))
	require.Empty(t, reason)
	require.Equal(t, m.ID, again.ID)
}

func TestSessionsAreEnded(t *testing.T) {
	t.Parallel()
	p := setup(t)
	acme := p.tenant("acme")
	m := p.invite(acme, "ada@acme.example")
	end := func(session string, expires, at time.Time) {
		p.in(acme, func(tx *postgres.Tx) error { return tenant.EndSession(tx, m.ID, session, "signed out", expires, at) })
	}
	end("abc", now.Add(time.Hour), now)
	end("", time.Time{}, now.Add(time.Second))
	end("", time.Time{}, now)
	var at time.Time
	p.in(acme, func(tx *postgres.Tx) error {
		return tx.QueryRow(tx.Context(), `select at from ended_sessions where session = ''`).Scan(&at)
	})
	require.Equal(t, now.Add(time.Second), at.UTC(), "the later one counts")
	prune := func(at time.Time) (n int64) {
		p.in(acme, func(tx *postgres.Tx) (err error) { n, err = tenant.PruneEndedSessions(tx, at); return err })
		return n
	}
	require.Zero(t, prune(now.Add(time.Hour)))
	require.EqualValues(t, 1, prune(now.Add(2*time.Hour)))
	require.EqualValues(t, 1, prune(now.Add(tenant.LongestSession+time.Minute)))
	_, details := p.last(acme, audit.SessionEnded)
	require.Equal(t, "all", details["sessions"])
}
