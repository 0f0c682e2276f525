package authz_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

const reason = "Ticket 4711: statements are missing"

func (w *world) allow(tenant int64, breakGlass string) {
	w.t.Helper()
	w.exec(tenant, `insert into tenant_settings (tenant_id, break_glass) values ($1, $2)
		on conflict (tenant_id) do update set break_glass = excluded.break_glass`, breakGlass)
}

func (w *world) enter(tenant, operator int64, level authz.Level) error {
	return w.try(tenant, func(tx *postgres.Tx) error {
		_, err := authz.EnterTenant(tx, authz.NewEntry{OperatorID: operator, Operator: "Op", Reason: reason, Level: level, Minutes: 30}, w.now())
		return err
	})
}

func TestAnOperatorInside(t *testing.T) {
	t.Parallel()
	w := setup(t)
	tenant, other := w.tenant("mine"), w.tenant("other")
	operator := w.member(w.platform, "operator")
	spare := w.member(w.platform, "spare")
	grant := w.give(w.platform, authz.NewGrant{Member: operator, Role: authz.Operator})
	w.give(w.platform, authz.NewGrant{Member: spare, Role: authz.Operator})
	p := w.policies(nil)
	may := func(tenant int64, a authz.Action) bool {
		p.Announce(t.Context(), tenant)
		return w.decide(p, authz.Request{Tenant: tenant, Subject: authz.OperatorSubject(operator), Action: a})
	}
	require.True(t, may(w.platform, authz.TenantsEnter))
	require.True(t, w.may(p, w.platform, operator, 0, authz.TenantsEnter), "by either name")
	require.False(t, may(tenant, authz.TenantView), "outside")

	require.NoError(t, w.enter(tenant, operator, authz.ReadOnly))
	require.True(t, may(tenant, authz.StatementsView))
	for _, a := range []authz.Action{authz.StatementsViewIdentity, authz.StatementsExport, authz.TenantEdit, authz.MembersManage, authz.TenantsManage} {
		require.False(t, may(tenant, a), a)
	}
	require.False(t, may(other, authz.TenantView), "in this tenant only")
	require.False(t, w.may(p, tenant, operator, 0, authz.StatementsView), "as an operator only")

	// It ends by the clock.
	w.advance(30*time.Minute - time.Microsecond)
	require.True(t, may(tenant, authz.StatementsView))
	w.advance(time.Microsecond)
	require.False(t, may(tenant, authz.StatementsView))

	// What the tenant allows counts at every moment.
	w.allow(tenant, "full")
	require.NoError(t, w.enter(tenant, operator, authz.Full))
	require.True(t, may(tenant, authz.MembersManage))
	require.False(t, may(tenant, authz.StatementsExport))
	w.allow(tenant, "read")
	require.False(t, may(tenant, authz.MembersManage))
	require.True(t, may(tenant, authz.StatementsView))
	w.allow(tenant, "off")
	require.False(t, may(tenant, authz.StatementsView))
	w.allow(tenant, "full")

	// An operator inside gives what operators inside hold, for ever too, and no more.
	member := w.member(tenant, "member")
	giveAs := func(role string) error {
		return w.try(tenant, func(tx *postgres.Tx) error {
			_, err := authz.GiveGrant(tx, authz.Giver{Subject: authz.OperatorSubject(operator)}, authz.NewGrant{Member: member, Role: role}, w.now())
			return err
		})
	}
	require.NoError(t, giveAs(authz.Analyst))
	require.Equal(t, fault.Forbidden, fault.KindOf(giveAs(authz.TenantAdmin)))
	require.Equal(t, fault.Forbidden, fault.KindOf(giveAs(authz.Exporter)))

	// Who is no operator any more is out everywhere.
	w.in(w.platform, func(tx *postgres.Tx) error { return authz.TakeGrant(tx, operator, grant.ID) })
	p.Announce(t.Context(), w.platform)
	require.False(t, may(tenant, authz.StatementsView))
	permitted, err := p.Permitted(t.Context(), tenant, authz.OperatorSubject(operator), nil)
	require.NoError(t, err)
	require.Equal(t, map[int64][]authz.Action{0: {}}, permitted)
}

func TestEnteringIsRefused(t *testing.T) {
	t.Parallel()
	w := setup(t)
	tenant := w.tenant("mine")
	const operator = 7
	require.Equal(t, fault.Forbidden, fault.KindOf(w.enter(tenant, operator, authz.Full)), "not unless the tenant says so")
	w.allow(tenant, "off")
	require.Equal(t, fault.Forbidden, fault.KindOf(w.enter(tenant, operator, authz.ReadOnly)))
	w.allow(tenant, "full")
	require.Equal(t, fault.Invalid, fault.KindOf(w.enter(w.platform, operator, authz.ReadOnly)))
	for name, change := range map[string]func(*authz.NewEntry){
		"no reason":     func(n *authz.NewEntry) { n.Reason = "" },
		"short reason":  func(n *authz.NewEntry) { n.Reason = "because" },
		"blank reason":  func(n *authz.NewEntry) { n.Reason = strings.Repeat(" ", 20) },
		"long reason":   func(n *authz.NewEntry) { n.Reason = strings.Repeat("a", 1001) },
		"no level":      func(n *authz.NewEntry) { n.Level = "" },
		"no time":       func(n *authz.NewEntry) { n.Minutes = 0 },
		"too much time": func(n *authz.NewEntry) { n.Minutes = 241 },
		"nobody":        func(n *authz.NewEntry) { n.OperatorID = 0 },
	} {
		n := authz.NewEntry{OperatorID: operator, Operator: "Op", Reason: reason, Level: authz.Full, Minutes: 240}
		change(&n)
		require.Equal(t, fault.Invalid, fault.KindOf(w.try(tenant, func(tx *postgres.Tx) error {
			_, err := authz.EnterTenant(tx, n, w.now())
			return err
		})), name)
	}
	require.Empty(t, w.events(tenant))
	require.NoError(t, w.enter(tenant, operator, authz.Full))
	require.Equal(t, fault.Conflict, fault.KindOf(w.enter(tenant, operator, authz.Full)))
}

func TestEntriesAreSeenAndEnded(t *testing.T) {
	t.Parallel()
	w := setup(t)
	tenant, other := w.tenant("mine"), w.tenant("other")
	for operator := range int64(3) {
		require.NoError(t, w.enter(tenant, operator+1, authz.ReadOnly))
		w.advance(time.Second)
	}
	var open, all []authz.Entry
	w.in(tenant, func(tx *postgres.Tx) (err error) {
		if _, err := authz.LeaveTenant(tx, 2, w.now()); err != nil {
			return err
		}
		if open, err = authz.OpenEntries(tx, w.now()); err != nil {
			return err
		}
		for after := ""; ; {
			page, next, err := authz.ListEntries(tx, authz.Page{After: after, Limit: 2})
			if err != nil {
				return err
			}
			all = append(all, page...)
			if after = next; next == "" {
				return nil
			}
		}
	})
	require.Len(t, open, 2)
	require.Equal(t, []int64{3, 2, 1}, []int64{all[0].OperatorID, all[1].OperatorID, all[2].OperatorID})
	require.NotNil(t, all[1].LeftAt)
	for name, fn := range map[string]func(tx *postgres.Tx) error{
		"left already":     func(tx *postgres.Tx) error { _, err := authz.LeaveTenant(tx, 2, w.now()); return err },
		"ended already":    func(tx *postgres.Tx) error { _, err := authz.EndEntry(tx, all[1].ID, w.now()); return err },
		"never was inside": func(tx *postgres.Tx) error { _, err := authz.LeaveTenant(tx, 9, w.now()); return err },
	} {
		require.Equal(t, fault.NotFound, fault.KindOf(w.try(tenant, fn)), name)
	}
	end := func(tx *postgres.Tx) error { _, err := authz.EndEntry(tx, all[0].ID, w.now()); return err }
	require.Equal(t, fault.NotFound, fault.KindOf(w.try(other, end)), "another tenant's")
	w.in(tenant, end)
	require.Equal(t, []string{"operator.entered", "operator.entered", "operator.entered", "operator.left", "operator.left"}, w.events(tenant))
	require.Empty(t, w.events(other))
	require.Empty(t, w.events(w.platform), "it is the tenant's own log")
}

func TestAnEntryThatExpiresIsToldOnce(t *testing.T) {
	t.Parallel()
	w := setup(t)
	tenant, other := w.tenant("mine"), w.tenant("other")
	require.NoError(t, w.enter(tenant, 1, authz.ReadOnly))
	require.NoError(t, w.enter(tenant, 2, authz.ReadOnly))
	w.in(tenant, func(tx *postgres.Tx) error { _, err := authz.LeaveTenant(tx, 2, w.now()); return err })
	w.advance(15 * time.Minute)
	require.NoError(t, w.enter(other, 1, authz.ReadOnly))
	w.advance(15 * time.Minute)
	ended := w.now()
	var replicas sync.WaitGroup
	for range 4 {
		p := w.policies(nil)
		replicas.Go(func() {
			_, err := p.Active(t.Context(), tenant, 1) // any look
			assert.NoError(t, err)
		})
	}
	replicas.Wait()
	require.Equal(t, []string{"operator.entered", "operator.entered", "operator.left", "operator.left"}, w.events(tenant))
	require.Equal(t, []string{"operator.entered"}, w.events(other), "that one is open")
	w.in(tenant, func(tx *postgres.Tx) error {
		var actor, target, details string
		if err := tx.QueryRow(tx.Context(), `select actor_kind, target_name, details from audit_events where tenant_id = $1 order by id desc limit 1`,
			tenant).Scan(&actor, &target, &details); err != nil {
			return err
		}
		require.Equal(t, []string{"system", "Op"}, []string{actor, target})
		require.Contains(t, details, `"ended":"expired"`)
		entries, _, err := authz.ListEntries(tx, authz.Page{})
		for _, e := range entries {
			if e.OperatorID == 1 {
				require.True(t, ended.Equal(*e.LeftAt))
			}
		}
		return err
	})

	// A replica that knows of the entry looks by itself.
	p := w.policies(nil)
	_, err := p.Active(t.Context(), other, 1)
	require.NoError(t, err)
	p.LookForExpired(t.Context())
	require.Len(t, w.events(other), 1)
	w.advance(15 * time.Minute)
	p.LookForExpired(t.Context())
	p.LookForExpired(t.Context())
	require.Equal(t, []string{"operator.entered", "operator.left"}, w.events(other))
}
