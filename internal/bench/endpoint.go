package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/stoa-lrs/stoa/internal/sample"
)

// EndpointOptions say what Endpoint sends and where.
type EndpointOptions struct {
	URL      string // of the xAPI endpoint, e.g. https://lrs.example.com/xapi
	User     string // Basic user name of a key that may write statements
	Secret   string
	Batches  []int
	Clients  []int
	Duration time.Duration // of each combination
	Progress io.Writer     // where the progress bar goes; nil: nowhere
}

// Endpoint loads a public xAPI endpoint with made-up statements, closed loop:
// each client sends its next request when the last one is answered. It writes
// a table of rates and latencies to w. Every statement stays in the store.
// Requests that are refused are counted, with the first one's reason; an
// endpoint that refuses everything is an error.
func Endpoint(ctx context.Context, w io.Writer, o EndpointOptions) error {
	texts := sample.New(uint64(time.Now().UnixNano()), sample.Options{WithoutIDs: true}).Statements(4000)
	c := newClient(strings.TrimRight(o.URL, "/"))
	if err := c.post(ctx, o.User, o.Secret, join(texts, 1)); err != nil {
		return fmt.Errorf("the endpoint does not take a statement: %w", err)
	}
	if _, err := fmt.Fprintf(w, "%6s %8s %12s %12s %30s %8s\n", "batch", "clients", "statements/s", "requests/s", "p50 / p95 / p99", "refused"); err != nil {
		return err
	}
	var failure error
	for _, batch := range o.Batches {
		for _, clients := range o.Clients {
			var done atomic.Int64
			stop := showProgress(ctx, o.Progress, fmt.Sprintf("batch %d, %d clients", batch, clients), o.Duration, &done)
			r := run(ctx, clients, o.Duration, &done, func(ctx context.Context, _ int) (int, error) {
				return batch, c.post(ctx, o.User, o.Secret, join(texts, batch))
			})
			stop()
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if _, err := fmt.Fprintf(w, "%6d %8d %12.0f %12.0f %30s %8d\n", batch, clients,
				r.rate(), float64(r.requests)/r.elapsed.Seconds(), r.latency(), r.failures); err != nil {
				return err
			}
			if r.firstError != nil && failure == nil {
				failure = r.firstError
			}
			if r.requests == 0 {
				return errors.Join(errors.New("every request was refused"), failure)
			}
		}
	}
	if failure != nil {
		_, err := fmt.Fprintf(w, "the first refused request: %v\n", failure)
		return err
	}
	return nil
}

// showProgress draws a bar to w until d is over or the returned function is called.
func showProgress(ctx context.Context, w io.Writer, what string, d time.Duration, done *atomic.Int64) (stop func()) {
	if w == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		const width = 30
		start := time.Now()
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				_, _ = fmt.Fprintf(w, "\r%*s\r", width+70, "")
				return
			case <-tick.C:
			}
			share := min(1, float64(time.Since(start))/float64(d))
			bar := strings.Repeat("█", int(share*width)) + strings.Repeat("░", width-int(share*width))
			_, _ = fmt.Fprintf(w, "\r%-26s %s %9.0f statements/s", what, bar, float64(done.Load())/time.Since(start).Seconds())
		}
	}()
	return func() { cancel(); <-ended }
}
