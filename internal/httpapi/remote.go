package httpapi

import (
	"net/http"
	"net/netip"
	"strings"
)

// remoteAddress returns the client's address: that of the connection, unless a
// trusted proxy holds it. Then it is the last address of X-Forwarded-For that
// is no trusted proxy itself: what stands further left, the client may have
// written. The zero Addr is unknown.
func remoteAddress(r *http.Request, trusted []netip.Prefix) netip.Addr {
	connection, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	address := connection.Addr().Unmap()
	if !contains(trusted, address) {
		return address
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		address = hop.Unmap()
		if !contains(trusted, address) {
			break
		}
	}
	return address
}

func contains(networks []netip.Prefix, address netip.Addr) bool {
	for _, n := range networks {
		if n.Contains(address) {
			return true
		}
	}
	return false
}
