package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/secret"
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
		RunE: sh.in(func(cmd *cobra.Command, o office, args []string) error {
			s, err := o.GetSSO(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return sh.printSSO(cmd, s)
		}),
	}
}

func newSSOSet(sh *shell) *cobra.Command {
	var d apiv1.ProviderDraft
	var secretFile, groups, role string
	var insecure bool
	cmd := &cobra.Command{
		Use:   "set TENANT --issuer URL --client-id ID --secret-file FILE",
		Short: "Replace the draft of a tenant's identity provider",
		Long: `Replace the draft of a tenant's identity provider. It takes effect when an admin
has signed in by it, as a test, and put it in force in the console.`,
		Example: "  stoa sso set acme --issuer https://login.example.com/acme --client-id stoa --secret-file - --domain acme.example",
		Args:    cobra.ExactArgs(1),
		RunE: sh.in(func(cmd *cobra.Command, o office, args []string) error {
			plain, err := readSecret(cmd, secretFile)
			if err != nil {
				return err
			}
			d.ClientSecret, d.GroupsClaim, d.DefaultRole = optional(plain.Reveal()), &groups, optional(role)
			s, err := o.DraftSSO(cmd.Context(), args[0], d, insecure)
			if err != nil {
				return err
			}
			return sh.printSSO(cmd, s)
		}),
	}
	cmd.Flags().StringVar(&d.Issuer, "issuer", "", "URL of the provider, as its discovery document has it")
	cmd.Flags().StringVar(&d.ClientID, "client-id", "", "what the provider calls this service")
	cmd.Flags().StringVar(&secretFile, "secret-file", "", "file with the client's secret, - for standard input (default: it stays)")
	cmd.Flags().StringSliceVar(&d.Scopes, "scopes", nil, "scopes to ask for (default: openid,email,profile)")
	cmd.Flags().StringVar(&groups, "groups-claim", "groups", "claim that names the person's groups")
	cmd.Flags().StringSliceVar(&d.Domains, "domain", nil, "e-mail domains that may sign in without an invitation")
	cmd.Flags().StringVar(&role, "default-role", "", "role of people whom no group gives one (default: none)")
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

func (sh *shell) printSSO(cmd *cobra.Command, s apiv1.SSO) error {
	return sh.print(cmd, s, func(w io.Writer) {
		fmt.Fprintln(w, "STATE\tISSUER\tCLIENT\tDOMAINS\tGROUPS CLAIM\tDEFAULT ROLE\tTESTED\tSINCE")
		for _, row := range []struct {
			state string
			p     *apiv1.Provider
		}{{"in force", s.Active}, {"draft", s.Draft}} {
			if p := row.p; p != nil {
				role := ""
				if p.DefaultRole != nil {
					role = *p.DefaultRole
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", row.state, p.Issuer, p.ClientID, strings.Join(p.Domains, ","),
					p.GroupsClaim, role, when(p.TestedAt), when(&p.UpdatedAt))
			}
		}
	})
}
