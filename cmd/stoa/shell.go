package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/user"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/config"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// shell is what the operators' commands share: where they are, what time it is
// and how they answer.
type shell struct {
	environ []string
	devFile string // see config.DevFile
	logins  string // file, see loginsFile; "": there is none
	now     func() time.Time
	output  string  // table or json
	server  *string // --server; nil: not given
}

func newShell() *shell {
	return &shell{environ: os.Environ(), devFile: config.DevFile, logins: loginsFile(), now: time.Now}
}

// actor is whom transactions of the shell are for.
const actor = "shell"

// withOutput gives cmd and its subcommands the --output flag.
func (sh *shell) withOutput(cmd *cobra.Command) *cobra.Command {
	cmd.PersistentFlags().StringVarP(&sh.output, "output", "o", "table", "table or json")
	return cmd
}

// begin is what happens before every command. Those that answer, and no
// service, act as the shell.
func (sh *shell) begin(cmd *cobra.Command, _ []string) error {
	if err := sh.refuseServer(cmd); err != nil || cmd.Flags().Lookup("output") == nil {
		return err
	}
	cmd.SetContext(audit.With(cmd.Context(), source()))
	if sh.output != "table" && sh.output != "json" {
		return fault.New(fault.Invalid, "--output is table or json, not %q", sh.output)
	}
	return nil
}

// source is whoever uses the shell, as the audit log names them.
func source() audit.Source {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return audit.Source{Actor: audit.Actor{Kind: audit.ByShell, ID: "shell:" + name, Name: name}}
}

// load reads the configuration, or that of `stoa dev` in this directory.
func (sh *shell) load(need config.Need) (*config.Config, error) {
	environ, err := config.Environ(sh.environ, sh.devFile)
	if err != nil {
		return nil, err
	}
	return config.Load(environ, need)
}

// operate runs fn with the operator's handle.
func (sh *shell) operate(ctx context.Context, fn func(*postgres.Operator) error) error {
	c, err := sh.load(config.Operator)
	if err != nil {
		return err
	}
	op, err := postgres.OpenOperator(ctx, c.OperatorDatabaseURL.Reveal())
	if err != nil {
		return err
	}
	defer op.Close()
	return fn(op)
}

// resolve returns the tenant of that slug, for a command that goes on to enter it.
func (sh *shell) resolve(ctx context.Context, slug string) (t *tenant.Tenant, err error) {
	if _, err := sh.load(config.Operator | config.Database); err != nil {
		return nil, err
	}
	err = sh.operate(ctx, func(op *postgres.Operator) error {
		t, err = tenant.Get(ctx, op, slug)
		return err
	})
	return t, err
}

// visit runs fn in one transaction of the tenant of that slug.
func (sh *shell) visit(ctx context.Context, slug string, fn func(*postgres.Tx) error) error {
	t, err := sh.resolve(ctx, slug)
	if err != nil {
		return err
	}
	return sh.enter(ctx, t.ID, fn)
}

// enter runs fn in one transaction of a tenant.
func (sh *shell) enter(ctx context.Context, id int64, fn func(*postgres.Tx) error) error {
	return sh.open(ctx, func(db *postgres.DB) error {
		return db.Tenant(ctx, postgres.NewScope(id, actor), fn)
	})
}

// open runs fn with the application's handle, of few connections.
func (sh *shell) open(ctx context.Context, fn func(*postgres.DB) error) error {
	c, err := sh.load(config.Database)
	if err != nil {
		return err
	}
	d := c.Database()
	d.MaxConns, d.Lanes = 2, 1
	db, err := postgres.Open(ctx, d)
	if err != nil {
		return err
	}
	defer db.Close()
	return fn(db)
}

// print answers with value as JSON, or with what table writes: cells end with
// tabs, rows with line breaks.
func (sh *shell) print(cmd *cobra.Command, value any, table func(io.Writer)) error {
	if sh.output == "json" {
		e := json.NewEncoder(cmd.OutOrStdout())
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(value)
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	table(w)
	return w.Flush()
}

// printNext tells people that there is more; JSON has it in its answer.
func (sh *shell) printNext(cmd *cobra.Command, next string) {
	if next != "" && sh.output == "table" {
		fmt.Fprintf(cmd.ErrOrStderr(), "there is more: --after %s\n", next)
	}
}

// pageFlags adds --after and --limit.
func pageFlags(cmd *cobra.Command, page *tenant.Page) {
	cmd.Flags().StringVar(&page.After, "after", "", "begin after this one: the cursor of the page before")
	cmd.Flags().IntVar(&page.Limit, "limit", 100, "rows, at most 1000")
}

// span reads a duration that may also be in days: 30d, 12h, 0.
func span(text string) (time.Duration, error) {
	if days, found := strings.CutSuffix(text, "d"); found {
		if n, err := strconv.Atoi(days); err == nil && n >= 0 && n <= 36500 {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	} else if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return d, nil
	}
	return 0, fault.New(fault.Invalid, "%q is no duration, such as 0, 12h or 30d", text)
}

// instant reads when something shall end: a time, a day (its beginning, UTC) or
// a duration from now. "" is never.
func instant(text string, now time.Time) (*time.Time, error) {
	if text == "" {
		return nil, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return &t, nil
		}
	}
	d, err := span(text)
	if err != nil {
		return nil, fault.New(fault.Invalid, "%q is no time, such as 2030-01-31, 2030-01-31T12:00:00Z or 90d", text)
	}
	t := now.Add(d)
	return &t, nil
}

// when shows a time, or a dash.
func when(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}
