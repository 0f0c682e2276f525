package lrs

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/postgres"
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
	for _, p := range c.lists() {
		if err := p.reach(ctx, tx, s, n, frontier); err != nil {
			return nil, err
		}
		some := p.found[:min(n, len(p.found))]
		for _, at := range some {
			if at > s.lo && at < s.hi {
				found = append(found, candidate{stored: at})
			}
		}
		switch {
		case len(some) < len(p.found) && s.before(some[n-1], frontier):
			frontier = some[n-1]
		case !p.complete && s.before(p.frontier, frontier):
			frontier = p.frontier
		}
	}
	slices.SortStableFunc(found, s.compare) // a known one first among equals
	found = slices.CompactFunc(found, func(a, b candidate) bool { return a.stored == b.stored })
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

// keep returns those of found that meet c; found is overwritten.
func (c *condition) keep(ctx context.Context, tx *postgres.Tx, s *search, found []candidate) ([]candidate, error) {
	var kept []candidate
	rest := found
	if c.column != "" {
		has, err := c.values(ctx, tx, s, found)
		if err != nil {
			return nil, err
		}
		if c.plain() {
			return slices.DeleteFunc(found, func(f candidate) bool { return !has(f) }), nil
		}
		kept, rest = part(found, has)
	}
	for _, p := range c.beside {
		if len(rest) == 0 {
			break
		}
		named, err := p.among(ctx, tx, s, rest)
		if err != nil {
			return nil, err
		}
		var more []candidate
		more, rest = part(rest, func(f candidate) bool { return named(f.stored) })
		kept = append(kept, more...)
	}
	slices.SortFunc(kept, s.compare)
	return kept, nil
}

// part returns those of found that are in, and those that are not.
func part(found []candidate, in func(candidate) bool) (yes, no []candidate) {
	no = make([]candidate, 0, len(found))
	for _, f := range found {
		if in(f) {
			yes = append(yes, f)
		} else {
			no = append(no, f)
		}
	}
	return yes, no
}
