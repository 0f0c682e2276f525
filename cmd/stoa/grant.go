package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/stoa-lrs/stoa/internal/apiv1"
)

// newGrant is `stoa grant give|take|list`.
func newGrant(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "grant",
		Short: "Give roles to members and take them",
		Long:  "Give roles to members and take them. A member is named by address or id.",
	}
	cmd.AddCommand(newGrantGive(sh), newGrantTake(sh), newGrantList(sh))
	return sh.withOutput(cmd)
}

func newGrantGive(sh *shell) *cobra.Command {
	var store, expires string
	cmd := &cobra.Command{
		Use:     "give TENANT MEMBER ROLE",
		Short:   "Give a member a role, in the whole tenant or in one store",
		Example: "  stoa grant give acme ada@acme.example analyst --store production --expires 30d",
		Args:    cobra.ExactArgs(3),
		RunE: sh.in(func(cmd *cobra.Command, o office, args []string) error {
			end, err := instant(expires, sh.now())
			if err != nil {
				return err
			}
			g, err := o.GiveGrant(cmd.Context(), args[0], args[1], apiv1.NewGrant{Role: args[2], Store: optional(store), ExpiresAt: end})
			if err != nil {
				return err
			}
			return sh.printGrants(cmd, g, g)
		}),
	}
	cmd.Flags().StringVar(&store, "store", "", "only in this store (default: the whole tenant)")
	cmd.Flags().StringVar(&expires, "expires", "", "when it ends: 2030-01-31, 2030-01-31T12:00:00Z or 90d (default: never)")
	return cmd
}

func newGrantTake(sh *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "take TENANT MEMBER GRANT",
		Short: "Take a grant from a member; its id is in the list",
		Args:  cobra.ExactArgs(3),
		RunE: sh.in(func(cmd *cobra.Command, o office, args []string) error {
			return o.TakeGrant(cmd.Context(), args[0], args[1], args[2])
		}),
	}
}

func newGrantList(sh *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "list TENANT MEMBER",
		Short: "List all that a member has, expired grants too",
		Args:  cobra.ExactArgs(2),
		RunE: sh.in(func(cmd *cobra.Command, o office, args []string) error {
			m, err := o.GetMember(cmd.Context(), args[0], args[1])
			if err != nil {
				return err
			}
			return sh.printGrants(cmd, struct {
				Items []apiv1.Grant `json:"items"`
			}{m.Grants}, m.Grants...)
		}),
	}
}

func (sh *shell) printGrants(cmd *cobra.Command, value any, grants ...apiv1.Grant) error {
	return sh.print(cmd, value, func(w io.Writer) {
		fmt.Fprintln(w, "GRANT\tROLE\tSTORE\tSOURCE\tBY\tSINCE\tENDS\tLAST USED")
		for _, g := range grants {
			store := "all"
			if g.Store != nil {
				store = *g.Store
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", g.ID, g.Role, store, g.Source, g.GrantedBy,
				when(&g.GrantedAt), when(g.ExpiresAt), when(g.LastUsedAt))
		}
	})
}
