package dev

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/dev/idp"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/keyring"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/secret"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// providerFile is what is kept of the demo provider.
type providerFile struct {
	Address string            `json:"address"` // where it listened last: the tenants know it by that
	Key     []byte            `json:"key"`     // what signs
	Clients map[string]string `json:"clients"` // secrets, by tenant
}

// DemoSignIn is where the people of a tenant sign in.
type DemoSignIn struct {
	Tenant, Name string
	URL          string
}

// openKeyring finds or makes the key ring.
func (e *Environment) openKeyring(ctx context.Context, file string, now time.Time) (err error) {
	c := keyring.Config{File: file}
	if e.ring, err = keyring.Open(ctx, c); fault.Is(err, fault.NotFound) {
		if err = keyring.Create(ctx, c, now); err != nil {
			return err
		}
		e.ring, err = keyring.Open(ctx, c)
	}
	e.Variables[keyringFile] = file
	e.Variables[private] = "127.0.0.0/8,::1" // where the demo provider is
	return err
}

// openProvider starts the demo provider, at the address of last time if that is
// still free.
func (e *Environment) openProvider(c Config, s *secrets) (err error) {
	known := &s.Provider
	if known.Address == "" {
		known.Address = "127.0.0.1:0"
	}
	if known.Key == nil {
		if known.Key, err = idp.NewKey(); err != nil {
			return err
		}
	}
	if known.Clients == nil {
		known.Clients = map[string]string{}
	}
	public := strings.TrimSuffix(c.PublicURL, "/")
	config := idp.Config{Address: known.Address, Key: known.Key}
	for _, d := range demoDirectories {
		if known.Clients[d.slug] == "" {
			var b [32]byte
			_, _ = rand.Read(b[:]) // never fails: the program ends instead
			known.Clients[d.slug] = base64.RawURLEncoding.EncodeToString(b[:])
		}
		config.Clients = append(config.Clients, idp.Client{
			ID: d.slug, Name: d.name, Secret: known.Clients[d.slug],
			RedirectURIs:    []string{public + "/auth/callback"},
			AfterLogoutURIs: []string{public, public + "/"},
			BackChannelURI:  public + "/auth/backchannel-logout/" + d.slug,
		})
		config.People = append(config.People, d.persons()...)
		e.SignIns = append(e.SignIns, DemoSignIn{d.slug, d.name, public + "/auth/sign-in?" + url.Values{"tenant": {d.slug}}.Encode()})
	}
	if e.Provider, err = idp.Start(config); err != nil {
		return err
	}
	e.onClose(e.Provider.Stop)
	return nil
}

// signIns lets the people of the demo provider into their tenants. A tenant
// that somebody has given another provider meanwhile keeps it.
func (f *filler) signIns(ctx context.Context) error {
	ctx = audit.With(ctx, audit.Source{Actor: audit.Actor{Kind: audit.BySystem, ID: "system:dev", Name: "stoa dev"}})
	for _, d := range demoDirectories {
		t, err := tenant.Get(ctx, f.operator, d.slug)
		if err != nil {
			return err
		}
		err = f.db.Tenant(ctx, t.Scope("dev"), func(tx *postgres.Tx) error { return f.signIn(tx, d) })
		if err != nil {
			return fault.Wrap(fault.KindOf(err), err, "the people of %s cannot sign in", d.slug)
		}
	}
	// Only now: before, the tenants knew the provider by the address before.
	f.secrets.Provider.Address = f.env.Provider.Address()
	return f.secrets.save()
}

func (f *filler) signIn(tx *postgres.Tx, d demoDirectory) error {
	sso, err := tenant.GetSSO(tx)
	if err != nil {
		return err
	}
	issuer, clientSecret := f.env.Provider.Issuer(), f.secrets.Provider.Clients[d.slug]
	if a := sso.Active; a != nil {
		if a.Issuer != issuer && a.Issuer != "http://"+f.secrets.Provider.Address {
			return nil // somebody else's
		}
		known, err := a.ClientSecret(f.env.ring)
		if err == nil && known.Reveal() == clientSecret && a.Issuer == issuer && a.ClientID == d.slug {
			return nil
		}
	}
	if err := f.mappings(tx, d); err != nil {
		return err
	}
	if _, err := tenant.TrustDomain(tx, d.domain, f.Clock()); err != nil {
		return err
	}
	draft, err := tenant.PutDraft(tx, f.env.ring, tenant.Draft{
		Issuer: issuer, ClientID: d.slug, Secret: secret.New(clientSecret), Domains: []string{d.domain},
	}, true, 0, f.Clock())
	if err != nil {
		return err
	}
	// Whoever runs the tenant would have tried it; that it works is this package's word.
	admin := d.persons()[0]
	draft, err = tenant.RecordTest(tx, draft.Version, tenant.TestResult{OK: true, Identity: tenant.Identity{
		Issuer: issuer, Subject: admin.Subject, Email: admin.Email, EmailVerified: true, Name: admin.Name, Groups: admin.Groups,
	}}, f.Clock())
	if err != nil {
		return err
	}
	_, err = tenant.Activate(tx, draft.Version, f.Clock())
	return err
}

// mappings gives each group of the provider its role.
func (f *filler) mappings(tx *postgres.Tx, d demoDirectory) error {
	all, err := tenant.ListMappings(tx)
	if err != nil {
		return err
	}
	for _, role := range d.roles() {
		if slices.ContainsFunc(all, func(m tenant.Mapping) bool { return m.Claim == group(role) && m.Role == role && m.Store == 0 }) {
			continue
		}
		if _, err := tenant.AddMapping(tx, group(role), role, 0, f.Clock()); err != nil {
			return err
		}
	}
	return nil
}
