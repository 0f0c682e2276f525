package authn

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

// A tenant's admin chooses the addresses that are asked here, so they are those
// of a stranger: what answers may be slow, huge, or a machine inside our own
// network that the admin cannot reach but we can.
const (
	outboundTimeout = 10 * time.Second // of one request with its answer
	maxAnswer       = 1 << 20          // bytes of a body
)

var (
	errTooLarge  = errors.New("the answer is larger than 1 MiB")
	errForbidden = errors.New("the address is not a public one")
)

// outbound returns the client for providers. Of addresses that are not public
// it reaches only those in allowed. It does not follow redirects, which would
// carry a client's secret elsewhere, and uses no proxy, which would resolve
// names behind the back of the guard.
func outbound(allowed []netip.Prefix, timeout time.Duration) *http.Client {
	dialer := &net.Dialer{Timeout: timeout / 2, Control: func(_, address string, _ syscall.RawConn) error {
		return guard(address, allowed)
	}}
	return &http.Client{
		Timeout: timeout,
		Transport: limited{&http.Transport{
			DialContext:            dialer.DialContext,
			TLSHandshakeTimeout:    timeout / 2,
			ResponseHeaderTimeout:  timeout,
			MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConnsPerHost:    2,
			IdleConnTimeout:        30 * time.Second,
			ForceAttemptHTTP2:      true,
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// guard is asked with the address itself, after names are resolved, so a name
// that resolves differently the second time gains nothing.
func guard(address string, allowed []netip.Prefix) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return errForbidden
	}
	addr := at.Addr().Unmap().WithZone("")
	for _, p := range allowed {
		if p.Contains(addr) {
			return nil
		}
	}
	if !public(addr) {
		return errForbidden
	}
	return nil
}

// reserved are networks that are no public hosts though they look like it
// (IANA special-purpose registries), and the ways to write an IPv4 address in
// IPv6 that a gateway would translate back.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("::/96"), netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("100::/64"), netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("fec0::/10"),
}

func public(addr netip.Addr) bool {
	if !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return false
	}
	for _, p := range reserved {
		if p.Contains(addr) {
			return false
		}
	}
	return true
}

// limited lets nobody fill the memory with an answer.
type limited struct{ next http.RoundTripper }

func (l limited) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := l.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer.Body = &limitedBody{answer.Body, maxAnswer}
	return answer, nil
}

type limitedBody struct {
	io.ReadCloser
	left int
}

func (b *limitedBody) Read(p []byte) (int, error) {
	if len(p) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if n > b.left {
		return b.left, errTooLarge
	}
	b.left -= n
	return n, err
}

// secure reports whether a provider may be reached at raw: https, or http on
// this very machine, where the guard decides whether that is allowed.
func secure(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return false
	}
	if u.Scheme == "https" {
		return true
	}
	addr, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "http" && (u.Hostname() == "localhost" || err == nil && addr.IsLoopback())
}
