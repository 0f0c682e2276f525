package tenant

import (
	"encoding/json"
	"net/netip"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// Credential is what authn needs to know of a key: all that can change the
// answer to a request, and nothing that is a secret. It does not change.
type Credential struct {
	Tenant, Store, Key int64
	Suspended          bool // the tenant
	Limits             Limits
	Name               string
	Scopes             authz.Scopes
	Authority          json.RawMessage

	networks  []netip.Prefix
	expiresAt *time.Time
	revokedAt *time.Time
	secrets   []storedSecret
}

type storedSecret struct {
	ID        int64
	Hash      []byte
	Pepper    int16
	ExpiresAt *time.Time
}

// LoadCredential reads a key of the transaction's tenant with all its working
// secrets, in one round trip; NotFound when there is none. A secret that ended
// just now is read too: Match decides by the caller's clock.
func LoadCredential(tx *postgres.Tx, key int64) (*Credential, error) {
	c := &Credential{Tenant: tx.TenantID(), Key: key}
	var b pgx.Batch
	b.Queue(`select t.status = 'suspended', coalesce(t.request_limit, 0), coalesce(t.statement_limit, 0),
			k.store_id, k.name, k.scopes, k.authority, k.networks, k.expires_at, k.revoked_at
		from keys k join tenants t on t.id = k.tenant_id where k.tenant_id = $1 and k.id = $2`, c.Tenant, key)
	b.Queue(`select id, hash, pepper, expires_at from key_secrets
		where tenant_id = $1 and key_id = $2 and (expires_at is null or expires_at > now() - interval '1 hour')
		order by expires_at desc nulls first, created_at desc, id limit $3`, c.Tenant, key, maxSecrets+1)
	results := tx.SendBatch(tx.Context(), &b)
	defer func() { _ = results.Close() }()

	var scopes []string
	err := results.QueryRow().Scan(&c.Suspended, &c.Limits.Requests, &c.Limits.Statements,
		&c.Store, &c.Name, &scopes, &c.Authority, &c.networks, &c.expiresAt, &c.revokedAt)
	if err != nil {
		return nil, err
	}
	if c.Scopes, err = authz.ParseScopes(scopes); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "key with unknown scopes")
	}
	rows, err := results.Query()
	if err != nil {
		return nil, err
	}
	if c.secrets, err = pgx.CollectRows(rows, pgx.RowToStructByPos[storedSecret]); err != nil {
		return nil, err
	}
	return c, results.Close()
}

// Match compares plain with every working secret in constant time and returns
// the id of the one that it is.
func (c *Credential) Match(peppers *Peppers, plain string, now time.Time) (secret int64, ok bool) {
	if len(c.secrets) == 0 {
		peppers.Pretend(plain)
	}
	for _, s := range c.secrets {
		if peppers.matches(s, c.Tenant, c.Key, plain) && (s.ExpiresAt == nil || now.Before(*s.ExpiresAt)) {
			secret, ok = s.ID, true
		}
	}
	return secret, ok
}

// Status returns what the key is at now.
func (c *Credential) Status(now time.Time) KeyStatus {
	return (&Key{ExpiresAt: c.expiresAt, RevokedAt: c.revokedAt}).Status(now)
}

// Allows reports whether the key may be used from addr.
func (c *Credential) Allows(addr netip.Addr) bool { return allowed(c.networks, addr) }

// Use is the last use of one secret.
type Use struct {
	Key, Secret int64
	At          time.Time
}

// RecordUses keeps the last use of each secret, in one statement. Uses may come
// late and out of order: an older one changes nothing.
func RecordUses(tx *postgres.Tx, uses []Use) error {
	keys, secrets, times := make([]int64, len(uses)), make([]int64, len(uses)), make([]time.Time, len(uses))
	for i, u := range uses {
		keys[i], secrets[i], times[i] = u.Key, u.Secret, u.At
	}
	_, err := tx.Exec(tx.Context(), `update key_secrets s set last_used_at = u.at
		from unnest($2::bigint[], $3::bigint[], $4::timestamptz[]) as u (key_id, id, at)
		where s.tenant_id = $1 and s.key_id = u.key_id and s.id = u.id
		  and (s.last_used_at is null or s.last_used_at < u.at)`, tx.TenantID(), keys, secrets, times)
	return err
}
