package authn

import (
	"net/netip"
	"strings"
)

// Client is the other end of a request.
type Client struct {
	Address netip.Addr
	Device  string // User-Agent, as sent
}

func (c Client) address() string {
	if !c.Address.IsValid() {
		return ""
	}
	return c.Address.Unmap().WithZone("").String()
}

// network is what one household or office can change its address within: the
// address itself, of IPv6 its /64.
func (c Client) network() string {
	a := c.Address.Unmap().WithZone("")
	if a.Is6() {
		p, _ := a.Prefix(64) // never fails: 64 is valid for IPv6
		return p.String()
	}
	return c.address()
}

// device is what is kept of a User-Agent.
func (c Client) device() string {
	d := strings.ToValidUTF8(c.Device, "")
	if len(d) > 400 {
		d = strings.ToValidUTF8(d[:400], "")
	}
	return d
}
