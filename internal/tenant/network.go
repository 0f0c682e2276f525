package tenant

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// maxNetworks bounds what every request of a key has to be compared with.
const maxNetworks = 100

// ParseNetworks reads addresses and CIDR prefixes, IPv4 or IPv6. An IPv4
// address inside IPv6 (::ffff:10.0.0.1) means the IPv4 address; bits behind the
// prefix are dropped. Empty means: from everywhere. Errors are Invalid.
func ParseNetworks(texts []string) ([]netip.Prefix, error) {
	if len(texts) > maxNetworks {
		return nil, fault.New(fault.Invalid, "%d networks are too many: at most %d", len(texts), maxNetworks)
	}
	networks := make([]netip.Prefix, 0, len(texts))
	for _, text := range texts {
		network, ok := parseNetwork(strings.TrimSpace(text))
		if !ok {
			return nil, fault.New(fault.Invalid, "%q is no address or network, such as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32", text)
		}
		networks = append(networks, network)
	}
	return networks, nil
}

func parseNetwork(text string) (netip.Prefix, bool) {
	if !strings.Contains(text, "/") {
		addr, err := netip.ParseAddr(text)
		if err != nil || addr.Zone() != "" {
			return netip.Prefix{}, false
		}
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), true
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, false
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 { // it would also hold addresses that are no IPv4
			return netip.Prefix{}, false
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), true
}

// Wider reports whether networks may let in an address that before did not, as
// each of them has to lie in one of before. Empty lets in every address.
func Wider(before, networks []netip.Prefix) bool {
	if len(before) == 0 || len(networks) == 0 {
		return len(before) > 0
	}
	return slices.ContainsFunc(networks, func(n netip.Prefix) bool {
		return !slices.ContainsFunc(before, func(b netip.Prefix) bool { return b.Bits() <= n.Bits() && b.Contains(n.Addr()) })
	})
}

// allowed reports whether addr is in one of networks, or networks is empty. An
// invalid addr is only allowed from everywhere.
func allowed(networks []netip.Prefix, addr netip.Addr) bool {
	if len(networks) == 0 {
		return true
	}
	addr = addr.Unmap().WithZone("")
	for _, n := range networks {
		if n.Contains(addr) {
			return true
		}
	}
	return false
}
