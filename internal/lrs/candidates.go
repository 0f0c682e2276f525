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
	known                 bool
	actor, verb, activity int64
	registration          int64
}

// next returns the next up to n candidates that meet c, in order, and passes
// s's range over them. Fewer than n do not mean the end: s.done does.
func (c *condition) next(ctx context.Context, tx *postgres.Tx, s *search, n int) ([]candidate, error) {
	var found []candidate
	end := s.hi
	if s.descending {
		end = s.lo
	}
	frontier := end // everything up to it, in order, is in found
	if c.indexed() || len(c.lists()) == 0 {
		var err error
		if found, err = c.scan(ctx, tx, s, n); err != nil {
			return nil, err
		}
		if len(found) == n {
			frontier = found[n-1].stored
		}
	}
	fromColumn := len(found)
	for _, p := range c.lists() {
		if err := p.reach(ctx, tx, s, n); err != nil {
			return nil, err
		}
		for _, at := range p.found {
			if at > s.lo && at < s.hi {
				found = append(found, candidate{stored: at})
			}
		}
		if !p.complete && s.before(p.frontier, frontier) {
			frontier = p.frontier
		}
	}
	if len(found) > fromColumn {
		slices.SortStableFunc(found, func(a, b candidate) int { // a known one first among equals
			switch {
			case a.stored == b.stored:
				return 0
			case s.before(a.stored, b.stored):
				return -1
			}
			return 1
		})
		found = slices.CompactFunc(found, func(a, b candidate) bool { return a.stored == b.stored })
	}
	if frontier == end {
		s.done = true
		return found, nil
	}
	found = slices.DeleteFunc(found, func(f candidate) bool { return s.before(frontier, f.stored) })
	s.pass(frontier)
	return found, nil
}

// scan reads the next n candidates from the index of c's column, or from the
// store's order when c has none. Other plain conditions are applied in SQL,
// fenced (+0) so that the planner leaves their indexes alone.
func (c *condition) scan(ctx context.Context, tx *postgres.Tx, s *search, n int) ([]candidate, error) {
	var sql string
	args := []any{microTime(s.lo), microTime(s.hi), n}
	if c.column == "" {
		sql = `select stored, coalesce(actor, 0), verb, coalesce(activity, 0) from statements where store_id = $4`
		args = append(args, s.read.Store)
	} else {
		sql = `select stored, coalesce(actor, 0), verb, coalesce(activity, 0) from statements where ` + c.column + ` = $4`
		args = append(args, c.key)
		for _, other := range s.conditions {
			if other != c && other.plain() && other.column != "registration" {
				args = append(args, other.key)
				sql += ` and (` + other.column + `+0) = ` + placeholder(len(args))
			}
		}
	}
	sql += ` and stored > $1 and stored < $2 order by stored ` + s.order() + ` limit $3`
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	found := make([]candidate, 0, min(n, 1024))
	f := candidate{known: true}
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&at, &f.actor, &f.verb, &f.activity}, func() error {
		f.stored = at.UnixMicro()
		found = append(found, f)
		return nil
	})
	return found, err
}

// keep returns those of found that meet c.
func (c *condition) keep(ctx context.Context, tx *postgres.Tx, s *search, found []candidate) ([]candidate, error) {
	if c.column != "" {
		if err := c.learn(ctx, tx, s, found); err != nil {
			return nil, err
		}
	}
	for _, p := range c.beside {
		if err := p.cover(ctx, tx, s, found[len(found)-1].stored); err != nil {
			return nil, err
		}
	}
	kept := found[:0]
	for _, f := range found {
		ok := f.value(c.column) == c.key && c.column != ""
		for _, p := range c.beside {
			ok = ok || p.holds(s, f.stored)
		}
		if ok {
			kept = append(kept, f)
		}
	}
	return kept, nil
}

// learn reads the columns of those candidates that do not know them yet.
func (c *condition) learn(ctx context.Context, tx *postgres.Tx, s *search, found []candidate) error {
	unknown := make(map[int64]int)
	var ask []int64
	for i, f := range found {
		if !f.known || c.column == "registration" && f.registration == 0 {
			unknown[f.stored] = i
			ask = append(ask, f.stored)
		}
	}
	if len(ask) == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, `
		select stored, coalesce(actor, 0), verb, coalesce(activity, 0), coalesce(registration, 0)
		from statements where store_id = $1 and stored = any($2)`, s.read.Store, microTimes(ask))
	if err != nil {
		return err
	}
	var at time.Time
	f := candidate{known: true}
	_, err = pgx.ForEachRow(rows, []any{&at, &f.actor, &f.verb, &f.activity, &f.registration}, func() error {
		f.stored = at.UnixMicro()
		found[unknown[f.stored]] = f
		return nil
	})
	return err
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
