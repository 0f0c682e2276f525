package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// newTenant is `stoa tenant create|list|show|suspend|resume|limits|recover`.
func newTenant(sh *shell) *cobra.Command {
	cmd := &cobra.Command{Use: "tenant", Short: "Create, list, suspend and limit tenants"}
	cmd.AddCommand(newTenantCreate(sh), newTenantList(sh), newTenantLimits(sh), onTheSpot(newTenantRecover(sh)),
		sh.onTenant("show", "Show a tenant", office.GetTenant),
		sh.onTenant("suspend", "Refuse every request of a tenant; nothing is lost", office.SuspendTenant),
		sh.onTenant("resume", "Serve a suspended tenant again", office.ResumeTenant))
	return sh.withOutput(cmd)
}

func newTenantCreate(sh *shell) *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:     "create TENANT",
		Short:   "Create a tenant",
		Example: "  stoa tenant create acme --name 'Acme Learning'",
		Args:    cobra.ExactArgs(1),
		RunE: sh.in(func(cmd *cobra.Command, o office, args []string) error {
			if name == "" {
				name = args[0]
			}
			t, err := o.CreateTenant(cmd.Context(), apiv1.NewTenant{Slug: args[0], Name: name})
			if err != nil {
				return err
			}
			return sh.printTenants(cmd, t, t)
		}),
	}
	cmd.Flags().StringVar(&name, "name", "", "name for people (default: the slug)")
	return cmd
}

func newTenantList(sh *shell) *cobra.Command {
	var page tenant.Page
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List tenants by slug",
		Args:  cobra.NoArgs,
		RunE: sh.in(func(cmd *cobra.Command, o office, _ []string) error {
			list, err := o.ListTenants(cmd.Context(), page)
			if err != nil {
				return err
			}
			sh.printNext(cmd, list.Next)
			return sh.printTenants(cmd, list, list.Items...)
		}),
	}
	pageFlags(cmd, &page)
	return cmd
}

func newTenantLimits(sh *shell) *cobra.Command {
	var limits apiv1.TenantLimits
	cmd := &cobra.Command{
		Use:   "limits TENANT",
		Short: "Set what a tenant may do in a minute; what is not given stays",
		Args:  cobra.ExactArgs(1),
		RunE: sh.in(func(cmd *cobra.Command, o office, args []string) error {
			t, err := o.LimitTenant(cmd.Context(), args[0], func(l *apiv1.TenantLimits) {
				if cmd.Flags().Changed("requests") {
					l.RequestsPerMinute = limits.RequestsPerMinute
				}
				if cmd.Flags().Changed("statements") {
					l.StatementsPerMinute = limits.StatementsPerMinute
				}
			})
			if err != nil {
				return err
			}
			return sh.printTenants(cmd, t, t)
		}),
	}
	cmd.Flags().IntVar(&limits.RequestsPerMinute, "requests", 0, "requests a minute; 0: the configured default")
	cmd.Flags().IntVar(&limits.StatementsPerMinute, "statements", 0, "statements a minute; 0: the configured default")
	return cmd
}

// onTenant is a subcommand that does one thing to one tenant and shows it.
func (sh *shell) onTenant(use, short string, do func(office, context.Context, string) (apiv1.Tenant, error)) *cobra.Command {
	return &cobra.Command{
		Use:   use + " TENANT",
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: sh.in(func(cmd *cobra.Command, o office, args []string) error {
			t, err := do(o, cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return sh.printTenants(cmd, t, t)
		}),
	}
}

func (sh *shell) printTenants(cmd *cobra.Command, value any, tenants ...apiv1.Tenant) error {
	return sh.print(cmd, value, func(w io.Writer) {
		fmt.Fprintln(w, "TENANT\tNAME\tSTATUS\tREQUESTS/MIN\tSTATEMENTS/MIN\tCREATED")
		for _, t := range tenants {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", t.Slug, t.Name, t.Status,
				limit(t.Limits.RequestsPerMinute), limit(t.Limits.StatementsPerMinute), when(&t.CreatedAt))
		}
	})
}

func limit(n int) string {
	if n == 0 {
		return "default"
	}
	return fmt.Sprint(n)
}
