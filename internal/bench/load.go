// Package bench measures ingest and queries. Suite runs against a Postgres of
// its own and prints ratios to the floor within one run; Load drives any xAPI
// endpoint from outside. It owns no data: its databases are thrown away.
package bench

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// result is what one closed loop of workers did.
type result struct {
	statements int
	requests   int
	failures   int
	firstError error
	elapsed    time.Duration
	latencies  []time.Duration // ascending, of successful requests
}

// rate returns statements a second.
func (r result) rate() float64 { return float64(r.statements) / r.elapsed.Seconds() }

// percentile returns the latency that p of 100 requests did not exceed.
func (r result) percentile(p float64) time.Duration {
	if len(r.latencies) == 0 {
		return 0
	}
	return r.latencies[min(len(r.latencies)-1, int(float64(len(r.latencies))*p/100))]
}

// operation sends one request for a worker and returns how many statements it held.
type operation func(ctx context.Context, worker int) (statements int, err error)

// run drives workers in a closed loop, each sending its next request when the
// last one is answered, until d is over; the requests under way are finished.
func run(ctx context.Context, workers int, d time.Duration, progress *atomic.Int64, op operation) result {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make([]result, workers)
	start := time.Now()
	var running sync.WaitGroup
	for w := range workers {
		running.Go(func() {
			r := &results[w]
			for ctx.Err() == nil && time.Since(start) < d {
				sent := time.Now()
				n, err := op(ctx, w)
				if err != nil {
					if errors.Is(err, context.Canceled) {
						return
					}
					if r.failures++; r.firstError == nil {
						r.firstError = err
					}
					continue
				}
				r.latencies = append(r.latencies, time.Since(sent))
				r.requests++
				r.statements += n
				if progress != nil {
					progress.Add(int64(n))
				}
			}
		})
	}
	running.Wait()
	total := result{elapsed: time.Since(start)}
	for _, r := range results {
		total.statements += r.statements
		total.requests += r.requests
		total.failures += r.failures
		if total.firstError == nil {
			total.firstError = r.firstError
		}
		total.latencies = append(total.latencies, r.latencies...)
	}
	slices.Sort(total.latencies)
	return total
}
