// Package authn finds out who sent a request: a key (Authenticator), an access
// token (Tokens) or a person with a session (Sessions), and lets people in
// (SignIn, an OpenID Connect relying party). It owns the cache of credentials,
// the collecting of last-used times, sessions and sign-ins under way. It never
// decides what somebody may do (authz) nor whether a person belongs to a tenant
// (tenant, whose are the rows of keys, members, tokens and ended sessions), it
// keeps no password, and it knows neither cookies nor HTTP requests.
//
// Its data lives in Redis, under stoa:session, stoa:member, stoa:sid, stoa:login,
// stoa:ssotest, stoa:logout and stoa:failed; all of it may be lost.
package authn

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// MaxAge is how long a loaded credential may be reused. Whatever ends a key
// works on every replica within that time and the duration of one query.
const MaxAge = 500 * time.Millisecond

// Config says with what to authenticate.
type Config struct {
	DB         *postgres.DB
	Peppers    *tenant.Peppers
	Clock      func() time.Time // nil: time.Now
	Logger     *slog.Logger     // nil: slog.Default
	FlushEvery time.Duration    // between writes of last-used times; 0 is 5 s
	CacheSize  int              // credentials kept; 0 is 20,000
}

// Authenticator checks credentials. It is safe for concurrent use.
type Authenticator struct {
	peppers *tenant.Peppers
	clock   func() time.Time
	cache   *cache[known]
	uses    *uses
}

// New returns an Authenticator. Close it, so that the last uses are written.
func New(c Config) *Authenticator {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	a := &Authenticator{
		peppers: c.Peppers,
		clock:   c.Clock,
		cache:   newCache(loader(c.DB), c.Clock, or(c.CacheSize, 20_000)),
		uses:    newUses(c.DB, c.Logger, or(c.FlushEvery, 5*time.Second), tenant.RecordUses),
	}
	return a
}

// Close writes the last uses that are still in memory and ends the background
// work. Authenticating afterwards works, but its use is not recorded.
func (a *Authenticator) Close() { a.uses.close() }

// Basic returns the principal of a Basic user name and password, sent from
// remote. Errors are
//
//   - Unauthenticated, with one and the same text, for a user name of no valid
//     form, an unknown tenant, an unknown key and a wrong secret, all at the cost
//     of one comparison; and with another text, which only a holder of the
//     secret can see, for a key that is expired or revoked
//   - Forbidden for a suspended tenant, and for an address that the key may not
//     be used from
//   - Unavailable when the database cannot be asked
func (a *Authenticator) Basic(ctx context.Context, user, password string, remote netip.Addr) (*Principal, error) {
	t, k, ok := tenant.ParseUserName(user)
	if !ok {
		a.peppers.Pretend(password)
		return nil, errCredentials()
	}
	found, err := a.cache.get(ctx, ref{t, k})
	if err != nil {
		return nil, err
	}
	if found == nil {
		a.peppers.Pretend(password)
		return nil, errCredentials()
	}
	now := a.clock()
	secret, ok := found.credential.Match(a.peppers, password, now)
	if !ok {
		return nil, errCredentials()
	}
	if s := found.credential.Status(now); s != tenant.KeyActive {
		return nil, fault.New(fault.Unauthenticated, "the key is %s", s)
	}
	if found.credential.Suspended {
		return nil, fault.New(fault.Forbidden, "the tenant is suspended")
	}
	if !found.credential.Allows(remote) {
		return nil, fault.New(fault.Forbidden, "the key may not be used from the address %s", remote.Unmap())
	}
	a.uses.add(use{t, k, secret}, now)
	return found.principal, nil
}

func errCredentials() error {
	return fault.New(fault.Unauthenticated, "the user name or the password is not valid")
}

type known struct {
	credential *tenant.Credential
	principal  *Principal
}

// loader reads a credential in its own tenant's transaction; nil when there is
// none. A tenant that does not exist costs the same and has no keys.
func loader(db *postgres.DB) func(context.Context, ref) (*known, error) {
	return func(ctx context.Context, of ref) (*known, error) {
		var c *tenant.Credential
		err := db.TenantRead(ctx, postgres.NewScope(of.tenant, "authn"), func(tx *postgres.Tx) (err error) {
			c, err = tenant.LoadCredential(tx, of.key)
			return err
		})
		switch {
		case fault.Is(err, fault.NotFound):
			return nil, nil
		case err != nil:
			return nil, err
		}
		return &known{c, newPrincipal(c)}, nil
	}
}

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}
