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
		RunE: func(cmd *cobra.Command, args []string) error {
			end, err := instant(expires, sh.now())
			if err != nil {
				return err
			}
			var g *authz.Grant
			if err := sh.visit(cmd, args[0], func(tx *postgres.Tx) error {
				m, err := tenant.FindMember(tx, args[1])
				if err != nil {
					return err
				}
				n, err := newGrantOf(tx, m.ID, args[2], store)
				if err != nil {
					return err
				}
				n.ExpiresAt = end
				g, err = authz.GiveGrant(tx, authz.Trusted, n, sh.now())
				return err
			}); err != nil {
				return err
			}
			v := viewGrant(*g)
			return sh.printGrants(cmd, v, v)
		},
	}
	cmd.Flags().StringVar(&store, "store", "", "only in this store (default: the whole tenant)")
	cmd.Flags().StringVar(&expires, "expires", "", "when it ends: 2030-01-31, 2030-01-31T12:00:00Z or 90d (default: never)")
	return cmd
}

// newGrantOf says what to give; store is a slug, "" is the whole tenant.
func newGrantOf(tx *postgres.Tx, member int64, role, store string) (authz.NewGrant, error) {
	n := authz.NewGrant{Member: member, Role: role}
	if store == "" {
		return n, nil
	}
	s, err := tenant.GetStore(tx, store)
	if err != nil {
		return n, err
	}
	n.Store = s.ID
	return n, nil
}

func newGrantTake(sh *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "take TENANT MEMBER GRANT",
		Short: "Take a grant from a member; its id is in the list",
		Args:  cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			grant, ok := id.Parse(args[2])
			if !ok {
				return fault.New(fault.Invalid, "%q is no grant's id, such as h4k2m9q0", args[2])
			}
			return sh.visit(cmd, args[0], func(tx *postgres.Tx) error {
				m, err := tenant.FindMember(tx, args[1])
				if err != nil {
					return err
				}
				return authz.TakeGrant(tx, m.ID, grant)
			})
		},
	}
}

func newGrantList(sh *shell) *cobra.Command {
	var page tenant.Page
	cmd := &cobra.Command{
		Use:   "list TENANT MEMBER",
		Short: "List what a member has, expired grants too",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			var grants []authz.Grant
			var next string
			if err := sh.visit(cmd, args[0], func(tx *postgres.Tx) error {
				m, err := tenant.FindMember(tx, args[1])
				if err != nil {
					return err
				}
				grants, next, err = authz.ListGrants(tx, m.ID, authz.Page(page))
				return err
			}); err != nil {
				return err
			}
			views := make([]grantView, len(grants))
			for i, g := range grants {
				views[i] = viewGrant(g)
			}
			sh.printNext(cmd, next)
			return sh.printGrants(cmd, struct {
				Grants []grantView `json:"grants"`
				Next   string      `json:"next"`
			}{views, next}, views...)
		},
	}
	pageFlags(cmd, &page)
	return cmd
}

// grantView is a grant as JSON.
type grantView struct {
	ID         string            `json:"id"`
	Member     string            `json:"member"`
	Role       string            `json:"role"`
	StoreID    int64             `json:"store_id,omitzero"` // none: the whole tenant
	Source     authz.GrantSource `json:"source"`
	GrantedBy  string            `json:"granted_by"`
	GrantedAt  time.Time         `json:"granted_at"`
	ExpiresAt  *time.Time        `json:"expires_at"`
	LastUsedAt *time.Time        `json:"last_used_at"`
}

func viewGrant(g authz.Grant) grantView {
	return grantView{
		id.Text(g.ID), id.Text(g.Member), g.Role, g.Store, g.Source, g.GrantedBy, g.GrantedAt, g.ExpiresAt, g.LastUsedAt,
	}
}

func (sh *shell) printGrants(cmd *cobra.Command, value any, grants ...grantView) error {
	return sh.print(cmd, value, func(w io.Writer) {
		fmt.Fprintln(w, "GRANT\tROLE\tSTORE\tSOURCE\tBY\tSINCE\tENDS\tLAST USED")
		for _, g := range grants {
			store := "all"
			if g.StoreID != 0 {
				store = fmt.Sprint(g.StoreID)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", g.ID, g.Role, store, g.Source, g.GrantedBy,
				when(&g.GrantedAt), when(g.ExpiresAt), when(g.LastUsedAt))
		}
	})
}
