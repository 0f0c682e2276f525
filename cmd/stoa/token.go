package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// newToken is `stoa token create|list|revoke`.
func newToken(sh *shell) *cobra.Command {
	var member string
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Create, list and revoke access tokens",
		Long: `Create, list and revoke people's access tokens, which programs use instead of a
browser; one lets do at most what its person may. In the database they are those
of the member that --member names. At a server they are one's own, and it may ask
for a browser: a token that got lost shall not make others.`,
	}
	cmd.AddCommand(newTokenCreate(sh, &member), newTokenList(sh, &member), newTokenRevoke(sh, &member))
	cmd.PersistentFlags().StringVar(&member, "member", "", "whose: an address or an id; at a server always one's own")
	return sh.withOutput(cmd)
}

func newTokenCreate(sh *shell, member *string) *cobra.Command {
	var name, expires string
	var actions []string
	cmd := &cobra.Command{
		Use:     "create TENANT --action ACTION,…",
		Short:   "Make a token and show it, this once",
		Example: "  stoa token create acme --member ada@acme.example --name 'Nightly report' --action stores.view,statements.view --expires 90d",
		Args:    cobra.ExactArgs(1),
		RunE: sh.in(func(cmd *cobra.Command, o office, args []string) error {
			end, err := instant(expires, sh.now())
			if err != nil {
				return err
			}
			if end == nil {
				return fault.New(fault.Invalid, "a token has an end: --expires 90d")
			}
			t, err := o.CreateToken(cmd.Context(), args[0], *member, apiv1.NewToken{Name: name, Actions: actions, ExpiresAt: *end})
			if err != nil {
				return err
			}
			return sh.print(cmd, t, func(w io.Writer) { // the one place where it is shown
				fmt.Fprintf(w, "token\t%s\n\t(shown this once)\nid\t%s\npermits\t%s\nexpires\t%s\n",
					t.Secret, t.Token.ID, strings.Join(t.Token.Actions, " "), when(&t.Token.ExpiresAt))
			})
		}),
	}
	cmd.Flags().StringVar(&name, "name", "token", "what it is for")
	cmd.Flags().StringVar(&expires, "expires", "30d", "when it ends: 2030-01-31, 2030-01-31T12:00:00Z or 90d; within a year")
	cmd.Flags().StringSliceVar(&actions, "action", nil, "what it permits; again or separated by commas")
	_ = cmd.MarkFlagRequired("action") // fails only for a flag that is not there
	return cmd
}

func newTokenList(sh *shell, member *string) *cobra.Command {
	var page tenant.Page
	cmd := &cobra.Command{
		Use:   "list TENANT",
		Short: "List somebody's tokens",
		Args:  cobra.ExactArgs(1),
		RunE: sh.in(func(cmd *cobra.Command, o office, args []string) error {
			list, err := o.ListTokens(cmd.Context(), args[0], *member, page)
			if err != nil {
				return err
			}
			sh.printNext(cmd, list.Next)
			return sh.print(cmd, list, func(w io.Writer) {
				fmt.Fprintln(w, "TOKEN\tNAME\tSTATUS\tPERMITS\tLAST USED\tEXPIRES")
				for _, t := range list.Items {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", t.ID, t.Name, t.Status, strings.Join(t.Actions, ","), when(t.LastUsedAt), when(&t.ExpiresAt))
				}
			})
		}),
	}
	pageFlags(cmd, &page)
	return cmd
}

func newTokenRevoke(sh *shell, member *string) *cobra.Command {
	return &cobra.Command{
		Use:   "revoke TENANT TOKEN",
		Short: "End a token for good, everywhere within a second; its id is in the list",
		Args:  cobra.ExactArgs(2),
		RunE: sh.in(func(cmd *cobra.Command, o office, args []string) error {
			return o.RevokeToken(cmd.Context(), args[0], *member, args[1])
		}),
	}
}
