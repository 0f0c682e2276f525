package audit

import "net/netip"

// Public is public, for tests.
func Public(address string) bool { return public(netip.MustParseAddr(address)) }
