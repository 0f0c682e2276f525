package authn_test

import (
	"slices"
	"strings"
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

// member returns who is signed in with cookie, who must be somebody.
func (r *replica) member(cookie string) *authn.Person {
	r.t.Helper()
	s, err := r.sessions.Load(r.t.Context(), cookie)
	require.NoError(r.t, err)
	return s.People[0]
}

func (r *replica) refuses(cookie string) {
	r.t.Helper()
	_, err := r.sessions.Load(r.t.Context(), cookie)
	require.Equal(r.t, fault.Unauthenticated, fault.KindOf(err), "%v", err)
}

// other adds another tenant with a member.
func (p *people) other(slug string) (*tenant.Tenant, *tenant.Member) {
	p.t.Helper()
	t, err := tenant.Create(p.t.Context(), p.op, slug, slug, p.clock.Now())
	require.NoError(p.t, err)
	var token string
	var m *tenant.Member
	require.NoError(p.t, p.db.Tenant(p.t.Context(), t.Scope("test"), func(tx *postgres.Tx) error {
		made, _, err := tenant.CreateRecovery(tx, p.peppers, "ada@"+slug+".example", p.clock.Now())
		if err != nil {
			return err
		}
		token = made.Reveal()
		m, _, err = tenant.UseRecovery(tx, p.peppers, token, p.clock.Now())
		return err
	}))
	return t, m
}

func TestACookieChangesAtEverySignIn(t *testing.T) {
	t.Parallel()
	redisServers(t, func(t *testing.T, server keptRedis) {
		t.Helper()
		p := setupPeople(t)
		p.redis = server.url
		r := p.replica()
		planted := strings.Repeat("A", 43)
		first := r.signedIn(planted)
		require.NotEqual(t, planted, first)
		r.refuses(planted)
		second := r.signedIn(first)
		require.NotEqual(t, first, second)
		r.refuses(first)
		who := r.member(second)

		beta, m := p.other("beta")
		third, _, err := r.sessions.Create(t.Context(), second, laptop, authn.SignedIn{Tenant: beta.ID, Slug: "beta", Member: m.ID, Email: m.Email})
		require.NoError(t, err)
		r.refuses(second)
		s, err := r.sessions.Load(t.Context(), third)
		require.NoError(t, err)
		require.Len(t, s.People, 2)
		require.Equal(t, "beta", s.People[0].Slug, "the latest first")
		require.Equal(t, who, s.In("acme"), "the other sign-in goes along as it was")
		require.NoError(t, r.sessions.End(t.Context(), p.tenant.Scope("test"), who.Member, who.Session, "a test"))
		s, err = r.sessions.Load(t.Context(), third)
		require.NoError(t, err)
		require.Nil(t, s.In("acme"))
		require.NotNil(t, s.In("beta"), "one tenant's word ends nothing in another")
		for _, cookie := range []string{"", "x", third[1:], third + "A", strings.Repeat("*", 43)} {
			r.refuses(cookie)
		}
	})
}

func TestASessionEndsUnusedAndAfterADay(t *testing.T) {
	t.Parallel()
	redisServers(t, func(t *testing.T, server keptRedis) {
		t.Helper()
		p := setupPeople(t)
		p.redis = server.url
		r := p.replica()
		idle := r.signedIn("")
		p.clock.advance(authn.DefaultIdle - time.Second)
		r.member(idle)
		p.clock.advance(authn.DefaultIdle - time.Second)
		r.member(idle)
		p.clock.advance(authn.DefaultIdle)
		r.refuses(idle)

		used := r.signedIn("")
		for range 23 {
			p.clock.advance(time.Hour)
			r.member(used)
		}
		p.clock.advance(time.Hour)
		r.refuses(used)
	})
}

func TestAMemberSeesAndEndsTheirSessions(t *testing.T) {
	t.Parallel()
	redisServers(t, func(t *testing.T, server keptRedis) {
		t.Helper()
		p := setupPeople(t)
		p.redis = server.url
		r := p.replica()
		first := r.signedIn("")
		begun := p.clock.Now()
		p.clock.advance(5 * time.Minute)
		second := r.signedIn("")
		me := r.member(second)
		p.clock.advance(time.Minute)
		r.member(first)
		list, _, err := r.sessions.List(t.Context(), me.Tenant, me.Member, me.Session, "", 0)
		require.NoError(t, err)
		require.Len(t, list, 2)
		require.Equal(t, me.Session, list[0].ID)
		require.True(t, list[0].Current)
		other := list[1]
		require.False(t, other.Current)
		require.Equal(t, "Laptop/1.0", other.Device)
		require.Equal(t, "192.0.2.7", other.Address)
		require.True(t, begun.Equal(other.Begun))
		require.True(t, p.clock.Now().Equal(other.Seen))

		require.Equal(t, fault.NotFound, fault.KindOf(r.sessions.End(t.Context(), me.Scope(), me.Member, strings.Repeat("A", 22), "x")))
		require.Equal(t, fault.NotFound, fault.KindOf(r.sessions.End(t.Context(), me.Scope(), me.Member^1, other.ID, "x")))
		require.NoError(t, r.sessions.End(t.Context(), me.Scope(), me.Member, other.ID, "by themselves"))
		r.refuses(first)
		r.member(second)
		list, _, err = r.sessions.List(t.Context(), me.Tenant, me.Member, me.Session, "", 0)
		require.NoError(t, err)
		require.Len(t, list, 1)
		require.Contains(t, p.events(audit.SessionEnded)[0].Details, "by themselves")

		p.clock.advance(time.Millisecond)
		require.NoError(t, r.sessions.EndAll(t.Context(), me.Scope(), me.Member, "all of them"))
		r.refuses(second)
		list, _, err = r.sessions.List(t.Context(), me.Tenant, me.Member, "", "", 0)
		require.NoError(t, err)
		require.Empty(t, list)
		p.clock.advance(time.Millisecond)
		r.member(r.signedIn("")) // later ones are not concerned
	})
}

// However many sign-ins a member has, each is on one page, and can be ended.
func TestSessionsAreListedInPages(t *testing.T) {
	t.Parallel()
	p := setupPeople(t)
	r := p.replica()
	me := r.member(r.signedIn(""))
	for range 205 {
		_, _, err := r.sessions.Create(t.Context(), "", laptop, authn.SignedIn{Tenant: me.Tenant, Member: me.Member, Slug: me.Slug})
		require.NoError(t, err)
	}
	var ids []string
	after, pages := "", 0
	for {
		list, next, err := r.sessions.List(t.Context(), me.Tenant, me.Member, "", after, 50)
		require.NoError(t, err)
		require.LessOrEqual(t, len(list), 50)
		for _, s := range list {
			ids = append(ids, s.ID)
		}
		if pages++; next == "" {
			break
		}
		// What ends between two pages moves nothing.
		require.NoError(t, r.sessions.End(t.Context(), me.Scope(), me.Member, list[len(list)-1].ID, "meanwhile"))
		after = next
	}
	require.Equal(t, 5, pages)
	require.Len(t, ids, 206, "with the first sign-in of all")
	slices.Sort(ids)
	require.Len(t, slices.Compact(ids), 206)
	for _, bad := range []string{"x", ".", "0." + ids[0] + "x", strings.Repeat("z", 30) + "." + ids[0]} {
		_, _, err := r.sessions.List(t.Context(), me.Tenant, me.Member, "", bad, 50)
		require.Equal(t, fault.Invalid, fault.KindOf(err), bad)
	}
}

// What ends a session works on another replica within MaxAge, without a word
// between the two: by the database alone.
func TestARevocationHoldsOnAnotherReplica(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(a *replica, who *authn.Person) error{
		"session": func(a *replica, who *authn.Person) error {
			return a.sessions.End(a.t.Context(), who.Scope(), who.Member, who.Session, "revoked")
		},
		"all sessions": func(a *replica, who *authn.Person) error {
			return a.sessions.EndAll(a.t.Context(), who.Scope(), who.Member, "revoked")
		},
		"member": func(a *replica, who *authn.Person) error {
			return a.db.Tenant(a.t.Context(), who.Scope(), func(tx *postgres.Tx) error {
				if _, _, err := tenant.UseRecovery(tx, a.peppers, recovery(a, tx, "root@acme.example"), a.clock.Now()); err != nil { // an admin stays
					return err
				}
				_, err := tenant.DisableMember(tx, who.Member, 0, a.clock.Now())
				return err
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := setupPeople(t)
			a, b := p.replica(), p.replica()
			cookie := a.signedIn("")
			who := b.member(cookie)
			p.clock.advance(time.Millisecond)
			require.NoError(t, end(a, who))
			p.clock.advance(authz.MaxAge)
			b.refuses(cookie)
			a.refuses(cookie)
		})
	}
	require.Less(t, authz.MaxAge, time.Second)
}

func recovery(a *replica, tx *postgres.Tx, email string) string {
	a.t.Helper()
	token, _, err := tenant.CreateRecovery(tx, a.peppers, email, a.clock.Now())
	require.NoError(a.t, err)
	return token.Reveal()
}

// A Redis that is away while a session is ended, and that comes back with the
// session in it, gives nothing back.
func TestARedisThatComesBackWithOldDataRevivesNothing(t *testing.T) {
	t.Parallel()
	redisServers(t, func(t *testing.T, server keptRedis) {
		p := setupPeople(t)
		p.redis = server.url
		a, b := p.replica(), p.replica()
		one, two, three := a.signedIn(""), a.signedIn(""), a.signedIn("")
		who := b.member(one)
		require.Equal(t, who.Member, b.member(two).Member)

		server.stop()
		_, err := b.sessions.Load(t.Context(), one)
		require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
		_, _, err = b.sessions.List(t.Context(), who.Tenant, who.Member, "", "", 0)
		require.Equal(t, fault.Unavailable, fault.KindOf(err))
		_, err = b.attempt("")
		require.Equal(t, fault.Unavailable, fault.KindOf(err))
		require.NoError(t, a.sessions.End(t.Context(), who.Scope(), who.Member, who.Session, "while Redis is away"))
		p.clock.advance(authz.MaxAge)

		server.start()
		b.refuses(one)
		require.Eventually(t, func() bool { _, err := b.sessions.Load(t.Context(), two); return err == nil }, 10*time.Second, 5*time.Millisecond)

		require.NoError(t, a.sessions.End(t.Context(), who.Scope(), who.Member, b.member(two).Session, "while Redis is there"))
		p.clock.advance(authz.MaxAge)
		b.refuses(two)
		b.member(three)
		server.stop()
		server.lose()
		server.start()
		require.Eventually(t, func() bool {
			_, err := b.sessions.Load(t.Context(), three)
			return fault.Is(err, fault.Unauthenticated) // who has not been ended signs in again, and no more
		}, 10*time.Second, 5*time.Millisecond)
	})
}

// flipped is another digit of a secret.
func flipped(c byte) string {
	if c == 'a' {
		return "b"
	}
	return "a"
}
