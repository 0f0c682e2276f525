package tenant_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

func TestNetworksAreNormalised(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"192.0.2.7":           "192.0.2.7/32",
		" 10.1.2.3/8 ":        "10.0.0.0/8",
		"0.0.0.0/0":           "0.0.0.0/0",
		"2001:db8::1":         "2001:db8::1/128",
		"2001:DB8:1::/32":     "2001:db8::/32",
		"::ffff:10.1.2.3":     "10.1.2.3/32",
		"::ffff:10.1.2.3/104": "10.0.0.0/8",
		"::ffff:0.0.0.0/96":   "0.0.0.0/0",
		"::/0":                "::/0",
	} {
		got, err := tenant.ParseNetworks([]string{text})
		require.NoError(t, err, text)
		require.Equal(t, want, got[0].String(), text)
	}
	for _, text := range []string{"", "/", "10.0.0.0/33", "10.0.0.256", "10.0.0", "::ffff:10.0.0.0/95", "fe80::1%eth0", "fe80::%eth0/10", "example.com", "10.0.0.0/08"} {
		_, err := tenant.ParseNetworks([]string{text})
		require.Equal(t, fault.Invalid, fault.KindOf(err), "%q", text)
	}
	_, err := tenant.ParseNetworks(make([]string, 101))
	require.Equal(t, fault.Invalid, fault.KindOf(err))
}

func TestAKeyIsBoundToItsNetworks(t *testing.T) {
	t.Parallel()
	p := setup(t)
	acme := p.tenant("acme")
	s := p.store(acme, "s", tenant.Sandbox)
	networks, err := tenant.ParseNetworks([]string{"10.0.0.0/8", "192.0.2.7", "2001:db8::/32"})
	require.NoError(t, err)
	bound, _ := p.key(acme, tenant.NewKey{Store: s.ID, Networks: networks})
	free, _ := p.key(acme, tenant.NewKey{Store: s.ID})
	cBound, cFree := p.credential(acme, bound), p.credential(acme, free)
	for addr, want := range map[string]bool{
		"10.200.3.4": true, "::ffff:10.0.0.1": true, "192.0.2.7": true, "2001:db8:ffff::1": true, "2001:db8::1%eth0": true,
		"11.0.0.1": false, "192.0.2.8": false, "2001:db9::1": false, "::1": false, "::ffff:11.0.0.1": false, "::10.0.0.1": false,
	} {
		require.Equal(t, want, cBound.Allows(netip.MustParseAddr(addr)), addr)
		require.True(t, cFree.Allows(netip.MustParseAddr(addr)), addr)
	}
	require.False(t, cBound.Allows(netip.Addr{}), "an unknown address is nowhere")
	require.True(t, cFree.Allows(netip.Addr{}))
	require.Equal(t, "[10.0.0.0/8 192.0.2.7/32 2001:db8::/32]", fmt.Sprint(bound.Networks))
}

func TestNetworksAreWider(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		before, after []string
		want          bool
	}{
		{nil, nil, false},
		{nil, []string{"10.0.0.0/8"}, false},
		{[]string{"10.0.0.0/8"}, nil, true},
		{[]string{"10.0.0.0/8"}, []string{"10.0.0.0/8"}, false},
		{[]string{"10.0.0.0/8"}, []string{"10.1.0.0/16", "10.2.3.4"}, false},
		{[]string{"10.0.0.0/8"}, []string{"10.1.0.0/16", "11.0.0.1"}, true},
		{[]string{"10.1.0.0/16"}, []string{"10.0.0.0/8"}, true},
		{[]string{"10.0.0.0/8", "2001:db8::/32"}, []string{"2001:db8::1"}, false},
		{[]string{"0.0.0.0/0"}, []string{"::/0"}, true},
	} {
		before, err := tenant.ParseNetworks(c.before)
		require.NoError(t, err)
		after, err := tenant.ParseNetworks(c.after)
		require.NoError(t, err)
		require.Equal(t, c.want, tenant.Wider(before, after), "%s %s", c.before, c.after)
	}
}
