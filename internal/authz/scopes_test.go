package authz_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
)

// The table is written out in full, so that a change to a rule shows here.
func TestEachScopePermitsExactlyWhatTheSpecificationSays(t *testing.T) {
	t.Parallel()
	for scope, want := range map[string][]authz.Action{
		"statements/write":     {authz.AboutRead, authz.StatementsWrite},
		"statements/read":      {authz.AboutRead, authz.ActivitiesRead, authz.AgentsRead, authz.StatementsRead},
		"statements/read/mine": {authz.AboutRead, authz.ActivitiesRead, authz.StatementsRead},
		"state":                {authz.AboutRead, authz.ActivitiesRead, authz.StateRead, authz.StateWrite},
		"define":               {authz.AboutRead, authz.ActivitiesDefine, authz.ActivitiesRead},
		"profile":              {authz.AboutRead, authz.ActivitiesRead, authz.AgentsRead, authz.ProfileRead, authz.ProfileWrite},
		"all/read":             {authz.AboutRead, authz.ActivitiesRead, authz.AgentsRead, authz.ProfileRead, authz.StateRead, authz.StatementsRead},
		"all": {
			authz.AboutRead, authz.ActivitiesDefine, authz.ActivitiesRead, authz.AgentsRead, authz.ProfileRead,
			authz.ProfileWrite, authz.StateRead, authz.StateWrite, authz.StatementsRead, authz.StatementsWrite,
		},
	} {
		s, err := authz.ParseScopes([]string{scope})
		require.NoError(t, err)
		require.Equal(t, want, s.Permitted(), scope)
		require.Equal(t, scope, s.String())
	}
}

func TestNobodyMayDoAnUnknownAction(t *testing.T) {
	t.Parallel()
	require.False(t, authz.ScopeAll.Permits(""))
	require.False(t, authz.ScopeAll.Permits("statements.delete"))
	require.Equal(t, []authz.Action{authz.AboutRead}, authz.Scopes(0).Permitted())
}

func TestOwnStatementsOnly(t *testing.T) {
	t.Parallel()
	mine := authz.ScopeStatementsReadMine
	require.True(t, mine.OnlyOwnStatements())
	require.True(t, mine.With(authz.ScopeStatementsWrite|authz.ScopeState).OnlyOwnStatements())
	for _, wider := range []authz.Scopes{authz.ScopeStatementsRead, authz.ScopeAllRead, authz.ScopeAll} {
		require.False(t, mine.With(wider).OnlyOwnStatements(), wider)
	}
	require.False(t, authz.ScopeStatementsWrite.OnlyOwnStatements())
}

func TestParseRefusesWhatIsNoScope(t *testing.T) {
	t.Parallel()
	for _, names := range [][]string{nil, {}, {""}, {"ALL"}, {"statements"}, {"all", "xapi:all"}, {"all "}} {
		_, err := authz.ParseScopes(names)
		require.Equal(t, fault.Invalid, fault.KindOf(err), "%q", names)
		require.ErrorContains(t, err, "statements/read/mine")
	}
}

func TestSetsAreSets(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := authz.Scopes(rapid.Uint16Range(1, 255).Draw(t, "a"))
		b := authz.Scopes(rapid.Uint16Range(1, 255).Draw(t, "b"))
		parsed, err := authz.ParseScopes(a.Names())
		require.NoError(t, err)
		require.Equal(t, a, parsed)
		require.True(t, a.With(b).Has(a) && a.With(b).Has(b))
		require.Zero(t, a.Without(b)&b)
		// A wider set never permits less.
		require.Subset(t, a.With(b).Permitted(), a.Permitted())
	})
}
