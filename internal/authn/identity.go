package authn

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/oauth2"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

const (
	maxGroups   = 2000
	maxGroupLen = 500
)

// identity reads the person out of an ID token, and asks the provider's userinfo
// for what is missing there.
func (p *provider) identity(ctx context.Context, c *claims, all map[string]any, token *oauth2.Token) (*tenant.Identity, error) {
	groups := p.GroupsClaim
	if over, ok := all["_claim_names"].(map[string]any); ok && over[groups] != nil {
		return nil, fail(fault.Forbidden, TooManyGroups, nil,
			"the identity provider left the groups out because the person is in too many of them: "+
				"let it send only groups that are assigned to this application, or application roles instead")
	}
	_, hasGroups := claim(all, groups)
	email, _ := all["email"].(string)
	if (email == "" || !hasGroups) && p.oidc.UserInfoEndpoint() != "" {
		more, err := p.userInfo(ctx, c.Subject, token)
		if err != nil {
			return nil, err
		}
		for name, value := range more {
			if _, there := all[name]; !there || name == "email" && email == "" || name == "email_verified" && email == "" {
				all[name] = value
			}
		}
	}
	i := &tenant.Identity{Issuer: c.Issuer, Subject: c.Subject, EmailVerified: affirmed(all["email_verified"]), Name: displayName(all)}
	i.Email, _ = all["email"].(string)
	value, _ := claim(all, groups)
	i.Groups = texts(value)
	return i, nil
}

func (p *provider) userInfo(ctx context.Context, subject string, token *oauth2.Token) (map[string]any, error) {
	ctx, cancel := context.WithTimeout(p.context(ctx), outboundTimeout)
	defer cancel()
	info, err := p.oidc.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		if _, unreachable := errors.AsType[*url.Error](err); !unreachable {
			err = errors.New("userinfo did not answer as it should") // its own words might repeat the token
		}
		return nil, down(err)
	}
	if info.Subject != subject { // OpenID Connect Core 5.3.2
		return nil, unacceptable(WrongClaims, "userinfo speaks of another person")
	}
	more := map[string]any{}
	if err := info.Claims(&more); err != nil {
		return nil, unacceptable(WrongClaims, "userinfo cannot be read")
	}
	// Who, by whom and for whom is what the signed token says.
	for _, name := range []string{"iss", "sub", "aud", "azp", "sid", "nonce"} {
		delete(more, name)
	}
	return more, nil
}

// claim finds a claim by its name, or by a path of names such as
// realm_access.roles where no claim has the whole name.
func claim(all map[string]any, name string) (any, bool) {
	if value, ok := all[name]; ok {
		return value, true
	}
	head, rest, nested := strings.Cut(name, ".")
	inner, ok := all[head].(map[string]any)
	if !nested || !ok {
		return nil, false
	}
	return claim(inner, rest)
}

// texts reads one text or a list of them; what is no text is left out.
func texts(value any) []string {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	found := []string{}
	for _, v := range list {
		if text, ok := v.(string); ok && text != "" && len(text) <= maxGroupLen && len(found) < maxGroups {
			found = append(found, text)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// affirmed is a yes, also one that is written as a text, as some providers do.
func affirmed(value any) bool { return value == true || value == "true" }

func displayName(all map[string]any) string {
	for _, name := range []string{"name", "preferred_username"} {
		if text, ok := all[name].(string); ok && strings.TrimSpace(text) != "" {
			text = strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\x00", ""))
			for len(text) > 200 {
				text = strings.ToValidUTF8(text[:200], "")
			}
			return text
		}
	}
	return ""
}

// shown is what a test of the settings shows of the claims: all of them, as
// JSON, for the admin who maps them. It holds no token.
func shown(all map[string]any) json.RawMessage {
	text, err := json.Marshal(all)
	if err != nil || len(text) > 64<<10 {
		return json.RawMessage(`{}`)
	}
	return text
}
