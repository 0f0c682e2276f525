package tenant_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/stoa-lrs/stoa/internal/tenant"
)

func TestUserNameCarriesBothIDs(t *testing.T) {
	t.Parallel()
	require.Equal(t, "3-00000001", tenant.UserName(3, 1))
	require.Equal(t, "10-zzzzzzzz", tenant.UserName(32, 1<<40-1))
	rapid.Check(t, func(t *rapid.T) {
		tenantID := rapid.Int64Range(1, 1<<60-1).Draw(t, "tenant")
		key := rapid.Int64Range(1, 1<<40-1).Draw(t, "key")
		gotTenant, gotKey, ok := tenant.ParseUserName(tenant.UserName(tenantID, key))
		require.True(t, ok)
		require.Equal(t, [2]int64{tenantID, key}, [2]int64{gotTenant, gotKey})
	})
}

func TestUserNameHasOneSpelling(t *testing.T) {
	t.Parallel()
	for _, user := range []string{
		"", "-", "3", "3-", "-00000001", "3-0000001", "3-000000001", "03-00000001", "0-00000001", "3-00000000",
		"3-0000000i", "3-0000000l", "3-0000000o", "3-0000000u", "3-0000000A", "3_00000001", "3-00000001 ", " 3-00000001",
		"3-0000-001", "3--0000001", "zzzzzzzzzzzzz-00000001", "３-00000001", "3-0000000\x00",
	} {
		_, _, ok := tenant.ParseUserName(user)
		require.False(t, ok, "%q", user)
	}
}

func FuzzParseUserName(f *testing.F) {
	for _, seed := range []string{"3-h4k2m9q0", "10-zzzzzzzz", "-", "zzzzzzzzzzzz-00000001", "03-h4k2m9q0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, user string) {
		tenantID, key, ok := tenant.ParseUserName(user)
		if ok {
			require.Positive(t, tenantID)
			require.Positive(t, key)
			require.Equal(t, user, tenant.UserName(tenantID, key))
		}
	})
}
