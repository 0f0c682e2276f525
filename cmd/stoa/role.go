package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// newRole is `stoa role list|show|create|change|delete`.
func newRole(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "role",
		Short: "List roles, and make those of a tenant's own",
		Long:  "List roles, and make those of a tenant's own. The built-in ones are the same everywhere.",
	}
	cmd.AddCommand(newRoleList(sh), newRoleShow(sh), newRoleCreate(sh), newRoleChange(sh), newRoleDelete(sh))
	return sh.withOutput(cmd)
}

func newRoleList(sh *shell) *cobra.Command {
	var page tenant.Page
	cmd := &cobra.Command{
		Use:   "list TENANT",
		Short: "List the roles that members can have, by slug",
		Args:  cobra.ExactArgs(1),
		RunE: sh.in(func(cmd *cobra.Command, o office, args []string) error {
			list, err := o.ListRoles(cmd.Context(), args[0], page)
			if err != nil {
				return err
			}
			sh.printNext(cmd, list.Next)
			return sh.printRoles(cmd, list, list.Items...)
		}),
	}
	pageFlags(cmd, &page)
	return cmd
}

func newRoleShow(sh *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "show TENANT ROLE",
		Short: "Show what a role permits",
		Args:  cobra.ExactArgs(2),
		RunE: sh.in(func(cmd *cobra.Command, o office, args []string) error {
			r, err := o.GetRole(cmd.Context(), args[0], args[1])
			if err != nil {
				return err
			}
			return sh.printRoles(cmd, r, r)
		}),
	}
}

func newRoleCreate(sh *shell) *cobra.Command {
	var name, description string
	var actions []string
	cmd := &cobra.Command{
		Use:     "create TENANT ROLE --action ACTION,…",
		Short:   "Make a role",
		Example: "  stoa role create acme report-reader --name 'Report reader' --action tenant.view,reports.view",
		Args:    cobra.ExactArgs(2),
		RunE: sh.in(func(cmd *cobra.Command, o office, args []string) error {
			if name == "" {
				name = args[1]
			}
			r, err := o.CreateRole(cmd.Context(), args[0], apiv1.NewRole{Slug: args[1], Name: name, Description: &description, Actions: actions})
			if err != nil {
				return err
			}
			return sh.printRoles(cmd, r, r)
		}),
	}
	cmd.Flags().StringVar(&name, "name", "", "name for people (default: the slug)")
	cmd.Flags().StringVar(&description, "description", "", "what it is for")
	cmd.Flags().StringSliceVar(&actions, "action", nil, "what it permits; again or separated by commas")
	_ = cmd.MarkFlagRequired("action") // fails only for a flag that is not there
	return cmd
}

func newRoleChange(sh *shell) *cobra.Command {
	var name, description string
	var actions []string
	cmd := &cobra.Command{
		Use:   "change TENANT ROLE",
		Short: "Change a role; what is not given stays. Who has it is bound by the change at once",
		Args:  cobra.ExactArgs(2),
		RunE: sh.in(func(cmd *cobra.Command, o office, args []string) error {
			r, err := o.ChangeRole(cmd.Context(), args[0], args[1], func(d *apiv1.RoleDefinition) {
				if cmd.Flags().Changed("name") {
					d.Name = name
				}
				if cmd.Flags().Changed("description") {
					d.Description = description
				}
				if cmd.Flags().Changed("action") {
					d.Actions = actions
				}
			})
			if err != nil {
				return err
			}
			return sh.printRoles(cmd, r, r)
		}),
	}
	cmd.Flags().StringVar(&name, "name", "", "name for people")
	cmd.Flags().StringVar(&description, "description", "", "what it is for")
	cmd.Flags().StringSliceVar(&actions, "action", nil, "what it permits, all of it; again or separated by commas")
	return cmd
}

func newRoleDelete(sh *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "delete TENANT ROLE",
		Short: "Delete a role that nobody has",
		Args:  cobra.ExactArgs(2),
		RunE: sh.in(func(cmd *cobra.Command, o office, args []string) error {
			return o.DeleteRole(cmd.Context(), args[0], args[1])
		}),
	}
}

func (sh *shell) printRoles(cmd *cobra.Command, value any, roles ...apiv1.Role) error {
	return sh.print(cmd, value, func(w io.Writer) {
		fmt.Fprintln(w, "ROLE\tNAME\tKIND\tPERMITS")
		for _, r := range roles {
			kind := "own"
			if r.BuiltIn {
				kind = "built-in"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.Slug, r.Name, kind, strings.Join(r.Actions, ","))
		}
	})
}
