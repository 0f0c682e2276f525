package tenant

import (
	"encoding/json"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/secret"
)

// Keyring encrypts for the database, bound to a tenant and a column; package
// keyring has it.
type Keyring interface {
	Encrypt(tenant int64, column string, plain []byte) ([]byte, error)
	Decrypt(tenant int64, column string, sealed []byte) ([]byte, error)
}

const secretColumn = "identity_providers.client_secret"

// Provider is how a tenant's people sign in: an OpenID Connect provider and
// what its word is worth.
type Provider struct {
	Issuer       string
	ClientID     string
	Scopes       []string
	GroupsClaim  string   // of the ID token: a text or a list of texts
	Domains      []string // e-mail domains that may sign in uninvited, and whose addresses are believed; lower case
	DefaultRole  string   // of people whom no group gives a role; "": none
	TestedAt     *time.Time
	TestedBy     string      // actor
	Test         *TestResult // the last one of this very configuration; nil: none
	UpdatedAt    time.Time
	Version      int64
	sealedSecret []byte
	tenant       int64
}

// TestResult is how a test sign-in ended.
type TestResult struct {
	OK       bool      `json:"ok"`
	Reason   string    `json:"reason,omitempty"` // why not, for the admin who tests
	Identity Identity  `json:"identity"`         // what the provider said of the tester
	At       time.Time `json:"at"`
}

// SSO is all that a tenant has said about signing in, but for the mapping and
// the domains.
type SSO struct {
	Draft  *Provider // being tried; nil: none
	Active *Provider // in force; nil: none
}

// ClientSecret decrypts the client's secret, for the provider's eyes only.
func (p *Provider) ClientSecret(ring Keyring) (secret.Text, error) {
	plain, err := ring.Decrypt(p.tenant, secretColumn, p.sealedSecret)
	return secret.New(string(plain)), err
}

// admits reports whether people of that address may come uninvited.
func (p *Provider) admits(email string) bool {
	return email != "" && slices.Contains(p.Domains, domainOf(email))
}

// believes reports whether who's address may be taken for theirs.
func (p *Provider) believes(who Identity) bool {
	return who.Email != "" && (who.EmailVerified || p.admits(who.Email))
}

func (p *Provider) state() map[string]any {
	return map[string]any{
		"issuer": p.Issuer, "client_id": p.ClientID, "scopes": p.Scopes, "groups_claim": p.GroupsClaim,
		"domains": p.Domains, "default_role": p.DefaultRole,
	}
}

// GetSSO returns draft and active configuration.
func GetSSO(tx *postgres.Tx) (*SSO, error) {
	var s SSO
	rows, err := tx.Query(tx.Context(), `select state, issuer, client_id, client_secret, scopes, groups_claim, domains, coalesce(default_role, ''),
		tested_at, coalesce(tested_by, ''), coalesce(test_result, 'null'), updated_at, version from identity_providers where tenant_id = $1`, tx.TenantID())
	if err != nil {
		return nil, err
	}
	var state, result string
	var p Provider
	_, err = pgx.ForEachRow(rows, []any{
		&state, &p.Issuer, &p.ClientID, &p.sealedSecret, &p.Scopes, &p.GroupsClaim, &p.Domains, &p.DefaultRole,
		&p.TestedAt, &p.TestedBy, &result, &p.UpdatedAt, &p.Version,
	}, func() error {
		one := p
		one.tenant, one.sealedSecret = tx.TenantID(), slices.Clone(p.sealedSecret)
		one.Scopes, one.Domains = slices.Clone(p.Scopes), slices.Clone(p.Domains)
		if err := json.Unmarshal([]byte(result), &one.Test); err != nil {
			return err
		}
		if state == "active" {
			s.Active = &one
		} else {
			s.Draft = &one
		}
		return nil
	})
	return &s, err
}

// Draft says what a configuration shall be.
type Draft struct {
	Issuer      string
	ClientID    string
	Secret      secret.Text // empty: stays, if issuer and client do
	Scopes      []string    // none: openid, email, profile
	GroupsClaim string      // "": groups
	Domains     []string
	DefaultRole string
}

// PutDraft replaces the draft, which is then to be tested. insecure also allows
// issuers by http on this machine. Roles that a default gives must be held by
// whoever sets it: the caller asks authz before. version is the draft's that
// the caller has seen, 0: whatever there is. Invalid: a value, or no secret;
// PreconditionFailed: the draft has changed since.
func PutDraft(tx *postgres.Tx, ring Keyring, d Draft, insecure bool, version int64, now time.Time) (*Provider, error) {
	p, err := d.provider(insecure)
	if err != nil {
		return nil, err
	}
	if p.DefaultRole != "" {
		if err := requireRole(tx, p.DefaultRole); err != nil {
			return nil, err
		}
	}
	before, err := lockSSO(tx)
	if err != nil {
		return nil, err
	}
	p.tenant, p.UpdatedAt, p.Version = tx.TenantID(), kept(now), 1
	old := before.Draft
	if old != nil {
		if err := sameVersion(version, old.Version); err != nil {
			return nil, err
		}
		p.Version = old.Version + 1
	} else if old = before.Active; old != nil {
		p.Version = old.Version + 1
	}
	switch {
	case !d.Secret.IsZero():
		p.sealedSecret, err = ring.Encrypt(p.tenant, secretColumn, []byte(d.Secret.Reveal()))
		if err != nil {
			return nil, err
		}
	case old != nil && old.Issuer == p.Issuer && old.ClientID == p.ClientID:
		p.sealedSecret = old.sealedSecret
	default: // another issuer would be told the secret of the one before
		return nil, fault.New(fault.Invalid, "the client's secret is needed: it is kept only while issuer and client id stay the same")
	}
	if err := writeProvider(tx, "draft", p); err != nil {
		return nil, err
	}
	e := audit.Event{Type: audit.SSOChanged, Target: ssoTarget(p), After: p.state(), Details: map[string]any{"new_secret": !d.Secret.IsZero()}}
	if old != nil {
		e.Before = old.state()
	}
	return p, audit.Record(tx, e)
}

// lockSSO is GetSSO for whoever goes on to change it.
func lockSSO(tx *postgres.Tx) (*SSO, error) {
	if err := authz.Touch(tx); err != nil {
		return nil, err
	}
	return GetSSO(tx)
}

func ssoTarget(p *Provider) audit.Target {
	return audit.Target{Kind: "sso", ID: p.Issuer, Name: p.Issuer}
}

func writeProvider(tx *postgres.Tx, state string, p *Provider) error {
	var result *string
	if p.Test != nil {
		text, err := json.Marshal(p.Test)
		if err != nil {
			return err
		}
		s := string(text)
		result = &s
	}
	_, err := tx.Exec(tx.Context(), `insert into identity_providers (tenant_id, state, issuer, client_id, client_secret, scopes, groups_claim,
			domains, default_role, tested_at, tested_by, test_result, updated_at, version)
		values ($1, $2, $3, $4, $5, $6, $7, $8, nullif($9, ''), $10, nullif($11, ''), $12, $13, $14)
		on conflict (tenant_id, state) do update set issuer = excluded.issuer, client_id = excluded.client_id,
			client_secret = excluded.client_secret, scopes = excluded.scopes, groups_claim = excluded.groups_claim,
			domains = excluded.domains, default_role = excluded.default_role, tested_at = excluded.tested_at, tested_by = excluded.tested_by,
			test_result = excluded.test_result, updated_at = excluded.updated_at, version = excluded.version`,
		tx.TenantID(), state, p.Issuer, p.ClientID, p.sealedSecret, p.Scopes, p.GroupsClaim, p.Domains, p.DefaultRole,
		p.TestedAt, p.TestedBy, result, p.UpdatedAt, p.Version)
	return err
}

func (d *Draft) provider(insecure bool) (*Provider, error) {
	p := &Provider{
		Issuer: d.Issuer, ClientID: d.ClientID, Scopes: d.Scopes, GroupsClaim: d.GroupsClaim, Domains: []string{}, DefaultRole: d.DefaultRole,
	}
	if err := checkIssuer(p.Issuer, insecure); err != nil {
		return nil, err
	}
	if len(p.Scopes) == 0 {
		p.Scopes = []string{"openid", "email", "profile"}
	}
	if p.GroupsClaim == "" {
		p.GroupsClaim = "groups"
	}
	if !slices.Contains(p.Scopes, "openid") || len(p.Scopes) > 20 {
		return nil, fault.New(fault.Invalid, "the scopes need openid among them, and are at most 20")
	}
	for _, text := range append([]string{p.ClientID, p.GroupsClaim}, p.Scopes...) {
		if !printable(text, 500) {
			return nil, fault.New(fault.Invalid, "client id, groups claim and scopes are 1 to 500 characters of ASCII without spaces")
		}
	}
	if len(d.Secret.Reveal()) > 2000 {
		return nil, fault.New(fault.Invalid, "the client's secret has at most 2000 characters")
	}
	if len(d.Domains) > maxDomains {
		return nil, fault.New(fault.Invalid, "at most %d domains", maxDomains)
	}
	for _, text := range d.Domains {
		domain, ok := checkDomain(text)
		if !ok {
			return nil, fault.New(fault.Invalid, "%q is no domain, such as example.com", text)
		}
		p.Domains = append(p.Domains, domain)
	}
	slices.Sort(p.Domains)
	p.Domains = slices.Compact(p.Domains)
	return p, nil
}

func printable(text string, most int) bool {
	return text != "" && len(text) <= most && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}

func checkIssuer(text string, insecure bool) error {
	u, err := url.Parse(text)
	switch {
	case err != nil, !printable(text, 500), u.Host == "", u.User != nil, u.RawQuery != "", u.Fragment != "":
		return fault.New(fault.Invalid, "the issuer is a URL such as https://login.example.com/acme, without query and fragment")
	case u.Scheme == "https", u.Scheme == "http" && insecure && isLoopback(u.Hostname()):
		return nil
	}
	return fault.New(fault.Invalid, "the issuer must be reached by https")
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}
