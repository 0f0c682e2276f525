package lrs

import (
	"bytes"
	"context"
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

// unseen returns the definitions of a batch that are not known to be merged,
// each once: there may be a hundred thousand.
func (c *definitionCache) unseen(a Author, batch []xapi.Statement) (unseen []definition) {
	var met map[seen]bool
	for i := range batch {
		for _, d := range batch[i].Definitions {
			s := seen{hashKey(a.Store, kindActivity, d.IRI), xxhash.Sum64(d.JSON)}
			if _, known := c.cache.GetIfPresent(s); known || met[s] {
				continue
			}
			if met == nil {
				met = map[seen]bool{}
			}
			met[s] = true
			unseen = append(unseen, definition{a.Tenant, a.Store, s.key, d.IRI, d.JSON, s})
		}
	}
	return unseen
}

func (c *definitionCache) remember(merged []definition) {
	for _, d := range merged {
		c.cache.Set(d.seen, struct{}{})
	}
}

// queueDefinitions adds to b the definitions of activities that no statement of
// their store has defined so far, which is most of what is seen for the first
// time. The others, and a second one of the same group, are left to
// mergeDefinitions. The stores' locks order those who do this.
func (g *group) queueDefinitions(b *pgx.Batch) {
	for _, p := range g.requests {
		g.definitions = append(g.definitions, p.definitions...)
	}
	if len(g.definitions) == 0 {
		return
	}
	var tenants, stores, keys []int64
	var iris, texts []string
	first := make(map[int64]int, len(g.definitions)) // key → index
	for i, d := range g.definitions {
		if _, again := first[d.key]; again {
			continue
		}
		first[d.key] = i
		tenants, stores, keys = append(tenants, d.tenant), append(stores, d.store), append(keys, d.key)
		iris, texts = append(iris, d.iri), append(texts, string(d.json))
	}
	b.Queue(`
		insert into activities (tenant_id, store_id, key, iri, definition)
		select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[])
		on conflict (tenant_id, store_id, key) do nothing returning key`, tenants, stores, keys, iris, texts).
		Query(func(rows pgx.Rows) error {
			var key int64
			added := make(map[int]bool, len(first))
			if _, err := pgx.ForEachRow(rows, []any{&key}, func() error { added[first[key]] = true; return nil }); err != nil {
				return err
			}
			left := g.definitions[:0]
			for i, d := range g.definitions {
				if !added[i] {
					left = append(left, d)
				}
			}
			g.definitions = left
			return nil
		})
}

// mergeDefinitions merges what is left of g's definitions into what their
// stores know already.
func (g *group) mergeDefinitions(ctx context.Context, tx *postgres.IngestTx) error {
	if len(g.definitions) == 0 {
		return nil
	}
	var tenants, stores, keys []int64
	for _, d := range g.definitions {
		tenants, stores, keys = append(tenants, d.tenant), append(stores, d.store), append(keys, d.key)
	}
	rows, err := tx.Query(ctx, `
		select a.key, a.definition from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as d(tenant_id, store_id, key)
		cross join lateral (select * from activities a
		    where a.tenant_id = d.tenant_id and a.store_id = d.store_id and a.key = d.key offset 0) a`, // offset: one look-up each, never a join
		tenants, stores, keys)
	if err != nil {
		return err
	}
	known := make(map[int64][]byte, len(keys))
	var key int64
	var text []byte
	if _, err := pgx.ForEachRow(rows, []any{&key, &text}, func() error { known[key] = text; return nil }); err != nil {
		return err
	}
	changed := make(map[int64]definition)
	for _, d := range g.definitions {
		if merged := xapi.MergeDefinition(known[d.key], d.json); !bytes.Equal(merged, known[d.key]) {
			known[d.key] = merged
			changed[d.key] = d
		}
	}
	b := &pgx.Batch{}
	for key, d := range changed {
		b.Queue(`update activities set definition = $4 where tenant_id = $1 and store_id = $2 and key = $3`,
			d.tenant, d.store, key, string(known[key]))
	}
	return tx.SendBatch(ctx, b).Close()
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
