package main

import (
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/stoa-lrs/stoa/internal/bench"
	"github.com/stoa-lrs/stoa/internal/fault"
)

// newBench is `stoa bench [URL]`.
func newBench() *cobra.Command {
	var (
		user       string
		batches    []int
		clients    []int
		duration   time.Duration
		statements int
		events     int
	)
	cmd := &cobra.Command{
		Use:   "bench [URL]",
		Short: "Measure an xAPI endpoint, or without a URL this build next to the floor",
		Long: `With a URL, load any xAPI endpoint with made-up statements and print rates and
latencies; the statements stay there. The key's secret is read from
STOA_BENCH_SECRET, so that it stays out of the list of processes.

Without a URL, start a Postgres in a temporary directory, measure the storage
path, the whole path through HTTP and the query set, and print ratios to the
floor: COPY of the same text into a table with only a primary key.`,
		Example: `  STOA_BENCH_SECRET=… stoa bench http://localhost:8080/xapi --user 1-7k2m9q0
  stoa bench --duration 1s --statements 0
  stoa bench --audit 10000000`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, n := range append(append([]int{}, batches...), clients...) {
				if n < 1 || n > 1000 {
					return fault.New(fault.Invalid, "--batch and --clients take numbers from 1 to 1000")
				}
			}
			if events > 0 && len(args) == 0 {
				return bench.Audit(cmd.Context(), cmd.OutOrStdout(), events)
			}
			if len(args) == 0 {
				return bench.Suite(cmd.Context(), cmd.OutOrStdout(), bench.Options{
					Cell: duration, Batches: batches, Workers: clients, Statements: statements,
				})
			}
			o := bench.EndpointOptions{
				URL: args[0], User: user, Secret: os.Getenv("STOA_BENCH_SECRET"),
				Batches: batches, Clients: clients, Duration: duration,
			}
			if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
				o.Progress = os.Stderr
			}
			return bench.Endpoint(cmd.Context(), cmd.OutOrStdout(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&user, "user", "", "Basic user name of the key")
	f.IntSliceVar(&batches, "batch", []int{1, 5, 50, 500}, "statements of a request")
	f.IntSliceVar(&clients, "clients", []int{1, 8, 32, 128}, "clients that send at the same time")
	f.DurationVar(&duration, "duration", 3*time.Second, "of each figure")
	f.IntVar(&statements, "statements", 3_000_000, "in the store when queries are measured (without a URL); 0: do not")
	f.IntVar(&events, "audit", 0, "measure the audit log with so many events instead (without a URL)")
	return cmd
}
