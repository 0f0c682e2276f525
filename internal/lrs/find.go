package lrs

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// Cursor is where a page ends: the stored time, in µs since 1970, of the last
// statement that was delivered. Zero is the start of a query.
type Cursor int64

// Page is one answer to a query.
type Page struct {
	Records           []Record
	Next              Cursor    // continues the query; zero: there is no more
	ConsistentThrough time.Time // every statement stored up to here is visible
	Reached           time.Time // set: looking stopped here, with Next to go on, before the page was full

	bytes     int  // of the records' JSON
	unsettled bool // posting lists may still lack some (settle.go)
}

const (
	pageDefault = 100      // statements, when the client names no limit
	pageBytes   = 16 << 20 // of JSON; a page that grows beyond ends early
)

// Find returns the page of q that follows after. Statements come newest first,
// or oldest first with q.Ascending; voided ones never. Without new writes a
// walk through Next delivers each statement once; with new writes nothing that
// was stored before the first page is lost or repeated.
func (r *LRS) Find(ctx context.Context, in Read, q *xapi.Query, after Cursor) (*Page, error) {
	var page *Page
	for waited := false; ; waited = true {
		err := r.read(ctx, in, func(tx *postgres.Tx) (err error) {
			page, err = r.find(ctx, tx, newSearch(in, q, after))
			return err
		})
		if err != nil {
			return nil, err
		}
		if !page.unsettled || waited {
			return page, nil
		}
		r.settled(ctx, in)
	}
}

func (r *LRS) find(ctx context.Context, tx *postgres.Tx, s *search) (*Page, error) {
	limit := s.query.Limit
	if limit == 0 {
		limit = pageDefault
	}
	limit = min(limit, r.pageMax)
	page := &Page{}
	if err := s.begin(ctx, tx, &page.ConsistentThrough); err != nil {
		return nil, err
	}
	page.unsettled = !s.unsettled.IsZero()
	return page, r.fill(ctx, tx, s, page, limit)
}

// fill loads candidates until the page is full, there are no more, or as many
// were looked at as the search may. One statement more than the page holds is
// looked for: it says whether to go on.
func (r *LRS) fill(ctx context.Context, tx *postgres.Tx, s *search, page *Page, limit int) error {
	const (
		fewest   = 16 // at a time: most may turn out not to match
		thinning = 512
	)
	ask := 0
	if s.results.given() {
		ask = thinning
	}
	for {
		if s.stopped() {
			page.Next = s.frontier()
			page.Reached = time.UnixMicro(int64(page.Next)).UTC()
			return nil
		}
		want := max(limit+1-len(page.Records), fewest)
		candidates, err := s.next(ctx, tx, max(want, ask))
		if err != nil || len(candidates) == 0 && !s.stopped() {
			return err
		}
		if s.results.given() && len(candidates) > 0 {
			looked := len(candidates)
			if candidates, err = s.results.among(ctx, tx, s.read.Store, candidates); err != nil {
				return err
			}
			if len(candidates) < looked/8 {
				ask = min(ask*2, maxChunk)
			}
		}
		for len(candidates) > 0 {
			piece := candidates[:min(len(candidates), max(limit+1-len(page.Records), fewest))]
			some, rest, err := r.load(ctx, tx, s.read, piece)
			if err != nil {
				return err
			}
			candidates = candidates[len(piece)-len(rest):]
			full, err := r.add(ctx, tx, s, page, limit, some)
			if err != nil || full {
				return err
			}
		}
	}
}

// add adds those of some that match to page, and reports whether it is full.
func (r *LRS) add(ctx context.Context, tx *postgres.Tx, s *search, page *Page, limit int, some []loaded) (full bool, err error) {
	match, err := r.match(ctx, tx, s, some)
	if err != nil {
		return false, err
	}
	for i := range some {
		if !match[i] {
			continue
		}
		if s.results.given() {
			if met, err := s.results.meet(some[i].text); err != nil {
				return false, err
			} else if !met {
				continue
			}
		}
		if len(page.Records) == limit || page.bytes >= pageBytes {
			page.Next = Cursor(page.Records[len(page.Records)-1].Stored.UnixMicro())
			return true, nil
		}
		rec := some[i].record(s.read.Version)
		page.bytes += len(rec.JSON)
		page.Records = append(page.Records, rec)
	}
	return false, nil
}

// Statement returns the statement with id; NotFound when the store has none,
// or when it is voided and voided is false, or the other way round.
func (r *LRS) Statement(ctx context.Context, in Read, id uuid.UUID, voided bool) (*Record, error) {
	var rec Record
	err := r.read(ctx, in, func(tx *postgres.Tx) error {
		l, err := r.loadID(ctx, tx, in, id)
		if err != nil {
			return err
		}
		if l == nil || l.voided != voided || in.Mine != nil && l.key != in.Mine.Key {
			return fault.New(fault.NotFound, "there is no such statement")
		}
		rec = l.record(in.Version)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &rec, nil
}
