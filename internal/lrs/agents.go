package lrs

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

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
		var dict int16
		var payload pgtype.DriverBytes
		_, err = pgx.ForEachRow(rows, []any{&dict, &payload}, func() error {
			text, err := decompress(dict, payload)
			if err != nil {
				return err
			}
			actor := xapi.ActorOf(text)
			if actor.Identity == identity && actor.Name != "" && !slices.Contains(names, actor.Name) {
				names = append(names, actor.Name)
			}
			return nil
		})
		return err
	})
	return names, err
}
