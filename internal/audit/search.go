package audit

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/postgres"
)

// What one page may cost.
const (
	scanMax    = 2000 // events looked at one by one
	segmentMax = 150  // segments whose lists are read
	loadMax    = 4000 // events that lists lead to
)

// search is the work for one page. Events come from three places: what is
// newer than the last segment is read in the order of time; what came late but
// is in no segment yet, by its id; everything else through the lists of its
// terms, segment by segment, newest first.
type search struct {
	tx     *postgres.Tx
	ctx    context.Context
	tenant int64
	filter Filter
	words  []string // of the text, each once
	terms  [][]int64
	limit  int
	bound  key       // events before this one
	from   time.Time // and not before this time

	upto, last int64     // of the last segment; 0: there is none
	newest     time.Time // of all segments' events
}

func newSearch(tx *postgres.Tx, f Filter, page Page) (*search, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	s := &search{tx: tx, ctx: tx.Context(), tenant: tx.TenantID(), filter: f, limit: page.Rows(), bound: latest, from: earliest.time()}
	if page.After != "" {
		var err error
		if s.bound, err = parseKey(page.After); err != nil {
			return nil, err
		}
	}
	if to := (key{f.To.UnixMicro(), 0}); !f.To.IsZero() && to.compare(s.bound) < 0 {
		s.bound = to
	}
	if f.From.After(s.from) {
		s.from = f.From
	}
	s.words = query(f.Text)
	slices.Sort(s.words)
	s.words = slices.Compact(s.words)
	for _, word := range s.words {
		s.terms = append(s.terms, []int64{hashTerm(termText, word)})
	}
	one := func(kind byte, value string) {
		if value != "" {
			s.terms = append(s.terms, []int64{hashTerm(kind, value)})
		}
	}
	one(termActor, f.Actor)
	one(termTarget, f.Target)
	one(termKind, f.TargetKind)
	one(termVisit, f.Session)
	var types, outcomes []int64
	for _, t := range f.Types {
		types = append(types, hashTerm(termType, string(t)))
	}
	for _, o := range f.Outcomes {
		outcomes = append(outcomes, hashTerm(termResult, string(o)))
	}
	if len(types) > 0 {
		s.terms = append(s.terms, types)
	}
	if len(outcomes) > 0 && !slices.Contains(f.Outcomes, Success) { // which has no lists: nearly all events are
		s.terms = append(s.terms, outcomes)
	}
	return s, nil
}

// run returns events that match, in no order, some of them perhaps twice, and
// the horizon: there may be more before it, and none of those after it is
// missing. Without a horizon there is nothing more.
func (s *search) run() ([]Line, *key, error) {
	if len(s.terms) == 0 {
		return s.scan(s.from, 0, max(s.limit+1, s.needed()))
	}
	// Ids and times are given in nearly the same order: what has a greater id
	// than every event of the segments is at most a transaction's life older.
	// Unless the clock was wrong when they were written, and has been put back.
	var recent time.Time
	err := s.tx.QueryRow(s.ctx, `select upto, last, horizon, case when newest > now() then oldest else newest end - $2::interval
		from audit_segments where tenant_id = $1 order by upto desc limit 1`, s.tenant, lateMax).Scan(&s.upto, &s.last, &s.newest, &recent)
	if errors.Is(err, pgx.ErrNoRows) {
		return s.scan(s.from, 0, scanMax)
	}
	if err != nil {
		return nil, nil, err
	}
	if recent.Before(s.from) {
		recent = s.from
	}
	lines, horizon, err := s.scan(recent, s.last, scanMax)
	if err != nil {
		return nil, nil, err
	}
	late, err := s.late()
	if err != nil {
		return nil, nil, err
	}
	lines = append(lines, late...)
	if horizon != nil && horizon.at > s.newest.UnixMicro() || len(lines) > s.limit && s.bound.at > s.newest.UnixMicro() && s.enough(lines) {
		if horizon == nil {
			horizon = &key{s.newest.UnixMicro(), math.MaxInt64}
		}
		return lines, horizon, nil
	}
	listed, other, err := s.listed(lines)
	if err != nil {
		return nil, nil, err
	}
	if horizon == nil || other != nil && other.compare(*horizon) > 0 {
		horizon = other
	}
	return append(lines, listed...), horizon, nil
}

// needed is how many events of a scan without terms are read: more than a page
// where some may not match. Nearly all events are successes, the only outcome without a term.
func (s *search) needed() int {
	if len(s.filter.Outcomes) > 0 {
		return min(2*s.limit+50, scanMax)
	}
	return 0
}

// enough reports whether lines fill a page with what is newer than all segments.
func (s *search) enough(lines []Line) bool {
	n := 0
	for i := range lines {
		if lines[i].At.After(s.newest) {
			n++
		}
	}
	return n > s.limit
}

// scan looks through events in the order of time: those with an id beyond
// after, not before from, at most n of them. (id + 0 keeps the planner from
// going by ids and sorting, which seems as good to it while the table is small.)
func (s *search) scan(from time.Time, after int64, n int) ([]Line, *key, error) {
	rows, err := s.tx.Query(s.ctx, `select `+columns+` from audit_events
		where tenant_id = $1 and (at, id) < ($2, $3) and at >= $4 and id + 0 > $5 order by at desc, id desc limit $6`,
		s.tenant, s.bound.time(), s.bound.id, from, after, n)
	if err != nil {
		return nil, nil, err
	}
	lines, read, last, err := s.collect(rows)
	if err != nil || read < n {
		return lines, nil, err
	}
	return lines, &last, nil
}

// late reads the events that are sealed, in no segment, and have an id within the segments'.
func (s *search) late() ([]Line, error) {
	rows, err := s.tx.Query(s.ctx, `select `+columns+` from audit_events where tenant_id = $1 and id = any (array(
			select e from audit_seals, unnest(events) as e where tenant_id = $1 and number > $2 and e <= $3 limit $4))`,
		s.tenant, s.upto, s.last, scanMax)
	if err != nil {
		return nil, err
	}
	lines, _, _, err := s.collect(rows)
	return lines, err
}
