package lrs

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/postgres"
)

// candidate is a statement that may match, by its stored time. Where it came
// from a column's index, that index has told its other columns too.
type candidate struct {
	stored                int64
	known                 knowledge
	actor, verb, activity int64
	registration          int64
}

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
// to read one more entry of an index or one more posting list in order. A
// statement's row lies anywhere; entries and lists are neighbours.
const rowCost = 3

// values returns which of found, in order, have c's value in c's column. For
// those that do not know, it reads whatever is less: all statements with the
// value that lie between them, or their rows, and then they know.
func (c *condition) values(ctx context.Context, tx *postgres.Tx, s *search, found []candidate) (func(candidate) bool, error) {
	has := func(f candidate) bool { return f.knows(c.column) && f.value(c.column) == c.key }
	unknown := 0
	var first, last int64
	for _, f := range found {
		if f.knows(c.column) {
			continue
		}
		if unknown++; unknown == 1 {
			first = f.stored
		}
		last = f.stored
	}
	if unknown == 0 {
		return has, nil
	}
	most := rowCost * unknown
	if c.own != nil {
		if covered, err := c.own.cover(ctx, tx, s, last, most); err != nil || covered {
			named := c.own.named(s)
			return func(f candidate) bool { return has(f) || !f.knows(c.column) && named(f.stored) }, err
		}
	} else if c.probe.between(first, last) <= most {
		between, err := c.between(ctx, tx, min(first, last), max(first, last), most)
		if err != nil || between != nil {
			return func(f candidate) bool { return has(f) || !f.knows(c.column) && between[f.stored] }, err
		}
	}
	return has, learn(ctx, tx, s, found, c.column)
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

// learn reads the columns of those of found that do not know column. One whose
// row is gone goes on knowing nothing.
func learn(ctx context.Context, tx *postgres.Tx, s *search, found []candidate, column string) error {
	index := make(map[int64]int, len(found))
	ask := make([]int64, 0, len(found))
	for i, f := range found {
		if !f.knows(column) {
			index[f.stored] = i
			ask = append(ask, f.stored)
		}
	}
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
		found[index[f.stored]] = f
		return nil
	})
	return err
}
