package tenant_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

func TestPeppersAreRefusedWithoutBeingShown(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "1", "1:", ":" + pepper("a"), "0:" + pepper("a"), "-1:" + pepper("a"), "32768:" + pepper("a"), "x:" + pepper("a"),
		"1:c2hvcnQ=", "1:***" + pepper("a"), "1:" + pepper("a") + ",", "1:" + pepper("a") + ",1:" + pepper("b"),
	} {
		_, err := tenant.ParsePeppers(text)
		require.Equal(t, fault.Invalid, fault.KindOf(err), "%q", text)
		require.NotContains(t, err.Error(), "YWFh")
		require.NotContains(t, err.Error(), "c2hv")
	}
	for _, text := range []string{"1:" + pepper("\xff"), "7:__________________________________________8", "1:" + pepper("a") + ", 2:" + pepper("b")} {
		_, err := tenant.ParsePeppers(text)
		require.NoError(t, err, text)
	}
}

func TestANewPepperKeepsOldSecretsWorking(t *testing.T) {
	t.Parallel()
	p := setup(t)
	acme := p.tenant("acme")
	s := p.store(acme, "s", tenant.Sandbox)
	k, first := p.key(acme, tenant.NewKey{Store: s.ID})
	require.EqualValues(t, 1, k.Secrets[0].Pepper)

	p.peppers = peppers(t, "1:"+pepper("a")+",2:"+pepper("b"))
	_, ok := p.credential(acme, k).Match(p.peppers, first.Reveal(), now)
	require.True(t, ok)
	other, second := p.key(acme, tenant.NewKey{Store: s.ID})
	require.EqualValues(t, 2, other.Secrets[0].Pepper)

	onlyNew := peppers(t, "2:"+pepper("b"))
	_, ok = p.credential(acme, k).Match(onlyNew, first.Reveal(), now)
	require.False(t, ok, "its pepper is gone")
	_, ok = p.credential(acme, other).Match(onlyNew, second.Reveal(), now)
	require.True(t, ok)
	_, ok = p.credential(acme, other).Match(peppers(t, "2:"+pepper("c")), second.Reveal(), now)
	require.False(t, ok, "another pepper of the same version")
}
