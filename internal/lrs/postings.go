package lrs

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/stoa-lrs/stoa/internal/postgres"
)

// postings reads one key's posting lists in the order of a search, piece by
// piece. Everything up to its frontier has been read.
type postings struct {
	key      int64
	found    []int64 // stored times in order; beyond the frontier it may have gaps
	frontier int64
	complete bool // there are no more lists in the search's range
	single   bool // every list has one entry: those that references make have (references.go)

	s     *search
	upto  int64 // of the last list read
	piece int   // how many lists to read next
}

const (
	// How many lists are read at once, at most and at first.
	postingPiece = 1024
	firstPiece   = 32
	// listSpan is more than the distance, in µs, from the first to the last
	// entry of any list: group.postings sees to it.
	listSpan = 512
)

func newPostings(s *search, key int64) *postings {
	if s.descending {
		return &postings{s: s, key: key, upto: s.hi + listSpan, frontier: s.hi, piece: firstPiece}
	}
	return &postings{s: s, key: key, upto: s.lo, frontier: s.lo, piece: firstPiece}
}

// queue adds the reading of the next piece to b.
func (p *postings) queue(b *pgx.Batch) {
	lo, hi := p.s.lo, p.upto
	if !p.s.descending {
		lo, hi = p.upto, p.s.hi+listSpan
	}
	b.Queue(`
		select upto, list from statement_rel
		where key = $1 and upto > $2 and upto < $3 and store_id = $4 and tenant_id = $5
		order by upto `+p.s.order()+` limit $6`,
		p.key, microTime(lo), microTime(hi), p.s.read.Store, p.s.read.Scope.Tenant(), p.piece).
		Query(p.collect)
}

func (p *postings) collect(rows pgx.Rows) error {
	n := 0
	var upto time.Time
	var list pgtype.DriverBytes
	_, err := pgx.ForEachRow(rows, []any{&upto, &list}, func() (err error) {
		n++
		p.upto = upto.UnixMicro()
		p.found, err = decodePosting(p.found, p.upto, list)
		return err
	})
	if err != nil {
		return err
	}
	slices.Sort(p.found)
	p.found = slices.Compact(p.found)
	if p.s.descending {
		slices.Reverse(p.found)
	}
	p.complete = n < p.piece
	p.piece = min(p.piece*4, postingPiece)
	p.frontier = p.upto
	if !p.s.descending {
		p.frontier = p.upto - listSpan
	}
	return nil
}

// reach reads on until n entries of the search's range lie before the frontier,
// and forgets those that the search has passed.
func (p *postings) reach(ctx context.Context, tx *postgres.Tx, s *search, n int) error {
	p.found = slices.DeleteFunc(p.found, func(at int64) bool { return at <= s.lo && !s.descending || at >= s.hi && s.descending })
	for !p.complete {
		ready := 0
		for ready < len(p.found) && !s.before(p.frontier, p.found[ready]) {
			ready++
		}
		if ready >= n {
			return nil
		}
		if err := p.more(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

// cover reads on until the frontier lies at or beyond at.
func (p *postings) cover(ctx context.Context, tx *postgres.Tx, s *search, at int64) error {
	for !p.complete && s.before(p.frontier, at) {
		if err := p.more(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

func (p *postings) more(ctx context.Context, tx *postgres.Tx) error {
	b := &pgx.Batch{}
	p.queue(b)
	return tx.SendBatch(ctx, b).Close()
}

// among tells which of the candidates the lists name. Lists of one entry each
// are looked up; others are read as far as the candidates reach.
func (p *postings) among(ctx context.Context, tx *postgres.Tx, s *search, found []candidate) (func(at int64) bool, error) {
	if p.complete || !p.single {
		err := p.cover(ctx, tx, s, found[len(found)-1].stored)
		return func(at int64) bool { return p.holds(s, at) }, err
	}
	ask := make([]int64, 0, len(found))
	for _, f := range found {
		if !f.knows("activity") || f.activity == 0 { // a reference's object is no activity
			ask = append(ask, f.stored)
		}
	}
	if len(ask) == 0 {
		return func(int64) bool { return false }, nil
	}
	rows, err := tx.Query(ctx, `select upto from statement_rel where key = $1 and upto = any($2) and store_id = $3 and tenant_id = $4`,
		p.key, microTimes(ask), s.read.Store, s.read.Scope.Tenant())
	if err != nil {
		return nil, err
	}
	named := make(map[int64]bool)
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&at}, func() error { named[at.UnixMicro()] = true; return nil })
	return func(at int64) bool { return named[at] }, err
}

// holds reports whether the lists name the statement stored at.
func (p *postings) holds(s *search, at int64) bool {
	_, ok := slices.BinarySearchFunc(p.found, at, func(a, b int64) int {
		switch {
		case a == b:
			return 0
		case s.before(a, b):
			return -1
		}
		return 1
	})
	return ok
}

func microTime(micro int64) time.Time { return time.UnixMicro(micro) }

func placeholder(n int) string { return "$" + strconv.Itoa(n) }
