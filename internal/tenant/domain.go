package tenant

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// Domain is an e-mail domain that a tenant says is its own. Only one that is
// verified leads people to the tenant.
type Domain struct {
	Domain     string     `json:"domain"`    // lower case
	Challenge  string     `json:"challenge"` // the text that a TXT record of Host has to have
	Host       string     `json:"host"`
	ClaimedAt  time.Time  `json:"claimed_at"`
	VerifiedAt *time.Time `json:"verified_at"`
}

// Resolver looks up TXT records; *net.Resolver is one.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

const (
	challengeHost = "_stoa-challenge."
	maxDomains    = 100
	lookupTime    = 10 * time.Second
)

// checkDomain returns a domain name in lower case; false for what is none.
// Names beyond ASCII are written as DNS has them (xn--).
func checkDomain(text string) (string, bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	labels := strings.Split(text, ".")
	if len(text) > 253 || len(labels) < 2 && text != "localhost" {
		return "", false
	}
	for _, l := range labels {
		if !slugShape.MatchString(l) {
			return "", false
		}
	}
	return text, true
}

func domainOf(email string) string { return email[strings.LastIndexByte(email, '@')+1:] }

// ClaimDomain says that a domain is the tenant's, which VerifyDomain then
// proves. Claiming twice gives the same challenge. Invalid: the domain;
// Conflict: 100 domains are claimed already.
func ClaimDomain(tx *postgres.Tx, domain string, now time.Time) (*Domain, error) {
	name, ok := checkDomain(domain)
	if !ok {
		return nil, fault.New(fault.Invalid, "%q is no domain, such as example.com", domain)
	}
	all, err := ListDomains(tx)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].Domain == name {
			return &all[i], nil
		}
	}
	if len(all) >= maxDomains {
		return nil, fault.New(fault.Conflict, "%d domains are claimed already, more are not possible", len(all))
	}
	if _, err := tx.Exec(tx.Context(), `insert into tenant_domains (tenant_id, domain, claimed_at) values ($1, $2, $3)`,
		tx.TenantID(), name, kept(now)); err != nil {
		return nil, err
	}
	d, err := getDomain(tx, name)
	if err != nil {
		return nil, err
	}
	return d, recordDomain(tx, d, "claimed")
}

// ListDomains returns the tenant's domains, at most 100, by name.
func ListDomains(tx *postgres.Tx) ([]Domain, error) {
	rows, err := tx.Query(tx.Context(), `select domain, challenge, $2 || domain, claimed_at, verified_at from tenant_domains
		where tenant_id = $1 order by domain limit $3`, tx.TenantID(), challengeHost, maxDomains)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Domain])
}

func getDomain(tx *postgres.Tx, domain string) (*Domain, error) {
	all, err := ListDomains(tx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(d Domain) bool { return d.Domain == strings.ToLower(domain) })
	if i < 0 {
		return nil, fault.New(fault.NotFound, "there is no such domain")
	}
	return &all[i], nil
}

// VerifyDomain looks whether the domain's DNS has the challenge, outside of any
// transaction, and then keeps that it has. NotFound: not claimed; Conflict: the
// record is not there, or another tenant has proved the same; Unavailable: DNS.
func VerifyDomain(ctx context.Context, db *postgres.DB, scope postgres.Scope, dns Resolver, domain string, now time.Time) (d *Domain, err error) {
	if err := db.TenantRead(ctx, scope, func(tx *postgres.Tx) error {
		d, err = getDomain(tx, domain)
		return err
	}); err != nil || d.VerifiedAt != nil {
		return d, err
	}
	if err := d.look(ctx, dns); err != nil {
		return nil, err
	}
	err = db.Tenant(ctx, scope, func(tx *postgres.Tx) error {
		d, err = confirmDomain(tx, d.Domain, d.Challenge, now)
		return err
	})
	return d, err
}

func (d *Domain) look(ctx context.Context, dns Resolver) error {
	ctx, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	texts, err := dns.LookupTXT(ctx, d.Host)
	if dnsError, ok := errors.AsType[*net.DNSError](err); err != nil && (!ok || !dnsError.IsNotFound) {
		return fault.Wrap(fault.Unavailable, err, "the DNS of %s cannot be reached now", d.Domain)
	}
	if !slices.Contains(texts, d.Challenge) {
		return fault.New(fault.Conflict, "%s has no TXT record %q yet; DNS may need some minutes to show it", d.Host, d.Challenge)
	}
	return nil
}

// TrustDomain claims and verifies a domain without asking DNS: for `stoa dev`
// and for operators who know.
func TrustDomain(tx *postgres.Tx, domain string, now time.Time) (*Domain, error) {
	d, err := ClaimDomain(tx, domain, now)
	if err != nil || d.VerifiedAt != nil {
		return d, err
	}
	return confirmDomain(tx, d.Domain, d.Challenge, now)
}

func confirmDomain(tx *postgres.Tx, domain, challenge string, now time.Time) (*Domain, error) {
	n, err := tx.Exec(tx.Context(), `update tenant_domains set verified_at = coalesce(verified_at, $4)
		where tenant_id = $1 and domain = $2 and challenge = $3`, tx.TenantID(), domain, challenge, kept(now))
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == "23505" {
		return nil, fault.Wrap(fault.Conflict, err, "%s leads to another organisation already: ask the operator of this service", domain)
	}
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, fault.New(fault.NotFound, "there is no such domain")
	}
	d, err := getDomain(tx, domain)
	if err != nil {
		return nil, err
	}
	return d, recordDomain(tx, d, "verified")
}

// GiveUpDomain undoes ClaimDomain. NotFound: not claimed.
func GiveUpDomain(tx *postgres.Tx, domain string) error {
	d, err := getDomain(tx, domain)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(tx.Context(), `delete from tenant_domains where tenant_id = $1 and domain = $2`, tx.TenantID(), d.Domain); err != nil {
		return err
	}
	return recordDomain(tx, d, "given up")
}

func recordDomain(tx *postgres.Tx, d *Domain, what string) error {
	return audit.Record(tx, audit.Event{
		Type: audit.DomainChanged, Target: audit.Target{Kind: "domain", ID: d.Domain, Name: d.Domain}, Details: map[string]any{"change": what},
	})
}

// DomainTenant returns the tenant to which a verified domain leads, or NotFound.
func DomainTenant(ctx context.Context, op *postgres.Operator, domain string) (t *Tenant, err error) {
	name, ok := checkDomain(domain)
	if !ok {
		return nil, fault.New(fault.NotFound, "the domain leads nowhere")
	}
	err = op.Do(ctx, func(tx pgx.Tx) error {
		t, err = one(ctx, tx, `select `+tenantColumns+` from tenants where id = (
			select tenant_id from tenant_domains where domain = $1 and verified_at is not null)`, name)
		return err
	})
	if fault.Is(err, fault.NotFound) {
		return nil, fault.New(fault.NotFound, "the domain leads nowhere")
	}
	return t, err
}
