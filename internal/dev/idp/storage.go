package idp

import (
	"context"
	"crypto"
	"crypto/rand"
	_ "crypto/sha256" // for crypto.SHA256
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

const hash = crypto.SHA256

// How long things live. A person may read the page for a while; a program
// fetches a token at once.
const (
	requestAge = 10 * time.Minute
	codeAge    = time.Minute
	tokenAge   = 10 * time.Minute
	sessionAge = 24 * time.Hour
	most       = 10_000 // of each; beyond it nobody is let in until some have ended
)

// storage is the provider's memory.
type storage struct {
	keys    *keys
	clients map[string]Client
	tell    func(Client, session) // that a session has ended

	mu       sync.Mutex
	people   []Person
	requests map[string]request // by id
	codes    map[string]code
	tokens   map[string]token   // by id
	sessions map[string]session // by sid
}

type code struct {
	request string
	until   time.Time
}

type token struct {
	session
	until time.Time
}

// session is one sign-in of a person to a client.
type session struct {
	sid, client string
	person      Person
	until       time.Time
}

func newStorage(c Config, k *keys, tell func(Client, session)) *storage {
	s := &storage{
		keys: k, clients: map[string]Client{}, tell: tell, people: slices.Clone(c.People),
		requests: map[string]request{}, codes: map[string]code{}, tokens: map[string]token{}, sessions: map[string]session{},
	}
	for _, client := range c.Clients {
		s.clients[client.ID] = client
	}
	return s
}

// random returns 128 bits of it.
func random() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: the program ends instead
	return text(b[:])
}

func text(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

var errFull = oidc.ErrServerError().WithDescription("too many sign-ins at once: try again later")

// tidy forgets what has ended. s.mu is held.
func (s *storage) tidy(now time.Time) error {
	forget(s.requests, func(r request) bool { return now.Sub(r.at) > requestAge })
	forget(s.codes, func(c code) bool { return now.After(c.until) })
	forget(s.tokens, func(t token) bool { return now.After(t.until) })
	forget(s.sessions, func(s session) bool { return now.After(s.until) })
	if max(len(s.requests), len(s.codes), len(s.tokens), len(s.sessions)) >= most {
		return errFull
	}
	return nil
}

func forget[V any](all map[string]V, ended func(V) bool) {
	for id, v := range all {
		if ended(v) {
			delete(all, id)
		}
	}
}

func (s *storage) setPeople(people []Person) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.people = slices.Clone(people)
}

// person returns who has that subject at a client now. s.mu is held.
func (s *storage) person(client, subject string) (Person, bool) {
	i := slices.IndexFunc(s.people, func(p Person) bool { return p.Client == client && p.Subject == subject })
	if i < 0 {
		return Person{}, false
	}
	return s.people[i], true
}

// open returns a request that waits for somebody, and who may sign in for it:
// whom the client hinted at comes first.
func (s *storage) open(id string) (request, Client, []Person, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, there := s.requests[id]
	if !there || r.Done() || time.Since(r.at) > requestAge {
		return request{}, Client{}, nil, false
	}
	var people []Person
	for _, p := range s.people {
		switch {
		case p.Client != r.asked.ClientID:
		case r.asked.LoginHint != "" && p.Email == r.asked.LoginHint:
			people = append([]Person{p}, people...)
		default:
			people = append(people, p)
		}
	}
	return r, s.clients[r.asked.ClientID], people, true
}

// signIn completes a request.
func (s *storage) signIn(id, subject string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, there := s.requests[id]
	p, known := s.person(r.asked.ClientID, subject)
	if !there || !known || r.Done() {
		return false
	}
	r.person, r.sid, r.since = &p, random(), time.Now().UTC()
	s.requests[id] = r
	s.sessions[r.sid] = session{r.sid, r.asked.ClientID, p, r.since.Add(sessionAge)}
	return true
}

// endSessions ends what matches, with its tokens, and has the clients told.
func (s *storage) endSessions(match func(session) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for sid, one := range s.sessions {
		if match(one) {
			delete(s.sessions, sid)
			forget(s.tokens, func(t token) bool { return t.sid == sid })
			s.tell(s.clients[one.client], one)
		}
	}
}

// What follows is op.Storage.

func (s *storage) CreateAuthRequest(_ context.Context, asked *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	switch {
	case slices.Contains(asked.Prompt, oidc.PromptNone):
		return nil, oidc.ErrLoginRequired()
	case asked.CodeChallenge == "" || asked.CodeChallengeMethod != oidc.CodeChallengeMethodS256:
		return nil, oidc.ErrInvalidRequest().WithDescription("PKCE with S256 is required")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now().UTC()
	if err := s.tidy(now); err != nil {
		return nil, err
	}
	r := request{asked: *asked, id: random(), at: now}
	s.requests[r.id] = r
	return r, nil
}

var errUnknown = errors.New("unknown, or ended")

func (s *storage) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, there := s.requests[id]; there {
		return r, nil
	}
	return nil, errUnknown
}

// AuthRequestByCode takes the code: whoever brings it again comes too late.
func (s *storage) AuthRequestByCode(_ context.Context, text string) (op.AuthRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, there := s.codes[text]
	delete(s.codes, text)
	r, open := s.requests[c.request]
	if !there || !open || time.Now().After(c.until) {
		return nil, errUnknown
	}
	return r, nil
}

func (s *storage) SaveAuthCode(_ context.Context, id, text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes[text] = code{id, time.Now().Add(codeAge)}
	return nil
}

func (s *storage) DeleteAuthRequest(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.requests, id)
	forget(s.codes, func(c code) bool { return c.request == id })
	return nil
}

func (s *storage) CreateAccessToken(_ context.Context, asked op.TokenRequest) (string, time.Time, error) {
	r, ok := asked.(request)
	if !ok || r.person == nil {
		return "", time.Time{}, errUnknown
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id, until := random(), time.Now().UTC().Add(tokenAge)
	s.tokens[id] = token{session{r.sid, r.asked.ClientID, *r.person, until}, until}
	return id, until, nil
}

func (s *storage) SetUserinfoFromRequest(_ context.Context, info *oidc.UserInfo, asked op.IDTokenRequest, _ []string) error {
	r, ok := asked.(request)
	if !ok || r.person == nil {
		return errUnknown
	}
	describe(info, *r.person)
	info.AppendClaims("sid", r.sid)
	return nil
}

func (s *storage) SetUserinfoFromToken(_ context.Context, info *oidc.UserInfo, id, subject, _ string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, there := s.tokens[id]
	p, known := s.person(t.client, subject)
	if !there || !known || time.Now().After(t.until) {
		return errUnknown
	}
	describe(info, p)
	return nil
}

// describe gives all claims, whatever the scopes: every client wants them.
func describe(info *oidc.UserInfo, p Person) {
	info.Subject, info.Name, info.Email, info.EmailVerified = p.Subject, p.Name, p.Email, true
	info.AppendClaims("groups", append([]string{}, p.Groups...))
}

func (s *storage) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	c, there := s.clients[id]
	if !there {
		return nil, errUnknown
	}
	return relyingParty{c}, nil
}

func (s *storage) AuthorizeClientIDSecret(_ context.Context, id, secret string) error {
	c, there := s.clients[id]
	if !there || c.Secret == "" || subtle.ConstantTimeCompare([]byte(c.Secret), []byte(secret)) != 1 {
		return errUnknown
	}
	return nil
}

// TerminateSessionFromRequest ends the session that a client's logout names, or
// all that the person has with it.
func (s *storage) TerminateSessionFromRequest(_ context.Context, r *op.EndSessionRequest) (string, error) {
	if r.IDTokenHintClaims != nil {
		sid := r.IDTokenHintClaims.SessionID
		s.endSessions(func(one session) bool {
			return one.client == r.ClientID && one.person.Subject == r.UserID && (sid == "" || one.sid == sid)
		})
	}
	return r.RedirectURI, nil
}

func (s *storage) TerminateSession(context.Context, string, string) error { return errUnknown }

func (s *storage) RevokeToken(_ context.Context, id, _, client string) *oidc.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tokens[id].client == client {
		delete(s.tokens, id)
	}
	return nil
}

func (s *storage) SigningKey(context.Context) (op.SigningKey, error) { return s.keys.signing(), nil }

func (s *storage) KeySet(context.Context) ([]op.Key, error) { return s.keys.verifying(), nil }

func (s *storage) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.RS256}, nil
}
func (s *storage) Health(context.Context) error { return nil }

// What this provider does not do.

func (s *storage) CreateAccessAndRefreshTokens(context.Context, op.TokenRequest, string) (string, string, time.Time, error) {
	return "", "", time.Time{}, oidc.ErrUnsupportedGrantType()
}

func (s *storage) TokenRequestByRefreshToken(context.Context, string) (op.RefreshTokenRequest, error) {
	return nil, oidc.ErrUnsupportedGrantType()
}

func (s *storage) GetRefreshTokenInfo(context.Context, string, string) (string, string, error) {
	return "", "", op.ErrInvalidRefreshToken
}

func (s *storage) SetUserinfoFromScopes(context.Context, *oidc.UserInfo, string, string, []string) error {
	return nil
}

func (s *storage) SetIntrospectionFromToken(context.Context, *oidc.IntrospectionResponse, string, string, string) error {
	return errUnknown
}

func (s *storage) GetPrivateClaimsFromScopes(context.Context, string, string, []string) (map[string]any, error) {
	return nil, nil
}

func (s *storage) GetKeyByIDAndClientID(context.Context, string, string) (*jose.JSONWebKey, error) {
	return nil, errUnknown
}

func (s *storage) ValidateJWTProfileScopes(context.Context, string, []string) ([]string, error) {
	return nil, oidc.ErrUnsupportedGrantType()
}
