package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// newMember is `stoa member list|invite|disable|enable|remove`.
func newMember(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "member",
		Short: "List, invite and disable the people of a tenant",
		Long:  "List, invite and disable the people of a tenant. Of the tenant \"platform\" these are the operators.",
	}
	cmd.AddCommand(newMemberList(sh), newMemberInvite(sh),
		sh.onMember("disable", "Take everything from a member until it is enabled again", func(tx *postgres.Tx, m *tenant.Member) (*tenant.Member, error) {
			return tenant.DisableMember(tx, m.ID, m.Version, sh.now())
		}),
		sh.onMember("enable", "Let a disabled member in again", func(tx *postgres.Tx, m *tenant.Member) (*tenant.Member, error) {
			return tenant.EnableMember(tx, m.ID, m.Version, sh.now())
		}),
		sh.onMember("remove", "Forget a member with all grants and tokens", func(tx *postgres.Tx, m *tenant.Member) (*tenant.Member, error) {
			return m, tenant.RemoveMember(tx, m.ID, m.Version)
		}))
	return sh.withOutput(cmd)
}

func newMemberList(sh *shell) *cobra.Command {
	var status string
	var f tenant.MemberFilter
	var page tenant.Page
	cmd := &cobra.Command{
		Use:   "list TENANT",
		Short: "List the members of a tenant by address",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch f.Status = tenant.MemberStatus(status); f.Status {
			case "", tenant.MemberInvited, tenant.MemberActive, tenant.MemberDisabled:
			default:
				return fault.New(fault.Invalid, "--status is invited, active or disabled, not %q", status)
			}
			var members []tenant.Member
			var next string
			if err := sh.visit(cmd, args[0], func(tx *postgres.Tx) (err error) {
				members, next, err = tenant.ListMembers(tx, f, page)
				return err
			}); err != nil {
				return err
			}
			views := make([]memberView, len(members))
			for i := range members {
				views[i] = viewMember(&members[i])
			}
			sh.printNext(cmd, next)
			return sh.printMembers(cmd, struct {
				Members []memberView `json:"members"`
				Next    string       `json:"next"`
			}{views, next}, views...)
		},
	}
	cmd.Flags().StringVar(&status, "status", "", "only these: invited, active or disabled")
	cmd.Flags().StringVar(&f.Prefix, "prefix", "", "only those whose address begins so")
	pageFlags(cmd, &page)
	return cmd
}

func newMemberInvite(sh *shell) *cobra.Command {
	var name, role, store, open string
	cmd := &cobra.Command{
		Use:     "invite TENANT ADDRESS",
		Short:   "Let a person sign in for the first time",
		Example: "  stoa member invite acme ada@acme.example --role tenant-admin",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := span(open)
			if err != nil {
				return err
			}
			var m *tenant.Member
			if err := sh.visit(cmd, args[0], func(tx *postgres.Tx) (err error) {
				m, err = tenant.Invite(tx, args[1], name, sh.now().Add(d), sh.now())
				if err != nil || role == "" {
					return err
				}
				g, err := newGrantOf(tx, m.ID, role, store)
				if err != nil {
					return err
				}
				_, err = authz.GiveGrant(tx, authz.Trusted, g, sh.now())
				return err
			}); err != nil {
				return err
			}
			v := viewMember(m)
			return sh.printMembers(cmd, v, v)
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "what the person is called")
	cmd.Flags().StringVar(&role, "role", "", "a role to give at once")
	cmd.Flags().StringVar(&store, "store", "", "where to give it (default: the whole tenant)")
	cmd.Flags().StringVar(&open, "open", "14d", "how long the invitation is open, up to 90d")
	return cmd
}

// onMember is a subcommand that does one thing to one member and shows it.
func (sh *shell) onMember(use, short string, do func(*postgres.Tx, *tenant.Member) (*tenant.Member, error)) *cobra.Command {
	return &cobra.Command{
		Use:   use + " TENANT MEMBER",
		Short: short,
		Long:  short + ". MEMBER is an address or an id.",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			var m *tenant.Member
			if err := sh.visit(cmd, args[0], func(tx *postgres.Tx) (err error) {
				if m, err = tenant.FindMember(tx, args[1]); err == nil {
					m, err = do(tx, m)
				}
				return err
			}); err != nil {
				return err
			}
			v := viewMember(m)
			return sh.printMembers(cmd, v, v)
		},
	}
}

// visit runs fn in one transaction of the tenant of that slug.
func (sh *shell) visit(cmd *cobra.Command, slug string, fn func(*postgres.Tx) error) error {
	t, err := sh.resolve(cmd.Context(), slug)
	if err != nil {
		return err
	}
	return sh.enter(cmd.Context(), t.ID, fn)
}

// memberView is a member as JSON.
type memberView struct {
	ID           string              `json:"id"`
	Email        string              `json:"email"`
	Name         string              `json:"name"`
	Status       tenant.MemberStatus `json:"status"`
	Directory    bool                `json:"kept_by_directory"`
	InvitedUntil *time.Time          `json:"invited_until"`
	LastSignInAt *time.Time          `json:"last_sign_in_at"`
	CreatedAt    time.Time           `json:"created_at"`
}

func viewMember(m *tenant.Member) memberView {
	return memberView{id.Text(m.ID), m.Email, m.Name, m.Status, m.SCIM, m.InvitedUntil, m.LastSignInAt, m.CreatedAt}
}

func (sh *shell) printMembers(cmd *cobra.Command, value any, members ...memberView) error {
	return sh.print(cmd, value, func(w io.Writer) {
		fmt.Fprintln(w, "MEMBER\tADDRESS\tNAME\tSTATUS\tLAST SIGN-IN\tINVITED UNTIL")
		for _, m := range members {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", m.ID, m.Email, m.Name, m.Status, when(m.LastSignInAt), when(m.InvitedUntil))
		}
	})
}
