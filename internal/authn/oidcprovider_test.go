package authn_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/authn"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
)

// certified is the OpenID provider of npm that the OpenID Foundation has
// certified, in a process of its own.
type certified struct {
	issuer string
	stop   func()
}

// install fetches the provider with npm, once, and returns where it is. The
// packages of all checkouts of a lock file are the same, so this is done beside
// and renamed: of two processes that do so at once the second yields.
var install = sync.OnceValues(func() (string, error) {
	dir, err := filepath.Abs("testdata/oidcprovider")
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err == nil {
		return dir, nil
	}
	work, err := os.MkdirTemp(dir, "node_modules.installing-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(work) }()
	for _, name := range []string{"package.json", "package-lock.json", ".npmrc"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(work, name), text, 0o600); err != nil {
			return "", err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	npm := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	npm.Dir, npm.Stderr = work, os.Stderr
	if err := npm.Run(); err != nil {
		return "", err
	}
	if err := os.Rename(filepath.Join(work, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		if _, there := os.Stat(filepath.Join(dir, "node_modules")); there != nil {
			return "", err
		}
	}
	return dir, nil
})

func startCertified(t *testing.T, options map[string]any) *certified {
	t.Helper()
	dir, err := install()
	require.NoError(t, err, "Node with npm is needed")
	all := map[string]any{"redirectUri": publicAt + "/auth/callback", "signedOutUri": publicAt + "/bye", "secret": clientSecret, "jwks": newKeys(t)}
	for name, value := range options {
		all[name] = value
	}
	text, err := json.Marshal(all)
	require.NoError(t, err)
	cmd := exec.Command("node", "server.mjs", string(text))
	cmd.Dir = dir
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	c := &certified{stop: sync.OnceFunc(func() { _ = in.Close(); _ = cmd.Process.Kill(); _ = cmd.Wait() })}
	t.Cleanup(c.stop)
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	c.issuer = strings.TrimSpace(line)
	return c
}

func newKeys(t *testing.T) jose.JSONWebKeySet {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key, KeyID: rand.Text(), Use: "sig", Algorithm: "RS256"}}}
}

// newBrowser keeps cookies, and stops where it is sent back to us.
func newBrowser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &http.Client{Jar: jar, Timeout: 20 * time.Second, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), publicAt) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
}

// browser signs person in at the provider, and returns what it comes back with.
func (c *certified) browser(t *testing.T, begun *authn.Begun, person string) url.Values {
	t.Helper()
	return signInAt(t, newBrowser(t), begun.URL, person)
}

func signInAt(t *testing.T, b *http.Client, address, person string) url.Values {
	t.Helper()
	answer, err := b.Get(address + "&login_hint=" + person)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusSeeOther, answer.StatusCode, answer.Request.URL)
	back, err := answer.Location()
	require.NoError(t, err)
	return back.Query()
}

// setupCertified is setupPeople with the certified provider. Its clock is that
// of the machine, so ours goes with it.
func setupCertified(t *testing.T, options map[string]any) (*people, *certified) {
	t.Helper()
	p := setupPeople(t)
	c := startCertified(t, options)
	p.clock.advance(time.Since(p.clock.Now()))
	p.configure(c.issuer, clientSecret)
	return p, c
}

func (r *replica) certifiedAttempt(c *certified, person string) (*authn.Outcome, error) {
	r.t.Helper()
	begun, err := r.signIn.Begin(r.t.Context(), authn.BeginRequest{Tenant: "acme", From: laptop})
	if err != nil {
		return nil, err
	}
	return r.signIn.Callback(r.t.Context(), authn.CallbackRequest{Params: c.browser(r.t, begun, person), Login: begun.Login, From: laptop})
}

func TestTheCertifiedProviderSignsPeopleIn(t *testing.T) {
	t.Parallel()
	p, c := setupCertified(t, nil)
	r := p.replica()
	begun := mustBegin(t, r)
	back := c.browser(t, begun, "ada")
	o, err := r.signIn.Callback(t.Context(), authn.CallbackRequest{Params: back, Login: begun.Login, From: laptop})
	require.NoError(t, err)
	who := r.member(o.Session)
	require.Equal(t, "ada@acme.example", who.Email)
	require.Equal(t, "Person ada", who.Name)

	again := mustBegin(t, r) // the code was used: another sign-in may not have it
	stolen := c.browser(t, again, "ada")
	stolen.Set("code", back.Get("code"))
	_, err = r.signIn.Callback(t.Context(), authn.CallbackRequest{Params: stolen, Login: again.Login, From: laptop})
	require.Equal(t, authn.CodeRefused, authn.ReasonOf(err))

	mixed := mustBegin(t, r) // a code of one sign-in in another: nonce and PKCE differ
	first, second := c.browser(t, mixed, "ada"), mustBegin(t, r)
	other := c.browser(t, second, "ada")
	other.Set("code", first.Get("code"))
	_, err = r.signIn.Callback(t.Context(), authn.CallbackRequest{Params: other, Login: second.Login, From: laptop})
	require.Equal(t, authn.CodeRefused, authn.ReasonOf(err))

	away, err := r.signIn.SignOut(t.Context(), o.Session, publicAt+"/bye", laptop)
	require.NoError(t, err)
	answer, err := (&http.Client{Timeout: 10 * time.Second}).Get(away)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode, "it accepts our request to end its session")
	r.refuses(o.Session)
}

func TestTheCertifiedProvidersAnswersMeantForOthers(t *testing.T) {
	t.Parallel()
	p, _ := setupCertified(t, nil)
	r := p.replica()
	for name, v := range map[string]struct {
		parameter, value string
		want             authn.Reason
	}{
		"nonce":    {"nonce", "another", authn.WrongNonce},
		"audience": {"client_id", "other", authn.CodeRefused},
		"verifier": {"code_challenge", strings.Repeat("A", 43), authn.CodeRefused},
		"scope":    {"scope", "openid", authn.NotPermitted}, // no address, no groups
	} {
		begun := mustBegin(t, r)
		u, err := url.Parse(begun.URL)
		require.NoError(t, err)
		q := u.Query()
		q.Set(v.parameter, v.value)
		u.RawQuery = q.Encode()
		back := signInAt(t, newBrowser(t), u.String(), "ada")
		_, err = r.signIn.Callback(t.Context(), authn.CallbackRequest{Params: back, Login: begun.Login, From: laptop})
		require.Equal(t, v.want, authn.ReasonOf(err), "%s: %v", name, err)
	}
}

var xsrf = regexp.MustCompile(`name="xsrf" value="([^"]+)"`)

func TestTheCertifiedProviderEndsOurSessions(t *testing.T) {
	t.Parallel()
	told := make(chan string, 10)
	ear := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { told <- r.PostFormValue("logout_token") }))
	t.Cleanup(ear.Close)
	p, c := setupCertified(t, map[string]any{"logoutUri": ear.URL})
	r, other := p.replica(), p.replica()
	browser := newBrowser(t)
	begun := mustBegin(t, r)
	o, err := r.signIn.Callback(t.Context(), authn.CallbackRequest{Params: signInAt(t, browser, begun.URL, "ada"), Login: begun.Login, From: laptop})
	require.NoError(t, err)
	elsewhere, err := r.certifiedAttempt(c, "ada")
	require.NoError(t, err)
	other.member(o.Session)

	page, err := browser.Get(c.issuer + "/session/end")
	require.NoError(t, err)
	text, err := io.ReadAll(page.Body)
	require.NoError(t, err)
	require.NoError(t, page.Body.Close())
	found := xsrf.FindSubmatch(text)
	require.NotNil(t, found, string(text))
	done, err := browser.PostForm(c.issuer+"/session/end/confirm", url.Values{"xsrf": {string(found[1])}, "logout": {"yes"}})
	require.NoError(t, err)
	require.NoError(t, done.Body.Close())
	select {
	case token := <-told:
		require.NoError(t, r.signIn.BackChannel(t.Context(), "acme", token, laptop))
		require.Equal(t, fault.Invalid, fault.KindOf(r.signIn.BackChannel(t.Context(), "acme", token, laptop)), "used twice")
	case <-time.After(20 * time.Second):
		require.Fail(t, "the provider told us nothing")
	}
	p.clock.advance(authz.MaxAge)
	other.refuses(o.Session)
	other.member(elsewhere.Session) // another session of the same person
}

func TestTheCertifiedProviderAndTheClock(t *testing.T) {
	t.Parallel()
	p, c := setupCertified(t, map[string]any{"idTokenTTL": 30})
	r := p.replica()
	for offset, want := range map[time.Duration]authn.Reason{
		-50 * time.Second: "", 0: "", 80 * time.Second: "",
		-70 * time.Second: authn.WrongTime, 100 * time.Second: authn.WrongTime,
	} {
		p.clock.advance(time.Until(p.clock.Now())*-1 + offset)
		o, err := r.certifiedAttempt(c, "ada")
		if want != "" {
			require.Equal(t, want, authn.ReasonOf(err), "%s: %v", offset, err)
			continue
		}
		require.NoError(t, err, "%s", offset)
		require.NotEmpty(t, o.Session)
	}
}

func TestTheCertifiedProviderRotatesAndFails(t *testing.T) {
	t.Parallel()
	p, c := setupCertified(t, nil)
	r := p.replica()
	_, err := r.certifiedAttempt(c, "ada")
	require.NoError(t, err)
	c.stop()
	u, err := url.Parse(c.issuer)
	require.NoError(t, err)
	c = startCertified(t, map[string]any{"port": u.Port()}) // the same, with other keys
	require.Equal(t, "http://"+u.Host, c.issuer)
	_, err = r.certifiedAttempt(c, "ada")
	require.NoError(t, err, "keys that are rotated")
	_, err = r.certifiedAttempt(c, "eve")
	require.NoError(t, err, "her address is not verified, but of the tenant's own domain")

	p.clock.advance(time.Second)
	p.configure(c.issuer, "not the secret")
	_, err = r.certifiedAttempt(c, "ada")
	require.Equal(t, authn.CodeRefused, authn.ReasonOf(err))

	p.clock.advance(time.Second)
	p.configure(c.issuer, clientSecret)
	begun := mustBegin(t, r)
	back := c.browser(t, begun, "ada")
	c.stop()
	_, err = r.signIn.Callback(t.Context(), authn.CallbackRequest{Params: back, Login: begun.Login, From: laptop})
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
	require.Equal(t, authn.ProviderDown, authn.ReasonOf(err))
}
