package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// newStore is `stoa store create|list|empty`.
func newStore(sh *shell) *cobra.Command {
	cmd := &cobra.Command{Use: "store", Short: "Create, list and empty the stores of a tenant"}
	cmd.AddCommand(newStoreCreate(sh), newStoreList(sh), newStoreEmpty(sh))
	return sh.withOutput(cmd)
}

func newStoreCreate(sh *shell) *cobra.Command {
	var name, kind string
	cmd := &cobra.Command{
		Use:     "create TENANT STORE",
		Short:   "Create a store",
		Example: "  stoa store create acme trial --kind sandbox",
		Args:    cobra.ExactArgs(2),
		RunE: sh.in(func(cmd *cobra.Command, o office, args []string) error {
			if name == "" {
				name = args[1]
			}
			s, err := o.CreateStore(cmd.Context(), args[0], apiv1.NewStore{Slug: args[1], Name: name, Kind: apiv1.NewStoreKind(kind)})
			if err != nil {
				return err
			}
			return sh.printStores(cmd, s, s)
		}),
	}
	cmd.Flags().StringVar(&name, "name", "", "name for people (default: the slug)")
	cmd.Flags().StringVar(&kind, "kind", string(tenant.Production), "production, or sandbox: that can be emptied")
	return cmd
}

func newStoreList(sh *shell) *cobra.Command {
	var page tenant.Page
	cmd := &cobra.Command{
		Use:   "list TENANT",
		Short: "List the stores of a tenant by slug",
		Args:  cobra.ExactArgs(1),
		RunE: sh.in(func(cmd *cobra.Command, o office, args []string) error {
			list, err := o.ListStores(cmd.Context(), args[0], page)
			if err != nil {
				return err
			}
			sh.printNext(cmd, list.Next)
			return sh.printStores(cmd, list, list.Items...)
		}),
	}
	pageFlags(cmd, &page)
	return cmd
}

func newStoreEmpty(sh *shell) *cobra.Command {
	var really string
	cmd := &cobra.Command{
		Use:     "empty TENANT STORE --yes-really STORE",
		Short:   "Delete everything in a sandbox: statements, documents, attachments",
		Example: "  stoa store empty acme trial --yes-really trial",
		Args:    cobra.ExactArgs(2),
		RunE: sh.in(func(cmd *cobra.Command, o office, args []string) error {
			if really != args[1] {
				return fault.New(fault.Invalid, "this deletes everything in the store %q for good: say --yes-really %s", args[1], args[1])
			}
			e, err := o.EmptyStore(cmd.Context(), args[0], args[1])
			if err != nil {
				return err
			}
			return sh.print(cmd, e, func(w io.Writer) {
				fmt.Fprintf(w, "deleted %d statements and everything else in %s\n", e.Deleted, args[1])
			})
		}),
	}
	cmd.Flags().StringVar(&really, "yes-really", "", "the store's slug once more")
	return cmd
}

func (sh *shell) printStores(cmd *cobra.Command, value any, stores ...apiv1.Store) error {
	return sh.print(cmd, value, func(w io.Writer) {
		fmt.Fprintln(w, "STORE\tNAME\tKIND\tCREATED")
		for _, s := range stores {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", s.Slug, s.Name, s.Kind, when(&s.CreatedAt))
		}
	})
}
