package lrs

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/stoa-lrs/stoa/internal/postgres"
)

// among adds to met the ways in which those of the candidates, which are in
// order, meet the lists' condition that the lists name. It reads on to the last
// of them where that is little, and else looks each of them up.
func (p *postings) among(ctx context.Context, tx *postgres.Tx, s *search, found []candidate, met []ways) error {
	s.ask = s.ask[:0]
	for i, f := range found {
		if f.ways&p.ways&^met[i] == 0 || p.ways == referring && f.knows("activity") && f.activity != 0 { // a reference's object is no activity
			continue
		}
		s.ask = append(s.ask, f.stored)
	}
	if len(s.ask) == 0 || p.complete && len(p.found) == 0 {
		return nil
	}
	covered, err := p.cover(ctx, tx, s, s.ask, lookUpTime)
	if err != nil {
		return err
	}
	named := p.named(s)
	if !covered {
		if named, err = p.lookUp(ctx, tx, s.ask); err != nil {
			return err
		}
	}
	for i, f := range found {
		if named(f.stored) {
			met[i] |= p.ways
		}
	}
	return nil
}

// What reading takes, about, in ns: measured with lists and rows in memory.
const (
	listTime   = 300 // a list that follows the one before
	entryTime  = 6   // and an entry of it
	lookUpTime = 4_600
	rowTime    = 9_000
)

// cover reads on until the frontier lies at or beyond the last of ask, which is
// in order, and reports whether it does: not if that seems to take longer than
// so many ns for each of ask. It keeps only what one of ask is, or what is
// beyond them.
func (p *postings) cover(ctx context.Context, tx *postgres.Tx, s *search, ask []int64, each int) (bool, error) {
	at := ask[len(ask)-1]
	passed, _ := slices.BinarySearchFunc(p.found, ask[0], s.compareTimes)
	p.found = p.found[passed:]
	p.wanted = ask
	defer func() { p.wanted = nil }()
	for !p.complete && s.before(p.frontier, at) {
		left := p.until(at)
		if left*(listTime+p.entries/max(p.lists, 1)*entryTime) > each*len(ask) {
			return false, nil
		}
		p.expect(left)
		if err := p.more(ctx, tx); err != nil {
			return false, err
		}
	}
	return true, nil
}

// until estimates how many lists lie between the frontier and at, from how
// close to each other those are that were read.
func (p *postings) until(at int64) int {
	read := max(p.first-p.upto, p.upto-p.first, 1)
	return int(float64(max(at-p.frontier, p.frontier-at)) / float64(read) * float64(p.lists))
}

// expect makes the next piece one of about so many lists, as far as what was
// read so far can tell.
func (p *postings) expect(lists int) {
	p.piece = max(firstPiece, min(lists+lists/4, p.lists*8, postingPiece))
}

// named returns a function that reports whether the lists that were read name
// the statement stored at a time. It must be asked in order.
func (p *postings) named(s *search) func(at int64) bool {
	left := p.found
	return func(at int64) bool {
		step := 1 // look ever further ahead, then between the last two looks
		for step < len(left) && s.before(left[step], at) {
			step *= 2
		}
		from := step / 2
		to := min(step+1, len(left))
		i, ok := slices.BinarySearchFunc(left[min(from, to):to], at, s.compareTimes)
		left = left[min(from, to)+i:]
		return ok
	}
}

const lookUpSQL = `
select r.upto, r.list
from unnest($2::timestamptz[]) as w(at)
cross join lateral (select upto, list from statement_rel
    where key = $1 and upto >= w.at and tenant_id = $3 order by upto limit 1) r`

// lookUp reads only those lists that can name one of the statements stored at
// ask: of those that end there or later the first.
func (p *postings) lookUp(ctx context.Context, tx *postgres.Tx, ask []int64) (func(at int64) bool, error) {
	ask = slices.Sorted(slices.Values(ask))
	rows, err := tx.Query(ctx, lookUpSQL, p.key, microTimes(ask), p.s.read.Scope.Tenant())
	if err != nil {
		return nil, err
	}
	named := slices.Clone(p.waiting)
	var last, upto time.Time
	var list pgtype.DriverBytes
	_, err = pgx.ForEachRow(rows, []any{&upto, &list}, func() (err error) {
		if upto.Equal(last) { // the list of the one before
			return nil
		}
		last = upto
		named, err = decodePosting(named, upto.UnixMicro(), list)
		return err
	})
	if err != nil {
		return nil, err
	}
	found := make(map[int64]bool, len(named))
	for _, at := range named {
		found[at] = true
	}
	return func(at int64) bool { return found[at] }, nil
}
