package authn_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
)

// mockIDP is an OpenID provider that can be made to lie.
type mockIDP struct {
	t      *testing.T
	server *httptest.Server
	clock  *clock

	mu       sync.Mutex
	key      *rsa.PrivateKey
	kid      string
	codes    map[string]url.Values // what was asked for, by code
	asked    map[string]int        // requests, by path
	metadata map[string]any        // on top of what is true
	claims   map[string]any        // likewise; nil takes a claim away
	userinfo map[string]any        // nil: no such endpoint
	sign     func(payload []byte) string
	serve    func(http.ResponseWriter, *http.Request) bool // true: that was all
	extra    url.Values                                    // parameters beside code and state
}

const (
	clientID     = "stoa"
	clientSecret = "the secret of the client & more"
)

func newIDP(t *testing.T, c *clock) *mockIDP {
	t.Helper()
	m := &mockIDP{t: t, clock: c, codes: map[string]url.Values{}, asked: map[string]int{}, metadata: map[string]any{}, extra: url.Values{}}
	m.claims = map[string]any{
		"sub": "ada", "email": "Ada@Acme.example", "email_verified": true, "name": "Ada Lovelace", "groups": []string{"admins"}, "sid": "sid-1",
	}
	m.rotate()
	m.server = httptest.NewServer(m)
	t.Cleanup(m.server.Close)
	return m
}

func (m *mockIDP) set(change func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change()
}

// rotate takes another key; the old one is not published any more.
func (m *mockIDP) rotate() {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(m.t, err)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.key, m.kid = key, rand.Text()
}

func (m *mockIDP) requests(path string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.asked[path]
}

func (m *mockIDP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	m.asked[r.URL.Path]++
	serve := m.serve
	m.mu.Unlock()
	if serve != nil && serve(w, r) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	issuer := m.server.URL
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		d := map[string]any{
			"issuer": issuer, "authorization_endpoint": issuer + "/authorize", "token_endpoint": issuer + "/token",
			"jwks_uri": issuer + "/keys", "end_session_endpoint": issuer + "/end",
			"id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"},
		}
		if m.userinfo != nil {
			d["userinfo_endpoint"] = issuer + "/userinfo"
		}
		maps.Copy(d, m.metadata)
		answer(w, http.StatusOK, d)
	case "/keys":
		answer(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: m.key.Public(), KeyID: m.kid, Algorithm: "RS256", Use: "sig"}}})
	case "/authorize":
		code := rand.Text()
		q := r.URL.Query()
		m.codes[code] = q
		back := url.Values{"code": {code}, "state": {q.Get("state")}}
		maps.Copy(back, m.extra)
		http.Redirect(w, r, q.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
	case "/token":
		m.token(w, r)
	case "/userinfo":
		answer(w, http.StatusOK, m.userinfo)
	default:
		http.NotFound(w, r)
	}
}

func (m *mockIDP) token(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	user, _ = url.QueryUnescape(user)
	password, _ = url.QueryUnescape(password)
	if user == "" {
		user, password = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	if user != clientID || password != clientSecret {
		answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		return
	}
	asked, known := m.codes[r.PostFormValue("code")]
	delete(m.codes, r.PostFormValue("code"))
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !known || asked.Get("code_challenge_method") != "S256" || asked.Get("redirect_uri") != r.PostFormValue("redirect_uri") ||
		asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]) {
		answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
		return
	}
	answer(w, http.StatusOK, map[string]any{
		"access_token": "access", "token_type": "Bearer", "expires_in": 300, "id_token": m.signed(map[string]any{
			"iss": m.server.URL, "aud": clientID, "nonce": asked.Get("nonce"),
			"iat": m.clock.Now().Unix(), "exp": m.clock.Now().Add(5 * time.Minute).Unix(),
		}),
	})
}

// signed returns a token of claims, with m's own on top.
func (m *mockIDP) signed(c map[string]any) string {
	maps.Copy(c, m.claims)
	for name, value := range c {
		if value == nil {
			delete(c, name)
		}
	}
	payload, err := json.Marshal(c)
	require.NoError(m.t, err)
	if m.sign != nil {
		return m.sign(payload)
	}
	return m.jws(payload, jose.RS256, m.key, m.kid)
}

func (m *mockIDP) jws(payload []byte, alg jose.SignatureAlgorithm, key any, kid string) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, nil)
	require.NoError(m.t, err)
	signed, err := signer.Sign(payload)
	require.NoError(m.t, err)
	text, err := signed.CompactSerialize()
	require.NoError(m.t, err)
	return text
}

// unsigned is a token of the algorithm "none".
func unsigned(payload []byte) string {
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString(payload) + "."
}

// publicPEM is the public key as text, which a careless library would take for
// the secret of HS256.
func (m *mockIDP) publicPEM() []byte {
	der, err := x509.MarshalPKIXPublicKey(m.key.Public())
	require.NoError(m.t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// logoutToken returns a logout token with claims on top; nil takes one away.
func (m *mockIDP) logoutToken(change map[string]any) string {
	c := map[string]any{
		"iss": m.server.URL, "aud": clientID, "iat": m.clock.Now().Unix(), "exp": m.clock.Now().Add(2 * time.Minute).Unix(), "jti": rand.Text(),
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}, "sub": "ada", "sid": "sid-1",
	}
	for name, value := range change {
		if c[name] = value; value == nil {
			delete(c, name)
		}
	}
	payload, err := json.Marshal(c)
	require.NoError(m.t, err)
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.jws(payload, jose.RS256, m.key, m.kid)
}

// visit is a browser that goes to the provider and is sent back.
func (m *mockIDP) visit(address string) url.Values {
	m.t.Helper()
	require.True(m.t, strings.HasPrefix(address, m.server.URL+"/authorize?"), address)
	browser := &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	sent, err := browser.Get(address)
	require.NoError(m.t, err)
	require.NoError(m.t, sent.Body.Close())
	back, err := sent.Location()
	require.NoError(m.t, err)
	return back.Query()
}

func answer(w http.ResponseWriter, status int, value any) {
	var text bytes.Buffer
	_ = json.NewEncoder(&text).Encode(value)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes())
}
