package audit

import (
	"errors"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// listed finds events through the lists of s.terms. It goes on until there are
// enough for a page, together with what was found already.
func (s *search) listed(already []Line) (lines []Line, horizon *key, err error) {
	low, high, err := s.segments()
	if err != nil || high < low {
		return nil, nil, err
	}
	driver, err := s.rarest(low, high)
	if err != nil {
		return nil, nil, err
	}
	others := slices.Delete(slices.Clone(s.terms), driver, driver+1)
	segments, loaded := 0, 0
	for chunk := 8; ; chunk = min(4*chunk, 128) {
		found, more, err := s.lists(s.terms[driver], low, high, chunk)
		if err != nil {
			return nil, nil, err
		}
		segments += len(found)
		if err := s.narrow(found, others); err != nil {
			return nil, nil, err
		}
		for len(found) > 0 {
			// Together, as long as they are not too many.
			var ids []int64
			n := 0
			for n < len(found) && (n == 0 || len(ids)+len(found[n].ids) <= 2*s.limit+200) {
				ids = append(ids, found[n].ids...)
				n++
			}
			high = found[n-1].segment - 1
			found = found[n:]
			if len(ids) == 0 {
				continue
			}
			slices.Sort(ids)
			matching, cut, err := s.load(ids)
			if err != nil {
				return nil, nil, err
			}
			lines = append(lines, matching...)
			loaded += min(len(ids), s.limit+1)
			if cut != nil {
				return s.stop(lines, cut, high)
			}
			if len(lines)+len(already) > s.limit {
				h, err := s.horizon(high)
				if err != nil {
					return nil, nil, err
				}
				if h == nil || s.beyond(*h, already, lines) > s.limit {
					return lines, h, nil
				}
			}
			if loaded > loadMax {
				return s.stop(lines, nil, high)
			}
		}
		if more == 0 {
			return lines, nil, nil
		}
		high = more
		if segments > segmentMax {
			return s.stop(lines, nil, high)
		}
	}
}

// stop ends the search below segment high: the horizon is the later of cut and that.
func (s *search) stop(lines []Line, cut *key, high int64) ([]Line, *key, error) {
	h, err := s.horizon(high)
	if err != nil {
		return nil, nil, err
	}
	if h == nil || cut != nil && cut.compare(*h) > 0 {
		h = cut
	}
	return lines, h, nil
}

func (s *search) beyond(h key, sets ...[]Line) (n int) {
	for _, lines := range sets {
		for i := range lines {
			if keyOf(&lines[i]).compare(h) >= 0 {
				n++
			}
		}
	}
	return n
}

// horizon returns what no event of segment high, or of one before it, lies beyond; nil: there are none.
func (s *search) horizon(high int64) (*key, error) {
	var newest *time.Time
	err := s.tx.QueryRow(s.ctx, `select horizon from audit_segments where tenant_id = $1 and upto <= $2 order by upto desc limit 1`, s.tenant, high).Scan(&newest)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err == nil && newest.UnixMicro() >= s.bound.at {
		// The clock was ahead once. Segments that reach beyond the page, and lie further back than one may look, are passed over.
		err = s.tx.QueryRow(s.ctx, `select max(newest) from audit_segments where tenant_id = $1 and upto <= $2 and newest < $3`,
			s.tenant, high, s.bound.time()).Scan(&newest)
	}
	if err != nil || newest == nil || newest.Before(s.from) {
		return nil, err
	}
	return &key{newest.UnixMicro(), math.MaxInt64}, nil
}

// segments returns between which segments, both included, all events between s.from and s.bound are.
func (s *search) segments() (low, high int64, err error) {
	b := &pgx.Batch{}
	b.Queue(`select coalesce((select upto from audit_segments where tenant_id = $1 and newest >= $2 order by upto limit 1), 1)`, s.tenant, s.from)
	b.Queue(`select coalesce((select upto from audit_segments where tenant_id = $1 and oldest <= $2 order by upto desc limit 1), 0)`, s.tenant, s.bound.time())
	results := s.tx.SendBatch(s.ctx, b)
	defer func() { err = first(err, results.Close()) }()
	if err := results.QueryRow().Scan(&low); err != nil {
		return 0, 0, err
	}
	return low, high, results.QueryRow().Scan(&high)
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// probeMax is how many lists of a word are counted to tell rare from frequent.
const probeMax = 256

// rarest returns which of s.terms leads to the fewest segments.
func (s *search) rarest(low, high int64) (driver int, err error) {
	if len(s.terms) == 1 {
		return 0, nil
	}
	b := &pgx.Batch{}
	for _, term := range s.terms {
		for _, word := range term {
			b.Queue(`select count(*), coalesce(min(segment), 0) from (select segment from audit_words
				where tenant_id = $1 and word = $2 and segment <= $3 and segment >= $4 order by segment desc limit $5) w`, s.tenant, word, high, low, probeMax)
		}
	}
	results := s.tx.SendBatch(s.ctx, b)
	defer func() { err = first(err, results.Close()) }()
	best := int64(math.MaxInt64)
	for i, term := range s.terms {
		var cost int64
		for range term {
			var count, reach int64
			if err := results.QueryRow().Scan(&count, &reach); err != nil {
				return 0, err
			}
			if count == probeMax { // so dense that these end there: as many a segment, as far as they reach
				count = probeMax * (high - low + 1) / max(high-reach+1, 1)
			}
			cost += count
		}
		if cost < best {
			best, driver = cost, i
		}
	}
	return driver, nil
}

// list is which events of a segment have a term.
type list struct {
	segment int64
	ids     []int64
}

// lists returns the lists of one term, one for each segment, from high
// downwards; about n of each of its words. More is the segment to go on with; 0: none.
func (s *search) lists(term []int64, low, high int64, n int) (found []list, more int64, err error) {
	b := &pgx.Batch{}
	n = max(n/len(term), 4)
	for _, word := range term {
		b.Queue(`select segment, events from audit_words where tenant_id = $1 and word = $2 and segment <= $3 and segment >= $4
			order by segment desc limit $5`, s.tenant, word, high, low, n)
	}
	results := s.tx.SendBatch(s.ctx, b)
	defer func() { err = first(err, results.Close()) }()
	by := map[int64][]int64{}
	for range term {
		rows, err := results.Query()
		if err != nil {
			return nil, 0, err
		}
		read, segment := 0, int64(0)
		var ids []byte
		_, err = pgx.ForEachRow(rows, []any{&segment, &ids}, func() error {
			read++
			by[segment] = readIDs(by[segment], ids)
			return nil
		})
		if err != nil {
			return nil, 0, err
		}
		if read == n { // this word's lists are known down to this segment only
			more = max(more, segment-1)
		}
	}
	for segment, ids := range by {
		if segment <= more {
			continue
		}
		if len(term) > 1 {
			slices.Sort(ids)
			ids = slices.Compact(ids)
		}
		found = append(found, list{segment, ids})
	}
	slices.SortFunc(found, func(a, b list) int { return compare(b.segment, a.segment) })
	return found, more, nil
}

// narrow leaves in each list of found what also has every term of others.
func (s *search) narrow(found []list, others [][]int64) error {
	if len(found) == 0 || len(others) == 0 {
		return nil
	}
	segments := make([]int64, len(found))
	for i := range found {
		segments[i] = found[i].segment
	}
	b := &pgx.Batch{}
	for _, term := range others {
		b.Queue(`select w.segment, w.events from unnest($2::bigint[]) as s (segment) cross join unnest($3::bigint[]) as t (word)
			cross join lateral (select segment, events from audit_words where tenant_id = $1 and word = t.word and segment = s.segment offset 0) w`,
			s.tenant, segments, term)
	}
	results := s.tx.SendBatch(s.ctx, b)
	for range others {
		rows, err := results.Query()
		if err != nil {
			return first(err, results.Close())
		}
		by := map[int64][]int64{}
		var segment int64
		var ids []byte
		if _, err = pgx.ForEachRow(rows, []any{&segment, &ids}, func() error {
			by[segment] = readIDs(by[segment], ids)
			return nil
		}); err != nil {
			return first(err, results.Close())
		}
		for i := range found {
			has := by[found[i].segment]
			slices.Sort(has)
			found[i].ids = slices.DeleteFunc(found[i].ids, func(id int64) bool {
				_, is := slices.BinarySearch(has, id)
				return !is
			})
		}
	}
	return results.Close()
}

// load reads the newest of the events with these ids, as many as a page can
// have; cut is the last of them where there may be more.
func (s *search) load(ids []int64) (lines []Line, cut *key, err error) {
	rows, err := s.tx.Query(s.ctx, `select * from (select `+columns+` from audit_events where tenant_id = $1 and id = any($2) offset 0) e
		where (at, id) < ($3, $4) and at >= $5 order by at desc, id desc limit $6`,
		s.tenant, ids, s.bound.time(), s.bound.id, s.from, s.limit+1)
	if err != nil {
		return nil, nil, err
	}
	lines, read, last, err := s.collect(rows)
	if err != nil || read <= s.limit {
		return lines, nil, err
	}
	return lines, &last, nil
}
