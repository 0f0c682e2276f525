package authn_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/authn"
	"github.com/stoa-lrs/stoa/internal/fault"
)

func TestKeysThatAreRotatedAreFetched(t *testing.T) {
	t.Parallel()
	p := setupPeople(t)
	r := p.replica()
	r.signedIn("")
	r.signedIn("")
	require.Equal(t, 1, p.idp.requests("/keys"))
	require.Equal(t, 1, p.idp.requests("/.well-known/openid-configuration"))
	p.idp.rotate()
	r.signedIn("")
	require.Equal(t, 2, p.idp.requests("/keys"))

	p.idp.set(func() {
		p.idp.sign = func(b []byte) string { return p.idp.jws(b, jose.RS256, p.idp.key, "unheard-of") }
	})
	for range 20 {
		_, err := r.attempt("")
		require.Error(t, err)
	}
	require.LessOrEqual(t, p.idp.requests("/keys"), 6, "unknown keys do not make us hammer the provider")
	require.Equal(t, 1, p.idp.requests("/.well-known/openid-configuration"))
	p.idp.set(func() { p.idp.sign = nil })
	p.mini.FlushAll()
	p.clock.advance(time.Hour)
	r.signedIn("")
	require.Equal(t, 2, p.idp.requests("/.well-known/openid-configuration"), "believed for an hour")
}

func TestAProviderThatFailsIsUnavailable(t *testing.T) {
	t.Parallel()
	p := setupPeople(t)
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	for name, serve := range map[string]http.HandlerFunc{
		"down": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"slow": func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-release:
			case <-r.Context().Done():
			}
		},
		"huge": func(w http.ResponseWriter, _ *http.Request) {
			line := []byte(strings.Repeat(" ", 1<<16))
			for range 1 << 10 {
				if _, err := w.Write(line); err != nil {
					return
				}
			}
		},
		"sends us elsewhere": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusTemporaryRedirect)
		},
		"nonsense": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
	} {
		for _, path := range []string{"/.well-known/openid-configuration", "/token", "/keys"} {
			p.mini.FlushAll()
			r := p.replica(func(c *authn.SignInConfig) { c.Timeout = 300 * time.Millisecond })
			p.idp.set(func() {
				p.idp.serve = func(w http.ResponseWriter, r *http.Request) bool {
					if r.URL.Path == path {
						serve(w, r)
					}
					return r.URL.Path == path
				}
			})
			_, err := r.attempt("")
			require.Equal(t, fault.Unavailable, fault.KindOf(err), "%s %s: %v", name, path, err)
			require.Equal(t, authn.ProviderDown, authn.ReasonOf(err), "%s %s: %v", name, path, err)
		}
	}
	p.idp.set(func() { p.idp.serve = nil })
	p.replica().signedIn("")
}

func TestAProviderMustBeWhoItSaysAndWhereItMayBe(t *testing.T) {
	t.Parallel()
	p := setupPeople(t)
	p.idp.set(func() { p.idp.metadata["issuer"] = "https://login.example" })
	_, err := p.replica().attempt("")
	require.Equal(t, authn.WrongIssuer, authn.ReasonOf(err))

	for _, endpoint := range []string{"authorization_endpoint", "token_endpoint", "jwks_uri"} {
		p.idp.set(func() { p.idp.metadata = map[string]any{endpoint: "http://192.0.2.1/x"} })
		_, err := p.replica().attempt("")
		require.Equal(t, authn.ProviderInvalid, authn.ReasonOf(err), endpoint)
	}
	p.idp.set(func() { p.idp.metadata = map[string]any{"authorization_response_iss_parameter_supported": true} })
	_, err = p.replica().attempt("")
	require.Equal(t, authn.WrongIssuer, authn.ReasonOf(err), "it promised to name itself, and does not")

	p.idp.set(func() { p.idp.metadata = nil })
	asked := p.idp.requests("/.well-known/openid-configuration")
	_, err = p.replica(func(c *authn.SignInConfig) { c.Private = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} }).attempt("")
	require.Equal(t, authn.ProviderInvalid, authn.ReasonOf(err), "loopback is not public")
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	require.Equal(t, asked, p.idp.requests("/.well-known/openid-configuration"), "nothing was sent")
}
