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
	first int64 // upto of the first list read
	upto  int64 // and of the last
	lists int   // how many were read
	piece int   // how many to read next
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
		where key = $1 and upto > $2 and upto < $3 and tenant_id = $4
		order by upto `+p.s.order()+` limit $5`,
		p.key, microTime(lo), microTime(hi), p.s.read.Scope.Tenant(), p.piece).
		Query(p.collect)
}

func (p *postings) collect(rows pgx.Rows) error {
	n, before := 0, len(p.found)
	var upto time.Time
	var list pgtype.DriverBytes
	_, err := pgx.ForEachRow(rows, []any{&upto, &list}, func() (err error) {
		n++
		p.upto = upto.UnixMicro()
		if p.lists++; p.lists == 1 {
			p.first = p.upto
		}
		length := len(p.found)
		p.found, err = decodePosting(p.found, p.upto, list)
		if !p.s.descending {
			slices.Reverse(p.found[length:])
		}
		return err
	})
	if err != nil {
		return err
	}
	if !slices.IsSortedFunc(p.found[max(before-1, 0):], p.s.compareTimes) { // lists may lie inside others
		slices.SortFunc(p.found, p.s.compareTimes)
	}
	p.found = slices.Compact(p.found)
	p.complete = n < p.piece
	p.piece = min(p.piece*4, postingPiece)
	p.frontier = p.upto
	if !p.s.descending {
		p.frontier = p.upto - listSpan
	}
	return nil
}

// reach reads on until n entries of the search's range lie before the frontier,
// or the frontier at or beyond at, and forgets what the search has passed.
func (p *postings) reach(ctx context.Context, tx *postgres.Tx, s *search, n int, at int64) error {
	passed := 0
	for passed < len(p.found) && (s.descending && p.found[passed] >= s.hi || !s.descending && p.found[passed] <= s.lo) {
		passed++
	}
	p.found = p.found[passed:]
	for !p.complete && s.before(p.frontier, at) {
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

func (p *postings) more(ctx context.Context, tx *postgres.Tx) error {
	b := &pgx.Batch{}
	p.queue(b)
	return tx.SendBatch(ctx, b).Close()
}

func microTime(micro int64) time.Time { return time.UnixMicro(micro) }

func placeholder(n int) string { return "$" + strconv.Itoa(n) }
