package lrs

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// group is the work of one ingest transaction.
type group struct {
	requests []*pending
	dicts    *dictionaries
	tenants  []int64
	stores   []int64 // ascending: locks are always taken in this order
	rows     []placed
	careful  bool // some ids may be taken
	again    int  // rows left out: the store has their statements

	mergeFrom  int       // statements whose lists wait
	mergeBytes int       // of them, merged at once
	added      []int     // bytes of the lists that g adds, by store
	full       []int64   // stores of which so many wait
	waiting    []waiting // statements that pointed at one of rows before it arrived

	definitions []definition // still to be merged
	unsettled   []storeName  // stores that it leaves to the settler
}

// placed is a row in its group.
type placed struct {
	*row
	request *pending
	index   int       // in its request
	offset  int       // µs after the base of its store in this transaction
	stored  time.Time // set when it is inserted
}

func newGroup(requests []*pending, dicts *dictionaries, careful bool) *group {
	g := &group{requests: requests, dicts: dicts, careful: careful}
	for _, p := range requests {
		for i := range p.rows {
			g.rows = append(g.rows, placed{row: &p.rows[i], request: p, index: i})
		}
	}
	// One store after the other, in order of arrival within each.
	slices.SortStableFunc(g.rows, func(a, b placed) int { return int(a.store - b.store) })
	g.arrange()
	return g
}

// arrange notes the stores of g's rows, and gives each row its place in its store.
func (g *group) arrange() {
	g.stores, g.tenants = g.stores[:0], g.tenants[:0]
	for i := range g.rows {
		r := &g.rows[i]
		if len(g.stores) == 0 || g.stores[len(g.stores)-1] != r.store {
			g.stores = append(g.stores, r.store)
			g.tenants = append(g.tenants, r.tenant)
			r.offset = 0
			continue
		}
		r.offset = g.rows[i-1].offset + 1
	}
}

// run does everything but the commit. In the usual case, new statements
// without references, that is one round trip.
func (g *group) run(ctx context.Context, tx *postgres.IngestTx) error {
	b := &pgx.Batch{}
	b.Queue(`select pg_advisory_xact_lock(s) from unnest($1::bigint[]) s`, g.stores)
	if g.careful {
		if err := g.leaveOutExisting(ctx, tx, b); err != nil {
			return err
		}
		b = &pgx.Batch{}
	}
	if len(g.rows) > 0 {
		g.queueInsert(b)
		g.queueWaiting(b)
	}
	g.queueDefinitions(b)
	if b.Len() == 0 {
		return nil
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return err
	}
	if err := g.resolveReferences(ctx, tx); err != nil {
		return err
	}
	if err := g.mergeDefinitions(ctx, tx); err != nil {
		return err
	}
	return g.mergeLists(ctx, tx)
}

// insertSQL inserts statements whose ids are all new: one that is taken fails
// the transaction. It is a statement of its own after the one that takes the
// locks, so that its snapshot sees what the last holder of each lock committed.
const insertSQL = `
with base as materialized (
    select s.id as store_id, coalesce(w.statements, 0) + s.n as waiting, greatest(clock_timestamp(), w.upto + interval '1 microsecond',
        (select x.stored + interval '1 microsecond' from statements x where x.store_id = s.id order by x.stored desc limit 1)) as at
    from unnest($1::bigint[], $2::bigint[]) as s(id, n)
    left join lateral (select x.upto, x.statements from waiting_lists x where x.store_id = s.id order by x.upto desc limit 1) w on true),
waiting as (
    insert into waiting_lists (tenant_id, store_id, upto, statements, lists, counted, bytes)
    select w.tenant_id, w.store_id, base.at + w.upto * interval '1 microsecond', base.waiting, w.lists, w.counted, w.bytes
    from unnest($3::bigint[], $1::bigint[], $4::int[], $5::bytea[], $25::bigint[], $26::bigint[]) as w(tenant_id, store_id, upto, lists, counted, bytes)
    join base using (store_id)),
statement as (
    insert into statements (tenant_id, store_id, stored, id, hash, key_id, actor, verb, activity, registration, module, course,
        "timestamp", duration_ms, scaled, success, completion, dict, payload)
    select s.tenant_id, s.store_id, base.at + s.n * interval '1 microsecond', s.id, s.hash, s.key_id, s.actor, s.verb, s.activity,
        s.registration, s.module, s.course, s.at, s.duration_ms, s.scaled, s.success, s.completion, s.dict, s.payload
    from unnest($6::bigint[], $7::bigint[], $8::int[], $9::uuid[], $10::bytea[], $11::bigint[], $12::bigint[], $13::bigint[],
        $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[], $18::timestamptz[], $19::bigint[], $20::real[], $21::bool[],
        $22::bool[], $23::smallint[], $24::bytea[])
        as s(tenant_id, store_id, n, id, hash, key_id, actor, verb, activity, registration, module, course, at, duration_ms,
             scaled, success, completion, dict, payload)
    join base using (store_id))
select store_id, waiting, at from base`

func (g *group) queueInsert(b *pgx.Batch) {
	n := len(g.rows)
	big := func() column[pgtype.Int8] { return make(column[pgtype.Int8], n) }
	var (
		tenant, store, key, verb, actor, activity = big(), big(), big(), big(), big(), big()
		registration, module, course, duration    = big(), big(), big(), big()
		offset                                    = make(column[pgtype.Int4], n)
		dict                                      = make(column[pgtype.Int2], n)
		id                                        = make(column[pgtype.UUID], n)
		hash, payload                             = make([][]byte, n), make([][]byte, n)
		at                                        = make(column[pgtype.Timestamptz], n)
		scaled                                    = make(column[pgtype.Float4], n)
		success, completion                       = make(column[pgtype.Bool], n), make(column[pgtype.Bool], n)
	)
	for i := range g.rows {
		r := &g.rows[i]
		tenant[i], store[i], key[i], verb[i] = int8Of(r.tenant), int8Of(r.store), int8Of(r.key), int8Of(r.verb)
		actor[i], activity[i], registration[i], module[i], course[i] = r.actor, r.activity, r.registration, r.module, r.course
		offset[i], dict[i] = pgtype.Int4{Int32: int32(r.offset), Valid: true}, pgtype.Int2{Int16: r.dict.number, Valid: true}
		id[i] = pgtype.UUID{Bytes: r.id, Valid: true}
		hash[i], payload[i] = r.hash[:], r.payload
		at[i], duration[i], scaled[i], success[i], completion[i] = r.timestamp, r.duration, r.scaled, r.success, r.completion
	}
	statements, bytes := g.sizes()
	upto, lists := g.waitingLists()
	weights := slices.Clone(statements)
	g.added = make([]int, len(lists))
	for i := range lists {
		g.added[i] = len(lists[i])
		weights[i] = max(weights[i], int64(len(lists[i])/waitingBytes))
	}
	args := []any{
		g.stores, weights, g.tenants, upto, lists,
		tenant, store, offset, id, hash, key, actor, verb, activity, registration, module, course,
		at, duration, scaled, success, completion, dict, payload, statements, bytes,
	}
	b.Queue(insertSQL, args...).Query(g.readBases)
}

// sizes are how many rows each store gets, and the bytes of their payloads.
func (g *group) sizes() (statements, bytes []int64) {
	statements, bytes = make([]int64, len(g.stores)), make([]int64, len(g.stores))
	s := 0
	for i := range g.rows {
		if g.rows[i].store != g.stores[s] { // rows are in the order of stores
			s++
		}
		statements[s]++
		bytes[s] += int64(len(g.rows[i].payload))
	}
	return statements, bytes
}

// readBases notes the times of the rows.
func (g *group) readBases(rows pgx.Rows) error {
	bases := make(map[int64]time.Time, len(g.stores))
	var store, waiting int64
	var at time.Time
	_, err := pgx.ForEachRow(rows, []any{&store, &waiting, &at}, func() error {
		bases[store] = at
		g.noteWaiting(store, waiting)
		return nil
	})
	if err != nil {
		return err
	}
	for i := range g.rows {
		r := &g.rows[i]
		r.stored = bases[r.store].Add(time.Duration(r.offset) * time.Microsecond)
	}
	return nil
}

// existing is a statement whose id one of a group's rows has.
type existing struct {
	row     int
	hash    []byte
	timed   bool // it has a timestamp of its own
	dict    int16
	payload []byte // if its row is timed and it is not, or the other way round
}

const existingSQL = `
select r.n - 1, s.hash, s."timestamp" is not null, s.dict, case when r.timed <> (s."timestamp" is not null) then s.payload end
from unnest($1::bigint[], $2::bigint[], $3::uuid[], $4::bool[]) with ordinality as r(tenant_id, store_id, id, timed, n)
cross join lateral (select * from statements s
    where s.tenant_id = r.tenant_id and s.store_id = r.store_id and s.id = r.id offset 0) s -- offset: one look-up each, never a join
order by r.n`

// leaveOutExisting takes the locks, as b says, and takes the rows out of g whose
// statements are there already: they must leave nothing behind, however often
// they are sent. It refuses the requests of which an id is taken by another statement.
func (g *group) leaveOutExisting(ctx context.Context, tx *postgres.IngestTx, b *pgx.Batch) error {
	n := len(g.rows)
	tenants, stores, ids, timed := make([]int64, n), make([]int64, n), make(column[pgtype.UUID], n), make(column[pgtype.Bool], n)
	for i := range g.rows {
		r := &g.rows[i]
		tenants[i], stores[i] = r.tenant, r.store
		ids[i], timed[i] = pgtype.UUID{Bytes: r.id, Valid: true}, pgtype.Bool{Bool: r.timestamp.Valid, Valid: true}
	}
	var all []existing
	b.Queue(existingSQL, tenants, stores, ids, timed).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var e existing
			if err := rows.Scan(&e.row, &e.hash, &e.timed, &e.dict, &e.payload); err != nil {
				return err
			}
			all = append(all, e)
		}
		return rows.Err()
	})
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return err
	}
	if err := g.refuseDifferent(ctx, tx, all); err != nil {
		return err
	}
	for _, e := range slices.Backward(all) {
		g.rows = slices.Delete(g.rows, e.row, e.row+1)
	}
	g.again = len(all)
	g.arrange()
	return nil
}

// refuseDifferent refuses the requests of which a statement's id is taken by a
// different one.
func (g *group) refuseDifferent(ctx context.Context, tx *postgres.IngestTx, all []existing) error {
	var refused refusals
	faults := make(map[*pending]*fault.Error)
	for _, e := range all {
		r := &g.rows[e.row]
		if [16]byte(e.hash) == r.hash {
			continue
		}
		if e.timed != r.timestamp.Valid { // the one there is may be the store's own
			same, err := g.sameUntimed(ctx, tx, r, e)
			if err != nil {
				return err
			}
			if same {
				continue
			}
		}
		f := faults[r.request]
		if f == nil {
			f = fault.New(fault.Conflict, "statement %s exists already and is different; nothing of this request was stored", r.id)
			faults[r.request] = f
			refused = append(refused, refusal{r.request, f})
		}
		f.Violations = append(f.Violations, fault.Violation{
			Statement: r.index, Path: "/id", Rule: "the id is taken by a different statement", Spec: "xAPI 1.0.3 Data 2.3.1",
		})
	}
	if len(refused) > 0 {
		return refused
	}
	return nil
}

// sameUntimed compares a row with a stored statement but for their timestamps.
func (g *group) sameUntimed(ctx context.Context, tx *postgres.IngestTx, r *placed, e existing) (bool, error) {
	d, err := g.dicts.get(ctx, tx, r.tenant, r.store, e.dict)
	if err != nil {
		return false, err
	}
	text, err := d.decompress(e.payload)
	if err != nil {
		return false, err
	}
	theirs, err := xapi.UntimedHash(text)
	if err != nil {
		return false, err
	}
	if text, err = r.dict.decompress(r.payload); err != nil {
		return false, err
	}
	ours, err := xapi.UntimedHash(text)
	return ours == theirs, err
}
