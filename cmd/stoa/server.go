package main

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stoa-lrs/stoa/internal/config"
	"github.com/stoa-lrs/stoa/internal/fault"
)

// where returns the server that commands are meant for, "" for the database:
// what --server says, or STOA_SERVER, or the last login, where no variable names
// a database (--server "" asks for that one all the same).
func (sh *shell) where() (string, error) {
	if sh.server != nil {
		if *sh.server == "" {
			return "", nil
		}
		return serverURL(*sh.server)
	}
	if server := variable(sh.environ, "STOA_SERVER"); server != "" {
		return serverURL(server)
	}
	environ, err := config.Environ(sh.environ, sh.devFile)
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(environ, namesDatabase) {
		return "", nil
	}
	l, err := sh.readLogins()
	return l.Last, err
}

// namesDatabase reports whether NAME=value says where a database is.
func namesDatabase(pair string) bool {
	name, value, _ := strings.Cut(pair, "=")
	return strings.HasPrefix(name, "STOA_") && strings.HasSuffix(name, "DATABASE_URL") && value != ""
}

// variable returns the value of the last of that name, "" if there is none.
func variable(environ []string, name string) (value string) {
	for _, pair := range environ {
		if n, v, _ := strings.Cut(pair, "="); n == name {
			value = v
		}
	}
	return value
}

// serverURL returns the one spelling of where a server is. A token must not
// cross a network unencrypted: http is for this machine.
func serverURL(text string) (string, error) {
	u, err := url.Parse(strings.TrimRight(text, "/"))
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || (u.Scheme != "https" && u.Scheme != "http") {
		return "", fault.New(fault.Invalid, "--server is a URL such as https://lrs.example.com")
	}
	u.Host = strings.ToLower(u.Host)
	if u.Scheme == "http" && !isLoopback(u.Hostname()) {
		return "", fault.New(fault.Invalid, "http://%s would show your token to the network: use https", u.Host)
	}
	return u.String(), nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// onTheSpot marks commands that work where they are started, on the database or
// the files there: with --server they refuse.
func onTheSpot(cmd *cobra.Command) *cobra.Command {
	if cmd.Annotations == nil {
		cmd.Annotations = map[string]string{}
	}
	cmd.Annotations[spot] = "yes"
	return cmd
}

const spot = "on the spot"

// refuseServer refuses --server for what works on the spot.
func (sh *shell) refuseServer(cmd *cobra.Command) error {
	if sh.server == nil || *sh.server == "" {
		return nil
	}
	for c := cmd; c != nil; c = c.Parent() {
		if c.Annotations[spot] != "" {
			return fault.New(fault.Invalid, "%s works where it is started, not on a server: leave --server out", cmd.CommandPath())
		}
	}
	return nil
}

// serverFlag is --server: unlike the empty text, nil was not given.
type serverFlag struct{ to **string }

func (f serverFlag) String() string {
	if f.to == nil || *f.to == nil {
		return ""
	}
	return **f.to
}

func (f serverFlag) Set(text string) error { *f.to = &text; return nil }

func (serverFlag) Type() string { return "URL" }
