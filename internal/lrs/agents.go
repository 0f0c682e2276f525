package lrs

import (
	"context"
	"slices"
	"time"

	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// namesFrom is how many of an actor's newest statements AgentNames looks at.
const namesFrom = 20

// AgentNames returns the names that the newest statements of an actor give it,
// newest first, without duplicates; none when it has not acted.
func (r *LRS) AgentNames(ctx context.Context, in Read, identity string) ([]string, error) {
	var names []string
	err := r.read(ctx, in, func(tx *postgres.Tx) error {
		names = nil
		s := newSearch(in, &xapi.Query{}, 0)
		key := hashKey(in.Store, kindActor, identity)
		s.conditions = []*condition{{column: "actor", key: key, own: newPostings(s, key, itself)}}
		var through time.Time
		if err := s.begin(ctx, tx, &through); err != nil {
			return err
		}
		newest, err := s.next(ctx, tx, namesFrom)
		if err != nil {
			return err
		}
		statements, _, err := r.load(ctx, tx, in, newest)
		if err != nil {
			return err
		}
		for _, l := range statements {
			actor := xapi.ActorOf(l.text)
			if actor.Identity == identity && actor.Name != "" && !slices.Contains(names, actor.Name) {
				names = append(names, actor.Name)
			}
		}
		return nil
	})
	return names, err
}
