package audit

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/outbound"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// StreamerConfig is what a Streamer needs. Zero durations are the defaults.
type StreamerConfig struct {
	Sealer  *postgres.Sealer
	Cipher  Cipher
	Logger  *slog.Logger   // nil: slog.Default
	Private []netip.Prefix // networks that are not public, and yet may be sent to
	Roots   *x509.CertPool // whom servers' certificates are of; nil: the system's
	Every   time.Duration  // between looks for something to send; 0 is a second
	Timeout time.Duration  // of one delivery; 0 is 10 s
	Backoff time.Duration  // after the first failure, doubled with each until an hour; 0 is 2 s
}

// Streamer sends sealed events to where tenants want them: each at least once,
// those of a tenant in the order of its chain. Any number of processes may run
// one; a stream is leased by one of them at a time.
type Streamer struct {
	config   StreamerConfig
	log      *slog.Logger
	dialer   *net.Dialer
	sent     atomic.Int64
	failures atomic.Int64
	measured time.Time // by Round; monotonic
	streams  atomic.Int64
	failing  atomic.Int64
	lag      atomic.Int64
}

const (
	streamBatch   = 100 // events of one delivery
	streamWorkers = 8
	backoffMax    = time.Hour
	measureEvery  = 10 * time.Second
)

// NewStreamer returns a Streamer that has not begun.
func NewStreamer(c StreamerConfig) *Streamer {
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	for d, otherwise := range map[*time.Duration]time.Duration{&c.Every: time.Second, &c.Timeout: 10 * time.Second, &c.Backoff: 2 * time.Second} {
		if *d <= 0 {
			*d = otherwise
		}
	}
	return &Streamer{config: c, log: c.Logger, dialer: outbound.Dialer(c.Private, c.Timeout)}
}

// StreamerStats says how streaming goes, for metrics. Streams, Failing and Lag
// are of all streams, whichever process has them, and up to 10 s old.
type StreamerStats struct {
	Sent     int64         // events that this process delivered
	Failures int64         // deliveries of this process that failed
	Streams  int64         // that are enabled
	Failing  int64         // of them, whose last delivery failed
	Lag      time.Duration // since the oldest seal of which a stream has not had everything
}

// Stats may be called at any time.
func (s *Streamer) Stats() StreamerStats {
	return StreamerStats{
		Sent: s.sent.Load(), Failures: s.failures.Load(), Streams: s.streams.Load(), Failing: s.failing.Load(), Lag: time.Duration(s.lag.Load()),
	}
}

// measure looks how far behind the streams are.
func (s *Streamer) measure(ctx context.Context) error {
	if !s.measured.IsZero() && time.Since(s.measured) < measureEvery {
		return nil
	}
	s.measured = time.Now()
	return s.config.Sealer.Do(ctx, func(tx pgx.Tx) error {
		var streams, failing int64
		var lag time.Duration
		err := tx.QueryRow(ctx, `select count(*), count(*) filter (where failures > 0),
				coalesce(max(clock_timestamp() - (select at from audit_seals l where l.tenant_id = d.tenant_id and l.number > d.seal
					and cardinality(events) > 0 order by number limit 1)), interval '0')
			from audit_streams d where enabled`).Scan(&streams, &failing, &lag)
		s.streams.Store(streams)
		s.failing.Store(failing)
		s.lag.Store(int64(lag))
		return err
	})
}

// Run sends until ctx ends; failures are kept with the stream and tried again.
func (s *Streamer) Run(ctx context.Context) {
	ticker := time.NewTicker(s.config.Every)
	defer ticker.Stop()
	for {
		if err := s.Round(ctx); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "cannot stream the audit log", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// duty is a leased stream and where it stands.
type duty struct {
	tenant, stream int64
	kind           StreamKind
	address        string
	authority      string
	secret         []byte
	seal, position int64
	failures       int
}

// Round sends once everything that is there to every stream that is due. Not
// for two goroutines at once.
func (s *Streamer) Round(ctx context.Context) error {
	duties := make(chan duty)
	var running sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	for range streamWorkers {
		running.Go(func() {
			for d := range duties {
				if err := s.serve(ctx, d); err != nil {
					mu.Lock()
					errs = append(errs, fmt.Errorf("tenant %d, stream %s: %w", d.tenant, idText(d.stream), err))
					mu.Unlock()
				}
			}
		})
	}
	for {
		leased, err := s.lease(ctx)
		if err != nil {
			errs = append(errs, err)
			break
		}
		for _, d := range leased {
			duties <- d
		}
		if len(leased) == 0 {
			break
		}
	}
	close(duties)
	running.Wait()
	return errors.Join(append(errs, s.measure(ctx))...)
}

// lease takes some streams that are due and have something to send.
func (s *Streamer) lease(ctx context.Context) (leased []duty, err error) {
	err = s.config.Sealer.Do(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `update audit_streams s set leased_until = clock_timestamp() + $1 from (
				select tenant_id, id from audit_streams d where enabled and next_at <= clock_timestamp() and leased_until <= clock_timestamp()
					and exists (select from audit_seals l where l.tenant_id = d.tenant_id and l.number > d.seal)
				order by next_at limit $2 for update skip locked) due
			where s.tenant_id = due.tenant_id and s.id = due.id
			returning s.tenant_id, s.id, kind, address, authority, secret, seal, position, failures`, s.leaseTime(), streamWorkers)
		if err != nil {
			return err
		}
		leased, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (d duty, err error) {
			err = row.Scan(&d.tenant, &d.stream, &d.kind, &d.address, &d.authority, &d.secret, &d.seal, &d.position, &d.failures)
			return d, err
		})
		return err
	})
	return leased, err
}

// leaseTime is longer than a delivery takes: it is renewed with each.
func (s *Streamer) leaseTime() time.Duration { return 2*s.config.Timeout + 10*time.Second }

// batch is some events of a stream, in order, and the cursor behind them.
type batch struct {
	id             string // of the delivery: the same when the same events are sent again
	lines          []Line
	seal, position int64
}

// serve sends what there is to one stream, batch after batch, while that works.
func (s *Streamer) serve(ctx context.Context, d duty) error {
	for ctx.Err() == nil {
		b, err := s.read(ctx, d)
		if err != nil {
			return err
		}
		if len(b.lines) > 0 {
			err := s.deliver(ctx, d, b)
			if ctx.Err() != nil {
				return ctx.Err() // we are ending; the lease runs out by itself, and the batch is sent again
			}
			if err != nil {
				return s.failed(ctx, d, err)
			}
			s.sent.Add(int64(len(b.lines)))
		}
		moved := b.seal != d.seal || b.position != d.position
		d.seal, d.position, d.failures = b.seal, b.position, 0
		ours, err := s.succeeded(ctx, d, moved)
		if err != nil || !ours || !moved {
			return err
		}
	}
	return nil
}

// read returns the next events of a stream: of one seal, or of several small ones.
func (s *Streamer) read(ctx context.Context, d duty) (b batch, err error) {
	err = s.config.Sealer.Do(ctx, func(tx pgx.Tx) error {
		b = batch{seal: d.seal, position: d.position}
		rows, err := tx.Query(ctx, `select number, events from audit_seals where tenant_id = $1 and number > $2 order by number limit $3`,
			d.tenant, d.seal, streamBatch)
		if err != nil {
			return err
		}
		var ids []int64
		var number int64
		var events []int64
		for rows.Next() && len(ids) < streamBatch {
			if err := rows.Scan(&number, &events); err != nil {
				rows.Close()
				return err
			}
			rest := events[min(b.position, int64(len(events))):]
			if room := streamBatch - len(ids); len(rest) > room {
				ids, b.position = append(ids, rest[:room]...), b.position+int64(room)
				break
			}
			ids, b.seal, b.position = append(ids, rest...), number, 0
		}
		rows.Close()
		if err := rows.Err(); err != nil || len(ids) == 0 {
			return err
		}
		// What has expired meanwhile is not there any more, and is passed over.
		lines, err := linesOf(ctx, tx, d.tenant, ids)
		if err != nil {
			return err
		}
		by := make(map[int64]Line, len(lines))
		for _, l := range lines {
			by[l.ID] = l
		}
		for _, id := range ids { // the order of the seals
			if l, there := by[id]; there {
				b.lines = append(b.lines, l)
			}
		}
		return nil
	})
	// Both ends: who passes over an id that was there already must not miss what has been added to the batch since.
	b.id = fmt.Sprintf("%s-%d.%d-%d.%d", idText(d.stream), d.seal, d.position, b.seal, b.position)
	return b, err
}

func (s *Streamer) deliver(ctx context.Context, d duty, b batch) error {
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	roots := s.config.Roots
	if d.authority != "" {
		roots = x509.NewCertPool()
		roots.AppendCertsFromPEM([]byte(d.authority))
	}
	var err error
	switch d.kind {
	case Webhook:
		var key []byte
		if key, err = s.config.Cipher.Decrypt(d.tenant, secretColumn, d.secret); err != nil {
			return errors.New("the stream's secret cannot be read; rotate it")
		}
		err = s.post(ctx, roots, d.address, key, b)
	case Syslog:
		err = s.log5424(ctx, roots, d.address, b)
	}
	if err != nil {
		err = errors.New(plainError(ctx, err, d.address))
	}
	return err
}

// succeeded moves the cursor; more says that there may be more to send, so the
// lease stays. Ours is false when somebody else has the stream, or it is gone.
func (s *Streamer) succeeded(ctx context.Context, d duty, more bool) (ours bool, err error) {
	err = s.config.Sealer.Do(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `update audit_streams set seal = $3, position = $4, delivered_at = clock_timestamp(), failed_at = null, error = '',
				failures = 0, next_at = clock_timestamp(), leased_until = case when $5 then clock_timestamp() + $6 else clock_timestamp() end
			where tenant_id = $1 and id = $2 and enabled and (seal, position) <= ($3, $4)`, d.tenant, d.stream, d.seal, d.position, more, s.leaseTime())
		ours = tag.RowsAffected() == 1
		return err
	})
	return ours, err
}

// failed notes a failure and when to try again.
func (s *Streamer) failed(ctx context.Context, d duty, cause error) error {
	s.failures.Add(1)
	wait := min(s.config.Backoff<<min(d.failures, 20), backoffMax)
	s.log.WarnContext(ctx, "a stream of the audit log does not accept events", "tenant", d.tenant, "stream", idText(d.stream), "error", cause, "again_in", wait)
	return s.config.Sealer.Do(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `update audit_streams set failed_at = clock_timestamp(), error = $3, failures = failures + 1,
			next_at = clock_timestamp() + $4, leased_until = clock_timestamp() where tenant_id = $1 and id = $2`, d.tenant, d.stream, cause.Error(), wait)
		return err
	})
}
