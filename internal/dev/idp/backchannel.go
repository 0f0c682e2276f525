package idp

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// tell sends the logout token of a session to its client (OpenID Connect
// Back-Channel Logout 1.0), in the background: once, as providers do.
func (p *Provider) tell(c Client, s session) {
	if c.BackChannelURI == "" || p.ctx.Err() != nil {
		return
	}
	p.work.Go(func() {
		ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
		defer cancel()
		if err := p.post(ctx, c, s); err != nil {
			slog.WarnContext(ctx, "the demo provider could not tell that a session ended", "client", c.ID, "error", err)
		}
	})
}

func (p *Provider) post(ctx context.Context, c Client, s session) error {
	token, err := p.logoutToken(c, s)
	if err != nil {
		return err
	}
	body := strings.NewReader(url.Values{"logout_token": {token}}.Encode())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.BackChannelURI, body)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := (&http.Client{Timeout: 5 * time.Second}).Do(r)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

func (p *Provider) logoutToken(c Client, s session) (string, error) {
	claims := oidc.NewLogoutTokenClaims(p.issuer, s.person.Subject, oidc.Audience{c.ID}, time.Now().Add(2*time.Minute), random(), s.sid, 0)
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	k := p.store.keys.signing()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: k.private, KeyID: k.id}},
		(&jose.SignerOptions{}).WithType("logout+jwt"))
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}
