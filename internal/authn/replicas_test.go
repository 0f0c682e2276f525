package authn_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/authn"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// someone is a browser where another member is signed in.
func (r *replica) someone(name string) (cookie string) {
	r.t.Helper()
	var member int64
	r.in(func(tx *postgres.Tx) error {
		m, err := tenant.Invite(tx, name+"@acme.example", name, r.clock.Now().Add(time.Hour), r.clock.Now())
		if err != nil {
			return err
		}
		member = m.ID
		_, err = tx.Exec(tx.Context(), `update members set status = 'active' where tenant_id = $1 and id = $2`, tx.TenantID(), m.ID)
		return err
	})
	cookie, _, err := r.sessions.Create(r.t.Context(), "", laptop, authn.SignedIn{Tenant: r.tenant.ID, Member: member, Slug: r.tenant.Slug})
	require.NoError(r.t, err)
	return cookie
}

// What ends a member, a session, a token or a key on one replica is over on the
// other within a second by the wall clock, with Redis, while it is away, and
// while it restarts. Roles: TestAChangeReachesTheOtherReplica of authz.
func TestAnEndHoldsWithinASecondOfRealTime(t *testing.T) {
	t.Parallel()
	away := func(p *people) { p.mini.Close() }
	for name, redis := range map[string]struct {
		before, after func(*people)
		there         bool // in the end: whoever is refused is told that nobody is signed in
	}{
		"with Redis":          {func(*people) {}, func(*people) {}, true},
		"while Redis is away": {away, func(*people) {}, false},
		"while Redis restarts": {away, func(p *people) {
			require.Eventually(p.t, func() bool { return p.mini.Restart() == nil }, 10*time.Second, time.Millisecond)
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := setupPeople(t)
			p.clock.real = true
			a, b := p.replica(), p.replica()
			keys := p.open()
			admin, one, two := a.signedIn(""), a.someone("one"), a.someone("two")
			a.member(admin)
			who, victim := b.member(one), b.member(two)
			require.NotEqual(t, who.Member, victim.Member)
			var token string
			var made *tenant.Token
			p.in(func(tx *postgres.Tx) error {
				only := []authz.Action{authz.StatementsView}
				created, plain, err := tenant.CreateToken(tx, p.peppers, tenant.NewToken{
					Member: who.Member, Name: "Laptop", Actions: only, May: only, ExpiresAt: time.Now().Add(time.Hour),
				}, time.Now())
				made, token = created, plain.Reveal()
				return err
			})
			works := map[string]func() error{
				"session": func() error { _, err := b.sessions.Load(t.Context(), one); return err },
				"member":  func() error { _, err := b.sessions.Load(t.Context(), two); return err },
				"token":   func() error { _, err := b.tokens.Bearer(t.Context(), token); return err },
				"key":     func() error { _, err := keys.Basic(t.Context(), p.key.User, p.secret, here); return err },
			}
			ends := map[string]func(*postgres.Tx) error{
				"member": func(tx *postgres.Tx) error {
					_, err := tenant.DisableMember(tx, victim.Member, 0, time.Now())
					return err
				},
				"token": func(tx *postgres.Tx) error {
					_, err := tenant.RevokeToken(tx, who.Member, made.ID, time.Now())
					return err
				},
				"key": func(tx *postgres.Tx) error { _, err := tenant.Revoke(tx, p.key.User, time.Now()); return err },
			}
			for what, works := range works {
				require.NoError(t, works(), what)
			}
			redis.before(p)
			begun := map[string]time.Time{}
			for what, end := range ends {
				p.in(end)
				begun[what] = time.Now()
			}
			require.NoError(t, a.sessions.End(t.Context(), who.Scope(), who.Member, who.Session, "revoked"))
			begun["session"] = time.Now()
			redis.after(p)
			for what, works := range works {
				require.Eventually(t, func() bool { return works() != nil }, time.Until(begun[what].Add(time.Second)), 5*time.Millisecond, what)
			}
			for what, works := range works {
				// Over for good: a Redis that is back gives nothing back.
				if redis.there || what == "token" || what == "key" {
					require.Eventually(t, func() bool { return fault.Is(works(), fault.Unauthenticated) }, 5*time.Second, 5*time.Millisecond, what)
				}
				require.Error(t, works(), what)
			}
		})
	}
}
