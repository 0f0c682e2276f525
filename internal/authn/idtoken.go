package authn

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// maxSkew is by how much a provider's clock may differ from ours.
const maxSkew = time.Minute

// claims are those of a token that was signed by the provider.
type claims struct {
	Issuer     string   `json:"iss"`
	Subject    string   `json:"sub"`
	Audience   audience `json:"aud"`
	Party      string   `json:"azp"`
	Nonce      string   `json:"nonce"`
	Expires    *seconds `json:"exp"`
	IssuedAt   *seconds `json:"iat"`
	NotBefore  *seconds `json:"nbf"`
	AccessHash string   `json:"at_hash"`
	SID        string   `json:"sid"`
}

// audience is one name or several (RFC 7519 4.1.3).
type audience []string

func (a *audience) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(a))
}

// seconds is a NumericDate (RFC 7519 2).
type seconds time.Time

func (s *seconds) UnmarshalJSON(text []byte) error {
	n, err := strconv.ParseFloat(string(text), 64)
	if err != nil || n < 0 || n > 1<<40 {
		return errors.New("no date")
	}
	*s = seconds(time.Unix(int64(n), 0))
	return nil
}

// verified returns the claims of the ID token that came with a code, with all
// checks of OpenID Connect Core 3.1.3.7, and the whole payload.
func (p *provider) verified(ctx context.Context, token *oauth2.Token, nonce string, now time.Time) (*claims, map[string]any, error) {
	raw, ok := token.Extra("id_token").(string)
	if !ok || raw == "" {
		return nil, nil, unacceptable(NoIDToken, "it sent no ID token; is the scope openid missing?")
	}
	var away error
	signed, err := p.keys.Verify(context.WithValue(p.context(ctx), keysAway{}, &away), raw)
	if err != nil {
		return nil, nil, signature(away)
	}
	var c claims
	all := map[string]any{}
	if signed.Claims(&c) != nil || signed.Claims(&all) != nil {
		return nil, nil, unacceptable(WrongClaims, "the claims of the ID token have a form that they must not have")
	}
	if err := p.ours(&c, now); err != nil {
		return nil, nil, err
	}
	switch {
	case c.Subject == "" || len(c.Subject) > 255:
		return nil, nil, unacceptable(WrongClaims, "the ID token names no subject of 1 to 255 characters")
	case c.Nonce != nonce:
		return nil, nil, unacceptable(WrongNonce, "the ID token was made for another sign-in")
	case c.AccessHash != "" && signed.VerifyAccessToken(token.AccessToken) != nil:
		return nil, nil, unacceptable(WrongHash, "the ID token was made for another access token")
	}
	return &c, all, nil
}

// ours checks what ID tokens and logout tokens have in common: that the provider
// made it, for us, and now.
func (p *provider) ours(c *claims, now time.Time) error {
	id := p.ClientID
	switch {
	case c.Issuer != p.Issuer:
		return unacceptable(WrongIssuer, "the token was made by another issuer")
	case !slices.Contains(c.Audience, id):
		return unacceptable(WrongAudience, "the token was made for another client")
	case c.Party != "" && c.Party != id, len(c.Audience) > 1 && c.Party == "":
		return unacceptable(WrongAudience, "the token was made for several clients, and not for us first")
	case c.Expires == nil || c.IssuedAt == nil:
		return unacceptable(WrongClaims, "the token does not say when it was made and until when it holds")
	case !now.Before(time.Time(*c.Expires).Add(maxSkew)):
		return unacceptable(WrongTime, "the token has expired; do the clocks differ?")
	case now.Add(maxSkew).Before(time.Time(*c.IssuedAt)), c.NotBefore != nil && now.Add(maxSkew).Before(time.Time(*c.NotBefore)):
		return unacceptable(WrongTime, "the token is from the future; do the clocks differ?")
	}
	return nil
}

// signature tells a token that is not signed by the provider from keys that
// cannot be had.
func signature(away error) error {
	if away != nil {
		return down(away)
	}
	return unacceptable(BadSignature, "the token is not signed with a key and an algorithm of the provider that we accept")
}

// exchange gives the code for tokens. What the provider says in words stays
// here: it might repeat the code or a secret.
func (p *provider) exchange(ctx context.Context, redirect, code, verifier string) (*oauth2.Token, error) {
	ctx, cancel := context.WithTimeout(p.context(ctx), outboundTimeout)
	defer cancel()
	token, err := p.oauth(redirect).Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err == nil {
		return token, nil
	}
	refused, ok := errors.AsType[*oauth2.RetrieveError](err)
	switch {
	case !ok:
		if _, unreachable := errors.AsType[*url.Error](err); !unreachable {
			err = errors.New("the token endpoint's answer cannot be read")
		}
		return nil, down(err)
	case refused.Response == nil || refused.Response.StatusCode < 400 || refused.Response.StatusCode >= 500:
		return nil, down(errors.New("the token endpoint did not answer as it should"))
	case refused.ErrorCode == "invalid_client" || refused.ErrorCode == "unauthorized_client":
		return nil, fail(fault.Unauthenticated, CodeRefused, nil, "the identity provider does not accept the client id or the client secret")
	}
	return nil, fail(fault.Unauthenticated, CodeRefused, nil, "the identity provider does not accept the code; sign in again")
}

// maxLogoutAge is how old a logout token may be.
const maxLogoutAge = 10 * time.Minute

// logout verifies a logout token (OpenID Connect Back-Channel Logout 1.0, 2.6).
func (p *provider) logout(ctx context.Context, raw string, now time.Time) (*oidc.LogoutToken, error) {
	if len(raw) > 32<<10 {
		return nil, unacceptable(WrongClaims, "the logout token is too long")
	}
	var away error
	l, err := p.keys.VerifyLogout(context.WithValue(p.context(ctx), keysAway{}, &away), raw)
	if err != nil {
		return nil, signature(away)
	}
	var c claims
	if l.Claims(&c) != nil {
		return nil, unacceptable(WrongClaims, "the claims of the logout token have a form that they must not have")
	}
	if err := p.ours(&c, now); err != nil {
		return nil, err
	}
	if now.After(l.IssuedAt.Add(maxLogoutAge)) {
		return nil, unacceptable(WrongTime, "the logout token is too old")
	}
	return l, nil
}
