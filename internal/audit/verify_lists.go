package audit

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// What Verify finds about the lists that searches go by. They are made from the
// events, and no signature covers them: they are held against the events.
const (
	ListsWrong   Kind = "lists_wrong"   // of a segment: searches miss its events, or look for others
	ListsMissing Kind = "lists_missing" // of events that should be in a segment by now
)

// pendingMax is how many events a segment has at most: those of its last seal come to fewer than segmentMin.
const pendingMax = segmentMin + sealMax

// listing compares the lists with the events, a segment at a time, as the chain goes by.
type listing struct {
	upto    int64 // the last segment when verifying began; what is made since is not looked at
	next    []segmentRow
	before  *segmentRow
	pending []sealed // since the segment before
	events  int      // in pending
	listed  int64    // events in seals that are in segments, or have expired
	overdue bool     // that events are in no segment has been told
}

// segmentRow is a segment as it stands there.
type segmentRow struct {
	upto, total, last       int64
	oldest, newest, horizon time.Time
}

// sealed is a seal's events.
type sealed struct {
	seal   int64
	lines  []Line  // those that are as they were
	others []int64 // and the others, which lists may lead to: expired, missing, changed
}

const segmentColumns = `upto, total, last, oldest, newest, horizon`

func scanSegment(row pgx.CollectableRow) (s segmentRow, err error) {
	err = row.Scan(&s.upto, &s.total, &s.last, &s.oldest, &s.newest, &s.horizon)
	return s, err
}

// beginLists finds out up to where there are lists.
func (v *verification) beginLists(ctx context.Context, tx Rows) error {
	return tx.QueryRow(ctx, `select coalesce(max(upto), 0) from audit_segments where tenant_id = $1`, v.tenant).Scan(&v.lists.upto)
}

// segments reads the segments that end with one of the next seals, up to the one with number upto.
func (v *verification) segments(ctx context.Context, tx Rows, upto int64) error {
	rows, err := tx.Query(ctx, `select `+segmentColumns+` from audit_segments where tenant_id = $1 and upto > $2 and upto <= $3 order by upto limit $4`,
		v.tenant, v.before.Number, min(upto, v.lists.upto), 2*sealsARead)
	if err != nil {
		return err
	}
	v.lists.next, err = pgx.CollectRows(rows, scanSegment)
	return err
}

// listed notes the events of a seal, and compares the lists if a segment ends with it.
func (v *verification) listed(ctx context.Context, tx Rows, l *link, of sealed) error {
	c := &v.lists
	for len(c.next) > 0 && c.next[0].upto < l.Number {
		v.noSegment(c.next[0].upto)
		c.next = c.next[1:]
	}
	if l.Number > c.upto {
		v.unlisted(l)
		return nil
	}
	c.listed = l.Total
	c.pending, c.events = append(c.pending, of), c.events+len(l.ids)
	if len(c.next) > 0 && c.next[0].upto == l.Number {
		segment := c.next[0]
		if err := v.segment(ctx, tx, &segment, l); err != nil {
			return err
		}
		c.next, c.before, c.pending, c.events = c.next[1:], &segment, nil, 0
		if segment.upto <= v.Expired {
			c.before = nil
		}
		return nil
	}
	return v.bound(ctx, tx)
}

func (v *verification) noSegment(upto int64) {
	v.found(ListsWrong, upto, 0, "the search lists name seal %d as the last of a segment, and there is no such seal", upto)
}

// unlisted is told once.
func (v *verification) unlisted(l *link) {
	c := &v.lists
	if l.Number <= v.Expired {
		c.listed = l.Total
	}
	if c.overdue || l.Total-c.listed < segmentMin || !l.At.Before(v.started.Add(-overdue)) {
		return
	}
	c.overdue = true
	v.found(ListsMissing, l.Number, 0, "seal %d of %s and those before it are in no search list: they are not made, or were deleted",
		l.Number, l.At.Format(time.RFC3339))
}

// bound forgets the oldest seals where more wait for the end of their segment
// than any has: they have expired with it, or it was deleted.
func (v *verification) bound(ctx context.Context, tx Rows) error {
	c := &v.lists
	if c.events <= pendingMax {
		return nil
	}
	if err := v.expiredNow(ctx, tx); err != nil {
		return err
	}
	for c.events > pendingMax {
		first := c.pending[0]
		c.before, c.pending, c.events = nil, c.pending[1:], c.events-len(first.lines)-len(first.others)
		if first.seal > v.Expired && len(first.lines) > 0 {
			v.found(ListsWrong, first.seal, first.lines[0].ID, "event %s of seal %d is in no segment of the search lists, and later ones are",
				idText(first.lines[0].ID), first.seal)
			c.pending, c.events = nil, 0 // the rest up to the next segment is as bad
		}
	}
	return nil
}

// expiredNow reads up to where events have expired, and lets go of those that wait.
func (v *verification) expiredNow(ctx context.Context, tx Rows) (err error) {
	if v.Expired, err = expired(ctx, tx, v.tenant); err != nil {
		return err
	}
	for i := range v.lists.pending {
		p := &v.lists.pending[i]
		if p.seal > v.Expired {
			break
		}
		for j := range p.lines {
			p.others = append(p.others, p.lines[j].ID)
		}
		p.lines = nil
	}
	return nil
}

// segment compares a segment with the events that are pending.
func (v *verification) segment(ctx context.Context, tx Rows, s *segmentRow, l *link) error {
	lines, others := v.pending()
	words, lists := postings(lines)
	has, err := v.listsOf(ctx, tx, s.upto, words)
	if err != nil {
		return err
	}
	// Read after the lists: what has left from them has expired by then. A list
	// may lead to what has expired, but not miss what has not.
	was := v.Expired
	if err := v.expiredNow(ctx, tx); err != nil || s.upto <= v.Expired {
		return err
	}
	if v.Expired != was {
		lines, others = v.pending()
		words, lists = postings(lines)
	}
	v.fits(s, l, lines, len(others) == 0)
	wrong, word, event := 0, int64(0), int64(0)
	for i := range words {
		if n, ok := compareList(has[words[i]], lists[i], others); !ok {
			if wrong++; wrong == 1 {
				word, event = words[i], n
			}
		}
	}
	switch {
	case wrong == 0:
	case event == 0:
		v.found(ListsWrong, s.upto, 0, "search list %d of segment %d is not written as it was; %d lists of the segment are wrong", word, s.upto, wrong)
	case has[word] == nil:
		v.found(ListsWrong, s.upto, event, "search list %d of segment %d, which leads to event %s, is gone; %d lists of the segment are wrong",
			word, s.upto, idText(event), wrong)
	default:
		v.found(ListsWrong, s.upto, event, "search list %d of segment %d is not that of the events, from event %s on; %d lists of the segment are wrong",
			word, s.upto, idText(event), wrong)
	}
	return nil
}

// pending returns the events that wait, by their ids, and what else lists may lead to.
func (v *verification) pending() (lines []Line, others []int64) {
	for i := range v.lists.pending {
		lines = append(lines, v.lists.pending[i].lines...)
		others = append(others, v.lists.pending[i].others...)
	}
	slices.SortFunc(lines, func(a, b Line) int { return compare(a.ID, b.ID) })
	slices.Sort(others)
	return lines, others
}

// fits verifies what a segment says of its events; whole: they are all there.
func (v *verification) fits(s *segmentRow, l *link, lines []Line, whole bool) {
	wrong := func(what string) {
		v.found(ListsWrong, s.upto, 0, "segment %d of the search lists says %s than its seals", s.upto, what)
	}
	if s.total != l.Total || s.last != l.Last {
		wrong("another count of events")
	}
	if len(lines) == 0 {
		return
	}
	oldest, newest := span(lines)
	horizon := newest
	if v.lists.before != nil && v.lists.before.horizon.After(horizon) {
		horizon = v.lists.before.horizon
	}
	// Of a segment part of which has left it is known only what it must reach to. The horizon may be of a segment that has left.
	known := v.lists.before != nil || v.Expired == 0
	switch {
	case s.oldest.After(oldest), whole && !s.oldest.Equal(oldest),
		s.newest.Before(newest), whole && !s.newest.Equal(newest), s.newest.After(l.At.Add(overdue)) && !s.newest.Equal(newest),
		s.horizon.Before(horizon), s.horizon.Before(s.newest), known && whole && !s.horizon.Equal(horizon):
		wrong("other times")
	}
}

// listsOf reads the lists that a segment has of words.
func (v *verification) listsOf(ctx context.Context, tx Rows, segment int64, words []int64) (map[int64][]byte, error) {
	rows, err := tx.Query(ctx, `select w.word, w.events from unnest($3::bigint[]) as t (word)
		cross join lateral (select word, events from audit_words where tenant_id = $1 and word = t.word and segment = $2 offset 0) w`,
		v.tenant, segment, words)
	if err != nil {
		return nil, err
	}
	lists := make(map[int64][]byte, len(words))
	var word int64
	var events []byte
	_, err = pgx.ForEachRow(rows, []any{&word, &events}, func() error {
		lists[word] = append(make([]byte, 0, len(events)), events...)
		return nil
	})
	return lists, err
}

// compareList reports whether a list is as it should be, apart from others that it
// may lead to, and otherwise the first event that it leads to or does not wrongly.
func compareList(has, want []byte, others []int64) (event int64, ok bool) {
	if bytes.Equal(has, want) {
		return 0, true
	}
	ids := readIDs(nil, has)
	plain := bytes.Equal(appendIDs(nil, ids), has)
	for _, id := range readIDs(nil, want) {
		for len(ids) > 0 && ids[0] < id {
			if _, may := slices.BinarySearch(others, ids[0]); !may {
				return ids[0], false
			}
			ids = ids[1:]
		}
		if len(ids) == 0 || ids[0] != id {
			return id, false
		}
		ids = ids[1:]
	}
	for _, id := range ids {
		if _, may := slices.BinarySearch(others, id); !may {
			return id, false
		}
	}
	return 0, plain && len(others) > 0 // otherwise the same in other bytes
}

// endLists looks for segments beyond the end of the chain.
func (v *verification) endLists(ctx context.Context, tx Rows) error {
	rows, err := tx.Query(ctx, `select s.upto from audit_segments s where s.tenant_id = $1 and s.upto > $2
		and not exists (select from audit_seals where tenant_id = s.tenant_id and number = s.upto) order by s.upto limit $3`,
		v.tenant, v.before.Number, findingsMax)
	if err != nil {
		return err
	}
	ends, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	for _, upto := range ends {
		v.noSegment(upto)
	}
	return err
}
