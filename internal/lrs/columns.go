package lrs

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/postgres"
)

// candidate is a statement that may match, by its stored time. Where it came
// from a column's index, that index has told its other columns too.
type candidate struct {
	stored                int64
	known                 knowledge
	ways                  ways // in which every condition so far is met
	actor, verb, activity int64
	registration          int64
}

// ways says how a statement meets a condition. Whatever meets a query does so in
// one way: it meets all conditions itself, or what it refers to does.
type ways byte

const (
	itself ways = 1 << iota
	referring
	anyway = itself | referring
)

// knowledge says which columns a candidate knows.
type knowledge byte

const (
	knowsNothing knowledge = iota // it came from a posting list
	knowsIndexed                  // actor, verb and activity, from an index
	knowsAll                      // and registration, from the row
)

func (f candidate) knows(column string) bool {
	return f.known == knowsAll || f.known == knowsIndexed && column != "registration"
}

func (f candidate) value(column string) int64 {
	switch column {
	case "actor":
		return f.actor
	case "verb":
		return f.verb
	case "activity":
		return f.activity
	default:
		return f.registration
	}
}

// rowCost is what it takes to read a candidate's row, in the time that it takes
// to read one more entry of an index. A statement's row lies anywhere; entries
// are neighbours.
const rowCost = 3

// values returns which of found, in order, have c's value in c's column. For
// those that do not know, it reads whatever is less: all statements with the
// value that lie between them, or their rows, and then they know.
func (c *condition) values(ctx context.Context, tx *postgres.Tx, s *search, found []candidate) (func(candidate) bool, error) {
	has := func(f candidate) bool { return f.knows(c.column) && f.value(c.column) == c.key }
	s.ask = s.ask[:0]
	for _, f := range found {
		if f.ways&c.ways() != 0 && !f.knows(c.column) {
			s.ask = append(s.ask, f.stored)
		}
	}
	if len(s.ask) == 0 {
		return has, nil
	}
	if c.own != nil {
		if covered, err := c.own.cover(ctx, tx, s, s.ask, rowTime); err != nil || covered {
			named := c.own.named(s)
			return func(f candidate) bool { return has(f) || !f.knows(c.column) && named(f.stored) }, err
		}
	} else if first, last, most := s.ask[0], s.ask[len(s.ask)-1], rowCost*len(s.ask); c.probe.between(first, last) <= most {
		between, err := c.between(ctx, tx, min(first, last), max(first, last), most)
		if err != nil || between != nil {
			return func(f candidate) bool { return has(f) || !f.knows(c.column) && between[f.stored] }, err
		}
	}
	return has, learn(ctx, tx, s, found, s.ask)
}

// between returns the statements from lo to hi that have c's value, by their
// stored time; nil when there are more than most.
func (c *condition) between(ctx context.Context, tx *postgres.Tx, lo, hi int64, most int) (map[int64]bool, error) {
	rows, err := tx.Query(ctx, `select stored from statements where `+c.column+` = $1 and stored >= $2 and stored <= $3 limit $4`,
		c.key, microTime(lo), microTime(hi), most+1)
	if err != nil {
		return nil, err
	}
	found := make(map[int64]bool)
	var at time.Time
	if _, err = pgx.ForEachRow(rows, []any{&at}, func() error { found[at.UnixMicro()] = true; return nil }); err != nil || len(found) > most {
		return nil, err
	}
	return found, nil
}

// learn reads the columns of those of found that were stored at ask. One whose
// row is gone goes on knowing what it knew.
func learn(ctx context.Context, tx *postgres.Tx, s *search, found []candidate, ask []int64) error {
	rows, err := tx.Query(ctx, `
		select stored, coalesce(actor, 0), verb, coalesce(activity, 0), coalesce(registration, 0)
		from statements where store_id = $1 and stored = any($2)`, s.read.Store, microTimes(ask))
	if err != nil {
		return err
	}
	var at time.Time
	f := candidate{known: knowsAll}
	_, err = pgx.ForEachRow(rows, []any{&at, &f.actor, &f.verb, &f.activity, &f.registration}, func() error {
		f.stored = at.UnixMicro()
		if i, ok := slices.BinarySearchFunc(found, f, s.compare); ok {
			f.ways = found[i].ways
			found[i] = f
		}
		return nil
	})
	return err
}
