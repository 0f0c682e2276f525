package lrs

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// search finds the stored times of the statements that may match a query, in
// order. Each condition is the union of a column's index and of posting lists;
// the rarest condition drives and the others are checked against what it
// yields. One pipelined round trip probes them all first, because Postgres'
// own choice among them goes wrong under row-level security.
type search struct {
	read       Read
	query      *xapi.Query
	lo, hi     int64 // stored times still to come lie between them, both exclusive, in µs
	descending bool
	conditions []*condition
	driver     *condition
	chunk      int     // how many of the driver's candidates are looked at together
	ready      []int64 // candidates not handed out yet
	done       bool    // the driver has no more
	results    Results // what a person asks for besides
	budget     *budget // nil: look until the end

	unsettled time.Time // the earliest statement that a posting list may still lack; zero: none

	found          []candidate // what next, keep and among work in, from one piece to the next
	met            []ways
	ask            []int64
	entries        []int64 // of one list
	looked, passed int     // how many candidates the driver yielded, and the other conditions left
}

// condition is one filter of a query: the statements whose column has the key,
// and those that the posting lists name beside.
type condition struct {
	column string    // of statements; "" none
	key    int64     // its value there
	own    *postings // the statements with that value; nil where the column has an index on (column, stored)
	beside []*postings
	probe  probe
}

// indexed reports whether c's statements are read from an index.
func (c *condition) indexed() bool { return c.column != "" && c.own == nil }

// ways tells how a statement meets c that has the value itself.
func (c *condition) ways() ways {
	if c.own == nil {
		return itself
	}
	return c.own.ways
}

// lists are all posting lists that name statements of c.
func (c *condition) lists() []*postings {
	if c.own == nil {
		return c.beside
	}
	return append([]*postings{c.own}, c.beside...)
}

// probe tells how common a column's value is: how many rows have it, counted
// up to probeRows, and the stored times between which they lie.
type probe struct {
	rows        int
	first, last int64
}

const probeRows = 4000

// between estimates how many rows lie between two stored times.
func (p probe) between(a, b int64) int {
	n := int(spread(p.rows, p.first, p.last) * float64(max(a-b, b-a)))
	if p.rows < probeRows {
		n = min(n, p.rows)
	}
	return n
}

// spread tells how many of n a µs has, where they lie from first to last.
func spread(n int, first, last int64) float64 {
	return float64(n) / float64(max(first-last, last-first, 1))
}

func newSearch(in Read, q *xapi.Query, after Cursor) *search {
	s := &search{read: in, query: q, lo: minMicro, hi: maxMicro, descending: !q.Ascending}
	if !q.Since.IsZero() {
		s.lo = max(s.lo, q.Since.UnixMicro())
	}
	if !q.Until.IsZero() {
		s.hi = min(s.hi, q.Until.UnixMicro()+1)
	}
	if after != 0 {
		s.pass(int64(after))
	}
	store := in.Store
	// Each kind stands for what has value in that way, itself or through a reference.
	add := func(column string, own kind, value string, kinds ...kind) {
		c := &condition{column: column, key: hashKey(store, own, value)}
		if own != kindRegistration {
			c.own = newPostings(s, c.key, itself)
		}
		for _, k := range kinds {
			if k != own {
				c.beside = append(c.beside, newPostings(s, hashKey(store, k, value), itself))
			}
			c.beside = append(c.beside, newPostings(s, hashKey(store, k+kindVia, value), referring))
		}
		s.conditions = append(s.conditions, c)
	}
	if q.Registration != uuid.Nil {
		add("registration", kindRegistration, string(q.Registration[:]), kindRegistration)
	}
	if q.Agent != "" {
		kinds := []kind{kindAgent}
		if q.RelatedAgents {
			kinds = append(kinds, kindRelatedAgent)
		}
		add("actor", kindActor, q.Agent, kinds...)
	}
	if q.Activity != "" {
		kinds := []kind{kindActivity}
		if q.RelatedActivities {
			kinds = append(kinds, kindRelatedActivity)
		}
		add("activity", kindActivity, q.Activity, kinds...)
	}
	if q.Verb != "" {
		add("verb", kindVerb, q.Verb, kindVerb)
	}
	if in.Mine != nil {
		s.conditions = append(s.conditions, &condition{beside: []*postings{newPostings(s, hashKey(store, kindRelatedAgent, in.Mine.Identity), anyway)}})
	}
	return s
}

// The range of timestamptz that makes sense here: years 1 to 9999.
const (
	minMicro = -62_135_596_800_000_000
	maxMicro = 253_402_300_800_000_000
)

// pass narrows the range to what comes after at.
func (s *search) pass(at int64) {
	if s.descending {
		s.hi = min(s.hi, at)
	} else {
		s.lo = max(s.lo, at)
	}
}

// before reports whether a comes before b in the order of the query.
func (s *search) before(a, b int64) bool {
	if s.descending {
		return a > b
	}
	return a < b
}

func (s *search) compare(a, b candidate) int { return s.compareTimes(a.stored, b.stored) }

func (s *search) compareTimes(a, b int64) int {
	if s.descending {
		a, b = b, a
	}
	return cmp.Compare(a, b)
}

func (s *search) order() string {
	if s.descending {
		return "desc"
	}
	return "asc"
}

// begin probes all conditions and stores in to up to when everything
// is visible. What is stored from then on may be seen by one of the search's
// statements and not by another: it is left to the next query.
func (s *search) begin(ctx context.Context, tx *postgres.Tx, to *time.Time) error {
	b := &pgx.Batch{}
	queueConsistentThrough(b, s.read.Store, to)
	if len(s.conditions) > 0 {
		queueUnsettled(b, s.read, &s.unsettled)
	}
	s.queueProbes(b)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return err
	}
	s.hi = min(s.hi, to.UnixMicro()+1)
	if !s.unsettled.IsZero() && !to.Before(s.unsettled) {
		*to = s.unsettled.Add(-time.Microsecond).UTC()
	}
	return nil
}

// queueProbes adds to b what is needed to choose the driver.
func (s *search) queueProbes(b *pgx.Batch) {
	s.queueWaiting(b)
	for _, c := range s.conditions {
		for _, p := range c.lists() {
			p.queue(b)
		}
	}
	if len(s.conditions) < 2 {
		return
	}
	for _, c := range s.conditions {
		if !c.indexed() {
			continue
		}
		b.Queue(`
			select count(*), min(stored), max(stored)
			from (select stored from statements where `+c.column+` = $1 and stored > $2 and stored < $3 order by stored `+s.order()+` limit $4) x`,
			c.key, microTime(s.lo), microTime(s.hi), probeRows).
			QueryRow(func(row pgx.Row) error {
				var first, last *time.Time
				if err := row.Scan(&c.probe.rows, &first, &last); err != nil || first == nil {
					return err
				}
				c.probe.first, c.probe.last = first.UnixMicro(), last.UnixMicro()
				return nil
			})
	}
}

// next returns up to n more candidates in order, none at the end or when s has
// stopped. A candidate may turn out not to match, or not to exist.
func (s *search) next(ctx context.Context, tx *postgres.Tx, n int) ([]int64, error) {
	for len(s.ready) < n && !s.done {
		if s.driver == nil {
			s.chooseDriver()
		}
		found, err := s.driver.next(ctx, tx, s, s.expect(n-len(s.ready)))
		if err != nil {
			return nil, err
		}
		s.budget.spend(len(found))
		s.looked += len(found)
		for _, c := range s.conditions {
			if c == s.driver || len(found) == 0 {
				continue
			}
			if found, err = c.keep(ctx, tx, s, found); err != nil {
				return nil, err
			}
		}
		for _, f := range found {
			s.ready = append(s.ready, f.stored)
		}
		s.passed += len(found)
		if s.budget.spent() {
			break
		}
	}
	out := s.ready[:min(n, len(s.ready))]
	s.ready = s.ready[len(out):]
	return out, nil
}

// expect returns how many candidates to look at together so that n of them may
// be left, as far as those looked at can tell.
func (s *search) expect(n int) int {
	if len(s.conditions) > 1 {
		n = n * (s.looked + 1) / (s.passed + 1)
		s.chunk = max(firstChunk, min(n+n/4, s.chunk*8, maxChunk))
		return s.chunk
	}
	return n
}

// stopped reports whether s has used up its budget, with more to look at, and
// has handed out what it found. It has looked at something before.
func (s *search) stopped() bool {
	return s.driver != nil && !s.done && len(s.ready) == 0 && s.budget.spent()
}

// frontier is where a search goes on that has stopped: everything before it, in
// the order of the query, and what is stored just then, was looked at.
func (s *search) frontier() Cursor {
	if s.descending {
		return Cursor(s.hi)
	}
	return Cursor(s.lo)
}

// Candidates that are looked at together, where more than one condition thins them out.
const (
	firstChunk = 256
	maxChunk   = 8192
)

// chooseDriver takes the condition that the fewest statements meet: the lowest
// count, and among those counted to the end of the probe the one whose
// statements lie furthest apart.
func (s *search) chooseDriver() {
	if len(s.conditions) == 0 {
		s.driver = &condition{}
		return
	}
	s.driver = slices.MinFunc(s.conditions, func(a, b *condition) int {
		if n, m := a.size(), b.size(); n < probeRows || m < probeRows {
			return n - m
		}
		return cmp.Compare(a.density(), b.density())
	})
}

// size tells how many statements meet c, at most probeRows.
func (c *condition) size() int {
	n := c.probe.rows
	for _, p := range c.lists() {
		n += len(p.found)
		if !p.complete {
			return probeRows
		}
	}
	return min(n, probeRows)
}

// density tells how many statements a µs meet c, where its probe has looked.
func (c *condition) density() float64 {
	d := spread(c.probe.rows, c.probe.first, c.probe.last)
	for _, p := range c.lists() {
		if n := len(p.found); n > 0 {
			d += spread(n, p.found[0], p.found[n-1])
		}
	}
	return d
}

// plain reports whether the column alone decides c.
func (c *condition) plain() bool {
	for _, p := range c.beside {
		if !p.complete || p.lists > 0 || len(p.waiting) > 0 {
			return false
		}
	}
	return c.column != ""
}
