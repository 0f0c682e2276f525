package authn

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// loginLife is how long a person may take at the provider.
const loginLife = 10 * time.Minute

// SignInConfig says how people sign in.
type SignInConfig struct {
	DB        *postgres.DB
	Operator  *postgres.Operator // finds tenants by slug and domain
	Peppers   *tenant.Peppers    // of recovery links
	Redis     *Redis
	Sessions  *Sessions
	Throttle  *Throttle
	PublicURL string         // of the service; the provider sends people back to its /auth/callback
	Private   []netip.Prefix // networks that are not public where providers may be; development: loopback
	Timeout   time.Duration  // of one request to a provider; 0 is 10 s
	Clock     func() time.Time
	Logger    *slog.Logger
}

// SignIn is the relying party of OpenID Connect: authorization code with PKCE
// (RFC 7636), state and nonce. It is safe for concurrent use.
type SignIn struct {
	db        *postgres.DB
	operator  *postgres.Operator
	peppers   *tenant.Peppers
	redis     *Redis
	sessions  *Sessions
	throttle  *Throttle
	public    string
	client    *http.Client
	providers *providers
	clock     func() time.Time
	logger    *slog.Logger
}

// NewSignIn returns a SignIn; no provider is asked yet.
func NewSignIn(c SignInConfig) *SignIn {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	client := providerClient(c.Private, or(c.Timeout, outboundTimeout))
	return &SignIn{
		db: c.DB, operator: c.Operator, peppers: c.Peppers, redis: c.Redis, sessions: c.Sessions, throttle: c.Throttle,
		public: strings.TrimSuffix(c.PublicURL, "/"), client: client, providers: newProviders(client, c.Clock),
		clock: c.Clock, logger: c.Logger,
	}
}

// RedirectURL is where providers send people back to.
func (s *SignIn) RedirectURL() string { return s.public + "/auth/callback" }

// login is a sign-in under way, in Redis under the hash of its state.
type login struct {
	Tenant    int64  `json:"tenant"`
	Slug      string `json:"slug"`
	Settings  int64  `json:"settings"` // which version of them, see settings.id
	Draft     bool   `json:"draft"`    // a test
	By        int64  `json:"by"`       // the member that tests
	ByEmail   string `json:"by_email"`
	BySession string `json:"by_session"`
	Version   int64  `json:"version"` // of the draft
	Nonce     string `json:"nonce"`
	Verifier  string `json:"verifier"`
	ReturnTo  string `json:"return_to"`
	Browser   string `json:"browser"` // hash of the login cookie
}

func loginKey(state string) string { return "stoa:login:" + hashed(state) }

// BeginRequest is somebody who wants to sign in.
type BeginRequest struct {
	Tenant   string // slug; or else
	Email    string // e-mail address or its domain
	ReturnTo string // a path of ours, "" is "/"
	Login    string // value of the login cookie, "" none
	From     Client
}

// Begun is where to send the browser.
type Begun struct {
	URL   string // at the provider
	Login string // value of the login cookie, for 10 minutes; binds the sign-in to this browser
}

// Begin starts a sign-in. Errors: Invalid for a ReturnTo that is no path of
// ours; NotFound, with one text, where no tenant signs in by that name or
// domain; RateLimited; Unavailable when the provider, Redis or the database
// cannot be asked. Nobody learns here whether a person exists: only the domain
// of an address is looked at.
func (s *SignIn) Begin(ctx context.Context, r BeginRequest) (*Begun, error) {
	if err := s.throttle.Check(ctx, r.From, 0); err != nil {
		return nil, err
	}
	t, err := s.lookUp(ctx, r.Tenant, r.Email)
	if err != nil {
		return nil, err
	}
	settings, err := s.settings(ctx, t.ID, false)
	if fault.Is(err, fault.NotFound) {
		return nil, errNowhere()
	}
	if err != nil {
		return nil, err
	}
	if err := s.throttle.Check(ctx, r.From, t.ID); err != nil {
		return nil, err
	}
	return s.begin(ctx, settings, login{Tenant: t.ID, Slug: t.Slug}, r.ReturnTo, r.Login)
}

// BeginTest starts a sign-in with the draft of the settings of by's tenant; its
// callback makes no session but a TestResult. Errors as of Begin.
func (s *SignIn) BeginTest(ctx context.Context, by *Person, returnTo, cookie string) (*Begun, error) {
	settings, err := s.settings(ctx, by.Tenant, true)
	if err != nil {
		return nil, err
	}
	return s.begin(ctx, settings, login{Tenant: by.Tenant, Slug: by.Slug, Draft: true, Version: settings.Version, By: by.Member, ByEmail: by.Email, BySession: by.Session}, returnTo, cookie)
}

func (s *SignIn) begin(ctx context.Context, settings *settings, l login, returnTo, cookie string) (*Begun, error) {
	returnTo, err := localPath(returnTo)
	if err != nil {
		return nil, err
	}
	p, err := s.providers.get(ctx, settings)
	if err != nil {
		return nil, err
	}
	if !isOpaque(cookie) { // several tabs of a browser share one
		cookie = opaque()
	}
	state := opaque()
	l.Settings, l.Nonce, l.Verifier, l.ReturnTo, l.Browser = settings.stamp(), opaque(), oauth2.GenerateVerifier(), returnTo, hashed(cookie)
	text, err := json.Marshal(l)
	if err != nil {
		return nil, err
	}
	if err := s.redis.put(ctx, loginKey(state), text, loginLife); err != nil {
		return nil, err
	}
	return &Begun{
		URL:   p.oauth(s.RedirectURL()).AuthCodeURL(state, oauth2.S256ChallengeOption(l.Verifier), oauth2.SetAuthURLParam("nonce", l.Nonce)),
		Login: cookie,
	}, nil
}

// localPath returns a path that a browser resolves to this very origin, and
// Invalid for everything else: browsers take // and /\ for another host, and
// drop tabs and newlines before they look.
func localPath(path string) (string, error) {
	if path == "" {
		return "/", nil
	}
	invalid := fault.New(fault.Invalid, "the page to return to must be a path of this site, such as /statements")
	if len(path) > 2000 || path[0] != '/' || strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' }) {
		return "", invalid
	}
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || u.Opaque != "" {
		return "", invalid
	}
	// Decoded once more, by whoever stands between, it must still be one.
	for text, decodes := path, true; decodes; {
		if strings.HasPrefix(text, "//") || strings.ContainsAny(strings.SplitN(text, "?", 2)[0], "\\\t\r\n\x00") {
			return "", invalid
		}
		again, err := url.PathUnescape(text)
		text, decodes = again, err == nil && again != text
	}
	return path, nil
}
