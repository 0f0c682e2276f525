package lrs

import (
	"context"
	"slices"

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
	ready      []int64 // candidates not handed out yet
	done       bool    // the driver has no more
}

// condition is one filter of a query.
type condition struct {
	column   string // of statements, with an index on (column, stored); "" none
	key      int64  // its value there
	postings []*postings
	probe    probe
}

// probe tells how common a column's value is: how many rows have it, counted
// up to probeRows, and the stored time of the last one counted.
type probe struct {
	rows int
	last int64
}

const probeRows = 4000

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
	add := func(column string, key int64, lists ...int64) {
		c := &condition{column: column, key: key}
		for _, list := range lists {
			c.postings = append(c.postings, newPostings(s, list))
		}
		s.conditions = append(s.conditions, c)
	}
	if q.Registration != uuid.Nil {
		id := string(q.Registration[:])
		add("registration", hashKey(store, kindRegistration, id), hashKey(store, kindRegistration+kindVia, id))
	}
	if q.Agent != "" {
		lists := []int64{hashKey(store, kindAgent, q.Agent)}
		if q.RelatedAgents {
			lists = append(lists, hashKey(store, kindRelatedAgent, q.Agent))
		}
		add("actor", hashKey(store, kindActor, q.Agent), lists...)
	}
	if q.Activity != "" {
		lists := []int64{hashKey(store, kindActivity+kindVia, q.Activity)}
		if q.RelatedActivities {
			lists = append(lists, hashKey(store, kindRelatedActivity, q.Activity))
		}
		add("activity", hashKey(store, kindActivity, q.Activity), lists...)
	}
	if q.Verb != "" {
		add("verb", hashKey(store, kindVerb, q.Verb), hashKey(store, kindVerb+kindVia, q.Verb))
	}
	if in.Mine != nil {
		add("", 0, hashKey(store, kindRelatedAgent, in.Mine.Identity))
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

func (s *search) order() string {
	if s.descending {
		return "desc"
	}
	return "asc"
}

// queueProbes adds to b what is needed to choose the driver.
func (s *search) queueProbes(b *pgx.Batch, limit int) {
	for _, c := range s.conditions {
		for _, p := range c.postings {
			p.queue(b)
		}
	}
	if len(s.conditions) < 2 {
		return
	}
	for _, c := range s.conditions {
		if c.column == "" {
			continue
		}
		b.Queue(`
			select count(*), coalesce((extract(epoch from (case when $4 then min(stored) else max(stored) end)) * 1000000)::bigint, 0)
			from (select stored from statements where `+c.column+` = $1 and stored > $2 and stored < $3 order by stored `+s.order()+` limit $5) x`,
			c.key, microTime(s.lo), microTime(s.hi), s.descending, probeRows).
			QueryRow(func(row pgx.Row) error { return row.Scan(&c.probe.rows, &c.probe.last) })
	}
}

// next returns up to n more candidates in order, none at the end. A
// candidate may turn out not to match, or not to exist.
func (s *search) next(ctx context.Context, tx *postgres.Tx, n int) ([]int64, error) {
	for chunk := max(n, 16); len(s.ready) == 0 && !s.done; chunk = min(chunk*4, maxChunk) {
		if s.driver == nil {
			s.chooseDriver()
		}
		found, err := s.driver.next(ctx, tx, s, chunk)
		if err != nil {
			return nil, err
		}
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
	}
	out := s.ready[:min(n, len(s.ready))]
	s.ready = s.ready[len(out):]
	return out, nil
}

const maxChunk = 8192

// chooseDriver takes the condition that the fewest statements meet: the lowest
// count, and among those counted to the end of the probe the one that had to
// go furthest for it.
func (s *search) chooseDriver() {
	if len(s.conditions) == 0 {
		s.driver = &condition{}
		return
	}
	s.driver = slices.MinFunc(s.conditions, func(a, b *condition) int {
		if n, m := a.size(), b.size(); n != m {
			return n - m
		}
		switch {
		case a.column == "" || b.column == "" || a.probe.last == b.probe.last:
			return 0
		case s.before(a.probe.last, b.probe.last):
			return 1
		}
		return -1
	})
}

// size estimates how many statements meet c, at most probeRows.
func (c *condition) size() int {
	n := c.probe.rows
	for _, p := range c.postings {
		n += len(p.found)
		if !p.complete {
			return probeRows
		}
	}
	return min(n, probeRows)
}

// plain reports whether the column alone decides c.
func (c *condition) plain() bool {
	for _, p := range c.postings {
		if !p.complete || len(p.found) > 0 {
			return false
		}
	}
	return c.column != ""
}
