package lrs

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

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
		rows, err := tx.Query(ctx, `select dict, payload from statements where actor = $1 order by stored desc limit $2`,
			hashKey(in.Store, kindActor, identity), namesFrom)
		if err != nil {
			return err
		}
		type packed struct {
			dict    int16
			payload []byte
		}
		statements, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p packed, err error) {
			return p, row.Scan(&p.dict, &p.payload)
		})
		if err != nil {
			return err
		}
		for _, p := range statements {
			text, err := r.text(ctx, tx, in.Store, p.dict, p.payload)
			if err != nil {
				return err
			}
			actor := xapi.ActorOf(text)
			if actor.Identity == identity && actor.Name != "" && !slices.Contains(names, actor.Name) {
				names = append(names, actor.Name)
			}
		}
		return nil
	})
	return names, err
}
