package authn

import (
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/stoa-lrs/stoa/internal/outbound"
)

// A tenant's admin chooses the addresses that are asked here, so they are those
// of a stranger: what answers may be slow, huge, or a machine inside our own
// network that the admin cannot reach but we can.
const (
	outboundTimeout = 10 * time.Second // of one request with its answer
	maxAnswer       = 1 << 20          // bytes of a body
)

var errTooLarge = errors.New("the answer is larger than 1 MiB")

// providerClient returns the client for providers. Of addresses that are not public
// it reaches only those in allowed. It does not follow redirects, which would
// carry a client's secret elsewhere, and uses no proxy, which would resolve
// names behind the back of the guard.
func providerClient(allowed []netip.Prefix, timeout time.Duration) *http.Client {
	return &http.Client{
		Timeout: timeout,
		Transport: limited{&http.Transport{
			DialContext:            outbound.Dialer(allowed, timeout/2).DialContext,
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
