package authn

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"time"

	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/keyring"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// How long a session lives, unless configured otherwise.
const (
	DefaultIdle     = 8 * time.Hour
	DefaultAbsolute = 24 * time.Hour
)

// touchEvery is how often the use of a session is written down.
const touchEvery = time.Minute

// maxSignIns is how many tenants one browser session is signed in to at most.
const maxSignIns = 20

// SessionConfig says how sessions are kept.
type SessionConfig struct {
	DB       *postgres.DB
	Redis    *Redis
	Policies *authz.Policies
	Keyring  *keyring.Ring
	Clock    func() time.Time // nil: time.Now
	Logger   *slog.Logger     // nil: slog.Default
	Idle     time.Duration    // without a request; 0 is DefaultIdle
	Absolute time.Duration    // since the sign-in; 0 is DefaultAbsolute
}

// Sessions are those of all browsers. A browser session is a record in Redis
// under the hash of the cookie's value, and holds one sign-in for each tenant
// that the person switches between. What was ended is in Postgres too (package
// tenant), and that has the last word: a Redis that forgot, or that came back
// with old data, revives nothing.
type Sessions struct {
	db             *postgres.DB
	redis          *Redis
	policies       *authz.Policies
	keyring        *keyring.Ring
	clock          func() time.Time
	logger         *slog.Logger
	idle, absolute time.Duration
}

// NewSessions returns Sessions; nothing is asked yet.
func NewSessions(c SessionConfig) *Sessions {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return &Sessions{
		db: c.DB, redis: c.Redis, policies: c.Policies, keyring: c.Keyring, clock: c.Clock, logger: c.Logger,
		idle: or(c.Idle, DefaultIdle), absolute: or(c.Absolute, DefaultAbsolute),
	}
}

// SignedIn is one sign-in of a browser session, as it is kept.
type SignedIn struct {
	ID       string    `json:"id"` // public; made by Create
	Tenant   int64     `json:"tenant"`
	Member   int64     `json:"member"`
	Slug     string    `json:"slug"`
	Email    string    `json:"email"`
	Name     string    `json:"name"`
	Operator bool      `json:"operator,omitzero"`
	At       time.Time `json:"at"`

	// What the provider needs to hear at a sign-out, and says at its own.
	Issuer  string `json:"iss,omitzero"`
	Subject string `json:"sub,omitzero"`
	SID     string `json:"sid,omitzero"`
	Hint    []byte `json:"hint,omitzero"` // the ID token, sealed
}

func (s *SignedIn) person() *Person {
	return &Person{
		Tenant: s.Tenant, Member: s.Member, Slug: s.Slug, Email: s.Email, Name: s.Name, Operator: s.Operator, Session: s.ID,
	}
}

// record is a browser session in Redis.
type record struct {
	Begun   time.Time  `json:"begun"`
	Seen    time.Time  `json:"seen"` // at most touchEvery ago
	Device  string     `json:"device"`
	Address string     `json:"address"` // of the latest sign-in
	SignIns []SignedIn `json:"sign_ins"`
}

// Session is a browser session whose sign-ins all hold.
type Session struct {
	People    []*Person // the latest sign-in first, of tenants that are served; never empty
	Suspended []string  // slugs of the other tenants: whoever names one is told authz.ErrSuspended
}

// In returns who the session is in the tenant of that slug; nil for nobody.
func (s *Session) In(slug string) *Person {
	for _, p := range s.People {
		if p.Slug == slug {
			return p
		}
	}
	return nil
}

func sessionKey(cookie string) string { return "stoa:session:" + hashed(cookie) }

// Load returns the session of a cookie's value. Unauthenticated: there is none,
// or nothing in it holds any more (too old, unused for too long, ended, the
// member not active). Forbidden: all that holds is of suspended tenants; it
// holds again when they are resumed. Unavailable: Redis or the database cannot be asked.
func (s *Sessions) Load(ctx context.Context, cookie string) (*Session, error) {
	r, err := s.read(ctx, cookie)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, errSession()
	}
	holding, err := s.holding(ctx, r)
	if err != nil {
		return nil, err
	}
	if len(holding) == 0 {
		return nil, errSession()
	}
	if now := s.clock(); now.Sub(r.Seen) >= touchEvery {
		r.Seen, r.SignIns = now, holding
		s.touch(ctx, cookie, r)
	}
	session := &Session{}
	for i := range slices.Backward(holding) {
		in := &holding[i]
		suspended, err := s.policies.Suspended(ctx, in.Tenant)
		switch {
		case err != nil:
			return nil, err
		case suspended:
			session.Suspended = append(session.Suspended, in.Slug)
		default:
			session.People = append(session.People, in.person())
		}
	}
	if len(session.People) == 0 {
		return nil, authz.ErrSuspended()
	}
	return session, nil
}

func errSession() error {
	return fault.New(fault.Unauthenticated, "nobody is signed in here")
}

// read returns the record of a cookie's value; nil when there is none or when it
// was unused for too long. Its sign-ins are not checked.
func (s *Sessions) read(ctx context.Context, cookie string) (*record, error) {
	if !isOpaque(cookie) {
		return nil, nil
	}
	text, err := s.redis.get(ctx, sessionKey(cookie))
	if err != nil || text == nil {
		return nil, err
	}
	r := s.open(sessionKey(cookie), text)
	if r == nil || s.clock().Sub(r.Seen) >= s.idle {
		return nil, nil
	}
	return r, nil
}

// seal makes r what Redis keeps under key: encrypted, and bound to that key, so
// that who can write to Redis cannot make a session, nor move one.
func (s *Sessions) seal(key string, r *record) ([]byte, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	return s.keyring.Encrypt(noTenant, key, text)
}

// open undoes seal; nil for what seal did not make for that key.
func (s *Sessions) open(key string, sealed []byte) *record {
	text, err := s.keyring.Decrypt(noTenant, key, sealed)
	if err != nil {
		return nil
	}
	var r record
	if json.Unmarshal(text, &r) != nil {
		return nil
	}
	return &r
}

// noTenant is whose a browser session is: it may be signed in to several.
const noTenant = 0

// holding returns the sign-ins of r that still hold.
func (s *Sessions) holding(ctx context.Context, r *record) ([]SignedIn, error) {
	holding := make([]SignedIn, 0, len(r.SignIns))
	for i := range r.SignIns {
		ok, err := s.holds(ctx, &r.SignIns[i])
		if err != nil {
			return nil, err
		}
		if ok {
			holding = append(holding, r.SignIns[i])
		}
	}
	return holding, nil
}

func (s *Sessions) holds(ctx context.Context, in *SignedIn) (bool, error) {
	if s.clock().Sub(in.At) >= s.absolute {
		return false, nil
	}
	active, err := s.policies.Active(ctx, in.Tenant, in.Member)
	if err != nil || !active {
		return false, err
	}
	ended, err := s.policies.Ended(ctx, in.Tenant, in.Member, in.ID, in.At)
	return !ended, err
}

// touch writes r, unless the session was ended meanwhile. A failure costs the
// session at most touchEvery of its idle time.
func (s *Sessions) touch(ctx context.Context, cookie string, r *record) {
	text, err := s.seal(sessionKey(cookie), r)
	if err == nil {
		err = s.redis.client.SetXX(ctx, sessionKey(cookie), text, s.idle).Err()
	}
	if err := awayUnless(err); err != nil {
		s.logger.WarnContext(ctx, "the use of a session could not be written", "error", err)
	}
}

// Create adds a sign-in to the browser session of the cookie's value, or begins
// one, and returns the new value: it changes at every sign-in, so that a value
// that somebody planted or saw before is worth nothing. A sign-in to the same
// tenant is replaced. Unavailable: Redis cannot be asked.
func (s *Sessions) Create(ctx context.Context, cookie string, from Client, in SignedIn) (fresh string, id string, err error) {
	now := s.clock()
	r, err := s.read(ctx, cookie)
	if err != nil {
		return "", "", err
	}
	if r == nil {
		r = &record{Begun: now}
	}
	in.ID, in.At = or(in.ID, newSignInID()), now
	old := slices.Clone(r.SignIns)
	r.SignIns = slices.DeleteFunc(r.SignIns, func(o SignedIn) bool {
		return o.Tenant == in.Tenant || now.Sub(o.At) >= s.absolute
	})
	if extra := len(r.SignIns) + 1 - maxSignIns; extra > 0 {
		r.SignIns = r.SignIns[extra:] // the oldest
	}
	r.SignIns = append(r.SignIns, in)
	r.Seen, r.Device, r.Address = now, from.device(), from.address()
	fresh = opaque()
	text, err := s.seal(sessionKey(fresh), r)
	if err != nil {
		return "", "", err
	}
	if err := s.redis.put(ctx, sessionKey(fresh), text, s.idle); err != nil {
		return "", "", err
	}
	if err := s.index(ctx, fresh, r.SignIns, old); err != nil {
		return "", "", err
	}
	if len(old) > 0 {
		if err := awayUnless(s.redis.client.Del(ctx, sessionKey(cookie)).Err()); err != nil {
			return "", "", err
		}
	}
	return fresh, in.ID, nil
}

// newSignInID names a sign-in: nobody can use it, so it may be shown and logged.
func newSignInID() string { return opaque()[:22] }
