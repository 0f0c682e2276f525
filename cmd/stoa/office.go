package main

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// office is where tenants are administered: in the database (local), or through
// the API of a server (remote). Both answer in the models of the API, so a
// command neither knows nor shows which of them it has asked; errors are faults.
type office interface {
	CreateTenant(ctx context.Context, n apiv1.NewTenant) (apiv1.Tenant, error)
	ListTenants(ctx context.Context, page tenant.Page) (apiv1.TenantPage, error)
	GetTenant(ctx context.Context, slug string) (apiv1.Tenant, error)
	SuspendTenant(ctx context.Context, slug string) (apiv1.Tenant, error)
	ResumeTenant(ctx context.Context, slug string) (apiv1.Tenant, error)
	// LimitTenant lets change edit the limits as they are.
	LimitTenant(ctx context.Context, slug string, change func(*apiv1.TenantLimits)) (apiv1.Tenant, error)

	CreateStore(ctx context.Context, of string, n apiv1.NewStore) (apiv1.Store, error)
	ListStores(ctx context.Context, of string, page tenant.Page) (apiv1.StorePage, error)
	EmptyStore(ctx context.Context, of, store string) (apiv1.EmptiedStore, error)

	CreateKey(ctx context.Context, of, store string, n apiv1.NewKey) (apiv1.IssuedKey, error)
	// ListKeys lists those of one store, or ("") of all.
	ListKeys(ctx context.Context, of, store string, page tenant.Page) (apiv1.KeyPage, error)
	GetKey(ctx context.Context, user string) (apiv1.Key, error)
	RotateKey(ctx context.Context, user string, grace time.Duration) (apiv1.IssuedKey, error)
	RevokeKey(ctx context.Context, user string) (apiv1.Key, error)

	// A member is named by address or id.
	ListMembers(ctx context.Context, of string, f tenant.MemberFilter, page tenant.Page) (apiv1.MemberPage, error)
	GetMember(ctx context.Context, of, member string) (apiv1.Member, error)
	InviteMember(ctx context.Context, of string, n apiv1.Invitation) (apiv1.Member, error)
	DisableMember(ctx context.Context, of, member string) (apiv1.Member, error)
	EnableMember(ctx context.Context, of, member string) (apiv1.Member, error)
	RemoveMember(ctx context.Context, of, member string) (apiv1.Member, error)
	GiveGrant(ctx context.Context, of, member string, n apiv1.NewGrant) (apiv1.Grant, error)
	TakeGrant(ctx context.Context, of, member, grant string) error

	ListRoles(ctx context.Context, of string, page tenant.Page) (apiv1.RolePage, error)
	GetRole(ctx context.Context, of, role string) (apiv1.Role, error)
	CreateRole(ctx context.Context, of string, n apiv1.NewRole) (apiv1.Role, error)
	// ChangeRole lets change edit the role as it is.
	ChangeRole(ctx context.Context, of, role string, change func(*apiv1.RoleDefinition)) (apiv1.Role, error)
	DeleteRole(ctx context.Context, of, role string) error

	GetSSO(ctx context.Context, of string) (apiv1.SSO, error)
	// DraftSSO replaces the draft; insecure allows an issuer by http on this machine.
	DraftSSO(ctx context.Context, of string, d apiv1.ProviderDraft, insecure bool) (apiv1.SSO, error)

	ListAudit(ctx context.Context, of string, f audit.Filter, page audit.Page) (apiv1.AuditPage, error)
	// VerifyAudit goes through a whole log, which may take minutes.
	VerifyAudit(ctx context.Context, of string) (apiv1.Verification, error)
	// ExportAudit writes what the filter finds, and returns how many events.
	ExportAudit(ctx context.Context, of string, f audit.Filter, format audit.Format, w io.Writer) (int, error)

	// Access tokens of a member, named by address or id; to a server one is always oneself.
	CreateToken(ctx context.Context, of, member string, n apiv1.NewToken) (apiv1.IssuedToken, error)
	ListTokens(ctx context.Context, of, member string, page tenant.Page) (apiv1.TokenPage, error)
	RevokeToken(ctx context.Context, of, member, token string) error
}

// in makes a command of what does something in an office.
func (sh *shell) in(do func(cmd *cobra.Command, o office, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		o, err := sh.office()
		if err != nil {
			return err
		}
		return do(cmd, o, args)
	}
}

// office is the one that the command line, the variables or the last login
// name: a server's, or else the database's.
func (sh *shell) office() (office, error) {
	server, err := sh.where()
	switch {
	case err != nil:
		return nil, err
	case server == "":
		return local{sh}, nil
	}
	return sh.dial(server)
}
