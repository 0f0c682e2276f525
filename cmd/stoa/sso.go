package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stoa-lrs/stoa/internal/config"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/keyring"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/secret"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// newSSO is `stoa sso show|set`.
func newSSO(sh *shell) *cobra.Command {
	cmd := &cobra.Command{Use: "sso", Short: "Show and draft how the people of a tenant sign in"}
	cmd.AddCommand(newSSOShow(sh), newSSOSet(sh))
	return sh.withOutput(cmd)
}

func newSSOShow(sh *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "show TENANT",
		Short: "Show the identity provider in force and the draft, without secrets",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var s *tenant.SSO
			if err := sh.visit(cmd, args[0], func(tx *postgres.Tx) (err error) {
				s, err = tenant.GetSSO(tx)
				return err
			}); err != nil {
				return err
			}
			return sh.printSSO(cmd, s)
		},
	}
}

func newSSOSet(sh *shell) *cobra.Command {
	var d tenant.Draft
	var secretFile string
	var insecure bool
	cmd := &cobra.Command{
		Use:   "set TENANT --issuer URL --client-id ID --secret-file FILE",
		Short: "Replace the draft of a tenant's identity provider",
		Long: `Replace the draft of a tenant's identity provider. It takes effect when an admin
has signed in by it, as a test, and put it in force in the console.`,
		Example: "  stoa sso set acme --issuer https://login.example.com/acme --client-id stoa --secret-file - --domain acme.example",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := sh.load(config.Operator | config.Database | config.Keyring)
			if err != nil {
				return err
			}
			ring, err := keyring.Open(cmd.Context(), c.Keyring())
			if err != nil {
				return err
			}
			if d.Secret, err = readSecret(cmd, secretFile); err != nil {
				return err
			}
			var s *tenant.SSO
			if err := sh.visit(cmd, args[0], func(tx *postgres.Tx) (err error) {
				if _, err = tenant.PutDraft(tx, ring, d, insecure, 0, sh.now()); err == nil {
					s, err = tenant.GetSSO(tx)
				}
				return err
			}); err != nil {
				return err
			}
			return sh.printSSO(cmd, s)
		},
	}
	cmd.Flags().StringVar(&d.Issuer, "issuer", "", "URL of the provider, as its discovery document has it")
	cmd.Flags().StringVar(&d.ClientID, "client-id", "", "what the provider calls this service")
	cmd.Flags().StringVar(&secretFile, "secret-file", "", "file with the client's secret, - for standard input (default: it stays)")
	cmd.Flags().StringSliceVar(&d.Scopes, "scopes", nil, "scopes to ask for (default: openid,email,profile)")
	cmd.Flags().StringVar(&d.GroupsClaim, "groups-claim", "groups", "claim that names the person's groups")
	cmd.Flags().StringSliceVar(&d.Domains, "domain", nil, "e-mail domains that may sign in without an invitation")
	cmd.Flags().StringVar(&d.DefaultRole, "default-role", "", "role of people whom no group gives one (default: none)")
	cmd.Flags().BoolVar(&insecure, "insecure-loopback", false, "allow an issuer by http on this machine")
	_ = cmd.MarkFlagRequired("issuer") // fails only for a flag that is not there
	_ = cmd.MarkFlagRequired("client-id")
	return cmd
}

// readSecret reads a secret from a file, less the line break at its end: on
// the command line every user of the machine would see it.
func readSecret(cmd *cobra.Command, path string) (secret.Text, error) {
	var none secret.Text
	if path == "" {
		return none, nil
	}
	in := cmd.InOrStdin()
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return none, fault.Wrap(fault.Invalid, err, "the secret cannot be read")
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, 10_000))
	if err != nil {
		return none, fault.Wrap(fault.Invalid, err, "the secret cannot be read")
	}
	return secret.New(strings.TrimRight(string(text), "\r\n")), nil
}

// providerView is an identity provider as JSON, without its secret.
type providerView struct {
	Issuer      string     `json:"issuer"`
	ClientID    string     `json:"client_id"`
	Scopes      []string   `json:"scopes"`
	GroupsClaim string     `json:"groups_claim"`
	Domains     []string   `json:"domains"`
	DefaultRole string     `json:"default_role"`
	TestedAt    *time.Time `json:"tested_at"`
	TestedBy    string     `json:"tested_by"`
	UpdatedAt   time.Time  `json:"updated_at"`
	Version     int64      `json:"version"`
}

func viewProvider(p *tenant.Provider) *providerView {
	if p == nil {
		return nil
	}
	return &providerView{
		p.Issuer, p.ClientID, p.Scopes, p.GroupsClaim, p.Domains, p.DefaultRole, p.TestedAt, p.TestedBy, p.UpdatedAt, p.Version,
	}
}

func (sh *shell) printSSO(cmd *cobra.Command, s *tenant.SSO) error {
	active, draft := viewProvider(s.Active), viewProvider(s.Draft)
	return sh.print(cmd, struct {
		Active *providerView `json:"active"`
		Draft  *providerView `json:"draft"`
	}{active, draft}, func(w io.Writer) {
		fmt.Fprintln(w, "STATE\tISSUER\tCLIENT\tDOMAINS\tGROUPS CLAIM\tDEFAULT ROLE\tTESTED\tSINCE")
		for _, row := range []struct {
			state string
			p     *providerView
		}{{"in force", active}, {"draft", draft}} {
			if p := row.p; p != nil {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", row.state, p.Issuer, p.ClientID, strings.Join(p.Domains, ","),
					p.GroupsClaim, p.DefaultRole, when(p.TestedAt), when(&p.UpdatedAt))
			}
		}
	})
}
