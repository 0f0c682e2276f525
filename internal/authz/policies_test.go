package authz_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

func TestDenyByDefault(t *testing.T) {
	t.Parallel()
	w := setup(t)
	mine, theirs := w.tenant("mine"), w.tenant("theirs")
	here, there := w.store(mine, "here"), w.store(mine, "there")
	member, stranger := w.member(mine, "member"), w.member(theirs, "stranger")
	w.give(mine, authz.NewGrant{Member: member, Role: authz.Analyst, Store: here})
	w.give(theirs, authz.NewGrant{Member: stranger, Role: authz.TenantAdmin})
	p := w.policies(nil)

	request := authz.Request{Tenant: mine, Subject: authz.Subject(member), Store: here, Action: authz.StatementsView}
	require.True(t, w.decide(p, request))
	for name, change := range map[string]func(*authz.Request){
		"another store":         func(r *authz.Request) { r.Store = there },
		"the whole tenant":      func(r *authz.Request) { r.Store = 0 },
		"another tenant":        func(r *authz.Request) { r.Tenant = theirs },
		"a tenant there is not": func(r *authz.Request) { r.Tenant = 1 << 40 },
		"another's member":      func(r *authz.Request) { r.Subject = authz.Subject(stranger) },
		"nobody":                func(r *authz.Request) { r.Subject = "" },
		"the role itself":       func(r *authz.Request) { r.Subject = "role:" + authz.Analyst },
		"as an operator":        func(r *authz.Request) { r.Subject = authz.OperatorSubject(member) },
		"no action":             func(r *authz.Request) { r.Action = "" },
		"an unknown action":     func(r *authz.Request) { r.Action = "statements.everything" },
		"an action of others":   func(r *authz.Request) { r.Action = authz.StatementsExport },
		"an action of xAPI":     func(r *authz.Request) { r.Action = authz.StatementsRead },
		"a token for nothing":   func(r *authz.Request) { r.Only = []authz.Action{} },
		"a token for others":    func(r *authz.Request) { r.Only = []authz.Action{authz.ReportsView} },
	} {
		changed := request
		change(&changed)
		require.False(t, w.decide(p, changed), name)
	}
	request.Only = []authz.Action{authz.StatementsView}
	require.True(t, w.decide(p, request))
	request.Store = authz.AnyStore
	require.True(t, w.decide(p, request))
	request.Action = authz.KeysManage
	require.False(t, w.decide(p, request))

	permitted, err := p.Permitted(t.Context(), mine, authz.Subject(member), nil)
	require.NoError(t, err)
	require.Equal(t, map[int64][]authz.Action{
		0: {}, here: {authz.ReportsView, authz.StatementsView, authz.StoresView, authz.TenantView},
	}, permitted)
	permitted, err = p.Permitted(t.Context(), mine, authz.Subject(member), []authz.Action{authz.StatementsView})
	require.NoError(t, err)
	require.Equal(t, map[int64][]authz.Action{0: {}, here: {authz.StatementsView}}, permitted)
}

// Rows that no function here writes must not open anything either.
func TestRowsThatShouldNotBeThereGiveNothing(t *testing.T) {
	t.Parallel()
	w := setup(t)
	mine := w.tenant("mine")
	member := w.member(mine, "member")
	w.exec(mine, `insert into roles (tenant_id, slug, name, actions) values ($1, 'wide', 'Wide', '{tenants.manage,scim,statements.read,tenant.view}')`)
	for i, role := range []string{"operator", "operator-inside-full", "gone", "wide"} {
		w.exec(mine, `insert into grants (tenant_id, id, member_id, role, source, granted_by) values ($1, $2, $3, $4, 'manual', 'x')`, i+1, member, role)
	}
	permitted, err := w.policies(nil).Permitted(t.Context(), mine, authz.Subject(member), nil)
	require.NoError(t, err)
	require.Equal(t, map[int64][]authz.Action{0: {authz.TenantView}}, permitted)
}

func TestWhoIsNotActiveHoldsNothing(t *testing.T) {
	t.Parallel()
	w := setup(t)
	mine := w.tenant("mine")
	member := w.member(mine, "member")
	w.give(mine, authz.NewGrant{Member: member, Role: authz.TenantAdmin})
	p := w.policies(nil)
	for _, status := range []string{"active", "disabled", "active", "invited"} {
		w.exec(mine, `update members set status = $3 where tenant_id = $1 and id = $2`, member, status)
		p.Announce(t.Context(), mine)
		active, err := p.Active(t.Context(), mine, member)
		require.NoError(t, err)
		require.Equal(t, status == "active", active)
		require.Equal(t, status == "active", w.may(p, mine, member, 0, authz.TenantView))
	}
}

func TestAGrantEndsByTheClock(t *testing.T) {
	t.Parallel()
	w := setup(t)
	mine := w.tenant("mine")
	member := w.member(mine, "member")
	end := w.now().Add(100 * time.Millisecond) // sooner than the version would be looked at
	w.give(mine, authz.NewGrant{Member: member, Role: authz.Exporter, ExpiresAt: &end})
	p := w.policies(nil)
	require.True(t, w.may(p, mine, member, 0, authz.StatementsExport))
	w.advance(100*time.Millisecond - time.Microsecond)
	require.True(t, w.may(p, mine, member, 0, authz.StatementsExport))
	w.advance(time.Microsecond)
	require.False(t, w.may(p, mine, member, 0, authz.StatementsExport))
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	w := setup(t)
	mine := w.tenant("mine")
	member, other := w.member(mine, "member"), w.member(mine, "other")
	w.exec(mine, `insert into ended_sessions (tenant_id, member_id, session, at, expires_at) values ($1, $2, 'one', $3, $4), ($1, $5, '', $3, $4)`,
		member, w.now(), w.now().Add(time.Hour), other)
	p := w.policies(nil)
	for _, c := range []struct {
		member  int64
		session string
		begun   time.Duration
		ended   bool
	}{
		{member, "one", -time.Minute, true},
		{member, "one", time.Minute, true},
		{member, "two", -time.Minute, false},
		{other, "any", -time.Microsecond, true},
		{other, "any", 0, false},
		{other, "", -time.Minute, true},
		{member, "", -time.Minute, false},
	} {
		got, err := p.Ended(t.Context(), mine, c.member, c.session, w.start.Add(c.begun))
		require.NoError(t, err)
		require.Equal(t, c.ended, got, c)
	}
}

func TestWithoutTheDatabaseNothingIsDecided(t *testing.T) {
	t.Parallel()
	w := setup(t)
	mine := w.tenant("mine")
	member := w.member(mine, "member")
	w.give(mine, authz.NewGrant{Member: member, Role: authz.Analyst})
	p := w.policies(nil)
	require.True(t, w.may(p, mine, member, 0, authz.StatementsView))
	w.db.Close()
	w.advance(authz.MaxAge - time.Microsecond)
	require.True(t, w.may(p, mine, member, 0, authz.StatementsView))
	w.advance(time.Microsecond)
	allowed, err := p.Decide(t.Context(), authz.Request{Tenant: mine, Subject: authz.Subject(member), Action: authz.StatementsView})
	require.Error(t, err)
	require.False(t, allowed)
	ended, err := p.Ended(t.Context(), mine, member, "x", w.now())
	require.Error(t, err)
	require.True(t, ended)
}

// More tenants than places: everybody is still answered rightly.
func TestTheCacheIsBounded(t *testing.T) {
	t.Parallel()
	w := setup(t)
	p := w.open(authz.Config{Size: 2, Clock: w.now})
	tenants, members := map[int64]int64{}, []int64{}
	for _, slug := range []string{"a", "b", "c", "d", "e"} {
		tenant := w.tenant(slug)
		tenants[tenant] = w.member(tenant, "x")
		members = append(members, tenants[tenant])
		w.give(tenant, authz.NewGrant{Member: tenants[tenant], Role: authz.Auditor})
	}
	for range 3 {
		for tenant, holder := range tenants {
			for _, member := range members {
				require.Equal(t, member == holder, w.may(p, tenant, member, 0, authz.AuditView))
			}
		}
		require.LessOrEqual(t, p.Snapshots(), 2)
	}
}

func TestUsesAreWrittenDown(t *testing.T) {
	t.Parallel()
	w := setup(t)
	mine := w.tenant("mine")
	here := w.store(mine, "here")
	member := w.member(mine, "member")
	used := w.give(mine, authz.NewGrant{Member: member, Role: authz.Analyst, Store: here})
	unused := w.give(mine, authz.NewGrant{Member: member, Role: authz.Auditor})
	p := w.policies(nil)
	require.True(t, w.may(p, mine, member, here, authz.StatementsView))
	_, err := p.Permitted(t.Context(), mine, authz.Subject(member), nil)
	require.NoError(t, err)
	last := func() map[int64]*time.Time {
		times := map[int64]*time.Time{}
		w.in(mine, func(tx *postgres.Tx) error {
			grants, _, err := authz.ListGrants(tx, member, authz.Page{})
			for _, g := range grants {
				times[g.ID] = g.LastUsedAt
			}
			return err
		})
		return times
	}
	require.Nil(t, last()[used.ID], "not in the request")
	p.FlushUses(t.Context())
	require.Equal(t, w.start, *last()[used.ID])
	require.Nil(t, last()[unused.ID], "asking what is permitted uses nothing")

	w.advance(time.Second) // the same minute, unless it ends: then it is noted again
	require.True(t, w.may(p, mine, member, here, authz.StatementsView))
	w.advance(time.Minute)
	require.True(t, w.may(p, mine, member, here, authz.StatementsView))
	p.Close() // writes what is left
	require.Equal(t, w.now(), *last()[used.ID])
}

// What decides is one line of this repository.
func TestThereIsOneCallOfTheEnforcer(t *testing.T) {
	t.Parallel()
	call := regexp.MustCompile(`\.(Batch)?Enforce(Ex)?(WithMatcher)?\(`)
	var calls []string
	require.NoError(t, filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for line := range strings.Lines(string(text)) {
			if call.MatchString(line) {
				calls = append(calls, filepath.ToSlash(path)+": "+strings.TrimSpace(line))
			}
		}
		return err
	}))
	require.Equal(t, []string{"../../internal/authz/snapshot.go: allowed, err := s.enforcer.Enforce(q.subject, wholeTenant, domain(q.store), string(q.action))"}, calls)
}
