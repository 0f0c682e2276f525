// Command stoa is the record store: its service, and everything that operates
// it from the shell.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/stoa-lrs/stoa/internal/fault"
)

func main() {
	tuneCollector()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	err := newRoot(newShell()).ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "stoa:", text(err))
		os.Exit(exitCode(err))
	}
}

// tuneCollector trades memory for time: what is live is small, so collecting at
// twice its size takes a tenth of ingest's processor time. GOGC and GOMEMLIMIT
// in the environment win.
func tuneCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(300)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(320 << 20) // of the 400 MiB that a busy server may take
	}
}

// newRoot lists the subcommands; each has a file of its name.
func newRoot(sh *shell) *cobra.Command {
	root := &cobra.Command{
		Use:           "stoa",
		Short:         "A multi-tenant xAPI learning record store",
		SilenceErrors: true, // main prints them
		SilenceUsage:  true,
	}
	sh.server = nil
	root.PersistentFlags().Var(serverFlag{&sh.server}, "server", "work on a server, through its API, and not on a database (default: STOA_SERVER)")
	root.PersistentPreRunE = sh.begin
	root.AddCommand(newTenant(sh), newStore(sh), newKey(sh), newMember(sh), newGrant(sh), newRole(sh), newSSO(sh), newToken(sh), newAudit(sh), newLogin(sh), newLogout(sh),
		onTheSpot(newServe(sh)), onTheSpot(newDev(sh)), onTheSpot(newMigrate(sh)), onTheSpot(newKeyring(sh)), onTheSpot(newBench()))
	return root
}

// text is what a person at the shell is told: a fault's public message with its
// cause, for the operator is no stranger, or whatever else went wrong.
func text(err error) string {
	f, ok := errors.AsType[*fault.Error](err)
	switch {
	case !ok:
		return err.Error()
	case f.Cause != nil:
		return fmt.Sprintf("%s (%v)", f.Message, f.Cause)
	}
	return f.Message
}

// exitCode tells scripts what kind of failure it was: 2 for what was asked or
// configured wrongly, 3 for what does not exist, 4 for what is refused as
// things are, 75 (EX_TEMPFAIL) for what may work when it is tried again.
func exitCode(err error) int {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.TooLarge:
		return 2
	case fault.NotFound:
		return 3
	case fault.Conflict, fault.Forbidden, fault.Unauthenticated, fault.PreconditionFailed:
		return 4
	case fault.Unavailable, fault.RateLimited:
		return 75
	}
	return 1
}
