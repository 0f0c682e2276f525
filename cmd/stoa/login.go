package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/secret"
)

// newLogin is `stoa login`.
func newLogin(sh *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "login --server URL",
		Short: "Keep an access token for a server, so that commands can be meant for it",
		Long: `Ask for a personal access token, try it, and keep it in a file that only you may
read. It is read from the terminal without being shown, or from standard input, or
from STOA_TOKEN. Tokens are made in the console, by whom they are for.

From then on the commands about tenants, stores, keys, members, grants, roles,
sign-in, tokens and the audit log are meant for that server, unless STOA_*_URL
names a database here; --server and STOA_SERVER always say which one.`,
		Example: "  stoa login --server https://lrs.example.com\n  stoa login --server https://lrs.example.com < token",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			server, err := sh.loginServer()
			if err != nil {
				return err
			}
			token, err := sh.askToken(cmd, server)
			if err != nil {
				return err
			}
			me, err := ask[apiv1.Me](newRemote(server, token).api.GetMe(cmd.Context()))
			if err != nil {
				return err
			}
			l, err := sh.readLogins()
			if err != nil {
				return err
			}
			l.Last, l.Servers[server] = server, login{token.Reveal(), me.Email}
			if err := sh.writeLogins(l); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "logged in to %s as %s%s\n", server, me.Email, of(me))
			return nil
		},
	}
}

// of says which organisations somebody belongs to.
func of(me apiv1.Me) string {
	var slugs []string
	for _, s := range me.SignIns {
		slugs = append(slugs, s.Tenant)
	}
	if len(slugs) == 0 {
		return ""
	}
	return " of " + strings.Join(slugs, ", ")
}

// loginServer is the server that is named, or else the one of the last login.
func (sh *shell) loginServer() (string, error) {
	for _, named := range []*string{sh.server, new(variable(sh.environ, "STOA_SERVER"))} {
		if named != nil && *named != "" {
			return serverURL(*named)
		}
	}
	l, err := sh.readLogins()
	if err == nil && l.Last == "" {
		err = fault.New(fault.Invalid, "which server? Say --server https://…")
	}
	return l.Last, err
}

// askToken reads a token; what is typed at a terminal is not shown.
func (sh *shell) askToken(cmd *cobra.Command, server string) (secret.Text, error) {
	text := variable(sh.environ, "STOA_TOKEN")
	if text == "" {
		var err error
		in := cmd.InOrStdin()
		if f, ok := in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
			fmt.Fprintf(cmd.ErrOrStderr(), "access token for %s: ", server)
			var typed []byte
			typed, err = term.ReadPassword(int(f.Fd()))
			fmt.Fprintln(cmd.ErrOrStderr())
			text = string(typed)
		} else {
			text, err = bufio.NewReader(io.LimitReader(in, 10_000)).ReadString('\n')
			if text != "" {
				err = nil // it need not end with a line break
			}
		}
		if err != nil {
			return secret.Text{}, fault.Wrap(fault.Invalid, err, "no token could be read")
		}
	}
	text = strings.TrimSpace(text)
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return secret.Text{}, fault.New(fault.Invalid, "that is no access token, which begins with stoa_pat_")
	}
	return secret.New(text), nil
}

// newLogout is `stoa logout`.
func newLogout(sh *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "logout",
		Short: "Forget the token for a server",
		Long: `Forget the token for a server: that of --server, STOA_SERVER or the last login. The
token itself goes on working until it expires or is revoked, in the console.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			server, err := sh.loginServer()
			if err != nil {
				return err
			}
			l, err := sh.readLogins()
			if err != nil {
				return err
			}
			if _, known := l.Servers[server]; !known {
				return fault.New(fault.NotFound, "you are not logged in to %s", server)
			}
			delete(l.Servers, server)
			if l.Last == server {
				l.Last = ""
			}
			if err := sh.writeLogins(l); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "logged out of %s\n", server)
			return nil
		},
	}
}
