package authn

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/time/rate"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/outbound"
)

// discoveryLife is how long a discovery document is believed.
const discoveryLife = time.Hour

// maxProviders bounds the memory: beyond it the oldest is asked again.
const maxProviders = 1000

// algorithms are those that a token may be signed with. All of them have a
// private key that is the provider's alone.
var algorithms = []string{oidc.RS256, oidc.ES256, oidc.PS256, oidc.EdDSA}

// provider is what is known of one tenant's provider in one version of its settings.
type provider struct {
	*settings
	oidc      *oidc.Provider
	keys      *oidc.IDTokenVerifier // signatures and algorithms only: see idToken.check
	client    *http.Client
	end       string // end_session_endpoint, "" none
	namesSelf bool   // sends iss with the code (RFC 9207)
	asked     time.Time
}

type providerID struct {
	tenant, stamp int64
	draft         bool
}

func (s *settings) id() providerID { return providerID{s.tenant, s.stamp(), s.draft} }

func (p *provider) context(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, p.client)
}

func (p *provider) oauth(redirect string) *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: p.secret.Reveal(), Endpoint: p.oidc.Endpoint(),
		RedirectURL: redirect, Scopes: p.Scopes,
	}
}

// providers keeps what was discovered. A provider whose settings changed is
// another one.
type providers struct {
	client *http.Client
	clock  func() time.Time

	mu    sync.Mutex
	known map[providerID]*provider
	under map[providerID]*discovery
}

// discovery is under way, for all who wait for it.
type discovery struct {
	done     chan struct{}
	provider *provider
	err      error
}

func newProviders(client *http.Client, clock func() time.Time) *providers {
	return &providers{client: client, clock: clock, known: map[providerID]*provider{}, under: map[providerID]*discovery{}}
}

// get returns the provider of settings, asking it where that was not done lately.
// Its errors have a Reason and can be shown.
func (ps *providers) get(ctx context.Context, with *settings) (*provider, error) {
	of := with.id()
	ps.mu.Lock()
	if p := ps.known[of]; p != nil && ps.clock().Sub(p.asked) < discoveryLife {
		ps.mu.Unlock()
		return p, nil
	}
	d := ps.under[of]
	if d == nil {
		d = &discovery{done: make(chan struct{})}
		ps.under[of] = d
		go ps.ask(context.WithoutCancel(ctx), with, d)
	}
	ps.mu.Unlock()
	select {
	case <-d.done:
		return d.provider, d.err
	case <-ctx.Done():
		return nil, fault.Wrap(fault.Unavailable, ctx.Err(), "the request was cancelled")
	}
}

func (ps *providers) ask(ctx context.Context, with *settings, d *discovery) {
	ctx, cancel := context.WithTimeout(ctx, outboundTimeout)
	defer cancel()
	d.provider, d.err = ps.discover(ctx, with)
	ps.mu.Lock()
	defer ps.mu.Unlock()
	delete(ps.under, with.id())
	if d.err == nil {
		ps.keep(d.provider)
	}
	close(d.done)
}

func (ps *providers) keep(p *provider) {
	for of := range ps.known {
		if of.tenant == p.tenant && of.draft == p.draft {
			delete(ps.known, of) // older settings
		}
	}
	if len(ps.known) >= maxProviders {
		var oldest *provider
		for _, other := range ps.known {
			if oldest == nil || other.asked.Before(oldest.asked) {
				oldest = other
			}
		}
		delete(ps.known, oldest.id())
	}
	ps.known[p.id()] = p
}

func (ps *providers) discover(ctx context.Context, with *settings) (*provider, error) {
	if !secure(with.Issuer) {
		return nil, fail(fault.Invalid, ProviderInvalid, nil, "the issuer must be an https URL")
	}
	p := &provider{settings: with, client: ps.client, asked: ps.clock()}
	var err error
	if p.oidc, err = oidc.NewProvider(p.context(ctx), with.Issuer); err != nil {
		if wrong, ok := errors.AsType[*oidc.IssuerMismatchError](err); ok {
			return nil, fail(fault.Invalid, WrongIssuer, nil,
				"the identity provider at %q calls itself %q: the issuer must be written exactly so", wrong.Provided, wrong.Discovered)
		}
		return nil, down(err)
	}
	var more struct {
		JWKS      string `json:"jwks_uri"`
		End       string `json:"end_session_endpoint"`
		NamesSelf bool   `json:"authorization_response_iss_parameter_supported"`
	}
	if err := p.oidc.Claims(&more); err != nil {
		return nil, fail(fault.Invalid, ProviderInvalid, nil, "the identity provider's discovery document cannot be read")
	}
	for name, url := range map[string]string{
		"authorization_endpoint": p.oidc.Endpoint().AuthURL, "token_endpoint": p.oidc.Endpoint().TokenURL, "jwks_uri": more.JWKS,
	} {
		if !secure(url) {
			return nil, fail(fault.Invalid, ProviderInvalid, nil, "the identity provider's %s is no https URL", name)
		}
	}
	if user := p.oidc.UserInfoEndpoint(); user != "" && !secure(user) {
		return nil, fail(fault.Invalid, ProviderInvalid, nil, "the identity provider's userinfo_endpoint is no https URL")
	}
	if secure(more.End) {
		p.end = more.End
	}
	p.namesSelf = more.NamesSelf
	// A key that is not known makes the library ask for the keys again. Anybody
	// may post a token with such a key, so that has a rate.
	client := *p.client
	client.Transport = &throttled{next: client.Transport, limit: rate.NewLimiter(rate.Every(keysEvery), keysAtOnce)}
	remote := oidc.NewRemoteKeySet(oidc.ClientContext(context.Background(), &client), more.JWKS)
	p.keys = oidc.NewVerifier(with.Issuer, keySet{remote}, &oidc.Config{
		SupportedSigningAlgs: algorithms,
		// These are checked by ours: with the leeway that the library has not,
		// and with reasons that can be told apart.
		SkipClientIDCheck: true, SkipExpiryCheck: true, SkipIssuerCheck: true,
	})
	return p, nil
}

// How often the keys of one provider are asked for.
const (
	keysEvery  = 10 * time.Second
	keysAtOnce = 5
)

// keySet tells a signature that is wrong from keys that cannot be had: the
// library's verifier makes one text of both.
type keySet struct{ remote *oidc.RemoteKeySet }

// keysAway is, in a context, where to leave why the keys cannot be had.
type keysAway struct{}

// VerifySignature is for go-oidc. Of its own errors only that of fetching wraps another.
func (k keySet) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	payload, err := k.remote.VerifySignature(ctx, jwt)
	if why, ok := ctx.Value(keysAway{}).(*error); ok && errors.Unwrap(err) != nil && !errors.Is(err, errTooOften) {
		*why = err
	}
	return payload, err
}

var errTooOften = errors.New("the keys were asked for too often")

type throttled struct {
	next  http.RoundTripper
	limit *rate.Limiter
}

func (t *throttled) RoundTrip(r *http.Request) (*http.Response, error) {
	if !t.limit.Allow() {
		return nil, errTooOften
	}
	return t.next.RoundTrip(r)
}

// down is a provider that does not answer as it should. The cause is for the
// log only, and cut: a library may have put the whole answer into it.
func down(err error) error {
	switch {
	case errors.Is(err, outbound.ErrPrivate):
		return fail(fault.Invalid, ProviderInvalid, nil, "the identity provider's address is not a public one")
	case errors.Is(err, errTooLarge):
		return fail(fault.Unavailable, ProviderDown, errTooLarge, "the identity provider's answer is too large")
	}
	text := err.Error()
	return fail(fault.Unavailable, ProviderDown, errors.New(text[:min(len(text), 200)]),
		"the identity provider cannot be reached or does not answer as it should; try again in a moment")
}
