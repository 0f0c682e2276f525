package authn

import "net/netip"

// Guard is what decides about an address that is dialled.
func Guard(address string, allowed []netip.Prefix) error { return guard(address, allowed) }
