package authn

import (
	"context"
	"net/url"
	"time"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// SignOut ends the browser session of a cookie's value in all its tenants, and
// returns where to send the browser so that the provider of the latest sign-in
// ends its own (OpenID Connect RP-Initiated Logout 1.0); "" where there is
// nothing to end. afterwards is where the provider sends people back to, an URL
// that it knows. A session that does not exist is no error. Unavailable: Redis
// or the database cannot be asked, and nothing is promised.
func (s *SignIn) SignOut(ctx context.Context, cookie, afterwards string, from Client) (provider string, err error) {
	r, err := s.sessions.read(ctx, cookie)
	if err != nil || r == nil {
		return "", err
	}
	for i := range r.SignIns {
		in := &r.SignIns[i]
		p := in.person()
		src, _ := audit.From(ctx)
		ctx := audit.With(ctx, p.Source(from, src.RequestID))
		err := s.sessions.end(ctx, p.Scope(), func(tx *postgres.Tx, now time.Time) error {
			return tenant.SignOut(tx, in.Member, in.ID, now.Add(s.sessions.absolute), now)
		})
		if err != nil && !fault.Is(err, fault.NotFound) { // the member may be gone
			return "", err
		}
		s.sessions.forget(ctx, in.Tenant, map[string]indexed{in.ID: {Key: sessionKey(cookie), Member: in.Member, At: in.At}})
	}
	if len(r.SignIns) == 0 {
		return "", nil
	}
	return s.endAtProvider(ctx, &r.SignIns[len(r.SignIns)-1], afterwards), nil
}

// endAtProvider returns the URL that ends the provider's session; "" where the
// provider has none, is away, or is not the one of that sign-in any more.
func (s *SignIn) endAtProvider(ctx context.Context, in *SignedIn, afterwards string) string {
	if in.Issuer == "" {
		return ""
	}
	settings, err := s.settings(ctx, in.Tenant, false)
	if err != nil || settings.Issuer != in.Issuer {
		return ""
	}
	p, err := s.providers.get(ctx, settings)
	if err != nil || p.end == "" {
		return ""
	}
	u, err := url.Parse(p.end)
	if err != nil {
		return ""
	}
	q := u.Query()
	q.Set("client_id", settings.ClientID)
	if afterwards != "" {
		q.Set("post_logout_redirect_uri", afterwards)
	}
	if len(in.Hint) > 0 {
		if hint, err := s.sessions.keyring.Decrypt(in.Tenant, hintColumn, in.Hint); err == nil {
			q.Set("id_token_hint", string(hint))
		}
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// jtiLife is how long a logout token is remembered: longer than any is believed.
const jtiLife = maxLogoutAge + 2*maxSkew

// BackChannel ends what a provider's logout token names (OpenID Connect
// Back-Channel Logout 1.0): the sign-ins of one session of the provider, or all
// of one subject. What it names and is not there is no error. Invalid: the token
// cannot be believed, or was used already; NotFound: the tenant has no provider;
// Unavailable: the provider's keys, Redis or the database cannot be asked.
func (s *SignIn) BackChannel(ctx context.Context, slug, token string, from Client) error {
	t, err := s.lookUp(ctx, slug, "")
	if err != nil {
		return err
	}
	settings, err := s.settings(ctx, t.ID, false)
	if err != nil {
		return err
	}
	p, err := s.providers.get(ctx, settings)
	if err != nil {
		return err
	}
	l, err := p.logout(ctx, token, s.clock())
	if err != nil {
		if fault.Is(err, fault.Unavailable) {
			return err
		}
		return fault.Wrap(fault.Invalid, err, "the logout token cannot be accepted")
	}
	// To be told twice does no harm to a session that has ended, but an old token
	// must not end new ones.
	once := "stoa:logout:" + number(t.ID) + ":" + hashed(l.TokenID)
	fresh, err := s.redis.client.SetNX(ctx, once, 1, jtiLife).Result()
	away := awayUnless(err)
	if away == nil && !fresh {
		return fault.New(fault.Invalid, "the logout token was used already")
	}
	if away != nil && l.Subject == "" {
		return away
	}
	src, _ := audit.From(ctx)
	src.Actor = audit.Actor{Kind: audit.BySystem, ID: "system:provider", Name: settings.Issuer}
	src.Address, src.UserAgent = from.address(), from.Device
	ctx = audit.With(ctx, src)
	scope := postgres.NewScope(t.ID, "system:provider")
	if l.SessionID != "" && away == nil {
		err = s.endSID(ctx, scope, settings.Issuer, l.SessionID)
	} else {
		err = s.endSubject(ctx, scope, settings.Issuer, l.Subject)
	}
	if err != nil { // the provider may say it again
		_ = s.redis.client.Del(ctx, once).Err()
	}
	return err
}

// byProvider is why a session ended.
const byProvider = "the provider ended it"

func (s *SignIn) endSID(ctx context.Context, scope postgres.Scope, issuer, sid string) error {
	key := providerKey(scope.Tenant(), issuer, sid)
	found, err := s.sessions.lookUp(ctx, key)
	if err != nil {
		return err
	}
	for session, at := range found {
		if err := s.sessions.end(ctx, scope, s.sessions.ending(at.Member, session, byProvider)); err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	s.sessions.forget(ctx, scope.Tenant(), found)
	return awayUnless(s.redis.client.Del(ctx, key).Err())
}

func (s *SignIn) endSubject(ctx context.Context, scope postgres.Scope, issuer, subject string) error {
	var m *tenant.Member
	err := s.db.TenantRead(ctx, scope, func(tx *postgres.Tx) (err error) {
		m, err = tenant.MemberOf(tx, issuer, subject)
		return err
	})
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.sessions.EndAll(ctx, scope, m.ID, byProvider)
}
