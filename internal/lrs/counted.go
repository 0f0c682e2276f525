package lrs

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/usage"
)

// A group counts its statements in the row that its lists wait in: a row of a
// store and day that each group would change costs a tenth of the group. The
// counter adds these up, every few seconds and before lists are merged, and
// moves the store's cursor with it: in one transaction, under the store's lock.
// So each statement counts once, and none is lost with a process: what one has
// not added is added with the next statement of the store, or by Resume.
type counter struct {
	db   *postgres.DB
	log  *slog.Logger
	stop context.CancelFunc
	done chan struct{}

	mu      sync.Mutex
	touched map[storeName]struct{}
}

const (
	countEvery  = 5 * time.Second
	countTime   = 30 * time.Second
	countStores = 50 // of one transaction: their lanes wait for it, and it for none
)

func newCounter(db *postgres.DB, log *slog.Logger) *counter {
	ctx, stop := context.WithCancel(context.Background())
	c := &counter{db: db, log: log, stop: stop, done: make(chan struct{}), touched: map[storeName]struct{}{}}
	go c.run(ctx)
	return c
}

// touch notes stores that have something to be added.
func (c *counter) touch(stores ...storeName) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range stores {
		c.touched[s] = struct{}{}
	}
}

func (c *counter) close() {
	c.stop()
	<-c.done
}

func (c *counter) run(ctx context.Context) {
	defer close(c.done)
	every := time.NewTicker(countEvery)
	defer every.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-every.C:
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), countTime)
		if err := c.add(ctx); err != nil {
			c.log.ErrorContext(ctx, "statements are not added to what was used; it is tried again", "error", err)
		}
		cancel()
	}
}

// add adds up what the stores touched have counted, those whose locks are free:
// who waited for one of them would hold all the others up, and they are of other
// tenants. The rest stays touched.
func (c *counter) add(ctx context.Context) error {
	return c.each(ctx, countStores, `select s from unnest($1::bigint[]) s where pg_try_advisory_xact_lock(s)`)
}

// AddUp adds up at once what this process has stored.
func (r *LRS) AddUp(ctx context.Context) error {
	return r.counter.each(ctx, 1, `select s from (select s, pg_advisory_xact_lock(s) from unnest($1::bigint[]) s) l`)
}

// each adds up what the stores touched have counted, so many in a transaction;
// lock takes the locks of $1 and tells which it has.
func (c *counter) each(ctx context.Context, most int, lock string) error {
	c.mu.Lock()
	all := slices.SortedFunc(maps.Keys(c.touched), func(a, b storeName) int { return int(a.store - b.store) })
	clear(c.touched)
	c.mu.Unlock()
	for len(all) > 0 {
		some := all[:min(most, len(all))]
		tenants, stores := make([]int64, len(some)), make([]int64, len(some))
		for i, s := range some {
			tenants[i], stores[i] = s.tenant, s.store
		}
		err := c.db.Ingest(ctx, tenants, func(tx *postgres.IngestTx) error {
			rows, err := tx.Query(ctx, lock, stores)
			if err != nil {
				return err
			}
			locked, err := pgx.CollectRows(rows, pgx.RowTo[int64])
			if err != nil {
				return err
			}
			var of, free []int64 // tenants and their stores
			for _, s := range some {
				if slices.Contains(locked, s.store) {
					of, free = append(of, s.tenant), append(free, s.store)
				} else {
					c.touch(s)
				}
			}
			if len(free) == 0 {
				return nil
			}
			_, err = tx.Exec(ctx, countSQL, of, free)
			return err
		})
		if err != nil {
			c.touch(all...)
			return err
		}
		all = all[len(some):]
	}
	return nil
}

// names are the stores of g.
func (g *group) names() []storeName {
	all := make([]storeName, len(g.stores))
	for i := range all {
		all[i] = storeName{g.tenants[i], g.stores[i]}
	}
	return all
}

// countSQL adds up what stores $2 of tenants $1, whose locks are held, have
// counted since their cursors.
const countSQL = `
with since as materialized (
    select s.tenant_id, s.store_id, coalesce(c.upto, '-infinity') as upto
    from unnest($1::bigint[], $2::bigint[]) as s(tenant_id, store_id) left join usage_cursors c using (tenant_id, store_id)),
fresh as materialized (
    select s.tenant_id, s.store_id, w.upto, w.counted, w.bytes
    from since s cross join lateral (
        select x.upto, x.counted, x.bytes from waiting_lists x where x.store_id = s.store_id and x.upto > s.upto and x.tenant_id = s.tenant_id) w),
added as (
    insert into usage_statements as counted (tenant_id, store_id, day, statements, bytes, last_at)
    select tenant_id, store_id, (upto at time zone 'UTC')::date, sum(counted), sum(bytes), max(upto)
    from fresh where counted > 0 group by 1, 2, 3` + usage.CountStatements + `)
insert into usage_cursors as c (tenant_id, store_id, upto)
select tenant_id, store_id, max(upto) from fresh group by tenant_id, store_id
on conflict (tenant_id, store_id) do update set upto = excluded.upto`

// uncountedSQL finds the stores of tenant $1 where something is to be added.
const uncountedSQL = `
select s.id from stores s
cross join lateral (select w.upto from waiting_lists w where w.store_id = s.id and w.tenant_id = s.tenant_id order by w.upto desc limit 1) w
left join usage_cursors c on c.tenant_id = s.tenant_id and c.store_id = s.id
where s.tenant_id = $1 and w.upto > coalesce(c.upto, '-infinity')`
