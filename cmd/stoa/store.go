package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/stoa-lrs/stoa/internal/app"
	"github.com/stoa-lrs/stoa/internal/config"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/lrs"
	"github.com/stoa-lrs/stoa/internal/postgres"
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
		RunE: func(cmd *cobra.Command, args []string) error {
			if name == "" {
				name = args[1]
			}
			t, err := sh.resolve(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			var s *tenant.Store
			if err := sh.enter(cmd.Context(), t.ID, func(tx *postgres.Tx) (err error) {
				s, err = tenant.CreateStore(tx, args[1], name, tenant.Kind(kind), sh.now())
				return err
			}); err != nil {
				return err
			}
			return sh.printStores(cmd, s, *s)
		},
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
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := sh.resolve(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			var stores []tenant.Store
			var next string
			if err := sh.enter(cmd.Context(), t.ID, func(tx *postgres.Tx) (err error) {
				stores, next, err = tenant.ListStores(tx, page)
				return err
			}); err != nil {
				return err
			}
			sh.printNext(cmd, next)
			return sh.printStores(cmd, struct {
				Stores []tenant.Store `json:"stores"`
				Next   string         `json:"next"`
			}{stores, next}, stores...)
		},
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
		RunE: func(cmd *cobra.Command, args []string) error {
			if really != args[1] {
				return fault.New(fault.Invalid, "this deletes everything in the store %q for good: say --yes-really %s", args[1], args[1])
			}
			t, err := sh.resolve(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			deleted, err := sh.empty(cmd.Context(), t, args[1])
			if err != nil {
				return err
			}
			return sh.print(cmd, struct {
				Statements int64 `json:"deleted_statements"`
			}{deleted}, func(w io.Writer) {
				fmt.Fprintf(w, "deleted %d statements and everything else in %s\n", deleted, args[1])
			})
		},
	}
	cmd.Flags().StringVar(&really, "yes-really", "", "the store's slug once more")
	return cmd
}

// empty asks the record store, which refuses for a production store.
func (sh *shell) empty(ctx context.Context, t *tenant.Tenant, slug string) (deleted int64, err error) {
	c, err := sh.load(config.Database)
	if err != nil {
		return 0, err
	}
	err = sh.open(ctx, func(db *postgres.DB) (err error) {
		var s *tenant.Store
		if err := db.TenantRead(ctx, t.Scope(actor), func(tx *postgres.Tx) (err error) {
			s, err = tenant.GetStore(tx, slug)
			return err
		}); err != nil {
			return err
		}
		blobs, err := app.OpenBlobs(ctx, c.BlobURL.Reveal())
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, blobs.Close()) }()
		records := lrs.New(lrs.Config{DB: db, Blobs: blobs, Lanes: 1})
		defer records.Close()
		deleted, err = records.Empty(ctx, t.Scope(actor), s.ID)
		return err
	})
	return deleted, err
}

func (sh *shell) printStores(cmd *cobra.Command, value any, stores ...tenant.Store) error {
	return sh.print(cmd, value, func(w io.Writer) {
		fmt.Fprintln(w, "STORE\tNAME\tKIND\tCREATED")
		for _, s := range stores {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", s.Slug, s.Name, s.Kind, when(&s.CreatedAt))
		}
	})
}
