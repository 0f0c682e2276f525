package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// newMember is `stoa member list|show|invite|disable|enable|remove`.
func newMember(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "member",
		Short: "List, invite and disable the people of a tenant",
		Long:  "List, invite and disable the people of a tenant. Of the tenant \"platform\" these are the operators.",
	}
	cmd.AddCommand(newMemberList(sh), newMemberInvite(sh),
		sh.onMember("show", "Show a member", office.GetMember),
		sh.onMember("disable", "Take everything from a member until it is enabled again", office.DisableMember),
		sh.onMember("enable", "Let a disabled member in again", office.EnableMember),
		sh.onMember("remove", "Forget a member with all grants and tokens", office.RemoveMember))
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
		RunE: sh.in(func(cmd *cobra.Command, o office, args []string) error {
			switch f.Status = tenant.MemberStatus(status); f.Status {
			case "", tenant.MemberInvited, tenant.MemberActive, tenant.MemberDisabled:
			default:
				return fault.New(fault.Invalid, "--status is invited, active or disabled, not %q", status)
			}
			list, err := o.ListMembers(cmd.Context(), args[0], f, page)
			if err != nil {
				return err
			}
			sh.printNext(cmd, list.Next)
			return sh.printMembers(cmd, list, list.Items...)
		}),
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
		RunE: sh.in(func(cmd *cobra.Command, o office, args []string) error {
			days, err := days(open)
			if err != nil {
				return err
			}
			n := apiv1.Invitation{Email: args[1], Name: &name, Days: &days}
			if role != "" {
				n.Grants = []apiv1.NewGrant{{Role: role, Store: optional(store)}}
			}
			m, err := o.InviteMember(cmd.Context(), args[0], n)
			if err != nil {
				return err
			}
			return sh.printMembers(cmd, m, m)
		}),
	}
	cmd.Flags().StringVar(&name, "name", "", "what the person is called")
	cmd.Flags().StringVar(&role, "role", "", "a role to give at once")
	cmd.Flags().StringVar(&store, "store", "", "where to give it (default: the whole tenant)")
	cmd.Flags().StringVar(&open, "open", "14d", "how long the invitation is open, from 1d to 90d")
	return cmd
}

// days reads a duration of whole days.
func days(text string) (int, error) {
	d, err := span(text)
	if err == nil && d%(24*time.Hour) != 0 {
		err = fault.New(fault.Invalid, "%q is no number of days, such as 14d", text)
	}
	return int(d / (24 * time.Hour)), err
}

// onMember is a subcommand that does one thing to one member and shows it.
func (sh *shell) onMember(use, short string, do func(o office, ctx context.Context, of, member string) (apiv1.Member, error)) *cobra.Command {
	return &cobra.Command{
		Use:   use + " TENANT MEMBER",
		Short: short,
		Long:  short + ". MEMBER is an address or an id.",
		Args:  cobra.ExactArgs(2),
		RunE: sh.in(func(cmd *cobra.Command, o office, args []string) error {
			m, err := do(o, cmd.Context(), args[0], args[1])
			if err != nil {
				return err
			}
			return sh.printMembers(cmd, m, m)
		}),
	}
}

func (sh *shell) printMembers(cmd *cobra.Command, value any, members ...apiv1.Member) error {
	return sh.print(cmd, value, func(w io.Writer) {
		fmt.Fprintln(w, "MEMBER\tADDRESS\tNAME\tSTATUS\tLAST SIGN-IN\tINVITED UNTIL")
		for _, m := range members {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", m.ID, m.Email, m.Name, m.Status, when(m.LastSignInAt), when(m.InvitedUntil))
		}
	})
}
