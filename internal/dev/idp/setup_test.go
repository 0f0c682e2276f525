package idp_test

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/stoa-lrs/stoa/internal/dev/idp"
)

// world is a provider, a client of it and a browser.
type world struct {
	t        *testing.T
	config   idp.Config
	provider *idp.Provider
	client   *httptest.Server
	told     chan string // logout tokens
	browser  *http.Client
}

// secretOf is a client's secret.
func secretOf(client string) string { return "secret of " + client }

func setup(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, told: make(chan string, 10)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /auth/callback", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /auth/backchannel-logout/{client}", func(_ http.ResponseWriter, r *http.Request) {
		w.told <- r.PathValue("client") + " " + r.PostFormValue("logout_token")
	})
	w.client = httptest.NewServer(mux)
	t.Cleanup(w.client.Close)
	w.config = idp.Config{Address: "127.0.0.1:0", People: []idp.Person{
		{Client: "northwind", Subject: "northwind-admin", Name: "Ada Norén", Email: "ada@northwind.example", Groups: []string{"stoa-tenant-admin"}, About: "Tenant admin"},
		{Client: "northwind", Subject: "northwind-analyst", Name: "Ben <b>Ode</b>", Email: "ben@northwind.example", Groups: []string{"stoa-analyst", "staff"}},
		{Client: "meridian", Subject: "meridian-admin", Name: "Mia Roth", Email: "mia@meridian.example"},
	}}
	for _, id := range []string{"northwind", "meridian"} {
		w.config.Clients = append(w.config.Clients, idp.Client{
			ID: id, Name: "Client " + id, Secret: secretOf(id), RedirectURIs: []string{w.client.URL + "/auth/callback"},
			AfterLogoutURIs: []string{w.client.URL + "/after"}, BackChannelURI: w.client.URL + "/auth/backchannel-logout/" + id,
		})
	}
	w.provider = start(t, w.config)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	w.browser = &http.Client{Jar: jar, Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return w
}

func start(t *testing.T, c idp.Config) *idp.Provider {
	t.Helper()
	p, err := idp.Start(c)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Stop()) })
	return p
}

// discover returns what a client learns from the issuer.
func (w *world) discover() *oidc.Provider {
	w.t.Helper()
	p, err := oidc.NewProvider(w.t.Context(), w.provider.Issuer())
	require.NoError(w.t, err)
	return p
}

func (w *world) oauth(client string) *oauth2.Config {
	w.t.Helper()
	return &oauth2.Config{
		ClientID: client, ClientSecret: secretOf(client), Endpoint: w.discover().Endpoint(),
		RedirectURL: w.client.URL + "/auth/callback", Scopes: []string{"openid", "email", "profile"},
	}
}

// answer is what of a response counts here.
type answer struct {
	StatusCode int
	Header     http.Header
}

// do sends a request of the browser and returns the answer and its body.
func (w *world) do(method, address string, form url.Values) (answer, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, address, strings.NewReader(form.Encode()))
	require.NoError(w.t, err)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", w.provider.Issuer())
	}
	response, err := w.browser.Do(r)
	require.NoError(w.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(w.t, err)
	return answer{response.StatusCode, response.Header}, string(body)
}

func (w *world) absolute(path string) string {
	if strings.HasPrefix(path, "/") {
		return w.provider.Issuer() + path
	}
	return path
}

var hidden = regexp.MustCompile(`name="request" value="([^"]+)"`)

// page begins a sign-in and returns the page of people.
func (w *world) page(authorize string) (answer, string) {
	w.t.Helper()
	answer, body := w.do(http.MethodGet, authorize, nil)
	require.Equal(w.t, http.StatusFound, answer.StatusCode, body)
	return w.do(http.MethodGet, w.absolute(answer.Header.Get("Location")), nil)
}

// choose clicks on a person and returns where the browser is sent in the end.
func (w *world) choose(page, subject string) *url.URL {
	w.t.Helper()
	answer, body := w.do(http.MethodPost, w.provider.Issuer()+"/sign-in", url.Values{
		"request": {hidden.FindStringSubmatch(page)[1]}, "person": {subject},
	})
	require.Equal(w.t, http.StatusSeeOther, answer.StatusCode, body)
	answer, body = w.do(http.MethodGet, w.absolute(answer.Header.Get("Location")), nil)
	require.Equal(w.t, http.StatusFound, answer.StatusCode, body)
	to, err := url.Parse(answer.Header.Get("Location"))
	require.NoError(w.t, err)
	return to
}

// code signs a person in and returns the code that the client gets.
func (w *world) code(c *oauth2.Config, subject, verifier string) string {
	w.t.Helper()
	_, page := w.page(c.AuthCodeURL("the state", oidc.Nonce("the nonce"), oauth2.S256ChallengeOption(verifier)))
	to := w.choose(page, subject)
	require.Equal(w.t, w.client.URL+"/auth/callback", to.Scheme+"://"+to.Host+to.Path)
	require.Equal(w.t, "the state", to.Query().Get("state"))
	return to.Query().Get("code")
}

// claims are those of the tokens.
type claims struct {
	Subject       string   `json:"sub"`
	Email         string   `json:"email"`
	EmailVerified bool     `json:"email_verified"`
	Name          string   `json:"name"`
	Groups        []string `json:"groups"`
	Session       string   `json:"sid"`
	Nonce         string   `json:"nonce"`
}

// signIn walks the whole way; it returns the raw ID token and what is in it.
func (w *world) signIn(client, subject string) (raw string, token *oauth2.Token, c claims) {
	w.t.Helper()
	config, verifier := w.oauth(client), oauth2.GenerateVerifier()
	token, err := config.Exchange(w.t.Context(), w.code(config, subject, verifier), oauth2.VerifierOption(verifier))
	require.NoError(w.t, err)
	raw, _ = token.Extra("id_token").(string)
	verified, err := w.discover().Verifier(&oidc.Config{ClientID: client}).Verify(w.t.Context(), raw)
	require.NoError(w.t, err)
	require.NoError(w.t, verified.VerifyAccessToken(token.AccessToken))
	require.NoError(w.t, verified.Claims(&c))
	return raw, token, c
}

func (w *world) userinfo(token *oauth2.Token) (c claims, err error) {
	info, err := w.discover().UserInfo(context.WithoutCancel(w.t.Context()), oauth2.StaticTokenSource(token))
	if err != nil {
		return c, err
	}
	return c, info.Claims(&c)
}
