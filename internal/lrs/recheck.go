package lrs

import (
	"context"

	"github.com/google/uuid"

	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// matches reports whether a candidate really meets every filter, by its own
// text or by that of a statement that it refers to: keys are only hashes, and
// posting lists speak of one filter each.
func (r *LRS) matches(ctx context.Context, tx *postgres.Tx, s *search, l *loaded) (bool, error) {
	if s.read.Mine != nil && l.key != s.read.Mine.Key {
		return false, nil
	}
	if q := s.query; q.Agent == "" && q.Verb == "" && q.Activity == "" && q.Registration == uuid.Nil {
		return true, nil
	}
	for visited := make(map[uuid.UUID]bool); ; {
		terms, err := xapi.TermsOf(l.text)
		if err != nil {
			return false, err
		}
		if meets(s.query, &terms, l.authority.identity) {
			return true, nil
		}
		visited[l.id] = true
		if terms.Target == uuid.Nil || visited[terms.Target] || len(visited) > maxHops {
			return false, nil
		}
		if l, err = r.loadID(ctx, tx, s.read, terms.Target); err != nil || l == nil {
			return false, err
		}
	}
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
