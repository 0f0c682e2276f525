package outbound_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/outbound"
)

// dial asks what a dialer asks before it connects.
func dial(address string, private ...netip.Prefix) error {
	return outbound.Dialer(private, time.Second).Control("tcp", address, nil)
}

func TestOnlyPublicAddressesAreReached(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
		"255.255.255.255", "198.18.0.1", "192.0.2.1", "192.88.99.1", "[::1]", "[::]", "[fe80::1]", "[fe80::1%eth0]", "[fc00::1]",
		"[fd00:ec2::254]", "[ff02::1]", "[::ffff:10.0.0.1]", "[::ffff:127.0.0.1]", "[64:ff9b::a01:203]", "[2002:a01:203::]",
		"[2001:db8::1]", "[::7f00:1]", "[::10.1.2.3]", "nonsense", "",
	} {
		require.ErrorIs(t, dial(address+":443"), outbound.ErrPrivate, address)
	}
	for _, address := range []string{"8.8.8.8", "1.1.1.1", "93.184.216.34", "[2606:4700:4700::1111]", "[::ffff:8.8.8.8]"} {
		require.NoError(t, dial(address+":443"), address)
	}
}

func TestNetworksThatTheVendorNamesAreReached(t *testing.T) {
	t.Parallel()
	networks := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("fe80::/10")}
	for _, address := range []string{"10.1.2.3", "[::ffff:10.1.2.3]", "[::1]", "[fe80::1%eth0]", "8.8.8.8"} {
		require.NoError(t, dial(address+":443", networks...), address)
	}
	for _, address := range []string{"192.168.1.1", "127.0.0.1", "[fc00::1]", "nonsense"} {
		require.ErrorIs(t, dial(address+":443", networks...), outbound.ErrPrivate, address)
	}
}

// However an address is written, it is refused if the one inside it is private.
func FuzzDialer(f *testing.F) {
	for _, seed := range []string{"10.0.0.1:443", "[::ffff:10.0.0.1]:443", "[::1%lo]:1", "8.8.8.8:0", "[64:ff9b::a00:1]:443"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		if dial(address) != nil {
			return
		}
		at, err := netip.ParseAddrPort(address)
		require.NoError(t, err)
		ip := at.Addr().Unmap()
		require.False(t, ip.IsPrivate() || ip.IsLoopback() || ip.IsUnspecified() || ip.IsMulticast() || ip.IsLinkLocalUnicast(), address)
		if raw := ip.As16(); ip.Is6() && [12]byte(raw[:12]) == [12]byte{0, 0x64, 0xff, 0x9b} {
			t.Fatalf("%s is an IPv4 address behind a translator", address)
		}
	})
}
