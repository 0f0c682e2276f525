package usage

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/postgres"
)

const (
	flushEvery = 5 * time.Second
	flushTime  = 20 * time.Second
	windowTime = 10 * time.Minute
	dayMinutes = 24 * 60
	meterMost  = 200_000 // rows in memory; what is beyond is lost, and counted
)

// Meter adds up what is used in this process. A nil Meter counts nothing.
type Meter struct {
	db   *postgres.DB
	log  *slog.Logger
	now  func() time.Time
	lost atomic.Int64
	stop context.CancelFunc
	done chan struct{}

	mu     sync.Mutex
	counts counts
	seen   map[keyDay]struct{} // written already, of the day seenOn
	seenOn int64
}

// counts is what is not yet written.
type counts struct {
	windows map[window]tally
	storage map[window]Bytes // of days
	keys    map[keyDay]struct{}
}

func newCounts() counts {
	return counts{map[window]tally{}, map[window]Bytes{}, map[keyDay]struct{}{}}
}

func (c *counts) size() int { return len(c.windows) + len(c.storage) + len(c.keys) }

// window is ten minutes, or a day, of a store; of store 0: of the console.
type window struct{ tenant, store, begins int64 } // seconds since 1970

type keyDay struct{ tenant, store, key, day int64 }

type tally struct{ requests, refused, failed, bytes, reads int64 }

func (t tally) plus(o tally) tally {
	return tally{t.requests + o.requests, t.refused + o.refused, t.failed + o.failed, t.bytes + o.bytes, t.reads + o.reads}
}

// NewMeter begins to count; Close ends it. Logger and clock may be nil.
func NewMeter(db *postgres.DB, log *slog.Logger, clock func() time.Time) *Meter {
	if log == nil {
		log = slog.Default()
	}
	if clock == nil {
		clock = time.Now
	}
	ctx, cancel := context.WithCancel(context.Background())
	m := &Meter{db: db, log: log, now: clock, stop: cancel, done: make(chan struct{}), counts: newCounts(), seen: map[keyDay]struct{}{}}
	go m.run(ctx)
	return m
}

// Request counts one request of a key: its status, and the bytes of its body.
func (m *Meter) Request(tenant, store, key int64, status int, bytes int64) {
	if m == nil {
		return
	}
	t := tally{requests: 1, bytes: bytes}
	switch {
	case status >= 500:
		t.failed = 1
	case status >= 400 && status != 404:
		t.refused = 1
	}
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.add(window{tenant, store, now.Truncate(windowTime).Unix()}, t)
	k := keyDay{tenant, store, key, day(now)}
	if k.day != m.seenOn {
		clear(m.seen)
		m.seenOn = k.day
	}
	if _, seen := m.seen[k]; !seen && m.room() {
		m.counts.keys[k] = struct{}{}
		m.seen[k] = struct{}{}
	}
}

// Read counts one reading of a person in the console.
func (m *Meter) Read(tenant int64) {
	if m == nil {
		return
	}
	begins := m.now().Truncate(windowTime).Unix()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.add(window{tenant, 0, begins}, tally{reads: 1})
}

// Kept counts what a store holds more of, or with numbers below zero less.
func (m *Meter) Kept(tenant, store int64, change Bytes) {
	if m == nil || change == (Bytes{}) {
		return
	}
	w := window{tenant, store, day(m.now())}
	m.mu.Lock()
	defer m.mu.Unlock()
	have, there := m.counts.storage[w]
	if !there && !m.room() {
		return
	}
	m.counts.storage[w] = have.plus(change)
}

func (b Bytes) plus(o Bytes) Bytes {
	return Bytes{b.Statements + o.Statements, b.Documents + o.Documents, b.Attachments + o.Attachments}
}

func (m *Meter) add(w window, t tally) {
	have, there := m.counts.windows[w]
	if !there && !m.room() {
		return
	}
	m.counts.windows[w] = have.plus(t)
}

func (m *Meter) room() bool {
	if m.counts.size() < meterMost {
		return true
	}
	m.lost.Add(1)
	return false
}

// Lost is how many counts there was no memory for.
func (m *Meter) Lost() int64 { return m.lost.Load() }

// day is when the UTC day of t began, in seconds since 1970.
func day(t time.Time) int64 { return t.Unix() - t.Unix()%(24*60*60) }

// Close writes what has been counted and ends.
func (m *Meter) Close() {
	m.stop()
	<-m.done
}

func (m *Meter) run(ctx context.Context) {
	defer close(m.done)
	every := time.NewTicker(flushEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			ctx = context.WithoutCancel(ctx)
			m.tryFlush(ctx)
			return
		case <-every.C:
			m.tryFlush(ctx)
		}
	}
}

func (m *Meter) tryFlush(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, flushTime)
	defer cancel()
	if err := m.Flush(ctx); err != nil && ctx.Err() == nil {
		m.log.ErrorContext(ctx, "cannot write what was used; it is kept", "error", err)
	}
}

// Flush writes what has been counted, of all tenants in one transaction. What
// cannot be written is kept. It need not survive a crash of Postgres: nor does
// what is counted survive one of the process.
func (m *Meter) Flush(ctx context.Context) error {
	m.mu.Lock()
	c := m.counts
	m.counts = newCounts()
	m.mu.Unlock()
	if c.size() == 0 {
		return nil
	}
	b, tenants := c.batch()
	err := m.db.Ingest(ctx, tenants, func(tx *postgres.IngestTx) error { return tx.SendBatch(ctx, b).Close() })
	if err != nil {
		m.keep(c)
	}
	return err
}

// keep puts counts back that could not be written.
func (m *Meter) keep(c counts) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for w, t := range c.windows {
		m.counts.windows[w] = m.counts.windows[w].plus(t)
	}
	for w, s := range c.storage {
		m.counts.storage[w] = m.counts.storage[w].plus(s)
	}
	maps.Copy(m.counts.keys, c.keys)
}

// batch is what writes c. Rows are locked in one order, so that processes wait
// for each other and never in a circle.
func (c *counts) batch() (b *pgx.Batch, tenants []int64) {
	named := map[int64]struct{}{}
	b = &pgx.Batch{}
	byDay := map[window]tally{}
	for w, t := range c.windows {
		d := w
		d.begins = day(time.Unix(w.begins, 0))
		byDay[d] = byDay[d].plus(t)
		named[w.tenant] = struct{}{}
	}
	for _, k := range []struct {
		minutes int
		rows    map[window]tally
	}{{int(windowTime.Minutes()), c.windows}, {dayMinutes, byDay}} {
		queueRequests(b, k.minutes, k.rows)
	}
	queueKeys(b, c.keys)
	for k := range c.keys {
		named[k.tenant] = struct{}{}
	}
	queueStorage(b, c.storage)
	for w := range c.storage {
		named[w.tenant] = struct{}{}
	}
	return b, slices.Sorted(maps.Keys(named))
}
