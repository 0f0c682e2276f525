package idp

import (
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// request is an authorization request on its way, as the library wants it. It
// does not change: signing in makes another one.
type request struct {
	asked  oidc.AuthRequest
	id     string
	at     time.Time
	person *Person // nil: nobody has signed in yet
	sid    string
	since  time.Time // of the sign-in
}

func (r request) GetID() string                      { return r.id }
func (r request) GetACR() string                     { return "" }
func (r request) GetAMR() []string                   { return nil } // nothing was proven
func (r request) GetAudience() []string              { return []string{r.asked.ClientID} }
func (r request) GetAuthTime() time.Time             { return r.since }
func (r request) GetClientID() string                { return r.asked.ClientID }
func (r request) GetNonce() string                   { return r.asked.Nonce }
func (r request) GetRedirectURI() string             { return r.asked.RedirectURI }
func (r request) GetResponseType() oidc.ResponseType { return r.asked.ResponseType }
func (r request) GetResponseMode() oidc.ResponseMode { return r.asked.ResponseMode }
func (r request) GetScopes() []string                { return r.asked.Scopes }
func (r request) GetState() string                   { return r.asked.State }
func (r request) Done() bool                         { return r.person != nil }
func (r request) GetCodeChallenge() *oidc.CodeChallenge {
	return &oidc.CodeChallenge{Challenge: r.asked.CodeChallenge, Method: r.asked.CodeChallengeMethod}
}

func (r request) GetSubject() string {
	if r.person == nil {
		return ""
	}
	return r.person.Subject
}

// relyingParty is a client, as the library wants it.
type relyingParty struct{ Client }

func (c relyingParty) GetID() string                       { return c.ID }
func (c relyingParty) RedirectURIs() []string              { return c.Client.RedirectURIs }
func (c relyingParty) PostLogoutRedirectURIs() []string    { return c.AfterLogoutURIs }
func (c relyingParty) ApplicationType() op.ApplicationType { return op.ApplicationTypeWeb }
func (c relyingParty) AuthMethod() oidc.AuthMethod         { return oidc.AuthMethodBasic }
func (c relyingParty) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}

func (c relyingParty) GrantTypes() []oidc.GrantType         { return []oidc.GrantType{oidc.GrantTypeCode} }
func (c relyingParty) LoginURL(id string) string            { return "/sign-in?request=" + id }
func (c relyingParty) AccessTokenType() op.AccessTokenType  { return op.AccessTokenTypeBearer }
func (c relyingParty) IDTokenLifetime() time.Duration       { return 10 * time.Minute }
func (c relyingParty) DevMode() bool                        { return false }
func (c relyingParty) IsScopeAllowed(scope string) bool     { return scope == "groups" }
func (c relyingParty) IDTokenUserinfoClaimsAssertion() bool { return true } // groups and e-mail without a further request
func (c relyingParty) ClockSkew() time.Duration             { return 0 }

func (c relyingParty) RestrictAdditionalIdTokenScopes() func([]string) []string { //nolint:revive // the library's name
	return same
}

func (c relyingParty) RestrictAdditionalAccessTokenScopes() func([]string) []string { return same }

func same(scopes []string) []string { return scopes }
