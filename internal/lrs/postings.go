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
//
// Lists that were merged follow each other in time: none begins before another
// ends. What waits to be merged comes after all of them.
type postings struct {
	key      int64
	found    []int64 // stored times in order; beyond the frontier it may have gaps
	frontier int64
	complete bool    // there are no more lists in the search's range
	ways     ways    // how those that the lists name meet the condition; of what refers, every list has one entry (references.go)
	wanted   []int64 // set: up to the last of them nothing else is kept

	s       *search
	waiting []int64 // entries that wait to be merged, in order
	first   int64   // upto of the first list read
	upto    int64   // and of the last
	lists   int     // how many were read
	entries int     // and of how many entries
	piece   int     // how many to read next
}

const (
	// How many lists are read at once, at most and at first.
	postingPiece = 1024
	firstPiece   = 8
)

func newPostings(s *search, key int64, w ways) *postings {
	if s.descending {
		return &postings{s: s, key: key, ways: w, upto: s.hi, frontier: s.hi, piece: firstPiece}
	}
	return &postings{s: s, key: key, ways: w, upto: s.lo, frontier: s.lo, piece: firstPiece}
}

// queueWaiting adds to b the reading of the lists that wait, for all of s's
// keys. It comes before the reading of merged lists: those that are merged in
// between are read twice, and not missed. Of what was stored up to s.hi, the
// row that ends there or next after holds the last.
func (s *search) queueWaiting(b *pgx.Batch) {
	wanted := make(map[int64][]*postings) // two conditions may ask for the same
	for _, c := range s.conditions {
		for _, p := range c.lists() {
			if p.ways != referring {
				wanted[p.key] = append(wanted[p.key], p)
			}
		}
	}
	if len(wanted) == 0 {
		return
	}
	b.Queue(`
		select upto, lists from waiting_lists
		where store_id = $1 and upto > $2 and tenant_id = $4 and upto <= greatest(
		    (select upto from waiting_lists where store_id = $1 and upto >= $3 and tenant_id = $4 order by upto limit 1), $3)
		order by upto `+s.order(), s.read.Store, microTime(s.lo), microTime(s.hi), s.read.Scope.Tenant()).
		Query(func(rows pgx.Rows) error {
			var upto time.Time
			var lists pgtype.DriverBytes
			_, err := pgx.ForEachRow(rows, []any{&upto, &lists}, func() error {
				return eachWaiting(lists, func(key int64, list []byte) (err error) {
					for _, p := range wanted[key] {
						before := len(p.waiting)
						if p.waiting, err = p.decode(p.waiting, upto.UnixMicro(), list); err != nil {
							return err
						}
						if s.descending {
							p.found = append(p.found, p.waiting[before:]...)
						}
					}
					return nil
				})
			})
			return err
		})
}

// decode appends the entries of a list in the order of the search.
func (p *postings) decode(dst []int64, upto int64, list []byte) ([]int64, error) {
	before := len(dst)
	dst, err := decodePosting(dst, upto, list)
	if !p.s.descending {
		slices.Reverse(dst[before:])
	}
	return dst, err
}

// queue adds the reading of the next piece to b. The list that holds what was
// stored just before s.hi ends there or later: it is the next to end.
func (p *postings) queue(b *pgx.Batch) {
	sql := `
		select upto, list from statement_rel
		where key = $1 and upto > $2 and tenant_id = $4 and `
	lo, hi := p.s.lo, p.upto
	switch {
	case !p.s.descending:
		lo, hi = p.upto, p.s.hi
		fallthrough
	case p.lists == 0:
		sql += `upto <= greatest((select upto from statement_rel where key = $1 and upto >= $3 and tenant_id = $4 order by upto limit 1), $3)`
	default:
		sql += `upto < $3`
	}
	b.Queue(sql+` order by upto `+p.s.order()+` limit $5`, p.key, microTime(lo), microTime(hi), p.s.read.Scope.Tenant(), p.piece).
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
		if p.s.entries, err = p.decode(p.s.entries[:0], p.upto, list); err != nil {
			return err
		}
		p.entries += len(p.s.entries)
		p.found = p.sift(p.found, p.s.entries)
		return nil
	})
	if err != nil {
		return err
	}
	if p.complete = n < p.piece; p.complete && !p.s.descending {
		p.found = append(p.found, p.waiting...)
	}
	if !slices.IsSortedFunc(p.found[max(before-1, 0):], p.s.compareTimes) { // what was merged meanwhile comes twice
		slices.SortFunc(p.found, p.s.compareTimes)
	}
	p.found = slices.Compact(p.found)
	p.frontier = p.upto
	return nil
}

// sift appends to dst those entries of a list, in order, that are kept.
func (p *postings) sift(dst, list []int64) []int64 {
	if len(p.wanted) == 0 || len(list) == 0 {
		return append(dst, list...)
	}
	from, _ := slices.BinarySearchFunc(p.wanted, list[0], p.s.compareTimes)
	for _, at := range p.wanted[from:] {
		i, ok := slices.BinarySearchFunc(list, at, p.s.compareTimes)
		if ok {
			dst = append(dst, at)
			i++
		}
		if list = list[i:]; len(list) == 0 {
			return dst
		}
	}
	return append(dst, list...)
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
		p.expect((n - ready) * p.lists / max(p.entries, 1))
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
