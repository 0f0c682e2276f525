package idp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/stoa-lrs/stoa/internal/dev/idp"
	"github.com/stoa-lrs/stoa/internal/fault"
)

func TestAPersonSignsIn(t *testing.T) {
	t.Parallel()
	w := setup(t)
	_, token, c := w.signIn("northwind", "northwind-analyst")
	require.NotEmpty(t, c.Session)
	require.Empty(t, token.RefreshToken)
	want := claims{
		Subject: "northwind-analyst", Email: "ben@northwind.example", EmailVerified: true, Name: "Ben <b>Ode</b>",
		Groups: []string{"stoa-analyst", "staff"}, Session: c.Session, Nonce: "the nonce",
	}
	require.Equal(t, want, c)
	info, err := w.userinfo(token)
	require.NoError(t, err)
	want.Session, want.Nonce = "", ""
	require.Equal(t, want, info)

	_, _, again := w.signIn("northwind", "northwind-analyst")
	require.Equal(t, c.Subject, again.Subject)
	require.NotEqual(t, c.Session, again.Session, "each sign-in is a session")
	_, _, other := w.signIn("meridian", "meridian-admin")
	require.Equal(t, []string{}, other.Groups, "an empty list, not none")
}

func TestThePageListsTheClientsPeopleOnlyAndSaysWhatItIs(t *testing.T) {
	t.Parallel()
	w := setup(t)
	authorize := w.oauth("northwind").AuthCodeURL("s", oauth2.S256ChallengeOption(oauth2.GenerateVerifier()), oauth2.SetAuthURLParam("login_hint", "ben@northwind.example"))
	answer, page := w.page(authorize)
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Contains(t, page, "THIS IS A DEMO")
	require.Contains(t, page, "Ada Norén")
	require.Contains(t, page, "Ben &lt;b&gt;Ode")
	require.Less(t, strings.Index(page, "northwind-analyst"), strings.Index(page, "northwind-admin"), "whom the client hinted at comes first")
	require.NotContains(t, page, "meridian")
	require.NotContains(t, page, "<script")
	require.NotContains(t, page, "style=")
	policy := answer.Header.Get("Content-Security-Policy")
	require.Contains(t, policy, "default-src 'none'")
	require.Contains(t, policy, "form-action 'self' "+w.client.URL)
	require.NotContains(t, policy, "unsafe")

	request := hidden.FindStringSubmatch(page)[1]
	for _, form := range []url.Values{
		{"request": {request}, "person": {"meridian-admin"}}, {"request": {request}}, {"request": {"other"}, "person": {"northwind-admin"}}, {},
	} {
		answer, _ := w.do(http.MethodPost, w.provider.Issuer()+"/sign-in", form)
		require.Equal(t, http.StatusBadRequest, answer.StatusCode, form)
	}
	to := w.choose(page, "northwind-admin")
	require.NotEmpty(t, to.Query().Get("code"))
	answer, _ = w.do(http.MethodPost, w.provider.Issuer()+"/sign-in", url.Values{"request": {request}, "person": {"northwind-analyst"}})
	require.Equal(t, http.StatusBadRequest, answer.StatusCode, "who has signed in stays who they are")
}

func TestAFormOfAnotherSiteIsRefused(t *testing.T) {
	t.Parallel()
	w := setup(t)
	_, page := w.page(w.oauth("northwind").AuthCodeURL("s", oauth2.S256ChallengeOption(oauth2.GenerateVerifier())))
	form := url.Values{"request": {hidden.FindStringSubmatch(page)[1]}, "person": {"northwind-admin"}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.provider.Issuer()+"/sign-in", strings.NewReader(form.Encode()))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "https://evil.example")
	answer, err := w.browser.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Equal(t, http.StatusForbidden, answer.StatusCode)
}

func TestACodeIsGoodOnceForItsClientAndVerifier(t *testing.T) {
	t.Parallel()
	w := setup(t)
	config, verifier := w.oauth("northwind"), oauth2.GenerateVerifier()
	exchange := func(c *oauth2.Config, code, verifier string) error {
		_, err := c.Exchange(t.Context(), code, oauth2.VerifierOption(verifier))
		return err
	}
	code := w.code(config, "northwind-admin", verifier)
	require.NoError(t, exchange(config, code, verifier))
	require.ErrorContains(t, exchange(config, code, verifier), "invalid_grant", "a replay")

	require.ErrorContains(t, exchange(config, w.code(config, "northwind-admin", verifier), oauth2.GenerateVerifier()), "invalid_grant")
	require.Error(t, exchange(w.oauth("meridian"), w.code(config, "northwind-admin", verifier), verifier), "another client")
	wrong := w.oauth("northwind")
	wrong.ClientSecret = "x"
	require.Error(t, exchange(wrong, w.code(config, "northwind-admin", verifier), verifier))
	elsewhere := w.oauth("northwind")
	elsewhere.RedirectURL += "/x"
	require.Error(t, exchange(elsewhere, w.code(config, "northwind-admin", verifier), verifier))
}

func TestWhatIsNotTheCodeFlowWithPKCEIsRefused(t *testing.T) {
	t.Parallel()
	w := setup(t)
	config := w.oauth("northwind")
	for want, options := range map[string][]oauth2.AuthCodeOption{
		"invalid_request":  nil, // no PKCE
		"invalid_request ": {oauth2.SetAuthURLParam("code_challenge", oauth2.GenerateVerifier()), oauth2.SetAuthURLParam("code_challenge_method", "plain")},
		"login_required":   {oauth2.S256ChallengeOption(oauth2.GenerateVerifier()), oauth2.SetAuthURLParam("prompt", "none")},
	} {
		answer, _ := w.do(http.MethodGet, config.AuthCodeURL("the state", options...), nil)
		require.Equal(t, http.StatusFound, answer.StatusCode)
		to, err := url.Parse(answer.Header.Get("Location"))
		require.NoError(t, err)
		require.Equal(t, strings.TrimSpace(want), to.Query().Get("error"), to)
		require.Equal(t, "the state", to.Query().Get("state"))
	}
	pkce := oauth2.S256ChallengeOption(oauth2.GenerateVerifier())
	for _, parameter := range [][2]string{{"redirect_uri", "https://evil.example/"}, {"client_id", "other"}, {"response_type", "id_token token"}} {
		answer, _ := w.do(http.MethodGet, config.AuthCodeURL("s", pkce, oauth2.SetAuthURLParam(parameter[0], parameter[1])), nil)
		require.Equal(t, http.StatusBadRequest, answer.StatusCode, "nobody is sent anywhere")
	}
}

func TestKeysRotateAndSurviveARestart(t *testing.T) {
	t.Parallel()
	w := setup(t)
	verifier := w.discover().Verifier(&oidc.Config{ClientID: "northwind"})
	before, _, _ := w.signIn("northwind", "northwind-admin")
	require.NoError(t, w.provider.RotateKeys())
	after, _, _ := w.signIn("northwind", "northwind-admin")
	for _, raw := range []string{before, after} {
		_, err := verifier.Verify(t.Context(), raw)
		require.NoError(t, err)
	}
	require.NoError(t, w.provider.RotateKeys())
	_, err := w.discover().Verifier(&oidc.Config{ClientID: "northwind"}).Verify(t.Context(), before)
	require.Error(t, err, "two rotations ago")

	key, err := idp.NewKey()
	require.NoError(t, err)
	c := w.config
	c.Key = key
	first := start(t, c)
	w.provider = first
	raw, _, _ := w.signIn("northwind", "northwind-admin")
	require.NoError(t, first.Stop())
	c.Address = first.Address()
	w.provider = start(t, c)
	require.Equal(t, first.Issuer(), w.provider.Issuer())
	_, err = w.discover().Verifier(&oidc.Config{ClientID: "northwind"}).Verify(t.Context(), raw)
	require.NoError(t, err)

	c.Key = []byte("no key")
	_, err = idp.Start(c)
	require.Equal(t, fault.Invalid, fault.KindOf(err))
}

func TestATakenPortLeadsToAnother(t *testing.T) {
	t.Parallel()
	w := setup(t)
	c := w.config
	c.Address = w.provider.Address()
	other := start(t, c)
	require.NotEqual(t, w.provider.Issuer(), other.Issuer())
	for _, address := range []string{"0.0.0.0:0", ":0", "192.0.2.1:80", "localhost", ""} {
		c.Address = address
		_, err := idp.Start(c)
		require.Equal(t, fault.Invalid, fault.KindOf(err), address)
	}
}

func TestLogoutByTheClient(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var endpoint struct {
		EndSession  string `json:"end_session_endpoint"`
		BackChannel bool   `json:"backchannel_logout_supported"`
	}
	require.NoError(t, w.discover().Claims(&endpoint))
	require.True(t, endpoint.BackChannel)
	raw, token, c := w.signIn("northwind", "northwind-admin")
	_, other, _ := w.signIn("northwind", "northwind-admin")

	logout := func(values url.Values) answer {
		answer, _ := w.do(http.MethodGet, endpoint.EndSession+"?"+values.Encode(), nil)
		return answer
	}
	require.Equal(t, http.StatusBadRequest, logout(url.Values{"id_token_hint": {raw}, "post_logout_redirect_uri": {"https://evil.example/"}}).StatusCode)
	require.Equal(t, http.StatusBadRequest, logout(url.Values{"id_token_hint": {raw[:len(raw)-8]}}).StatusCode)
	_, err := w.userinfo(token)
	require.NoError(t, err)

	answer := logout(url.Values{"id_token_hint": {raw}, "post_logout_redirect_uri": {w.client.URL + "/after"}, "state": {"s"}})
	require.Equal(t, w.client.URL+"/after?state=s", answer.Header.Get("Location"))
	w.toldOf("northwind", c.Subject, c.Session)
	_, err = w.userinfo(token)
	require.Error(t, err)
	_, err = w.userinfo(other)
	require.NoError(t, err, "another session goes on")

	answer = logout(nil)
	require.Equal(t, w.provider.Issuer()+"/signed-out", answer.Header.Get("Location"))
	answer, page := w.do(http.MethodGet, answer.Header.Get("Location"), nil)
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Contains(t, page, "You are signed out.")
}

// toldOf requires that the client was told of the end of a session, as the
// specification (2.4 to 2.6) wants it.
func (w *world) toldOf(client, subject, sid string) {
	w.t.Helper()
	var message string
	select {
	case message = <-w.told:
	case <-time.After(10 * time.Second):
		require.Fail(w.t, "the client was not told")
	}
	name, raw, _ := strings.Cut(message, " ")
	require.Equal(w.t, client, name)
	token, err := w.discover().Verifier(&oidc.Config{ClientID: client}).Verify(w.t.Context(), raw)
	require.NoError(w.t, err)
	var c struct {
		Session string              `json:"sid"`
		ID      string              `json:"jti"`
		Events  map[string]struct{} `json:"events"`
	}
	require.NoError(w.t, token.Claims(&c))
	require.Equal(w.t, []string{subject, sid}, []string{token.Subject, c.Session})
	require.Contains(w.t, c.Events, "http://schemas.openid.net/event/backchannel-logout")
	require.NotEmpty(w.t, c.ID)
	require.Empty(w.t, token.Nonce)
}

func TestAnAdministratorEndsSessionsAndChangesPeople(t *testing.T) {
	t.Parallel()
	w := setup(t)
	_, token, c := w.signIn("meridian", "meridian-admin")
	w.provider.SignOut("meridian-admin")
	w.toldOf("meridian", c.Subject, c.Session)
	_, err := w.userinfo(token)
	require.Error(t, err)

	people := w.config.People
	people[0].Groups = []string{"stoa-auditor"}
	w.provider.SetPeople(people[:1])
	_, token, c = w.signIn("northwind", "northwind-admin")
	require.Equal(t, []string{"stoa-auditor"}, c.Groups)
	w.provider.SetPeople(nil)
	_, err = w.userinfo(token)
	require.Error(t, err)
	_, page := w.page(w.oauth("northwind").AuthCodeURL("s", oauth2.S256ChallengeOption(oauth2.GenerateVerifier())))
	require.Contains(t, page, "Nobody can sign in here.")
}
