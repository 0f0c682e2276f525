package ratelimit

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/stoa-lrs/stoa/internal/redisconn"
)

// Config says how to limit.
type Config struct {
	URL        string           // of Redis, see redisconn.Open; "": each process limits by itself
	Limits     Limits           // defaults
	Clock      func() time.Time // of the local limits; nil: time.Now
	Logger     *slog.Logger     // nil: slog.Default
	ProbeEvery time.Duration    // while Redis is away; 0 is 500 ms
}

// Limiter decides about requests. It is safe for concurrent use, and it is a
// prometheus.Collector.
type Limiter struct {
	limits Limits
	local  *local
	shared *shared // nil: there is no Redis
	clock  func() time.Time

	credits *credits
	logger  *slog.Logger

	// The breaker. While away is set no request asks Redis; run asks now and
	// then, and unsets it.
	away   atomic.Bool
	failed chan error
	stop   context.CancelFunc
	done   chan struct{}

	failures prometheus.Counter
	outcomes [2][2]prometheus.Counter // [redis, local][refused, allowed]
	gauge    *prometheus.Desc
}

// New returns a Limiter; it does not wait for Redis, which may come later. The
// error is Invalid: the URL.
func New(c Config) (*Limiter, error) {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.ProbeEvery == 0 {
		c.ProbeEvery = 500 * time.Millisecond
	}
	ctx, stop := context.WithCancel(context.Background())
	l := &Limiter{
		limits: c.Limits, local: newLocal(c.Clock), logger: c.Logger, clock: c.Clock, credits: newCredits(),
		failed: make(chan error, 1), stop: stop, done: make(chan struct{}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "stoa_ratelimit_redis_failures_total", Help: "How often Redis was found to be away.",
		}),
		gauge: prometheus.NewDesc("stoa_ratelimit_degraded", "1 while Redis is away and this process limits by itself.", nil, nil),
	}
	for i, by := range []string{"redis", "local"} {
		for j, outcome := range []string{"refused", "allowed"} {
			l.outcomes[i][j] = prometheus.NewCounter(prometheus.CounterOpts{
				Name: "stoa_ratelimit_decisions_total", Help: "Decisions by who made them and how they ended.",
				ConstLabels: prometheus.Labels{"by": by, "outcome": outcome},
			})
		}
	}
	if c.URL == "" {
		close(l.done)
		return l, nil
	}
	client, err := redisconn.Open(c.URL, timeout, 0)
	if err != nil {
		stop()
		return nil, err
	}
	l.shared = &shared{client}
	go func() {
		defer close(l.done)
		var all sync.WaitGroup
		all.Go(func() { l.run(ctx, c.ProbeEvery) })
		all.Go(func() { l.settling(ctx) })
		all.Wait()
	}()
	return l, nil
}

// Close ends the background work and the connections.
func (l *Limiter) Close() {
	l.stop()
	<-l.done
	if l.shared != nil {
		_ = l.shared.client.Close()
	}
}

// Degraded reports whether Redis is configured and away, so that each process
// limits by itself and n processes allow n times as much.
func (l *Limiter) Degraded() bool { return l.away.Load() }

// Allow takes r's requests and statements from every window, or from none when
// any of them refuses. A batch with more statements than the limit is allowed
// when nothing of that limit is in use, and then takes as many minutes as it is
// worth. Limits that do not apply cost nothing.
//
// Of a limit that is far away a process may take a hundredth of what is left
// before it tells the others, a tenth of a second later.
//
// It does not fail: without Redis the process decides by itself, with the same
// limits and from an empty state. A Redis that hangs costs those requests that
// are under way at that moment at most a quarter of a second, and later ones nothing.
func (l *Limiter) Allow(ctx context.Context, r Request) Decision {
	limits, costs := r.limits(l.limits), r.costs()
	if !apply(limits, costs) {
		return Decision{Allowed: true}
	}
	if l.shared != nil && !l.away.Load() {
		d, err := l.share(ctx, r, limits, costs)
		if err == nil {
			l.outcomes[0][index(d.Allowed)].Inc()
			return d
		}
		l.fail(err)
	}
	d := l.local.allow(r, limits, costs)
	l.outcomes[1][index(d.Allowed)].Inc()
	return d
}

// share decides by the buckets of all processes: by what is known of them when
// the limits are far, else by asking.
func (l *Limiter) share(ctx context.Context, r Request, limits, costs four) (Decision, error) {
	if d, ok := l.credits.take(r, limits, costs, l.clock()); ok {
		return d, nil
	}
	of := keyID{r.Tenant, r.Key}
	debt, _ := l.credits.claim(of)
	used, allowed, err := l.shared.ask(ctx, of, limits, costs, debt)
	if err != nil {
		return Decision{}, err
	}
	l.credits.learn(of, limits, used, l.clock())
	return decide(limits, costs, used, allowed), nil
}

func index(b bool) int {
	if b {
		return 1
	}
	return 0
}

// fail opens the breaker; of several failures at once the first one counts.
func (l *Limiter) fail(err error) {
	if l.away.CompareAndSwap(false, true) {
		l.failures.Inc()
		l.failed <- err // has room: run takes it before it unsets away
	}
}

// run waits for a failure, and then for Redis to come back.
func (l *Limiter) run(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case err := <-l.failed:
			l.credits.forget() // means nothing when it is back
			l.logger.Warn("Redis is away: each process limits rates by itself", "error", err)
		case <-ctx.Done():
			return
		}
		for l.away.Load() {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			if l.shared.probe(ctx) == nil {
				l.away.Store(false)
				l.logger.Info("Redis is back: rates are limited together again")
			}
		}
	}
}

// Describe is for prometheus.
func (l *Limiter) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(l, ch) }

// Collect is for prometheus.
func (l *Limiter) Collect(ch chan<- prometheus.Metric) {
	degraded := 0.0
	if l.Degraded() {
		degraded = 1
	}
	ch <- prometheus.MustNewConstMetric(l.gauge, prometheus.GaugeValue, degraded)
	ch <- l.failures
	for _, by := range l.outcomes {
		for _, c := range by {
			ch <- c
		}
	}
}
