package audit

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// guardedDialer dials as a net.Dialer, but reaches no address of a private
// network or of this machine except in the networks named. It looks at the address
// that is really connected to, after the name was resolved, so no answer of a
// name server leads past it.
func guardedDialer(private []netip.Prefix, timeout time.Duration) *net.Dialer {
	return &net.Dialer{Timeout: timeout, Control: func(_, address string, _ syscall.RawConn) error {
		a, err := netip.ParseAddrPort(address)
		if err != nil {
			return errPrivate
		}
		ip := a.Addr().Unmap()
		if !public(ip) && !slices.ContainsFunc(private, func(n netip.Prefix) bool { return n.Contains(ip) }) {
			return errPrivate
		}
		return nil
	}}
}

var errPrivate = errors.New("the address is in a private network, or this machine's own")

// public reports whether a is an address that anybody on the Internet may mean.
func public(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.Zone() != "" {
		return false
	}
	for _, n := range reserved {
		if n.Contains(a) {
			return false
		}
	}
	return true
}

// reserved are the networks that are not global (IANA's special-purpose
// registries) beyond those that netip tells; the last ones carry IPv4 addresses
// inside, which would have to be looked at too.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("100::/64"), netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("fec0::/10"),
	netip.MustParsePrefix("::/96"), netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2002::/16"),
}
