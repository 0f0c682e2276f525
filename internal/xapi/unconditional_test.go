package xapi

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/fault"
)

func TestOnlyJSONProfilesOfV1NeedAConditionToBeCreated(t *testing.T) {
	t.Parallel()
	for _, kind := range []DocumentKind{ActivityProfile, AgentProfile} {
		require.True(t, fault.Is(UnconditionalCreate(V1, kind, "application/json; charset=utf-8"), fault.Invalid))
		require.NoError(t, UnconditionalCreate(V1, kind, "application/octet-stream"))
		require.NoError(t, UnconditionalCreate(V1, kind, ""))
		require.NoError(t, UnconditionalCreate(V2, kind, "application/json"))
	}
	require.NoError(t, UnconditionalCreate(V1, State, "application/json"))
}
