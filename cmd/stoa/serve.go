package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/stoa-lrs/stoa/internal/app"
	"github.com/stoa-lrs/stoa/internal/config"
)

// newServe is `stoa serve`: the service in production. It keeps nothing of its
// own; start as many as you like.
func newServe(sh *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Answer requests until SIGINT or SIGTERM",
		Long: `Answer requests, as the STOA_* variables say, until SIGINT or SIGTERM. Then
/readyz answers 503 for STOA_DRAIN_DELAY, no further connections are accepted,
and requests under way have STOA_DRAIN_TIMEOUT to end. A second signal ends the
process at once.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(sh.environ, config.Serve)
			if err != nil {
				return err
			}
			return serve(cmd.Context(), c, cmd.ErrOrStderr())
		},
	}
}

// serve runs the service until ctx ends or serving fails; it logs to w.
func serve(ctx context.Context, c *config.Config, w io.Writer) error {
	log := app.Logger(c, w)
	m := app.New(app.From(c, log))
	if err := m.Run(ctx); err != nil {
		return err
	}
	log.Info("serving", "url", m.URL(), "metrics", m.MetricsURL())
	var failure error
	select {
	case <-ctx.Done():
		log.Info("draining")
	case failure = <-m.Failed():
	}
	if err := m.Close(); err != nil && failure == nil {
		failure = err
	}
	log.Info("stopped")
	return failure
}
