package authn

import (
	"context"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/secret"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// settings are those of one tenant's provider, with the secret.
type settings struct {
	*tenant.Provider
	tenant int64
	draft  bool
	secret secret.Text
}

// stamp tells settings from those of another time: a version alone comes again
// when a draft is discarded.
func (s *settings) stamp() int64 { return s.UpdatedAt.UnixMicro()*8 + s.Version%8 }

// settings reads how a tenant's people sign in, or would by the draft; NotFound
// when they do not.
func (s *SignIn) settings(ctx context.Context, of int64, draft bool) (*settings, error) {
	found := &settings{tenant: of, draft: draft}
	err := s.db.TenantRead(ctx, postgres.NewScope(of, "authn"), func(tx *postgres.Tx) error {
		sso, err := tenant.GetSSO(tx)
		if err != nil {
			return err
		}
		if found.Provider = sso.Active; draft {
			found.Provider = sso.Draft
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if found.Provider == nil {
		return nil, fault.New(fault.NotFound, "no identity provider is configured")
	}
	found.secret, err = found.ClientSecret(s.sessions.keyring)
	return found, err
}
