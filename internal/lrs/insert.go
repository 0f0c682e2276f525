package lrs

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/usage"
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
	inserted int

	mergeFrom int       // statements whose lists wait
	full      []int64   // stores of which so many wait
	waiting   []waiting // statements that pointed at one of rows before it arrived

	definitions []definition // still to be merged
	unsettled   []storeName  // stores that it leaves to the settler
}

// placed is a row in its group.
type placed struct {
	*row
	request *pending
	index   int       // in its request
	offset  int       // µs after the base of its store in this transaction
	stored  time.Time // zero: not inserted, the store has its id already
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
	for i := range g.rows {
		r := &g.rows[i]
		if len(g.stores) == 0 || g.stores[len(g.stores)-1] != r.store {
			g.stores = append(g.stores, r.store)
			g.tenants = append(g.tenants, r.tenant)
			continue
		}
		r.offset = g.rows[i-1].offset + 1
	}
	return g
}

// run does everything but the commit. In the usual case, new statements
// without references, that is one round trip.
func (g *group) run(ctx context.Context, tx *postgres.IngestTx) error {
	b := &pgx.Batch{}
	b.Queue(`select pg_advisory_xact_lock(s) from unnest($1::bigint[]) s`, g.stores)
	g.queueInsert(b)
	g.queueWaiting(b)
	g.queueDefinitions(b)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return err
	}
	if g.inserted < len(g.rows) {
		if err := g.compareExisting(ctx, tx); err != nil {
			return err
		}
	}
	if err := g.resolveReferences(ctx, tx); err != nil {
		return err
	}
	if err := g.mergeDefinitions(ctx, tx); err != nil {
		return err
	}
	return g.mergeLists(ctx, tx)
}

// The insert is a statement of its own after the one that takes the locks, so
// that its snapshot sees what the last holder of each lock committed.
const baseSQL = `
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
    join base using (store_id)`

// newSQL inserts statements whose ids are all new; one that is taken fails the
// transaction. It costs a fifth less than carefulSQL, which leaves those out
// and says which it inserted.
// It counts them, too, at once; else they are counted where their lists wait (counted.go).
const (
	newSQL = baseSQL + `)
select store_id, waiting, at from base`
	carefulSQL = baseSQL + ` on conflict (tenant_id, store_id, id) do nothing
    returning tenant_id, store_id, id, stored, octet_length(payload) as bytes),
counted as (
    insert into usage_statements as counted (tenant_id, store_id, day, statements, bytes, last_at)
    select tenant_id, store_id, (min(stored) at time zone 'UTC')::date, count(*), sum(bytes), max(stored)
    from statement group by tenant_id, store_id` + usage.CountStatements + `)
select base.store_id, base.waiting, statement.id, statement.stored from base left join statement using (store_id)`
)

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
	args := []any{
		g.stores, statements, g.tenants, upto, lists,
		tenant, store, offset, id, hash, key, actor, verb, activity, registration, module, course,
		at, duration, scaled, success, completion, dict, payload,
	}
	if g.careful {
		none := make([]int64, len(g.stores))
		b.Queue(carefulSQL, append(args, none, none)...).Query(g.readInserted)
		return
	}
	b.Queue(newSQL, append(args, statements, bytes)...).Query(g.readBases)
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

// readBases notes the times of rows that are all new.
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
	g.inserted = len(g.rows)
	return nil
}

// readInserted notes which rows are new; the others' ids are taken.
func (g *group) readInserted(rows pgx.Rows) error {
	type name struct {
		store int64
		id    uuid.UUID
	}
	stored := make(map[name]time.Time, len(g.rows))
	for rows.Next() {
		var store, waiting int64
		var id pgtype.UUID
		var at pgtype.Timestamptz
		if err := rows.Scan(&store, &waiting, &id, &at); err != nil {
			return err
		}
		g.noteWaiting(store, waiting)
		if id.Valid {
			stored[name{store, id.Bytes}] = at.Time
		}
	}
	for i := range g.rows {
		g.rows[i].stored = stored[name{g.rows[i].store, g.rows[i].id}]
	}
	g.inserted = len(stored)
	return rows.Err()
}

// existing is a statement whose id one of a group's rows has.
type existing struct {
	row     *placed
	hash    []byte
	at      pgtype.Timestamptz
	dict    int16
	payload []byte
}

// compareExisting refuses the requests of which a statement's id is taken by a
// different one; the same statement again is fine.
func (g *group) compareExisting(ctx context.Context, tx *postgres.IngestTx) error {
	b := &pgx.Batch{}
	var all []*existing
	for i := range g.rows {
		r := &g.rows[i]
		if !r.stored.IsZero() {
			continue
		}
		e := &existing{row: r}
		all = append(all, e)
		b.Queue(`select hash, "timestamp", dict, payload from statements where tenant_id = $1 and store_id = $2 and id = $3`, r.tenant, r.store, r.id).
			QueryRow(func(row pgx.Row) error { return row.Scan(&e.hash, &e.at, &e.dict, &e.payload) })
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return err
	}
	var refused refusals
	faults := make(map[*pending]*fault.Error)
	for _, e := range all {
		if [16]byte(e.hash) == e.row.hash {
			continue
		}
		if e.at.Valid != e.row.timestamp.Valid { // the one there is may be the store's own
			same, err := g.sameUntimed(ctx, tx, e)
			if err != nil {
				return err
			}
			if same {
				continue
			}
		}
		f := faults[e.row.request]
		if f == nil {
			f = fault.New(fault.Conflict, "statement %s exists already and is different; nothing of this request was stored", e.row.id)
			faults[e.row.request] = f
			refused = append(refused, refusal{e.row.request, f})
		}
		f.Violations = append(f.Violations, fault.Violation{
			Statement: e.row.index, Path: "/id", Rule: "the id is taken by a different statement", Spec: "xAPI 1.0.3 Data 2.3.1",
		})
	}
	if len(refused) > 0 {
		return refused
	}
	return nil
}

// sameUntimed compares a row with a stored statement but for their timestamps.
func (g *group) sameUntimed(ctx context.Context, tx *postgres.IngestTx, e *existing) (bool, error) {
	d, err := g.dicts.get(ctx, tx, e.row.tenant, e.row.store, e.dict)
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
	if text, err = e.row.dict.decompress(e.row.payload); err != nil {
		return false, err
	}
	ours, err := xapi.UntimedHash(text)
	return ours == theirs, err
}
