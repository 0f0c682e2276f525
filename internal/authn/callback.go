package authn

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// CallbackRequest is a browser that comes back from the provider.
type CallbackRequest struct {
	Params  url.Values // code, state, iss; error
	Login   string     // value of the login cookie
	Session string     // value of the session cookie, "" none
	From    Client
}

// Outcome is how a callback ended. Where it failed after the sign-in was
// recognised, Slug and Test still tell what was tried.
type Outcome struct {
	Slug     string      // of the tenant
	ReturnTo string      // a path of ours
	Session  string      // new value of the session cookie; "" for a test
	Test     *TestResult // nil: no test
}

// Callback finishes a sign-in: it believes the provider only after every check
// of OpenID Connect Core 3.1.2.7 and 3.1.3.7, and lets the person in if the
// tenant does. Errors have a Reason and a text for people:
//
//   - Invalid: the state is unknown, too old, already used or of another browser
//   - Unauthenticated: the provider refused, or its answer cannot be believed
//   - Forbidden: the person may not sign in here
//   - RateLimited, Unavailable
//
// For a test there is no error but Invalid, RateLimited and Unavailable of our
// own parts: what else went wrong stands in the TestResult.
func (s *SignIn) Callback(ctx context.Context, r CallbackRequest) (*Outcome, error) {
	if err := s.throttle.Check(ctx, r.From, 0); err != nil {
		return nil, err
	}
	l, err := s.recognise(ctx, r)
	if err != nil {
		return nil, err
	}
	o := &Outcome{Slug: l.Slug, ReturnTo: l.ReturnTo}
	if err := s.throttle.Check(ctx, r.From, l.Tenant); err != nil {
		return o, err
	}
	if l.Draft {
		o.Test, err = s.test(ctx, l, r)
		return o, err
	}
	o.Session, err = s.signIn(ctx, l, r)
	if err != nil {
		s.failed(ctx, l.Tenant, l.Slug, r.From, err)
	}
	return o, err
}

// recognise takes the sign-in that the state names; each can be taken once, also
// by the wrong browser.
func (s *SignIn) recognise(ctx context.Context, r CallbackRequest) (*login, error) {
	state := r.Params.Get("state")
	if !isOpaque(state) {
		return nil, errState()
	}
	text, err := s.redis.take(ctx, loginKey(state))
	if err != nil {
		return nil, err
	}
	var l login
	if text == nil || json.Unmarshal(text, &l) != nil {
		return nil, errState()
	}
	if r.Login == "" || hashed(r.Login) != l.Browser {
		err := fail(fault.Invalid, WrongBrowser, nil, "this sign-in has expired, was used already or was begun in another browser: begin again")
		s.failed(ctx, l.Tenant, l.Slug, r.From, err)
		return nil, err
	}
	return &l, nil
}

func errState() error {
	return fault.New(fault.Invalid, "this sign-in has expired, was used already or was begun in another browser: begin again")
}

// answer is what the provider said, checked.
type answer struct {
	identity *tenant.Identity
	provider *tenant.Provider
	claims   map[string]any
	sid      string
	idToken  string
}

func (s *SignIn) answer(ctx context.Context, l *login, r CallbackRequest) (*answer, error) {
	settings, err := s.settings(ctx, l.Tenant, l.Draft)
	if fault.Is(err, fault.NotFound) || err == nil && settings.stamp() != l.Settings {
		return nil, fail(fault.Invalid, SettingsChanged, nil, "the settings were changed during this sign-in: begin again")
	}
	if err != nil {
		return nil, err
	}
	p, err := s.providers.get(ctx, settings)
	if err != nil {
		return nil, err
	}
	// RFC 9207: an answer of one provider must not be taken for another's.
	if iss := r.Params.Get("iss"); iss != settings.Issuer && (iss != "" || p.namesSelf) {
		return nil, unacceptable(WrongIssuer, "it comes from another issuer")
	}
	if r.Params.Get("error") != "" {
		return nil, fail(fault.Unauthenticated, Refused, nil, "the identity provider did not sign you in")
	}
	code := r.Params.Get("code")
	if code == "" || len(code) > 4096 {
		return nil, fail(fault.Unauthenticated, Refused, nil, "the identity provider sent no code")
	}
	token, err := p.exchange(ctx, s.RedirectURL(), code, l.Verifier)
	if err != nil {
		return nil, err
	}
	c, all, err := p.verified(ctx, token, l.Nonce, s.clock())
	if err != nil {
		return nil, err
	}
	i, err := p.identity(ctx, c, all, token)
	if err != nil {
		return nil, err
	}
	raw, _ := token.Extra("id_token").(string)
	return &answer{i, settings.Provider, all, c.SID, raw}, nil
}

// maxHint bounds what of an ID token is kept for the sign-out.
const maxHint = 8 << 10

func (s *SignIn) signIn(ctx context.Context, l *login, r CallbackRequest) (cookie string, err error) {
	if _, err := s.served(ctx, l.Tenant); err != nil {
		return "", err
	}
	a, err := s.answer(ctx, l, r)
	if err != nil {
		return "", err
	}
	in := SignedIn{
		ID: newSignInID(), Tenant: l.Tenant, Slug: l.Slug, Operator: l.Slug == tenant.PlatformSlug,
		Issuer: a.identity.Issuer, Subject: a.identity.Subject, SID: a.sid,
	}
	if len(a.idToken) <= maxHint {
		if in.Hint, err = s.sessions.keyring.Encrypt(l.Tenant, hintColumn, []byte(a.idToken)); err != nil {
			return "", fault.Wrap(fault.Internal, err, "the ID token cannot be sealed")
		}
	}
	return s.enter(ctx, r.Session, r.From, in, a.identity.Email, func(tx *postgres.Tx) (*tenant.Member, *tenant.Refusal, error) {
		return tenant.SignIn(tx, *a.identity, a.provider, s.clock())
	})
}

// hintColumn binds a sealed ID token to its purpose.
const hintColumn = "session.id_token"

// enter lets a person in: what let says of the member and the audit event are
// one transaction; the session is made when that is kept.
func (s *SignIn) enter(ctx context.Context, cookie string, from Client, in SignedIn, name string,
	let func(*postgres.Tx) (*tenant.Member, *tenant.Refusal, error),
) (fresh string, err error) {
	ctx = s.source(ctx, from, in.ID, name)
	var m *tenant.Member
	var refused *tenant.Refusal
	err = s.db.Tenant(ctx, postgres.NewScope(in.Tenant, "anonymous"), func(tx *postgres.Tx) (err error) {
		if m, refused, err = let(tx); err != nil || refused != nil {
			return err
		}
		in.Member, in.Email, in.Name = m.ID, m.Email, m.Name
		return audit.Record(tx, audit.Event{
			Type: audit.SignedIn, Actor: in.person().Actor(), Target: audit.Target{Kind: "member", ID: id.Text(m.ID), Name: m.Email},
			Details: map[string]any{"issuer": in.Issuer},
		})
	})
	if err != nil {
		return "", err
	}
	if refused != nil {
		return "", fail(fault.Forbidden, NotPermitted, nil, "%s", message(refused.Err()))
	}
	s.sessions.policies.Announce(ctx, in.Tenant)
	fresh, _, err = s.sessions.Create(ctx, cookie, from, in)
	return fresh, err
}

// source is that of an event whose person is not known yet.
func (s *SignIn) source(ctx context.Context, from Client, session, name string) context.Context {
	src, _ := audit.From(ctx)
	src.Actor = audit.Actor{Kind: audit.ByAnonymous, ID: "anonymous", Name: name}
	src.Address, src.UserAgent, src.Session = from.address(), from.Device, session
	return audit.With(ctx, src)
}

// failed counts and records a sign-in that failed. Recording may fail too, when
// the database is the reason; the log has it then.
func (s *SignIn) failed(ctx context.Context, of int64, slug string, from Client, why error) {
	reason := ReasonOf(why)
	s.logger.InfoContext(ctx, "a sign-in failed", "tenant", of, "reason", string(reason), "error", why)
	switch fault.KindOf(why) {
	case fault.Unauthenticated, fault.Forbidden:
		s.throttle.Failed(ctx, from, of)
	default: // a state cannot be guessed, and any page can send a browser here with a wrong one
	}
	if fault.Is(why, fault.Forbidden) && reason == NotPermitted {
		return // recorded, where it was decided
	}
	outcome := audit.Failure
	if fault.Is(why, fault.Forbidden) {
		outcome = audit.Denied
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.source(ctx, from, "", "")), 5*time.Second)
	defer cancel()
	err := s.db.Tenant(ctx, postgres.NewScope(of, "anonymous"), func(tx *postgres.Tx) error {
		return audit.Record(tx, audit.Event{
			Type: audit.SignInFailed, Outcome: outcome, Target: audit.Target{Kind: "tenant", ID: slug, Name: slug},
			Details: map[string]any{"reason": string(reason)},
		})
	})
	if err != nil {
		s.logger.ErrorContext(ctx, "a sign-in that failed could not be recorded", "tenant", of, "error", err)
	}
}
