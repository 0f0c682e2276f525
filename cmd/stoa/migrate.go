package main

import (
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/stoa-lrs/stoa/internal/config"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/migrations"
)

// newMigrate is `stoa migrate up|status`.
func newMigrate(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database's schema up to date, or show how far it is",
	}
	cmd.AddCommand(
		&cobra.Command{
			Use:   "up",
			Short: "Create what is missing: database, roles, schema",
			Long: `Create the database and the roles where they are missing, each role with the
password of its URL, and apply the migrations that have not been applied. Works
as the owner (STOA_OWNER_DATABASE_URL). Several may start at once: one works.
Nothing is done when the file of an applied migration has changed since.`,
			Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				c, err := sh.migration(config.Database | config.Owner)
				if err != nil {
					return err
				}
				applied, err := postgres.Migrate(cmd.Context(), c)
				if err != nil {
					return err
				}
				if len(applied) == 0 && sh.output == "table" {
					fmt.Fprintln(cmd.OutOrStdout(), "the schema is up to date")
					return nil
				}
				return sh.printMigrations(cmd, applied)
			},
		},
		&cobra.Command{
			Use:   "status",
			Short: "List the migrations, whether they are applied, and where a file is not what was applied",
			Args:  cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				c, err := sh.migration(config.Owner)
				if err != nil {
					return err
				}
				all, err := postgres.MigrationStatus(cmd.Context(), c)
				if err != nil {
					return err
				}
				return sh.printMigrations(cmd, all)
			},
		},
	)
	return sh.withOutput(cmd)
}

func (sh *shell) migration(need config.Need) (postgres.MigrateConfig, error) {
	c, err := sh.load(need)
	if err != nil {
		return postgres.MigrateConfig{}, err
	}
	return postgres.MigrateConfig{OwnerURL: c.OwnerDatabaseURL.Reveal(), RoleURLs: c.RoleURLs(), Files: migrations.FS}, nil
}

func (sh *shell) printMigrations(cmd *cobra.Command, all []postgres.Migration) error {
	if all == nil {
		all = []postgres.Migration{}
	}
	return sh.print(cmd, struct {
		Migrations []postgres.Migration `json:"migrations"`
	}{all}, func(w io.Writer) {
		fmt.Fprintln(w, "VERSION\tNAME\tAPPLIED")
		for _, m := range all {
			applied := strconv.FormatBool(m.Applied)
			if m.Changed {
				applied = "another text than this file's"
			}
			fmt.Fprintf(w, "%d\t%s\t%s\n", m.Version, m.Name, applied)
		}
	})
}
