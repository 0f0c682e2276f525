package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/stoa-lrs/stoa/internal/app"
	"github.com/stoa-lrs/stoa/internal/config"
	"github.com/stoa-lrs/stoa/internal/dev"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// newDev is `stoa dev`.
func newDev(sh *shell) *cobra.Command {
	var d dev.Config
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run the service with a Postgres, a Redis and demo data of its own",
		Long: `Run the service that "stoa serve" runs, with everything it needs: a Postgres of
its own (or that of STOA_DATABASE_URL, the URL of an owner), a Redis inside the
process (or that of STOA_REDIS_URL), the schema, keys and two demo tenants with
six months of statements. Everything is kept in .stoa, and other stoa commands
in this directory work on it. It is for trying out and for developing, never for
production.

It listens on 127.0.0.1:8080, or on the next port that is free; STOA_LISTEN sets
another address. The other variables are those of "stoa serve".`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			if !signal.Ignored(syscall.SIGHUP) { // a closed terminal ends it, unless nohup says otherwise
				var stop context.CancelFunc
				ctx, stop = signal.NotifyContext(ctx, syscall.SIGHUP)
				defer stop()
			}
			// Nobody may be reading any more (make run | head), and yet all must
			// be stopped in order: without this, a write would end the process.
			signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
			err := sh.dev(ctx, cmd.OutOrStdout(), d)
			if errors.Is(err, context.Canceled) && ctx.Err() != nil {
				return nil // Ctrl-C while it was starting
			}
			return err
		},
	}
	cmd.Flags().StringVar(&d.Dir, "dir", ".stoa", "where everything is kept")
	cmd.Flags().IntVar(&d.Statements, "statements", 12_000, "how many statements a new store northwind/production gets")
	cmd.Flags().IntVar(&d.Members, "members", 0, "how many colleagues northwind has beside those who can sign in")
	return cmd
}

// dev runs everything until ctx ends, or something of it does. Of d the flags are set.
func (sh *shell) dev(ctx context.Context, out io.Writer, d dev.Config) (err error) {
	environ := append([]string{"STOA_LOG_FORMAT=text", "STOA_LOG_LEVEL=warn"}, sh.environ...)
	given, err := config.Load(environ, 0)
	if err != nil {
		return err
	}
	listen, err := choosePort(given.Listen, isSet(sh.environ, "STOA_LISTEN"))
	if err != nil {
		return err
	}
	public := given.PublicURL
	if public == "" {
		public = "http://" + listen
	}
	log := app.Logger(given, os.Stderr)
	d.DatabaseURL, d.RedisURL, d.PublicURL = given.DatabaseURL.Reveal(), given.RedisURL.Reveal(), public
	d.Logger, d.Clock, d.Progress = log, sh.now, func(line string) { fmt.Fprintln(out, line) }
	env, err := dev.Open(ctx, d)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, env.Close()) }()

	for _, name := range slices.Sorted(maps.Keys(env.Variables)) {
		environ = append(environ, name+"="+env.Variables[name])
	}
	c, err := config.Load(append(environ, "STOA_LISTEN="+listen), config.Serve)
	if err != nil {
		return err
	}
	service := app.New(app.From(c, log))
	if err := service.Run(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, service.Close()) }()
	welcome(out, state(d.Dir, env.DatabaseDir()), service.URL(), env)
	select {
	case <-ctx.Done():
		fmt.Fprintln(out, "\nStopping.")
		return nil
	case err := <-service.Failed():
		return err
	case <-env.DatabaseLost():
		return fmt.Errorf("the database has ended by itself; its last words are in %s", filepath.Join(env.DatabaseDir(), "log"))
	}
}

// isSet reports whether environ gives name a value.
func isSet(environ []string, name string) bool {
	return slices.ContainsFunc(environ, func(pair string) bool {
		value, found := strings.CutPrefix(pair, name+"=")
		return found && value != ""
	})
}

// devPorts is how many ports are tried when nobody has asked for one.
const devPorts = 20

// choosePort returns where to listen. An address that somebody asked for must
// be free (Conflict); without one it is 127.0.0.1 and the first free port from
// that of listen on.
func choosePort(listen string, asked bool) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", fault.New(fault.Invalid, "STOA_LISTEN must have the form host:port")
	}
	first, err := strconv.Atoi(port)
	if err != nil {
		return "", fault.New(fault.Invalid, "STOA_LISTEN must end in the number of a port")
	}
	ports := devPorts
	if asked {
		ports = 1
	} else {
		host = "127.0.0.1"
	}
	for n := first; n < first+ports; n++ {
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(n)))
		if err != nil {
			continue
		}
		defer l.Close()
		_, port, err := net.SplitHostPort(l.Addr().String())
		return net.JoinHostPort(host, port), err
	}
	if asked {
		return "", fault.New(fault.Conflict, "something else listens on %s already: stop it, or set STOA_LISTEN to another address", listen)
	}
	return "", fault.New(fault.Conflict, "the ports %d to %d are all taken: set STOA_LISTEN to a free address", first, first+ports-1)
}

// state says where everything is kept.
func state(dir, database string) string {
	if database == "" {
		return dir + ", and the database of STOA_DATABASE_URL"
	}
	absolute, err := filepath.Abs(dir)
	if err == nil && strings.HasPrefix(database, absolute+string(filepath.Separator)) {
		return dir
	}
	return dir + ", and the database in " + database
}

// welcome says what there is, with commands that work when they are pasted.
func welcome(out io.Writer, state, url string, env *dev.Environment) {
	keys := env.Keys
	fmt.Fprintf(out, "\nStoa is running.\n\n  xAPI      %s/xapi   (1.0.3 and 2.0)\n  health    %s/readyz\n  metrics   %s/metrics\n  state     %s\n\n",
		url, url, url, state)
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "  TENANT\tSTORE\tUSER\tSECRET")
	for _, k := range keys {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", k.Tenant, k.Store, k.User, k.Secret)
	}
	fmt.Fprintln(w, "\n  CONSOLE OF\tOPEN, AND CHOOSE A PERSON")
	for _, s := range env.SignIns {
		fmt.Fprintf(w, "  %s\t%s\n", s.Tenant, s.URL)
	}
	_ = w.Flush()
	for _, k := range keys {
		curl := fmt.Sprintf("  curl -u %s:%s -H 'X-Experience-API-Version: 1.0.3'", k.User, k.Secret)
		switch k.Tenant + "/" + k.Store {
		case keys[0].Tenant + "/" + keys[0].Store:
			fmt.Fprintf(out, "\nThe latest statement of %s:\n\n%s '%s/xapi/statements?limit=1'\n", k.Tenant, curl, url)
		case keys[0].Tenant + "/" + string(tenant.Sandbox):
			fmt.Fprintf(out, "\nOne of your own, into its sandbox:\n\n%s -H 'Content-Type: application/json' -d '%s' %s/xapi/statements\n", curl, hello, url)
		}
	}
	fmt.Fprint(out, "\nCtrl-C stops everything.\n")
}

// hello is the smallest statement.
const hello = `{"actor":{"mbox":"mailto:you@example.com"},"verb":{"id":"http://adlnet.gov/expapi/verbs/attempted"},"object":{"id":"https://example.com/stoa"}}`
