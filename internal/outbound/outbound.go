// Package outbound reaches the addresses that tenants choose: those of identity
// providers and of audit streams. A tenant may name a machine inside the
// vendor's own network, which it cannot reach but Stoa can (OWASP: server-side
// request forgery); it gets no further than the Internet.
package outbound

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// ErrPrivate is why an address is not dialled.
var ErrPrivate = errors.New("the address is in a private network, or this machine's own")

// Dialer returns a dialer that reaches public addresses, and those in the
// networks of private. It judges the address that is really connected to, after
// the name was resolved, so no answer of a name server leads past it. Anything
// else fails with ErrPrivate before a packet is sent.
func Dialer(private []netip.Prefix, timeout time.Duration) *net.Dialer {
	return &net.Dialer{Timeout: timeout, Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return ErrPrivate
		}
		ip := at.Addr().Unmap().WithZone("")
		if !public(ip) && !within(ip, private) {
			return ErrPrivate
		}
		return nil
	}}
}

// public reports whether anybody on the Internet may mean ip.
func public(ip netip.Addr) bool {
	return ip.IsGlobalUnicast() && !ip.IsPrivate() && !within(ip, reserved)
}

func within(ip netip.Addr, networks []netip.Prefix) bool {
	return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(ip) })
}

// reserved are the networks that are not global beyond those that netip tells
// (IANA IPv4 and IPv6 Special-Purpose Address Registries), and the ways to write
// an IPv4 address in IPv6 that a gateway would translate back.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("::/96"), netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("100::/64"), netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("fec0::/10"),
}
