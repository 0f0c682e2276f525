package httpapi

import (
	"context"
	"hash/fnv"
	"net"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authn"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/ratelimit"
)

// Where browsers are sent to, and come back to.
const (
	signInPath   = "/auth/sign-in"
	callbackPath = "/auth/callback"
	recoverPath  = "/auth/recover"
)

// signInRoutes are for browsers and for identity providers. Nobody needs to be
// anybody to call them; each is limited by where it comes from.
func (a *API) signInRoutes() []route {
	return []route{
		{http.MethodGet, signInPath, everybody, a.signIn, nowhere},
		{http.MethodGet, callbackPath, everybody, a.finishSignIn, nowhere},
		{http.MethodGet, recoverPath, everybody, a.recoverAccess, nowhere},
		{http.MethodPost, "/auth/sign-out", everybody, a.signOut, nowhere},
		{http.MethodPost, "/auth/backchannel-logout/:tenant", everybody, a.backChannelLogout, nowhere},
	}
}

// signIn sends the browser to the identity provider of a tenant. Without a
// tenant and an address it asks for one of them.
func (a *API) signIn(x *exchange) error {
	if err := a.limitAddress(x); err != nil {
		return err
	}
	if to := a.console.otherName(x.request.Host); to != "" {
		return x.seeOther(to + x.request.URL.RequestURI())
	}
	slug, email, returnTo := x.query.Get("tenant"), x.query.Get("email"), x.query.Get("return_to")
	if slug == "" && email == "" {
		return x.showForm(returnTo)
	}
	begun, err := a.console.SignIn.Begin(x.anonymously(), authn.BeginRequest{
		Tenant: slug, Email: email, ReturnTo: returnTo, Login: loginCookie(x.request), From: x.from(),
	})
	if err != nil {
		return &signInError{slug, err}
	}
	x.setLogin(begun.Login)
	return x.seeOther(begun.URL)
}

// otherName returns the origin of the service where host is another name of
// the same port of this machine, as localhost:8080 is of 127.0.0.1:8080: cookies
// given there would not come back. Else "": what a proxy made of the host does
// not matter.
func (c *console) otherName(host string) string {
	u, err := url.Parse(c.PublicURL)
	if err != nil || u.Host == host {
		return ""
	}
	name, port, err := net.SplitHostPort(host)
	if err != nil || port != u.Port() || !isLoopback(name) || !isLoopback(u.Hostname()) {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

func isLoopback(name string) bool {
	ip, err := netip.ParseAddr(name)
	return name == "localhost" || err == nil && ip.IsLoopback()
}

// finishSignIn is where providers send browsers back to. What the provider says
// there of an error is never shown: anybody can write such a link.
func (a *API) finishSignIn(x *exchange) error {
	if err := a.limitAddress(x); err != nil {
		return err
	}
	if err := x.visited(); err != nil {
		return err
	}
	o, err := a.console.SignIn.Callback(x.anonymously(), authn.CallbackRequest{
		Params: x.query, Login: loginCookie(x.request), Session: sessionCookie(x.request), From: x.from(),
	})
	if err != nil {
		failed := &signInError{err: err}
		if o != nil {
			failed.slug = o.Slug
		}
		return failed
	}
	return x.signedIn(o)
}

// recoverAccess lets the holder of a recovery link in.
func (a *API) recoverAccess(x *exchange) error {
	if err := a.limitAddress(x); err != nil {
		return err
	}
	if err := x.visited(); err != nil {
		return err
	}
	o, err := a.console.SignIn.Recover(x.anonymously(), x.query.Get("token"), sessionCookie(x.request), x.from())
	if err != nil {
		return err
	}
	return x.signedIn(o)
}

// signedIn gives the browser its session, if there is one now, and sends it on.
func (x *exchange) signedIn(o *authn.Outcome) error {
	if o.Session != "" {
		x.setSession(o.Session)
	}
	if o.ReturnTo == "/" {
		o.ReturnTo = x.api.BasePath + "/"
	}
	return x.seeOther(o.ReturnTo)
}

// visited refuses what only looks at a link that is good once: a HEAD, or a
// browser that loads pages before anybody wants them.
func (x *exchange) visited() error {
	if x.request.Method != http.MethodGet || x.request.Header.Get("Sec-Purpose") != "" {
		return &refusal{http.StatusMethodNotAllowed, "method_not_allowed", "this address is to be visited, once"}
	}
	return nil
}

// signOut ends the session here, and says where to go to end it at the provider.
func (a *API) signOut(x *exchange) error {
	if err := a.limitAddress(x); err != nil {
		return err
	}
	provider, err := a.console.SignIn.SignOut(x.anonymously(), sessionCookie(x.request), a.console.signedOutURL(), x.from())
	if err != nil {
		return err
	}
	x.clearSession()
	return x.answer(http.StatusOK, apiv1.SignedOut{URL: optional(provider)})
}

// maxLogout bounds the form of a back-channel logout, in bytes.
const maxLogout = 32 << 10

// backChannelLogout hears from a provider that somebody has signed out there.
// A tenant that does not exist, and one without a provider, are told what a
// token that cannot be believed is told.
func (a *API) backChannelLogout(x *exchange) error {
	if err := a.limitAddress(x); err != nil {
		return err
	}
	if !declares(x.request, "application/x-www-form-urlencoded") {
		return &refusal{http.StatusUnsupportedMediaType, "unsupported_media_type", "send a form, application/x-www-form-urlencoded"}
	}
	body, err := x.readBody(maxLogout)
	if err != nil {
		return err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || len(form["logout_token"]) != 1 {
		return fault.New(fault.Invalid, "send one logout_token")
	}
	err = a.console.SignIn.BackChannel(x.anonymously(), x.gin.Param("tenant"), form.Get("logout_token"), x.from())
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Forbidden) {
		return fault.Wrap(fault.Invalid, err, "the logout token cannot be accepted")
	}
	if err != nil {
		return err
	}
	x.writer().WriteHeader(http.StatusOK)
	return nil
}

// from is the other end of x.
func (x *exchange) from() authn.Client {
	return authn.Client{Address: x.remote, Device: x.request.UserAgent()}
}

// anonymously is the context of what somebody does who is nobody yet.
func (x *exchange) anonymously() context.Context {
	return audit.With(x.context(), audit.Source{RequestID: x.id})
}

// seeOther sends the browser on with a GET.
func (x *exchange) seeOther(address string) error {
	x.Header().Set("Location", address)
	x.writer().WriteHeader(http.StatusSeeOther)
	return nil
}

// perAddress is how many requests a minute one network may send to /auth: enough
// for an office that begins its day, too little to fill Redis with sign-ins or
// to make us ask a provider for its keys all the time.
const perAddress = 600

// limitAddress charges one request to where it comes from, of IPv6 the /64. The
// numbers are below zero, so that none meets a tenant.
func (a *API) limitAddress(x *exchange) error {
	network := netip.PrefixFrom(x.remote, x.remote.BitLen())
	if x.remote.Is6() {
		network = netip.PrefixFrom(x.remote, 64).Masked()
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(network.String())) // never fails
	return a.charge(x, ratelimit.Request{Tenant: -1 - int64(h.Sum64()>>1), Limits: ratelimit.Override{Requests: perAddress}, Requests: 1})
}

// loginName is the cookie that binds a sign-in to the browser that began it.
// Lax, not Strict: the browser comes back from another site.
const loginName = "__Host-stoa-login"

// loginMinutes is how long a sign-in may take.
const loginMinutes = 10

func (x *exchange) setLogin(value string) {
	http.SetCookie(x, &http.Cookie{
		Name: loginName, Value: value, Path: "/", MaxAge: loginMinutes * 60, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// loginCookie returns the value of the cookie; "" when there is none.
func loginCookie(r *http.Request) string {
	c, err := r.Cookie(loginName)
	if err != nil {
		return ""
	}
	return c.Value
}
