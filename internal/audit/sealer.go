package audit

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"gocloud.dev/blob"

	"github.com/stoa-lrs/stoa/internal/postgres"
)

// SealerConfig is what a Sealer needs. Zero durations are the defaults.
type SealerConfig struct {
	Sealer  *postgres.Sealer
	DB      *postgres.DB // reads what a tenant keeps, and records that retention ran; nil: no retention
	Signer  Signer
	Anchors *blob.Bucket // where seals are anchored; nil: nowhere
	Logger  *slog.Logger // nil: slog.Default

	Every     time.Duration // between rounds; 0 is a second
	Anchoring time.Duration // between anchors of a tenant's newest seal; 0 is 10 s
	Retention time.Duration // between runs of retention; 0 is 6 h
	Late      time.Duration // for how long after its id was given an event may still appear; 0 is a minute: a transaction takes 30 s at most
	Notice    time.Duration // how long a shorter retention is announced in the chain before it deletes; 0 is 7 days

	Now func() time.Time // what seals say; nil: the clock of the database
}

// Sealer seals the logs of all tenants. Any number of processes may run one:
// they take turns, tenant by tenant.
type Sealer struct {
	config   SealerConfig
	db       *postgres.Sealer
	signer   Signer
	log      *slog.Logger
	rounds   int
	greatest int64          // event id that a round has seen
	marks    []mark         // greatest, as it was a while ago
	pending  map[int64]bool // tenants with something to seal; true: also what came late
	ends     sync.Map       // tenant → end, as this process knows it
	stats    counters
}

// mark is the greatest event id at a time.
type mark struct {
	at time.Time // of this process, monotonic
	id int64
}

// end is where a tenant's chain ended when this process last looked.
type end struct {
	number    int64
	segmented int64     // events in segments
	unsettled time.Time // when to look again for what came late; zero: nothing can
}

type counters struct {
	waiting, sealed, failures, anchorFailures, shorter atomic.Int64
	lag, failing, unanchored                           atomic.Int64
	round                                              atomic.Int64 // when the last one ended, in nanoseconds since 1970; 0: none has
}

// SealerStats says how sealing goes, for metrics.
type SealerStats struct {
	Waiting        int64         // events in no seal, at the end of the last round; at most 100,000
	Lag            time.Duration // from the oldest event that the last round sealed to its seal
	Sealed         int64         // events since the process began
	Failures       int64         // tenants' turns that failed
	Failing        int64         // tenants whose turn failed in the last round
	AnchorFailures int64
	Unanchored     int64     // tenants whose newest seal could not be anchored the last time
	Shortened      int64     // times that a chain was found shorter than this process has seen it: somebody cut it
	Round          time.Time // when the last round ended; zero: none has
}

// NewSealer returns a Sealer that has not begun.
func NewSealer(c SealerConfig) *Sealer {
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	for d, otherwise := range map[*time.Duration]time.Duration{
		&c.Every: time.Second, &c.Anchoring: 10 * time.Second, &c.Retention: 6 * time.Hour, &c.Late: lateMax, &c.Notice: 7 * 24 * time.Hour,
	} {
		if *d <= 0 {
			*d = otherwise
		}
	}
	return &Sealer{config: c, db: c.Sealer, signer: c.Signer, log: c.Logger, pending: map[int64]bool{}}
}

// Stats may be called at any time.
func (s *Sealer) Stats() SealerStats {
	stats := SealerStats{
		Waiting: s.stats.waiting.Load(), Lag: time.Duration(s.stats.lag.Load()), Sealed: s.stats.sealed.Load(), Failures: s.stats.failures.Load(),
		Failing: s.stats.failing.Load(), AnchorFailures: s.stats.anchorFailures.Load(), Unanchored: s.stats.unanchored.Load(),
		Shortened: s.stats.shorter.Load(),
	}
	if at := s.stats.round.Load(); at != 0 {
		stats.Round = time.Unix(0, at)
	}
	return stats
}

// Run seals, anchors and lets expire until ctx ends; failures are logged and tried again.
func (s *Sealer) Run(ctx context.Context) {
	var others sync.WaitGroup
	defer others.Wait()
	if s.config.Anchors != nil {
		others.Go(func() { s.every(ctx, s.config.Anchoring, "anchor the audit log", s.Anchor) })
	}
	if s.config.DB != nil {
		others.Go(func() { s.every(ctx, s.config.Retention, "let the audit log expire", s.Retain) })
	}
	s.every(ctx, s.config.Every, "seal the audit log", s.Round)
}

// every runs fn at once and then again and again.
func (s *Sealer) every(ctx context.Context, d time.Duration, what string, fn func(context.Context) error) {
	ticker := time.NewTicker(d)
	defer ticker.Stop()
	for {
		if err := fn(ctx); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "cannot "+what, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

const (
	lateRounds = 5   // of so many rounds one also looks for what came late
	allRounds  = 600 // and one at every tenant there is
	workers    = 3   // tenants at once: the connections of postgres.Sealer
)

// Round seals once everything that is there. It returns what went wrong with
// one of the tenants; it has done the others. Not for two goroutines at once.
func (s *Sealer) Round(ctx context.Context) error {
	if err := s.discover(ctx); err != nil {
		return err
	}
	var mu sync.Mutex
	var errs []error
	work := make(chan int64)
	var running sync.WaitGroup
	s.stats.lag.Store(0)
	failing := int64(0)
	turns := s.pending
	s.pending = map[int64]bool{}
	for range workers {
		running.Go(func() {
			for tenant := range work {
				err := s.turn(ctx, tenant, turns[tenant])
				if err == nil {
					continue
				}
				mu.Lock()
				s.pending[tenant] = s.pending[tenant] || turns[tenant] // again in the next round
				if !errors.Is(err, errBusy) {
					s.stats.failures.Add(1)
					failing++
					errs = append(errs, err)
				}
				mu.Unlock()
			}
		})
	}
	for tenant := range turns {
		work <- tenant
	}
	close(work)
	running.Wait()
	s.stats.failing.Store(failing)
	if err := s.count(ctx); err != nil {
		return errors.Join(append(errs, err)...)
	}
	s.stats.round.Store(time.Now().UnixNano())
	return errors.Join(errs...)
}

// discover adds the tenants that may have something to seal to s.pending.
func (s *Sealer) discover(ctx context.Context) error {
	// What was the greatest a while ago: everything up to it has appeared since.
	now := time.Now()
	for len(s.marks) > 1 && now.Sub(s.marks[1].at) > s.config.Late {
		s.marks = s.marks[1:]
	}
	all, late := s.rounds%allRounds == 0, s.rounds%lateRounds == 0
	query, from := `select tenant_id, max(id) from audit_events where id > $1 group by tenant_id`, s.greatest
	switch {
	case all:
		query = `with recursive t as (
				(select tenant_id from audit_events order by tenant_id limit 1) union all
				select (select e.tenant_id from audit_events e where e.tenant_id > t.tenant_id order by e.tenant_id limit 1) from t where t.tenant_id is not null)
			select tenant_id, (select id from audit_events e where e.tenant_id = t.tenant_id order by id desc limit 1) from t where tenant_id > $1`
		from = 0
	case late && len(s.marks) > 0:
		from = s.marks[0].id
	}
	if late {
		// In the first minute it is not known which id was the greatest a minute ago: every tenant with something open is looked at.
		young := len(s.marks) == 0 || now.Sub(s.marks[0].at) <= s.config.Late
		s.ends.Range(func(tenant, at any) bool {
			if due := at.(end).unsettled; !due.IsZero() && (young || now.After(due)) {
				s.pending[tenant.(int64)] = true
			}
			return true
		})
	}
	greatest := s.greatest
	err := s.db.Do(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, query, from)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var tenant, id int64
			if err := rows.Scan(&tenant, &id); err != nil {
				return err
			}
			s.pending[tenant] = s.pending[tenant] || all || late
			greatest = max(greatest, id)
		}
		return rows.Err()
	})
	if err != nil {
		return err
	}
	s.greatest = greatest
	s.rounds++
	s.marks = append(s.marks, mark{now, greatest})
	return nil
}

// turn seals everything of one tenant, and makes it searchable.
func (s *Sealer) turn(ctx context.Context, tenant int64, late bool) error {
	known, _ := s.ends.LoadOrStore(tenant, end{})
	at := known.(end)
	look, looked := noneLate, time.Now()
	if late {
		look = allLate
	}
	for {
		n, first, last, err := s.seal(ctx, tenant, look)
		if err != nil {
			return err
		}
		if last.Number < at.number {
			s.stats.shorter.Add(1)
			s.log.ErrorContext(ctx, "the audit log's chain is shorter than it was: somebody has cut it",
				"tenant", tenant, "seals", last.Number, "were", at.number)
		}
		at.number = last.Number
		if n > 0 {
			s.stats.sealed.Add(int64(n))
			s.lagged(last.At.Sub(first))
		}
		for last.Total-at.segmented >= segmentMin {
			total, err := s.segment(ctx, tenant)
			if err != nil {
				return err
			}
			if total == at.segmented {
				break
			}
			at.segmented = total
		}
		switch {
		case last.Settled >= last.Last:
			at.unsettled = time.Time{}
		case n > 0 || at.unsettled.IsZero() || time.Now().After(at.unsettled):
			at.unsettled = time.Now().Add(s.config.Late + time.Second)
		}
		s.ends.Store(tenant, at)
		if n < sealMax {
			return nil
		}
		// Much has piled up. What came late can wait, but for how long is bounded.
		if look = noneLate; time.Since(looked) > s.config.Late/4 {
			look, looked = settledLate, time.Now()
		}
	}
}

func (s *Sealer) lagged(d time.Duration) {
	for {
		old := s.stats.lag.Load()
		if int64(d) <= old || s.stats.lag.CompareAndSwap(old, int64(d)) {
			return
		}
	}
}

// count sets the number of events that wait.
func (s *Sealer) count(ctx context.Context) error {
	return s.db.Do(ctx, func(tx pgx.Tx) error {
		var n int64
		err := tx.QueryRow(ctx, `select count(*) from (select from audit_events where id > $1 limit 100000) e`, s.greatest).Scan(&n)
		s.stats.waiting.Store(n)
		return err
	})
}
