package main

import (
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stoa-lrs/stoa/internal/config"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/secret"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

func newTenantRecover(sh *shell) *cobra.Command {
	var email string
	cmd := &cobra.Command{
		Use:   "recover TENANT --email ADDRESS",
		Short: "Make a link that lets an admin in, once and within 15 minutes",
		Long: `Make a link that lets whoever opens it in as an admin of the tenant with that
e-mail address, once and within 15 minutes, whatever its identity provider says.
Of the tenant "platform" the admins are the operators.`,
		Example: "  stoa tenant recover acme --email ada@acme.example",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := sh.load(config.Operator | config.Database | config.Peppers | config.PublicURL)
			if err != nil {
				return err
			}
			t, err := sh.resolve(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			var token secret.Text
			var expires time.Time
			if err := sh.enter(cmd.Context(), t.ID, func(tx *postgres.Tx) (err error) {
				token, expires, err = tenant.CreateRecovery(tx, c.Peppers, email, sh.now())
				return err
			}); err != nil {
				return err
			}
			link := strings.TrimRight(c.PublicURL, "/") + "/auth/recover?token=" + url.QueryEscape(token.Reveal())
			return sh.print(cmd, struct {
				Link      string    `json:"link"`
				ExpiresAt time.Time `json:"expires_at"`
			}{link, expires}, func(w io.Writer) {
				fmt.Fprintf(w, "%s\n(good once, until %s)\n", link, when(&expires))
			})
		},
	}
	cmd.Flags().StringVar(&email, "email", "", "address of the admin")
	_ = cmd.MarkFlagRequired("email") // fails only for a flag that is not there
	return cmd
}
