package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// newTenant is `stoa tenant create|list|show|suspend|resume|limits|recover`.
func newTenant(sh *shell) *cobra.Command {
	cmd := &cobra.Command{Use: "tenant", Short: "Create, list, suspend and limit tenants"}
	cmd.AddCommand(newTenantCreate(sh), newTenantList(sh), newTenantLimits(sh), newTenantRecover(sh),
		sh.onTenant("show", "Show a tenant", tenant.Get),
		sh.onTenant("suspend", "Refuse every request of a tenant; nothing is lost", tenant.Suspend),
		sh.onTenant("resume", "Serve a suspended tenant again", tenant.Resume))
	return sh.withOutput(cmd)
}

func newTenantCreate(sh *shell) *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:     "create TENANT",
		Short:   "Create a tenant",
		Example: "  stoa tenant create acme --name 'Acme Learning'",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if name == "" {
				name = args[0]
			}
			return sh.operate(cmd.Context(), func(op *postgres.Operator) error {
				t, err := tenant.Create(cmd.Context(), op, args[0], name, sh.now())
				if err != nil {
					return err
				}
				return sh.printTenants(cmd, t, *t)
			})
		},
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
		RunE: func(cmd *cobra.Command, _ []string) error {
			return sh.operate(cmd.Context(), func(op *postgres.Operator) error {
				tenants, next, err := tenant.List(cmd.Context(), op, page)
				if err != nil {
					return err
				}
				sh.printNext(cmd, next)
				return sh.printTenants(cmd, struct {
					Tenants []tenant.Tenant `json:"tenants"`
					Next    string          `json:"next"`
				}{tenants, next}, tenants...)
			})
		},
	}
	pageFlags(cmd, &page)
	return cmd
}

func newTenantLimits(sh *shell) *cobra.Command {
	var limits tenant.Limits
	cmd := &cobra.Command{
		Use:   "limits TENANT",
		Short: "Set what a tenant may do in a minute; what is not given stays",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return sh.operate(cmd.Context(), func(op *postgres.Operator) error {
				t, err := tenant.Get(cmd.Context(), op, args[0])
				if err != nil {
					return err
				}
				if cmd.Flags().Changed("requests") {
					t.Limits.Requests = limits.Requests
				}
				if cmd.Flags().Changed("statements") {
					t.Limits.Statements = limits.Statements
				}
				if t, err = tenant.SetLimits(cmd.Context(), op, args[0], t.Limits); err != nil {
					return err
				}
				return sh.printTenants(cmd, t, *t)
			})
		},
	}
	cmd.Flags().IntVar(&limits.Requests, "requests", 0, "requests a minute; 0: the configured default")
	cmd.Flags().IntVar(&limits.Statements, "statements", 0, "statements a minute; 0: the configured default")
	return cmd
}

// onTenant is a subcommand that does one thing to one tenant and shows it.
func (sh *shell) onTenant(use, short string, do func(context.Context, *postgres.Operator, string) (*tenant.Tenant, error)) *cobra.Command {
	return &cobra.Command{
		Use:   use + " TENANT",
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return sh.operate(cmd.Context(), func(op *postgres.Operator) error {
				t, err := do(cmd.Context(), op, args[0])
				if err != nil {
					return err
				}
				return sh.printTenants(cmd, t, *t)
			})
		},
	}
}

func (sh *shell) printTenants(cmd *cobra.Command, value any, tenants ...tenant.Tenant) error {
	return sh.print(cmd, value, func(w io.Writer) {
		fmt.Fprintln(w, "TENANT\tNAME\tSTATUS\tREQUESTS/MIN\tSTATEMENTS/MIN\tCREATED")
		for _, t := range tenants {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", t.Slug, t.Name, t.Status,
				limit(t.Limits.Requests), limit(t.Limits.Statements), when(&t.CreatedAt))
		}
	})
}

func limit(n int) string {
	if n == 0 {
		return "default"
	}
	return fmt.Sprint(n)
}
