package authz_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

func TestKeysNeedWhatTheyGiveAway(t *testing.T) {
	t.Parallel()
	for _, scope := range []authz.Scopes{authz.ScopeStatementsRead, authz.ScopeAllRead, authz.ScopeAll, authz.ScopeStatementsReadMine | authz.ScopeAllRead} {
		require.Equal(t, []authz.Action{authz.StatementsExport}, authz.KeyScopesNeed(scope), scope)
		require.Equal(t, []authz.Action{authz.StatementsExport}, authz.KeptKeyNeeds(scope), scope)
	}
	for _, scope := range []authz.Scopes{authz.ScopeStatementsWrite, authz.ScopeStatementsReadMine, authz.ScopeState, authz.ScopeProfile, authz.ScopeDefine} {
		require.Empty(t, authz.KeyScopesNeed(scope), scope)
		require.Equal(t, scope == authz.ScopeStatementsReadMine, slices.Contains(authz.KeptKeyNeeds(scope), authz.StatementsExport), scope)
	}
}

func TestWhatIsHeld(t *testing.T) {
	t.Parallel()
	c := setupCompany(t)
	soon, later := c.now().Add(time.Hour), c.now().Add(2*time.Hour)
	helper := c.member(c.tenant, "helper")
	c.give(c.tenant, authz.NewGrant{Member: helper, Role: authz.TenantAdmin, ExpiresAt: &soon})
	asHelper := authz.Giver{Subject: authz.Subject(helper)}
	held := func(by authz.Giver, store int64, until *time.Time, actions ...authz.Action) error {
		return c.try(c.tenant, func(tx *postgres.Tx) error { return authz.RequireHeld(tx, by, store, actions, c.now(), until) })
	}
	for _, by := range []authz.Giver{c.asAdmin, c.asExporter, authz.Trusted} {
		require.NoError(t, held(by, 0, nil, authz.StatementsExport))
		require.NoError(t, held(by, c.store, nil, authz.StatementsExport))
	}
	require.NoError(t, held(c.asStoreAdmin, c.store, nil, authz.StatementsExport))
	require.NoError(t, held(asHelper, c.store, &soon, authz.StatementsExport))
	require.NoError(t, held(authz.Giver{}, 0, nil), "nothing is held by everybody")
	narrow := c.asAdmin
	narrow.Only = []authz.Action{authz.KeysManage}
	for name, err := range map[string]error{
		"another store": held(c.asStoreAdmin, 0, nil, authz.StatementsExport), "for longer": held(asHelper, 0, &later, authz.StatementsExport),
		"for ever": held(asHelper, c.store, nil, authz.StatementsExport), "a token": held(narrow, 0, nil, authz.StatementsExport, authz.KeysManage),
		"nobody": held(authz.Giver{}, 0, nil, authz.StatementsExport),
	} {
		require.Equal(t, fault.Forbidden, fault.KindOf(err), name)
		require.ErrorContains(t, err, "statements.export", name)
		require.NotContains(t, err.Error(), "keys.manage", name)
	}
	admin := func(by authz.Giver) error {
		return c.try(c.tenant, func(tx *postgres.Tx) error { return authz.RequireAdminHeld(tx, by, c.now()) })
	}
	require.NoError(t, admin(c.asAdmin))
	for _, by := range []authz.Giver{c.asStoreAdmin, c.asExporter, asHelper, narrow, {}} {
		require.Equal(t, fault.Forbidden, fault.KindOf(admin(by)))
	}
}

// On the platform, whose members are the operators, the same rules hold as in
// the tenants of clients.
func TestOperatorsGiveAsOthersDo(t *testing.T) {
	t.Parallel()
	w := setup(t)
	soon := w.now().Add(time.Hour)
	operator, helper, nobody, other := w.member(w.platform, "operator"), w.member(w.platform, "helper"), w.member(w.platform, "nobody"), w.member(w.platform, "other")
	w.give(w.platform, authz.NewGrant{Member: operator, Role: authz.Operator})
	w.give(w.platform, authz.NewGrant{Member: helper, Role: authz.Operator, ExpiresAt: &soon})
	give := func(by int64, n authz.NewGrant) error {
		return w.try(w.platform, func(tx *postgres.Tx) error {
			_, err := authz.GiveGrant(tx, authz.Giver{Subject: authz.OperatorSubject(by)}, n, w.now())
			return err
		})
	}
	runs := func(by int64) error {
		return w.try(w.platform, func(tx *postgres.Tx) error {
			return authz.RequireAdminHeld(tx, authz.Giver{Subject: authz.OperatorSubject(by)}, w.now())
		})
	}
	own := func(by int64) error {
		return w.try(w.platform, func(tx *postgres.Tx) error {
			_, err := authz.CreateRole(tx, authz.Giver{Subject: authz.OperatorSubject(by)}, "own", authz.RoleText{
				Name: "Own", Actions: []authz.Action{authz.TenantsEnter},
			}, w.now())
			return err
		})
	}
	require.Equal(t, fault.Forbidden, fault.KindOf(runs(helper)))
	require.NoError(t, runs(operator))
	require.Equal(t, fault.Forbidden, fault.KindOf(give(helper, authz.NewGrant{Member: nobody, Role: authz.Operator})), "for longer than one holds")
	require.Equal(t, fault.Forbidden, fault.KindOf(own(helper)))
	require.NoError(t, give(helper, authz.NewGrant{Member: nobody, Role: authz.Operator, ExpiresAt: &soon}))
	require.NoError(t, give(operator, authz.NewGrant{Member: other, Role: authz.Operator}))
	require.NoError(t, own(operator))
	for _, by := range []int64{helper, operator} {
		require.Equal(t, fault.Forbidden, fault.KindOf(give(by, authz.NewGrant{Member: by, Role: "own", ExpiresAt: &soon})), "to themselves")
	}
}
