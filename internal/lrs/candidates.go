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
	found := s.found[:0]
	defer func() { s.found = found }()
	end := s.hi
	if s.descending {
		end = s.lo
	}
	frontier := end // everything up to it, in order, is in found
	if c.indexed() || len(c.lists()) == 0 {
		var err error
		if found, err = c.scan(ctx, tx, s, found, n); err != nil {
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
				found = append(found, candidate{stored: at, ways: p.ways})
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
	found = unite(found)
	if frontier == end {
		s.done = true
		return found, nil
	}
	found = slices.DeleteFunc(found, func(f candidate) bool { return s.before(frontier, f.stored) })
	s.pass(frontier)
	return found, nil
}

// unite makes one of those of found, which are in order, that are the same statement.
func unite(found []candidate) []candidate {
	n := 0
	for i, f := range found {
		if i > 0 && found[n-1].stored == f.stored {
			found[n-1].ways |= f.ways
			continue
		}
		found[n] = f
		n++
	}
	return found[:n]
}

// scan appends to found the next n candidates from the index of c's column, or from the
// store's order when c has none. Other plain conditions are applied in SQL,
// fenced (+0) so that the planner leaves their indexes alone.
func (c *condition) scan(ctx context.Context, tx *postgres.Tx, s *search, found []candidate, n int) ([]candidate, error) {
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
	f := candidate{known: knowsIndexed, ways: itself}
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&at, &f.actor, &f.verb, &f.activity}, func() error {
		f.stored = at.UnixMicro()
		found = append(found, f)
		return nil
	})
	return found, err
}

// keep returns those of found that meet c in a way in which they met the
// conditions before; it overwrites found.
func (c *condition) keep(ctx context.Context, tx *postgres.Tx, s *search, found []candidate) ([]candidate, error) {
	s.met = slices.Grow(s.met[:0], len(found))[:len(found)]
	clear(s.met)
	if c.column != "" {
		has, err := c.values(ctx, tx, s, found)
		if err != nil {
			return nil, err
		}
		for i, f := range found {
			if f.ways&c.ways() != 0 && has(f) {
				s.met[i] = c.ways()
			}
		}
	}
	for _, p := range c.beside {
		if err := p.among(ctx, tx, s, found, s.met); err != nil {
			return nil, err
		}
	}
	n := 0
	for i, f := range found {
		if f.ways &= s.met[i]; f.ways != 0 {
			found[n] = f
			n++
		}
	}
	return found[:n], nil
}
