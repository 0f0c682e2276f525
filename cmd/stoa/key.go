package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/config"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/secret"
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
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := sh.load(config.Operator | config.Database | config.Peppers | config.PublicURL)
			if err != nil {
				return err
			}
			n := tenant.NewKey{Name: name, HomePage: c.PublicURL}
			if n.Scopes, err = authz.ParseScopes(scopes); err != nil {
				return err
			}
			if n.Networks, err = tenant.ParseNetworks(networks); err != nil {
				return err
			}
			if n.ExpiresAt, err = instant(expires, sh.now()); err != nil {
				return err
			}
			t, err := sh.resolve(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			var k *tenant.Key
			var plain secret.Text
			if err := sh.enter(cmd.Context(), t.ID, func(tx *postgres.Tx) error {
				s, err := tenant.GetStore(tx, args[1])
				if err != nil {
					return err
				}
				n.Store = s.ID
				k, plain, err = tenant.CreateKey(tx, c.Peppers, n, sh.now())
				return err
			}); err != nil {
				return err
			}
			return sh.printSecret(cmd, k, plain)
		},
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
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := sh.resolve(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			var keys []tenant.Key
			var next string
			if err := sh.enter(cmd.Context(), t.ID, func(tx *postgres.Tx) error {
				var id int64
				if store != "" {
					s, err := tenant.GetStore(tx, store)
					if err != nil {
						return err
					}
					id = s.ID
				}
				var err error
				keys, next, err = tenant.ListKeys(tx, id, page)
				return err
			}); err != nil {
				return err
			}
			views := make([]keyView, len(keys))
			for i := range keys {
				views[i] = sh.view(&keys[i])
			}
			sh.printNext(cmd, next)
			return sh.printKeys(cmd, struct {
				Keys []keyView `json:"keys"`
				Next string    `json:"next"`
			}{views, next}, views...)
		},
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
		RunE: func(cmd *cobra.Command, args []string) error {
			var k *tenant.Key
			if err := sh.enterKey(cmd, args[0], func(tx *postgres.Tx) (err error) {
				k, err = tenant.GetKey(tx, args[0])
				return err
			}); err != nil {
				return err
			}
			return sh.printKey(cmd, k)
		},
	}
}

func newKeyRotate(sh *shell) *cobra.Command {
	var grace string
	cmd := &cobra.Command{
		Use:     "rotate USER",
		Short:   "Give a key a new secret and show it, this once",
		Example: "  stoa key rotate 3-h4k2m9q0 --grace 7d",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := sh.load(config.Database | config.Peppers)
			if err != nil {
				return err
			}
			d, err := span(grace)
			if err != nil {
				return err
			}
			var k *tenant.Key
			var plain secret.Text
			if err := sh.enterKey(cmd, args[0], func(tx *postgres.Tx) (err error) {
				k, plain, err = tenant.Rotate(tx, c.Peppers, args[0], d, sh.now())
				return err
			}); err != nil {
				return err
			}
			return sh.printSecret(cmd, k, plain)
		},
	}
	cmd.Flags().StringVar(&grace, "grace", "0", "how long older secrets go on working: 0, 12h, up to 30d")
	return cmd
}

func newKeyRevoke(sh *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "revoke USER",
		Short: "End a key for good, everywhere within a second",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var k *tenant.Key
			if err := sh.enterKey(cmd, args[0], func(tx *postgres.Tx) (err error) {
				k, err = tenant.Revoke(tx, args[0], sh.now())
				return err
			}); err != nil {
				return err
			}
			return sh.printKey(cmd, k)
		},
	}
}

// enterKey enters the tenant that the key's user name carries.
func (sh *shell) enterKey(cmd *cobra.Command, user string, fn func(*postgres.Tx) error) error {
	id, _, ok := tenant.ParseUserName(user)
	if !ok {
		return fault.New(fault.Invalid, "%q is no key's user name, such as 3-h4k2m9q0", user)
	}
	return sh.enter(cmd.Context(), id, fn)
}

// keyView is a key as JSON.
type keyView struct {
	User      string           `json:"user"`
	StoreID   int64            `json:"store_id"`
	Name      string           `json:"name"`
	Status    tenant.KeyStatus `json:"status"`
	Scopes    []string         `json:"scopes"`
	Networks  []netip.Prefix   `json:"networks"`
	Authority json.RawMessage  `json:"authority"`
	CreatedAt time.Time        `json:"created_at"`
	ExpiresAt *time.Time       `json:"expires_at"`
	RevokedAt *time.Time       `json:"revoked_at"`
	LastUsed  *time.Time       `json:"last_used_at"`
	Secrets   []tenant.Secret  `json:"secrets"`
}

func (sh *shell) view(k *tenant.Key) keyView {
	return keyView{
		User: k.User, StoreID: k.StoreID, Name: k.Name, Status: k.Status(sh.now()), Scopes: k.Scopes.Names(),
		Networks: k.Networks, Authority: json.RawMessage(k.Authority), CreatedAt: k.CreatedAt,
		ExpiresAt: k.ExpiresAt, RevokedAt: k.RevokedAt, LastUsed: k.LastUsedAt(), Secrets: k.Secrets,
	}
}

func (sh *shell) printKeys(cmd *cobra.Command, value any, keys ...keyView) error {
	return sh.print(cmd, value, func(w io.Writer) {
		fmt.Fprintln(w, "USER\tNAME\tSTATUS\tSCOPES\tSECRETS\tLAST USED\tEXPIRES")
		for _, k := range keys {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n", k.User, k.Name, k.Status,
				strings.Join(k.Scopes, ","), len(k.Secrets), when(k.LastUsed), when(k.ExpiresAt))
		}
	})
}

// printKey shows one key and each of its secrets.
func (sh *shell) printKey(cmd *cobra.Command, k *tenant.Key) error {
	v := sh.view(k)
	if err := sh.printKeys(cmd, v, v); err != nil || sh.output == "json" {
		return err
	}
	return sh.print(cmd, nil, func(w io.Writer) {
		fmt.Fprintln(w, "\nSECRET OF\tLAST USED\tENDS")
		for _, s := range k.Secrets {
			fmt.Fprintf(w, "%s\t%s\t%s\n", when(&s.CreatedAt), when(s.LastUsedAt), when(s.ExpiresAt))
		}
	})
}

// printSecret is the one place where a secret is shown.
func (sh *shell) printSecret(cmd *cobra.Command, k *tenant.Key, plain secret.Text) error {
	v := sh.view(k)
	return sh.print(cmd, struct {
		keyView
		Secret string `json:"secret"`
	}{v, plain.Reveal()}, func(w io.Writer) {
		fmt.Fprintf(w, "user\t%s\nsecret\t%s\n", k.User, plain.Reveal())
		fmt.Fprintf(w, "\t(shown this once)\nscopes\t%s\nexpires\t%s\n", k.Scopes, when(k.ExpiresAt))
		for _, s := range k.Secrets[1:] {
			fmt.Fprintf(w, "older secret\tof %s ends %s, last used %s\n", when(&s.CreatedAt), when(s.ExpiresAt), when(s.LastUsedAt))
		}
	})
}
