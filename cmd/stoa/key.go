package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// newKey is `stoa key create|list|show|rotate|revoke`.
func newKey(sh *shell) *cobra.Command {
	cmd := &cobra.Command{Use: "key", Short: "Create, list, rotate and revoke API keys"}
	cmd.AddCommand(newKeyCreate(sh), newKeyList(sh), newKeyShow(sh), newKeyRotate(sh), newKeyRevoke(sh))
	return sh.withOutput(cmd)
}

func newKeyCreate(sh *shell) *cobra.Command {
	var name, expires string
	var scopes, networks []string
	cmd := &cobra.Command{
		Use:   "create TENANT STORE",
		Short: "Create a key and show its secret, this once",
		Example: `  stoa key create acme production --name 'Course player' --scope statements/write,statements/read/mine,state
  stoa key create acme production --name Warehouse --scope all/read --expires 90d --allow 192.0.2.0/24`,
		Args: cobra.ExactArgs(2),
		RunE: sh.in(func(cmd *cobra.Command, o office, args []string) error {
			s, err := authz.ParseScopes(scopes)
			if err != nil {
				return err
			}
			if _, err := tenant.ParseNetworks(networks); err != nil {
				return err
			}
			end, err := instant(expires, sh.now())
			if err != nil {
				return err
			}
			k, err := o.CreateKey(cmd.Context(), args[0], args[1], apiv1.NewKey{
				Name: name, Scopes: as[apiv1.Scope](s.Names()), Networks: networks, ExpiresAt: end,
			})
			if err != nil {
				return err
			}
			return sh.printSecret(cmd, k)
		}),
	}
	cmd.Flags().StringVar(&name, "name", "key", "name for people; also that of the statements' authority")
	cmd.Flags().StringSliceVar(&scopes, "scope", []string{"statements/write", "statements/read/mine"}, "xAPI scopes; again or separated by commas")
	cmd.Flags().StringVar(&expires, "expires", "", "when it ends: 2030-01-31, 2030-01-31T12:00:00Z or 90d (default: never)")
	cmd.Flags().StringSliceVar(&networks, "allow", nil, "addresses or networks that it may be used from (default: all)")
	return cmd
}

func newKeyList(sh *shell) *cobra.Command {
	var store string
	var page tenant.Page
	cmd := &cobra.Command{
		Use:   "list TENANT",
		Short: "List the keys of a tenant, oldest first",
		Args:  cobra.ExactArgs(1),
		RunE: sh.in(func(cmd *cobra.Command, o office, args []string) error {
			list, err := o.ListKeys(cmd.Context(), args[0], store, page)
			if err != nil {
				return err
			}
			sh.printNext(cmd, list.Next)
			return sh.printKeys(cmd, list, list.Items...)
		}),
	}
	cmd.Flags().StringVar(&store, "store", "", "only the keys of this store")
	pageFlags(cmd, &page)
	return cmd
}

func newKeyShow(sh *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "show USER",
		Short: "Show a key with its secrets' last uses",
		Args:  cobra.ExactArgs(1),
		RunE: sh.in(func(cmd *cobra.Command, o office, args []string) error {
			k, err := o.GetKey(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return sh.printKey(cmd, k)
		}),
	}
}

func newKeyRotate(sh *shell) *cobra.Command {
	var grace string
	cmd := &cobra.Command{
		Use:     "rotate USER",
		Short:   "Give a key a new secret and show it, this once",
		Example: "  stoa key rotate 3-h4k2m9q0 --grace 7d",
		Args:    cobra.ExactArgs(1),
		RunE: sh.in(func(cmd *cobra.Command, o office, args []string) error {
			d, err := span(grace)
			if err != nil {
				return err
			}
			k, err := o.RotateKey(cmd.Context(), args[0], d)
			if err != nil {
				return err
			}
			return sh.printSecret(cmd, k)
		}),
	}
	cmd.Flags().StringVar(&grace, "grace", "0", "how long older secrets go on working: 0, 12h, up to 30d")
	return cmd
}

func newKeyRevoke(sh *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "revoke USER",
		Short: "End a key for good, everywhere within a second",
		Args:  cobra.ExactArgs(1),
		RunE: sh.in(func(cmd *cobra.Command, o office, args []string) error {
			k, err := o.RevokeKey(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return sh.printKey(cmd, k)
		}),
	}
}

func (sh *shell) printKeys(cmd *cobra.Command, value any, keys ...apiv1.Key) error {
	return sh.print(cmd, value, func(w io.Writer) {
		fmt.Fprintln(w, "USER\tNAME\tSTATUS\tSCOPES\tSECRETS\tLAST USED\tEXPIRES")
		for _, k := range keys {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n", k.User, k.Name, k.Status,
				strings.Join(texts(k.Scopes), ","), len(k.Secrets), when(k.LastUsedAt), when(k.ExpiresAt))
		}
	})
}

// printKey shows one key and each of its secrets.
func (sh *shell) printKey(cmd *cobra.Command, k apiv1.Key) error {
	if err := sh.printKeys(cmd, k, k); err != nil || sh.output == "json" {
		return err
	}
	return sh.print(cmd, nil, func(w io.Writer) {
		fmt.Fprintln(w, "\nSECRET OF\tLAST USED\tENDS")
		for _, s := range k.Secrets {
			fmt.Fprintf(w, "%s\t%s\t%s\n", when(&s.CreatedAt), when(s.LastUsedAt), when(s.ExpiresAt))
		}
	})
}

// printSecret is the one place where a key's secret is shown.
func (sh *shell) printSecret(cmd *cobra.Command, issued apiv1.IssuedKey) error {
	return sh.print(cmd, issued, func(w io.Writer) {
		k := issued.Key
		fmt.Fprintf(w, "user\t%s\nsecret\t%s\n", k.User, issued.Secret)
		fmt.Fprintf(w, "\t(shown this once)\nscopes\t%s\nexpires\t%s\n", strings.Join(texts(k.Scopes), " "), when(k.ExpiresAt))
		for _, s := range k.Secrets[1:] {
			fmt.Fprintf(w, "older secret\tof %s ends %s, last used %s\n", when(&s.CreatedAt), when(s.ExpiresAt), when(s.LastUsedAt))
		}
	})
}
