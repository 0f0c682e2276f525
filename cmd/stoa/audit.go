package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/config"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/keyring"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// newAudit is `stoa audit verify|list|export|proof`.
func newAudit(sh *shell) *cobra.Command {
	cmd := &cobra.Command{Use: "audit", Short: "Verify, search and export the audit log"}
	cmd.AddCommand(newAuditVerify(sh), newAuditList(sh), newAuditExport(sh), onTheSpot(newAuditProof(sh)))
	return sh.withOutput(cmd)
}

func newAuditVerify(sh *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "verify TENANT",
		Short: "Prove that a tenant's log is whole and as it was written",
		Long: `Follow the chain of a tenant's audit log: every seal's signature, every event, and
that there is none beside them; and compare the chain with its anchors where
STOA_AUDIT_ANCHOR_URL (the server's, with --server) names where they are. The tenant
"platform" is that of the operators. Ends with 4 when something is wrong.`,
		Args: cobra.ExactArgs(1),
		RunE: sh.in(func(cmd *cobra.Command, o office, args []string) error {
			v, err := o.VerifyAudit(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if err := sh.print(cmd, v, func(w io.Writer) { printVerification(w, v) }); err != nil {
				return err
			}
			if len(v.Findings) > 0 || !given(v.Ok) {
				return fault.New(fault.Conflict, "the audit log of %s is not as it was written", args[0])
			}
			return nil
		}),
	}
}

func printVerification(w io.Writer, v apiv1.Verification) {
	fmt.Fprintf(w, "events\t%d as they were sealed, %d waiting to be\nseals\t%d\nhead\t%s\n", v.Events, given(v.Waiting), v.Seals, given(v.Head))
	if up := given(v.ExpiredUpToSeal); up > 0 {
		fmt.Fprintf(w, "expired\tby policy up to seal %d\n", up)
	}
	fmt.Fprintf(w, "anchors\t%d compared\nproblems\t%d\n", given(v.Anchors), given(v.Problems))
	for _, f := range v.Findings {
		fmt.Fprintf(w, "  %s\t%s\n", f.Kind, f.Text)
	}
}

// auditFilter are the flags of a filter.
type auditFilter struct {
	actor, kind, target, session, from, to, text string
	types, outcomes                              []string
}

func (f *auditFilter) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.actor, "actor", "", "id of the actor, such as member:h4k2m9q0")
	flags.StringSliceVar(&f.types, "type", nil, "types of event, such as key.created; again or separated by commas")
	flags.StringVar(&f.kind, "target-kind", "", "kind of the target, such as key")
	flags.StringVar(&f.target, "target", "", "id of the target")
	flags.StringSliceVar(&f.outcomes, "outcome", nil, "success, denied or failure")
	flags.StringVar(&f.session, "session", "", "id of a session, as events have it")
	flags.StringVar(&f.from, "from", "", "not before this time, or so long ago: 2030-01-31, 2030-01-31T12:00:00Z or 90d")
	flags.StringVar(&f.to, "to", "", "before this time, or so long ago")
	flags.StringVar(&f.text, "text", "", "words that are in it")
}

func (f *auditFilter) filter(now time.Time) (audit.Filter, error) {
	out := audit.Filter{Actor: f.actor, TargetKind: f.kind, Target: f.target, Session: f.session, Text: f.text}
	for _, t := range f.types {
		out.Types = append(out.Types, audit.Type(t))
	}
	for _, o := range f.outcomes {
		out.Outcomes = append(out.Outcomes, audit.Outcome(o))
	}
	for text, to := range map[*string]*time.Time{&f.from: &out.From, &f.to: &out.To} {
		if *text == "" {
			continue
		}
		if d, err := span(*text); err == nil {
			*to = now.Add(-d)
			continue
		}
		at, err := instant(*text, now)
		if err != nil {
			return out, err
		}
		*to = *at
	}
	return out, nil
}

func newAuditList(sh *shell) *cobra.Command {
	var flags auditFilter
	var page audit.Page
	cmd := &cobra.Command{
		Use:     "list TENANT",
		Short:   "List events, newest first",
		Example: "  stoa audit list acme --type key.created,key.revoked --from 30d\n  stoa audit list acme --text ann@example.com",
		Args:    cobra.ExactArgs(1),
		RunE: sh.in(func(cmd *cobra.Command, o office, args []string) error {
			f, err := flags.filter(sh.now())
			if err != nil {
				return err
			}
			list, err := o.ListAudit(cmd.Context(), args[0], f, page)
			if err != nil {
				return err
			}
			sh.printNext(cmd, list.Next)
			return sh.print(cmd, list, func(w io.Writer) {
				fmt.Fprintln(w, "EVENT\tAT\tTYPE\tACTOR\tTARGET\tOUTCOME\tADDRESS")
				for _, e := range list.Items {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.ID, when(&e.At), e.Action, e.Actor.ID, e.Target.ID, e.Outcome, e.Address)
				}
			})
		}),
	}
	flags.flags(cmd)
	cmd.Flags().StringVar(&page.After, "after", "", "begin after this one: the cursor of the page before")
	cmd.Flags().IntVar(&page.Limit, "limit", 100, "events, at most 1000")
	return cmd
}

func newAuditExport(sh *shell) *cobra.Command {
	var flags auditFilter
	var format, file string
	cmd := &cobra.Command{
		Use:     "export TENANT",
		Short:   "Write events to a file, newest first; the export is an event itself",
		Example: "  stoa audit export acme --format csv --from 90d --file acme.csv",
		Args:    cobra.ExactArgs(1),
		RunE: sh.in(func(cmd *cobra.Command, o office, args []string) (err error) {
			f, err := flags.filter(sh.now())
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if file != "" {
				opened, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
				if err != nil {
					return err
				}
				defer opened.Close()
				out = opened
			}
			w := bufio.NewWriterSize(out, 64<<10)
			rows, err := o.ExportAudit(cmd.Context(), args[0], f, audit.Format(format), w)
			if err != nil {
				return err
			}
			if err := w.Flush(); err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "%d events\n", rows)
			return nil
		}),
	}
	flags.flags(cmd)
	cmd.Flags().StringVar(&format, "format", "ndjson", "csv or ndjson")
	cmd.Flags().StringVar(&file, "file", "", "where to; without, to standard output")
	return cmd
}

func newAuditProof(sh *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "proof TENANT EVENT",
		Short: "Prove that one event is in the chain, as JSON that anybody can check",
		Long: `Print the proof that an event is in a signed seal, after checking it: the event as it
was hashed, the path to the seal's root, the seal and its signature. docs/audit.md
tells how to check it with nothing but SHA-256 and Ed25519.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			event, ok := id.Parse(args[1])
			if !ok {
				return fault.New(fault.Invalid, "%q is no event's id, such as 0000k2m9", args[1])
			}
			var line *audit.Line
			var proof *audit.Proof
			keys := map[string][]byte{}
			if err := sh.onLog(cmd.Context(), args[0], func(db *postgres.DB, t *tenant.Tenant) error {
				if err := db.TenantRead(cmd.Context(), t.Scope(actor), func(tx *postgres.Tx) (err error) {
					if line, err = audit.Get(tx, event); err != nil {
						return err
					}
					proof, err = audit.Prove(tx, line)
					return err
				}); err != nil {
					return err
				}
				_, ring, err := sh.ring(cmd.Context())
				if err != nil {
					return err
				}
				for _, k := range ring.PublicKeys() {
					keys[k.ID] = k.Key
				}
				return audit.CheckProof(proof, line, ring)
			}); err != nil {
				return err
			}
			sh.output = "json" // it has no other form
			return sh.print(cmd, struct {
				Event *audit.Line       `json:"event"`
				Proof *audit.Proof      `json:"proof"`
				Keys  map[string][]byte `json:"public_keys"` // Ed25519; who checks has them from elsewhere, or believes this
			}{line, proof, keys}, nil)
		},
	}
}

// onLog runs fn with the tenant of that slug, whose log it is.
func (sh *shell) onLog(ctx context.Context, slug string, fn func(*postgres.DB, *tenant.Tenant) error) error {
	t, err := sh.resolve(ctx, slug)
	if err != nil {
		return err
	}
	return sh.open(ctx, func(db *postgres.DB) error { return fn(db, t) })
}

// ring opens the key ring that the configuration names.
func (sh *shell) ring(ctx context.Context) (*config.Config, *keyring.Ring, error) {
	c, err := sh.load(config.Keyring)
	if err != nil {
		return nil, nil, err
	}
	ring, err := keyring.Open(ctx, c.Keyring())
	return c, ring, err
}
