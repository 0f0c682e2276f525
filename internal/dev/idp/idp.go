// Package idp is the OpenID provider of `stoa dev`: a real one (OpenID Connect
// Core, authorization code with PKCE only, logout by the relying party and by
// the back channel), whose people are made up and need no password. It exists
// so that a machine without any identity provider shows the very sign-in that
// production has. It listens on a loopback address only, and says on its page
// what it is. Production never uses it.
//
// It knows nothing of Stoa: clients and people are told to it, and whatever it
// remembers (requests, tokens, sessions) is in memory and gone with the process.
package idp

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// Config says who may sign in to what.
type Config struct {
	Address string // loopback host:port; when the port is taken it listens on another
	Key     []byte // what signs, from NewKey; nil: a new one, and tokens from before are not recognised
	Clients []Client
	People  []Person
}

// Client is a relying party.
type Client struct {
	ID, Name        string
	Secret          string
	RedirectURIs    []string
	AfterLogoutURIs []string // post_logout_redirect_uri
	BackChannelURI  string   // told when a session ends; "": nobody is
}

// Person can sign in to one client.
type Person struct {
	Client  string // id
	Subject string // unique among all people
	Name    string
	Email   string
	Groups  []string
	About   string // a few words, for the page
}

// Provider runs until Stop.
type Provider struct {
	issuer string
	server *http.Server
	store  *storage

	ctx  context.Context // ends the messages to clients with the provider
	stop context.CancelFunc
	work sync.WaitGroup
}

// Start begins to serve. An address that is not on the loopback is Invalid.
func Start(c Config) (*Provider, error) {
	host, _, err := net.SplitHostPort(c.Address)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return nil, fault.New(fault.Invalid, "the demo provider lets everybody in: it listens on a loopback address, such as 127.0.0.1:0, not on %q", c.Address)
	}
	listener, err := net.Listen("tcp", c.Address)
	if err != nil {
		if listener, err = net.Listen("tcp", net.JoinHostPort(host, "0")); err != nil {
			return nil, fault.Wrap(fault.Unavailable, err, "the demo provider finds no port on %s", host)
		}
	}
	p, err := newProvider(c, "http://"+listener.Addr().String())
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	p.work.Go(func() { _ = p.server.Serve(listener) })
	return p, nil
}

func newProvider(c Config, issuer string) (*Provider, error) {
	keys, err := newKeys(c.Key)
	if err != nil {
		return nil, err
	}
	p := &Provider{issuer: issuer}
	p.ctx, p.stop = context.WithCancel(context.Background())
	p.store = newStorage(c, keys, p.tell)
	var tokenKey [32]byte
	_, _ = rand.Read(tokenKey[:]) // never fails: the program ends instead
	provider, err := op.NewProvider(&op.Config{
		CryptoKey:                         tokenKey,
		DefaultLogoutRedirectURI:          issuer + "/signed-out",
		CodeMethodS256:                    true,
		AuthMethodPost:                    true,
		SupportedScopes:                   []string{"openid", "profile", "email", "groups"},
		SupportedClaims:                   []string{"sub", "aud", "exp", "iat", "iss", "auth_time", "nonce", "at_hash", "azp", "sid", "name", "email", "email_verified", "groups"},
		BackChannelLogoutSupported:        true,
		BackChannelLogoutSessionSupported: true,
	}, p.store, op.StaticIssuer(issuer), op.WithAllowInsecure(), op.WithCORSOptions(nil))
	if err != nil {
		p.stop()
		return nil, fault.Wrap(fault.Internal, err, "the demo provider cannot be made")
	}
	p.server = &http.Server{
		Handler:           p.pages(provider, op.AuthCallbackURL(provider)),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	return p, nil
}

// Issuer is the URL that discovery begins with.
func (p *Provider) Issuer() string { return p.issuer }

// Address is where it listens: Config.Address, unless that was taken.
func (p *Provider) Address() string { return p.issuer[len("http://"):] }

// SetPeople replaces the people; tokens of those who are gone answer no more.
func (p *Provider) SetPeople(people []Person) { p.store.setPeople(people) }

// RotateKeys signs with a new key from now on. The one before is published
// until the next rotation.
func (p *Provider) RotateKeys() error { return p.store.keys.rotate() }

// SignOut ends all sessions of a person, as an administrator of a directory
// does, and tells the clients by the back channel.
func (p *Provider) SignOut(subject string) {
	p.store.endSessions(func(s session) bool { return s.person.Subject == subject })
}

// Stop ends everything, messages to clients included.
func (p *Provider) Stop() error {
	p.stop()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	err := p.server.Shutdown(ctx)
	if err != nil {
		err = p.server.Close()
	}
	p.work.Wait()
	return err
}
