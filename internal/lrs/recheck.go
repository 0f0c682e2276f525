package lrs

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// match reports which candidates really meet every filter, by their own text or
// by that of a statement that they refer to: keys are only hashes, and posting
// lists speak of one filter each.
func (r *LRS) match(ctx context.Context, tx *postgres.Tx, s *search, some []loaded) ([]bool, error) {
	match := make([]bool, len(some))
	q := s.query
	all := q.Agent == "" && q.Verb == "" && q.Activity == "" && q.Registration == uuid.Nil
	var on []way
	for i := range some {
		l := &some[i]
		switch {
		case s.read.Mine != nil && l.key != s.read.Mine.Key:
		case all:
			match[i] = true
		default:
			t, err := termsOf(l)
			if err != nil {
				return nil, err
			}
			on = follow(q, match, on, way{candidate: i, at: l.id}, t)
		}
	}
	for len(on) > 0 { // one round trip for each step of all ways
		targets := make([]uuid.UUID, len(on))
		for i, w := range on {
			targets[i] = w.at
		}
		found, err := r.loadTerms(ctx, tx, s.read, targets)
		if err != nil {
			return nil, err
		}
		var next []way
		for _, w := range on {
			if t, ok := found[w.at]; ok {
				next = follow(q, match, next, w, t)
			}
		}
		on = next
	}
	return match, nil
}

// way is where a candidate's references have led to.
type way struct {
	candidate int
	at        uuid.UUID
	visited   []uuid.UUID
}

// follow decides about w's candidate when what w has come to, t, meets q, and
// else adds to on where the way goes on.
func follow(q *xapi.Query, match []bool, on []way, w way, t terms) []way {
	if meets(q, &t.Statement, t.authority) {
		match[w.candidate] = true
		return on
	}
	w.visited = append(w.visited, w.at)
	if w.at = t.Target; w.at == uuid.Nil || slices.Contains(w.visited, w.at) || len(w.visited) > maxHops {
		return on
	}
	return append(on, w)
}

// terms is what filters ask of a statement.
type terms struct {
	xapi.Statement
	authority string // identity
}

func termsOf(l *loaded) (terms, error) {
	t, err := xapi.TermsOf(l.text)
	t.Definitions = nil // they would keep the text
	return terms{t, l.authority.identity}, err
}

// loadTerms returns the terms of those of ids that the store has.
func (r *LRS) loadTerms(ctx context.Context, tx *postgres.Tx, in Read, ids []uuid.UUID) (map[uuid.UUID]terms, error) {
	found := make(map[uuid.UUID]terms, len(ids))
	for n := len(ids); len(ids) > 0; {
		n = min(n, len(ids))
		rows, err := tx.Query(ctx, loadColumns+`where tenant_id = $1 and store_id = $2 and id = any($3)`, tx.TenantID(), in.Store, ids[:n])
		if err != nil {
			return nil, err
		}
		some, err := r.collect(ctx, tx, in.Store, rows)
		if errors.Is(err, errLarge) {
			n = (n + 1) / 2
			continue
		}
		if err != nil {
			return nil, err
		}
		for i := range some {
			if found[some[i].id], err = termsOf(&some[i]); err != nil {
				return nil, err
			}
		}
		ids = ids[n:]
	}
	return found, nil
}

func meets(q *xapi.Query, s *xapi.Statement, authority string) bool {
	return (q.Verb == "" || q.Verb == s.Verb) &&
		(q.Registration == uuid.Nil || q.Registration == s.Registration) &&
		(q.Activity == "" || q.Activity == s.Activity ||
			q.RelatedActivities && has(s, xapi.TermRelatedActivity, q.Activity)) &&
		(q.Agent == "" || q.Agent == s.Actor || has(s, xapi.TermAgent, q.Agent) ||
			q.RelatedAgents && (q.Agent == authority || has(s, xapi.TermRelatedAgent, q.Agent)))
}

func has(s *xapi.Statement, k xapi.TermKind, value string) bool {
	for _, t := range s.Terms {
		if t.Kind == k && t.Value == value {
			return true
		}
	}
	return false
}
