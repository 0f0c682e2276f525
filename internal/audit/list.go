package audit

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// Filter says which events are wanted: those that fulfil everything that is
// given. The zero Filter is every event.
type Filter struct {
	Actor      string    `json:"actor,omitempty"` // id, e.g. member:h4k2m9q0
	Types      []Type    `json:"types,omitempty"` // one of these
	TargetKind string    `json:"target_kind,omitempty"`
	Target     string    `json:"target,omitempty"`   // id
	Outcomes   []Outcome `json:"outcomes,omitempty"` // one of these
	Session    string    `json:"session,omitempty"`  // public id of it
	From       time.Time `json:"from,omitzero"`
	To         time.Time `json:"to,omitzero"` // exclusive
	// Text is words, all of which must be in the event: in names or ids of actor
	// and target, in the type, the address or the details. Case does not matter;
	// ann@example.com is one word that example.com finds too.
	Text string `json:"text,omitempty"`
}

// Page asks for one page of a list, the newest first.
type Page = postgres.Page

const (
	textMax  = 500 // bytes of Filter.Text
	queryMax = 10  // words of it
	valueMax = 400 // bytes of another value
)

// List returns the events of one page, newest first, and the cursor of the next
// page; "" when there is none. A page may have fewer events than asked for, even
// none, and a cursor: then as much of the log was looked through as one request
// may take. An event is found by what it says as soon as it is committed, within
// a second or two if its transaction took long. Invalid: filter or cursor.
func List(tx *postgres.Tx, f Filter, page Page) (lines []Line, next string, err error) {
	s, err := newSearch(tx, f, page)
	if err != nil {
		return nil, "", err
	}
	var horizon *key
	if lines, horizon, err = s.run(); err != nil {
		return nil, "", err
	}
	slices.SortFunc(lines, func(a, b Line) int { return keyOf(&b).compare(keyOf(&a)) })
	lines = slices.CompactFunc(lines, func(a, b Line) bool { return a.ID == b.ID })
	if horizon != nil {
		lines = slices.DeleteFunc(lines, func(l Line) bool { return keyOf(&l).compare(*horizon) < 0 })
		next = horizon.String()
	}
	if n := page.Rows(); len(lines) > n {
		lines = lines[:n]
		next = keyOf(&lines[n-1]).String()
	}
	return lines, next, nil
}

// Get returns one event, or NotFound.
func Get(tx *postgres.Tx, id int64) (*Line, error) {
	lines, err := linesOf(tx.Context(), tx, tx.TenantID(), []int64{id})
	if err != nil {
		return nil, err
	}
	if len(lines) == 0 {
		return nil, fault.New(fault.NotFound, "there is no such event")
	}
	return &lines[0], nil
}

// key is an event's place in the order of the list.
type key struct {
	at int64 // microseconds since 1970
	id int64
}

func keyOf(l *Line) key { return key{l.At.UnixMicro(), l.ID} }

func (k key) compare(other key) int {
	if k.at != other.at {
		return compare(k.at, other.at)
	}
	return compare(k.id, other.id)
}

func compare(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (k key) time() time.Time { return time.UnixMicro(k.at).UTC() }

// String is the key as a cursor.
func (k key) String() string {
	b := binary.BigEndian.AppendUint64(nil, uint64(k.at))
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint64(b, uint64(k.id)))
}

var errCursor = fault.New(fault.Invalid, "after is not a cursor of this list")

func parseKey(text string) (key, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != 16 {
		return key{}, errCursor
	}
	k := key{int64(binary.BigEndian.Uint64(b)), int64(binary.BigEndian.Uint64(b[8:]))}
	if k.at > latest.at || k.at < earliest.at || k.id < 0 {
		return key{}, errCursor
	}
	return k, nil
}

// What Postgres and Go both can tell apart as times.
var (
	latest   = key{time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro(), math.MaxInt64}
	earliest = key{time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro(), 0}
)

// check returns Invalid for a filter that no event can be meant by.
func (f *Filter) check() error {
	if slices.ContainsFunc([]string{f.Actor, f.TargetKind, f.Target, f.Session}, func(s string) bool { return len(s) > valueMax }) {
		return fault.New(fault.Invalid, "a value of the filter is longer than %d bytes", valueMax)
	}
	for _, t := range f.Types {
		if !t.known() {
			return fault.New(fault.Invalid, "%.100q is no type of event", string(t))
		}
	}
	for _, o := range f.Outcomes {
		if o != Success && o != Denied && o != Failure {
			return fault.New(fault.Invalid, "%.100q is no outcome: success, denied or failure", string(o))
		}
	}
	words := query(f.Text)
	switch {
	case len(f.Types) > len(Types) || len(f.Outcomes) > 3:
		return fault.New(fault.Invalid, "the filter names a type or an outcome twice")
	case len(f.Text) > textMax || len(words) > queryMax:
		return fault.New(fault.Invalid, "the text has more than %d words or %d bytes", queryMax, textMax)
	case f.Text != "" && len(words) == 0:
		return fault.New(fault.Invalid, "the text has no word")
	}
	return nil
}

// matches reports whether l is what f asks for, whose words are given.
func (f *Filter) matches(l *Line, words []string) bool {
	switch {
	case f.Actor != "" && l.Actor.ID != f.Actor,
		len(f.Types) > 0 && !slices.Contains(f.Types, l.Type),
		f.TargetKind != "" && l.Target.Kind != f.TargetKind,
		f.Target != "" && l.Target.ID != f.Target,
		f.Session != "" && l.Session != f.Session,
		len(f.Outcomes) > 0 && !slices.Contains(f.Outcomes, l.Outcome),
		!f.From.IsZero() && l.At.Before(f.From),
		!f.To.IsZero() && !l.At.Before(f.To):
		return false
	}
	if len(words) == 0 {
		return true
	}
	missing := slices.Clone(words)
	l.words(func(word string) bool {
		if i := slices.Index(missing, word); i >= 0 {
			missing = slices.Delete(missing, i, i+1)
		}
		return len(missing) > 0
	})
	return len(missing) == 0
}

// collect reads lines that match s and are not beyond its bound.
func (s *search) collect(rows pgx.Rows) (lines []Line, read int, last key, err error) {
	defer rows.Close()
	for rows.Next() {
		l, err := scanLine(rows)
		if err != nil {
			return nil, 0, key{}, err
		}
		read++
		last = keyOf(&l)
		if last.compare(s.bound) < 0 && s.filter.matches(&l, s.words) {
			lines = append(lines, l)
		}
	}
	return lines, read, last, rows.Err()
}
