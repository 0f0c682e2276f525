package lrs

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/jackc/pgx/v5"
	"github.com/maypok86/otter/v2"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// definition is what a statement says about an activity, on its way to be
// merged into what the store knows about it.
type definition struct {
	tenant, store, key int64
	iri                string
	json               []byte
	seen               seen
}

// seen names one definition as one store has met it.
type seen struct {
	key  int64 // of the activity, and so of the store
	hash uint64
}

// definitionCache remembers which definitions are merged already: courses send
// the same few with every statement, and nothing is to be done for them.
type definitionCache struct{ cache *otter.Cache[seen, struct{}] }

const (
	definitionsRemembered = 100_000
	// definitionsFresh bounds how long a definition may be missing after its
	// store was emptied by another process.
	definitionsFresh = time.Minute
)

func newDefinitionCache() *definitionCache {
	return &definitionCache{otter.Must(&otter.Options[seen, struct{}]{
		MaximumSize:      definitionsRemembered,
		ExpiryCalculator: otter.ExpiryWriting[seen, struct{}](definitionsFresh),
	})}
}

// unseen appends those definitions that are not known to be merged.
func (c *definitionCache) unseen(dst []definition, a Author, all []xapi.Definition) []definition {
	for _, d := range all {
		s := seen{hashKey(a.Store, kindActivity, d.IRI), xxhash.Sum64(d.JSON)}
		if _, known := c.cache.GetIfPresent(s); known || slices.ContainsFunc(dst, func(x definition) bool { return x.seen == s }) {
			continue
		}
		dst = append(dst, definition{a.Tenant, a.Store, s.key, d.IRI, d.JSON, s})
	}
	return dst
}

func (c *definitionCache) remember(merged []definition) {
	for _, d := range merged {
		c.cache.Set(d.seen, struct{}{})
	}
}

// mergeDefinitions merges what g's statements say of activities for the first
// time into the table activities. The stores' locks order the mergers.
func (g *group) mergeDefinitions(ctx context.Context, tx *postgres.IngestTx) error {
	var all []definition
	for _, p := range g.requests {
		all = append(all, p.definitions...)
	}
	if len(all) == 0 {
		return nil
	}
	merged := make([][]byte, len(all))
	b := &pgx.Batch{}
	for i, d := range all {
		b.Queue(`select definition from activities where tenant_id = $1 and store_id = $2 and key = $3`, d.tenant, d.store, d.key).
			QueryRow(func(row pgx.Row) error {
				err := row.Scan(&merged[i])
				if errors.Is(err, pgx.ErrNoRows) {
					return nil
				}
				return err
			})
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return err
	}
	last := make(map[int64]int, len(all)) // key → index of its newest merge
	write := &pgx.Batch{}
	for i, d := range all {
		if before, again := last[d.key]; again {
			merged[i] = merged[before]
		}
		merged[i] = xapi.MergeDefinition(merged[i], d.json)
		last[d.key] = i
	}
	for i, d := range all {
		if last[d.key] != i {
			continue
		}
		write.Queue(`
			insert into activities (tenant_id, store_id, key, iri, definition) values ($1, $2, $3, $4, $5)
			on conflict (tenant_id, store_id, key) do update set definition = excluded.definition
			where activities.definition <> excluded.definition`,
			d.tenant, d.store, d.key, d.iri, string(merged[i]))
	}
	return tx.SendBatch(ctx, write).Close()
}

// Definition returns the merged definition of an activity, a JSON object;
// NotFound when no statement of the store has defined it.
func (r *LRS) Definition(ctx context.Context, in Read, iri string) ([]byte, error) {
	var found, definition string
	err := r.read(ctx, in, func(tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select iri, definition from activities where tenant_id = $1 and store_id = $2 and key = $3`,
			tx.TenantID(), in.Store, hashKey(in.Store, kindActivity, iri)).Scan(&found, &definition)
	})
	if err != nil {
		return nil, err
	}
	if found != iri {
		return nil, fault.New(fault.NotFound, "no statement has defined this activity")
	}
	return []byte(definition), nil
}
