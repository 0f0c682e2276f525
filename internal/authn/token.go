package authn

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// TokenConfig says with what to check access tokens.
type TokenConfig struct {
	DB         *postgres.DB
	Peppers    *tenant.Peppers
	Clock      func() time.Time // nil: time.Now
	Logger     *slog.Logger     // nil: slog.Default
	FlushEvery time.Duration    // between writes of last-used times; 0 is 5 s
	CacheSize  int              // tokens kept; 0 is 20,000
}

// Tokens checks access tokens, of people and of directories (RFC 6750). What is
// known of a token is kept for MaxAge, as of a key. It needs no Redis. It is
// safe for concurrent use.
//
// Guesses are not counted by address, as those of keys are not: a secret has 256
// random bits, so guessing gets nowhere, and what it costs is bounded: unknown
// names share few places (cache), and each answer costs one HMAC.
type Tokens struct {
	peppers *tenant.Peppers
	clock   func() time.Time
	cache   *cache[knownToken]
	uses    *uses
}

type knownToken struct {
	bearer *tenant.Bearer
	person *Person
}

// NewTokens returns Tokens. Close it, so that the last uses are written.
func NewTokens(c TokenConfig) *Tokens {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return &Tokens{
		peppers: c.Peppers, clock: c.Clock,
		cache: newCache(tokenLoader(c.DB), c.Clock, or(c.CacheSize, 20_000)),
		uses:  newUses(c.DB, c.Logger, or(c.FlushEvery, 5*time.Second), recordTokens),
	}
}

// Close writes the last uses that are still in memory and ends the background work.
func (t *Tokens) Close() { t.uses.close() }

// Bearer returns who an access token belongs to. Errors are
//
//   - Unauthenticated, with one and the same text, for a token of no valid form,
//     an unknown one and a wrong secret, all at the cost of one comparison; and
//     with another text, which only a holder of the secret can see, for one that
//     is expired, revoked or of a member who is not active
//   - Forbidden for a suspended tenant
//   - Unavailable when the database cannot be asked
func (t *Tokens) Bearer(ctx context.Context, text string) (*Person, error) {
	kind, of, token, ok := tenant.ParseToken(text)
	if !ok {
		t.peppers.Pretend(text)
		return nil, errToken()
	}
	found, err := t.cache.get(ctx, ref{of, token})
	if err != nil {
		return nil, err
	}
	if found == nil || found.bearer.Kind != kind {
		t.peppers.Pretend(text)
		return nil, errToken()
	}
	if !found.bearer.Match(t.peppers, text) {
		return nil, errToken()
	}
	now := t.clock()
	if !found.bearer.Works(now) {
		return nil, fault.New(fault.Unauthenticated, "the access token has expired, was revoked, or its person may not use it any more")
	}
	if found.bearer.Suspended {
		return nil, authz.ErrSuspended()
	}
	t.uses.add(use{tenant: of, key: token}, now)
	return found.person, nil
}

func errToken() error { return fault.New(fault.Unauthenticated, "the access token is not valid") }

// tokenLoader reads a token in its own tenant's transaction; nil when there is none.
func tokenLoader(db *postgres.DB) func(context.Context, ref) (*knownToken, error) {
	return func(ctx context.Context, of ref) (*knownToken, error) {
		var b *tenant.Bearer
		err := db.TenantRead(ctx, postgres.NewScope(of.tenant, "authn"), func(tx *postgres.Tx) (err error) {
			b, err = tenant.LoadToken(tx, of.key)
			return err
		})
		switch {
		case fault.Is(err, fault.NotFound):
			return nil, nil
		case err != nil:
			return nil, err
		}
		p := &Person{
			Tenant: b.Tenant, Member: b.Member, Slug: b.Slug, Email: b.Email, Name: b.Person, Operator: b.Platform, Token: b.ID,
			Only: slices.Concat([]authz.Action{}, b.Actions), // not nil: nil is no limit
		}
		if p.SCIM() {
			p.Name, p.Only = b.Name, []authz.Action{authz.SCIM}
		}
		return &knownToken{b, p}, nil
	}
}

// recordTokens writes uses of tokens.
func recordTokens(tx *postgres.Tx, used []tenant.Use) error {
	uses := make([]tenant.TokenUse, len(used))
	for i, u := range used {
		uses[i] = tenant.TokenUse{Token: u.Key, At: u.At}
	}
	return tenant.RecordTokenUses(tx, uses)
}
