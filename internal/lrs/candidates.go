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
		slices.SortStableFunc(found, s.compare) // a known one first among equals
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
	f := candidate{known: knowsIndexed}
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
	var kept, rest []candidate
	for _, f := range found {
		if c.column != "" && f.knows(c.column) && f.value(c.column) == c.key {
			kept = append(kept, f)
		} else {
			rest = append(rest, f)
		}
	}
	for _, p := range c.beside {
		if len(rest) == 0 {
			break
		}
		holds, err := p.among(ctx, tx, s, rest)
		if err != nil {
			return nil, err
		}
		rest = slices.DeleteFunc(rest, func(f candidate) bool {
			if holds(f.stored) {
				kept = append(kept, f)
				return true
			}
			return false
		})
	}
	rest = slices.DeleteFunc(rest, func(f candidate) bool { return c.column == "" || f.knows(c.column) })
	if len(rest) > 0 {
		unknown, err := c.keepUnknown(ctx, tx, s, rest)
		if err != nil {
			return nil, err
		}
		kept = append(kept, unknown...)
	}
	slices.SortFunc(kept, s.compare)
	return kept, nil
}

// keepUnknown returns those of the candidates whose column, which they do not
// know, has c's value. Best is to know all statements with the value that lie
// between them; where those are too many, the candidates' rows are read.
func (c *condition) keepUnknown(ctx context.Context, tx *postgres.Tx, s *search, unknown []candidate) ([]candidate, error) {
	if c.own != nil {
		if err := c.own.cover(ctx, tx, s, unknown[len(unknown)-1].stored); err != nil {
			return nil, err
		}
		return slices.DeleteFunc(unknown, func(f candidate) bool { return !c.own.holds(s, f.stored) }), nil
	}
	most := 4*len(unknown) + probeRows
	lo, hi := unknown[0].stored, unknown[len(unknown)-1].stored
	rows, err := tx.Query(ctx, `select stored from statements where `+c.column+` = $1 and stored >= $2 and stored <= $3 limit $4`,
		c.key, microTime(min(lo, hi)), microTime(max(lo, hi)), most)
	if err != nil {
		return nil, err
	}
	between := make(map[int64]struct{})
	var at time.Time
	if _, err = pgx.ForEachRow(rows, []any{&at}, func() error { between[at.UnixMicro()] = struct{}{}; return nil }); err != nil {
		return nil, err
	}
	if len(between) < most {
		return slices.DeleteFunc(unknown, func(f candidate) bool { _, ok := between[f.stored]; return !ok }), nil
	}
	if err := c.learn(ctx, tx, s, unknown); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(unknown, func(f candidate) bool { return f.value(c.column) != c.key }), nil
}

// learn reads the columns of candidates.
func (c *condition) learn(ctx context.Context, tx *postgres.Tx, s *search, found []candidate) error {
	index := make(map[int64]int, len(found))
	ask := make([]int64, len(found))
	for i, f := range found {
		index[f.stored], ask[i] = i, f.stored
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
