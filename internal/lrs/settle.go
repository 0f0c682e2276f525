package lrs

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/stoa-lrs/stoa/internal/postgres"
)

// Where many statements have waited for one that arrives, its transaction only
// marks that: a row of pending_refs with no target, whose referrer is the stored
// time of the one that arrived. The settler enters what has waited, batch by
// batch, and then takes the mark away. Marks outlive a crash: another replica
// goes on, or the next process when it starts (Resume). A query that filters
// waits for the settler for a while, and else says how far it can be relied on
// (unsettledSQL).

const (
	waitingAtOnce  = 128     // most statements that are entered with the one that they have waited for
	entriesAtOnce  = 4096    // most entries in posting lists of one transaction for them, unless one alone has more
	ownEntries     = 1 << 15 // most entries of a group for those of its own statements that refer to others
	settleBatch    = 256     // most statements of one transaction of the settler
	settleRetry    = time.Second
	settlePatience = 2 * time.Second // of a query
)

const (
	markSQL = `
insert into pending_refs (tenant_id, store_id, target, referrer, voids)
select t.tenant_id, t.store_id, $5, t.stored, false
from unnest($1::bigint[], $2::bigint[], $3::uuid[], $4::timestamptz[]) as t(tenant_id, store_id, id, stored)
cross join lateral (select from pending_refs p
    where p.tenant_id = t.tenant_id and p.store_id = t.store_id and p.target = t.id limit 1) p
on conflict do nothing`
	// A statement must not be seen that is voided: this does not wait.
	markVoidedSQL = `
update statements s set voided = true
from unnest($1::bigint[], $2::bigint[], $3::uuid[]) as t(tenant_id, store_id, id)
cross join lateral (select from pending_refs p
    where p.tenant_id = t.tenant_id and p.store_id = t.store_id and p.target = t.id and p.voids limit 1) p
where s.tenant_id = t.tenant_id and s.store_id = t.store_id and s.id = t.id`
)

// leaveWaiting leaves what waits for g's new rows to the settler.
func (g *group) leaveWaiting(ctx context.Context, tx *postgres.IngestTx) error {
	var all, voidable struct {
		tenants, stores []int64
		ids             []uuid.UUID
		stored          []time.Time
	}
	for i := range g.rows {
		r := &g.rows[i]
		all.tenants, all.stores = append(all.tenants, r.tenant), append(all.stores, r.store)
		all.ids, all.stored = append(all.ids, r.id), append(all.stored, r.stored)
		if !r.voids {
			voidable.tenants, voidable.stores, voidable.ids = append(voidable.tenants, r.tenant), append(voidable.stores, r.store), append(voidable.ids, r.id)
		}
	}
	for i := range g.stores {
		g.unsettled = append(g.unsettled, storeName{g.tenants[i], g.stores[i]})
	}
	b := &pgx.Batch{}
	b.Queue(markSQL, all.tenants, all.stores, uuids(all.ids), all.stored, pgtype.UUID{Valid: true})
	b.Queue(markVoidedSQL, voidable.tenants, voidable.stores, uuids(voidable.ids))
	return tx.SendBatch(ctx, b).Close()
}

// leave leaves r, which refers to a statement that is there, to the settler.
func (g *group) leave(ctx context.Context, tx *postgres.IngestTx, r *placed, w trail) error {
	b := &pgx.Batch{}
	b.Queue(`
		insert into pending_refs (tenant_id, store_id, target, referrer, voids)
		values ($1, $2, $3, $4, $5), ($1, $2, $6, $7, false) on conflict do nothing`,
		r.tenant, r.store, w.from.id, r.stored, r.voids, pgtype.UUID{Valid: true}, w.stored)
	if r.voids {
		b.Queue(voidSQL, r.tenant, r.store, w.from.id)
	}
	g.unsettled = append(g.unsettled, storeName{r.tenant, r.store})
	return tx.SendBatch(ctx, b).Close()
}

func uuids(ids []uuid.UUID) column[pgtype.UUID] {
	out := make(column[pgtype.UUID], len(ids))
	for i, id := range ids {
		out[i] = pgtype.UUID{Bytes: id, Valid: true}
	}
	return out
}

// unsettledSQL tells the earliest statement that a posting list may still lack,
// null: none.
const unsettledSQL = `
select min(first.referrer)
from pending_refs mark
cross join lateral (select id from statements s
    where s.store_id = $2 and s.stored = mark.referrer and s.tenant_id = $1 offset 0) arrived
cross join lateral (select p.referrer from pending_refs p
    where p.tenant_id = $1 and p.store_id = $2 and p.target = arrived.id order by p.referrer limit 1) first
where mark.tenant_id = $1 and mark.store_id = $2 and mark.target = '00000000-0000-0000-0000-000000000000'`

// queueUnsettled asks for it; at stays zero when there is none.
func queueUnsettled(b *pgx.Batch, in Read, at *time.Time) {
	b.Queue(unsettledSQL, in.Scope.Tenant(), in.Store).QueryRow(func(row pgx.Row) error {
		var first *time.Time
		if err := row.Scan(&first); err != nil || first == nil {
			return err
		}
		*at = *first
		return nil
	})
}

// storeName is a store of a tenant.
type storeName struct{ tenant, store int64 }

// settling is the work at one store.
type settling struct {
	done  chan struct{} // closed when there are no more marks
	again bool          // there may be new ones
}

// settler works off the marks of stores, one transaction after the other, in turn.
type settler struct {
	db      *postgres.DB
	dicts   *dictionaries
	log     *slog.Logger
	stop    context.CancelFunc
	stopped chan struct{}
	wakened chan struct{} // something is in queue

	mu    sync.Mutex
	queue []storeName
	waits map[storeName]*settling // of those in queue, and of the one under way
}

func newSettler(db *postgres.DB, dicts *dictionaries, log *slog.Logger) *settler {
	ctx, stop := context.WithCancel(context.Background())
	s := &settler{
		db: db, dicts: dicts, log: log, stop: stop, stopped: make(chan struct{}),
		wakened: make(chan struct{}, 1), waits: make(map[storeName]*settling),
	}
	go s.run(ctx)
	return s
}

// close ends the settler. Marks that are left are found again.
func (s *settler) close() {
	s.stop()
	<-s.stopped
}

// wake has p's marks worked off. The channel is closed when there are none left.
func (s *settler) wake(p storeName) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.waits[p]
	if w == nil {
		w = &settling{done: make(chan struct{})}
		s.waits[p] = w
		s.queue = append(s.queue, p)
		select {
		case s.wakened <- struct{}{}:
		default:
		}
	}
	w.again = true
	return w.done
}

func (s *settler) run(ctx context.Context) {
	defer close(s.stopped)
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wakened:
		}
		for p, ok := s.next(); ok && ctx.Err() == nil; p, ok = s.next() {
			more, err := s.settle(ctx, p)
			if err != nil && ctx.Err() == nil {
				s.log.Warn("references wait to be settled; it is tried again", "tenant", p.tenant, "store", p.store, "error", err)
				wait := time.NewTimer(settleRetry)
				select {
				case <-ctx.Done():
				case <-wait.C:
				}
				wait.Stop()
			}
			s.after(p, more || err != nil)
		}
	}
}

func (s *settler) next() (p storeName, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		return storeName{}, false
	}
	p, s.queue = s.queue[0], s.queue[1:]
	s.waits[p].again = false
	return p, true
}

func (s *settler) after(p storeName, more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if more || s.waits[p].again {
		s.queue = append(s.queue, p)
		return
	}
	close(s.waits[p].done)
	delete(s.waits, p)
}

// settle works some of one of p's marks off and reports whether to go on.
func (s *settler) settle(ctx context.Context, p storeName) (more bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, groupTimeout)
	defer cancel()
	err = s.db.Ingest(ctx, []int64{p.tenant}, func(tx *postgres.IngestTx) error {
		var mark time.Time
		var arrived *uuid.UUID
		b := &pgx.Batch{}
		b.Queue(`select pg_advisory_xact_lock($1)`, p.store)
		b.Queue(`
			select m.referrer, s.id from pending_refs m
			left join lateral (select id from statements s
			    where s.store_id = $2 and s.stored = m.referrer and s.tenant_id = $1 offset 0) s on true
			where m.tenant_id = $1 and m.store_id = $2 and m.target = $3
			order by m.referrer limit 1`, p.tenant, p.store, uuid.Nil).Query(func(rows pgx.Rows) error {
			_, err := pgx.ForEachRow(rows, []any{&mark, &arrived}, func() error { more = true; return nil })
			return err
		})
		if err := tx.SendBatch(ctx, b).Close(); err != nil || !more {
			return err
		}
		if arrived != nil { // else it was erased meanwhile
			left, err := s.enter(ctx, tx, reference{p.tenant, p.store, *arrived})
			if err != nil || left {
				return err
			}
		}
		_, err := tx.Exec(ctx, `delete from pending_refs where tenant_id = $1 and store_id = $2 and target = $3 and referrer = $4`,
			p.tenant, p.store, uuid.Nil, mark)
		return err
	})
	return more, err
}

// enter enters some of what has waited for from and reports whether there may be more.
func (s *settler) enter(ctx context.Context, tx *postgres.IngestTx, from reference) (left bool, err error) {
	to := &resolver{dicts: s.dicts, tx: tx, known: map[reference]*referred{}}
	w, err := to.follow(ctx, from)
	if err != nil {
		return false, err
	}
	n := max(1, min(settleBatch, entriesAtOnce/max(len(w.keys), 1)))
	rows, err := tx.Query(ctx, `
		select referrer, voids from pending_refs where tenant_id = $1 and store_id = $2 and target = $3 order by referrer limit $4`,
		from.tenant, from.store, from.id, n)
	if err != nil {
		return false, err
	}
	var referrers []time.Time
	var voids []bool
	var referrer time.Time
	var isVoider bool
	_, err = pgx.ForEachRow(rows, []any{&referrer, &isVoider}, func() error {
		referrers, voids = append(referrers, referrer), append(voids, isVoider)
		return nil
	})
	if err != nil || len(referrers) == 0 {
		return false, err
	}
	return len(referrers) == n, to.arrived(ctx, w, referrers, voids)
}

// settled waits until the store has no marks, as long as a query has patience.
func (r *LRS) settled(ctx context.Context, in Read) {
	wait := time.NewTimer(settlePatience)
	defer wait.Stop()
	select {
	case <-r.settler.wake(storeName{in.Scope.Tenant(), in.Store}):
	case <-wait.C:
	case <-ctx.Done():
	}
}

// resumeSQL steps from one of a tenant's stores to the next. Where there are
// marks, one is the store's first row: their target is the smallest.
const resumeSQL = `
with recursive first(store_id, target) as (
    (select store_id, target from pending_refs where tenant_id = $1 order by store_id, target limit 1)
    union all
    select next.store_id, next.target from first cross join lateral (
        select p.store_id, p.target from pending_refs p where p.tenant_id = $1 and p.store_id > first.store_id
        order by p.store_id, p.target limit 1) next)
select store_id from first where target = '00000000-0000-0000-0000-000000000000'`

// Resume goes on with what other processes, that are gone, have left unsettled or not added up
// in tx's tenant. It does not wait for that, and does no harm where they are not gone.
func (r *LRS) Resume(tx *postgres.Tx) error {
	rows, err := tx.Query(tx.Context(), resumeSQL, tx.TenantID())
	if err != nil {
		return err
	}
	var store int64
	_, err = pgx.ForEachRow(rows, []any{&store}, func() error {
		r.settler.wake(storeName{tx.TenantID(), store})
		return nil
	})
	if err != nil {
		return err
	}
	if rows, err = tx.Query(tx.Context(), uncountedSQL, tx.TenantID()); err != nil {
		return err
	}
	_, err = pgx.ForEachRow(rows, []any{&store}, func() error {
		r.counter.touch(storeName{tx.TenantID(), store})
		return nil
	})
	return err
}
