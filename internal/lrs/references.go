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
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// A statement that refers to another is found by whatever finds that other,
// through any number of references (xAPI 1.0.3 Communication 2.1.4). This is
// settled when a statement is stored: it is entered in the posting lists of
// everything it leads to. Where the way ends at a statement that has not
// arrived, it waits in pending_refs and is entered when that one comes: with it,
// or, if many wait, after it by the settler (settle.go). So do those of a group
// that lead to more than it can enter itself.

// maxHops bounds the way through references.
const maxHops = 64

// waiting is a row of pending_refs.
type waiting struct {
	tenant, store int64
	target        uuid.UUID
	referrer      time.Time
	voids         bool
}

// Most stores have no statement that waits: then no id is looked up.
const waitingSQL = `
select p.tenant_id, p.store_id, p.target, p.referrer, p.voids
from unnest($1::bigint[], $2::bigint[], $3::uuid[]) as t(tenant_id, store_id, id)
cross join lateral (select * from pending_refs p
    where p.tenant_id = t.tenant_id and p.store_id = t.store_id and p.target = t.id offset 0) p -- offset: one look-up each, never a join
where (select exists (select from pending_refs p where p.tenant_id = any ($4) and p.store_id = any ($5)))
limit $6`

// queueWaiting asks which statements have waited for one of g's rows: no more
// than one beyond those that are entered at once.
func (g *group) queueWaiting(b *pgx.Batch) {
	tenants, stores, ids := make([]int64, len(g.rows)), make([]int64, len(g.rows)), make(column[pgtype.UUID], len(g.rows))
	for i := range g.rows {
		r := &g.rows[i]
		tenants[i], stores[i], ids[i] = r.tenant, r.store, pgtype.UUID{Bytes: r.id, Valid: true}
	}
	b.Queue(waitingSQL, tenants, stores, ids, g.tenants, g.stores, waitingAtOnce+1).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var w waiting
			if err := rows.Scan(&w.tenant, &w.store, &w.target, &w.referrer, &w.voids); err != nil {
				return err
			}
			g.waiting = append(g.waiting, w)
		}
		return rows.Err()
	})
}

// resolver follows references inside one transaction. Ways often share their
// ends (a thousand statements may refer each to the one before): what a
// statement leads to is read once. The stores' locks keep it true.
type resolver struct {
	dicts *dictionaries
	tx    *postgres.IngestTx
	known map[reference]*referred // nil: the store has none
	terms int                     // of all known
}

// termsKnown bounds what a resolver remembers.
const termsKnown = 100_000

type reference struct {
	tenant, store int64
	id            uuid.UUID
}

// resolveReferences enters g's referring statements, and those that waited for
// one of g's rows, in the posting lists of what they lead to, and voids. Where
// many have waited it leaves them to the settler (settle.go).
func (g *group) resolveReferences(ctx context.Context, tx *postgres.IngestTx) error {
	to := &resolver{dicts: g.dicts, tx: tx, known: map[reference]*referred{}}
	entries := 0
	for i := range g.rows {
		r := &g.rows[i]
		if r.target == uuid.Nil {
			continue
		}
		w, err := to.follow(ctx, reference{r.tenant, r.store, r.target})
		if err != nil {
			return err
		}
		if r.voids && w.voider {
			f := fault.New(fault.Invalid, "statement %s is a voiding statement and cannot be voided", r.target)
			f.Violations = []fault.Violation{{Statement: r.index, Path: "/object/id", Rule: "a voiding statement cannot be voided", Spec: "xAPI 1.0.3 Data 2.3.2"}}
			return refusals{{r.request, f}}
		}
		if entries += len(w.keys); entries > ownEntries && w.missing != w.from.id {
			if err := g.leave(ctx, tx, r, w); err != nil {
				return err
			}
			entries -= len(w.keys)
			continue
		}
		if err := to.enter(ctx, w, []time.Time{r.stored}, []bool{r.voids}); err != nil {
			return err
		}
	}
	if len(g.waiting) > waitingAtOnce {
		return g.leaveWaiting(ctx, tx)
	}
	entries = 0
	for left := g.waiting; len(left) > 0; {
		from := left[0]
		n := 1
		for n < len(left) && left[n].store == from.store && left[n].target == from.target {
			n++
		}
		w, err := to.follow(ctx, reference{from.tenant, from.store, from.target})
		if err != nil {
			return err
		}
		if entries += n * len(w.keys); entries > entriesAtOnce {
			return g.leaveWaiting(ctx, tx)
		}
		referrers, voids := make([]time.Time, n), make([]bool, n)
		for i := range n {
			referrers[i], voids[i] = left[i].referrer, left[i].voids
		}
		if err := to.arrived(ctx, w, referrers, voids); err != nil {
			return err
		}
		left = left[n:]
	}
	return nil
}

// trail is where references lead, from one statement on.
type trail struct {
	from    reference
	keys    []int64   // sorted: of everything on the way
	missing uuid.UUID // where it ends; nil: not at a statement that has not arrived
	voider  bool      // from voids
	stored  time.Time // of from, unless that is missing
}

// follow follows the references from p on.
func (to *resolver) follow(ctx context.Context, p reference) (trail, error) {
	w := trail{from: p}
	visited := make(map[uuid.UUID]bool)
	for id := p.id; id != uuid.Nil && !visited[id] && len(visited) < maxHops; {
		visited[id] = true
		s, err := to.load(ctx, reference{p.tenant, p.store, id})
		if err != nil {
			return w, err
		}
		if s == nil {
			w.missing = id
			break
		}
		if id == p.id {
			w.voider, w.stored = s.Voids, s.stored
		}
		w.keys = append(viaKeys(w.keys, p.store, &s.Statement), hashKey(p.store, kindRelatedAgent+kindVia, s.authority))
		id = s.Target
	}
	slices.Sort(w.keys)
	w.keys = slices.Compact(w.keys)
	return w, nil
}

const voidSQL = `update statements set voided = true where tenant_id = $1 and store_id = $2 and id = $3 and not voided`

// enter enters the statements stored at referrers in the posting lists of w,
// lets them wait at its end, and voids where it begins if one of them does that
// and it may be.
func (to *resolver) enter(ctx context.Context, w trail, referrers []time.Time, voids []bool) error {
	p := w.from
	if w.missing != uuid.Nil {
		_, err := to.tx.Exec(ctx, `
			insert into pending_refs (tenant_id, store_id, target, referrer, voids)
			select $1, $2, $3, r, v and $6 from unnest($4::timestamptz[], $5::bool[]) as w(r, v)
			on conflict do nothing`,
			p.tenant, p.store, w.missing, referrers, voids, w.missing == p.id)
		if err != nil {
			return err
		}
	}
	if slices.Contains(voids, true) && w.missing != p.id && !w.voider {
		if _, err := to.tx.Exec(ctx, voidSQL, p.tenant, p.store, p.id); err != nil {
			return err
		}
	}
	if len(w.keys) == 0 {
		return nil
	}
	_, err := to.tx.Exec(ctx, `
		insert into statement_rel (tenant_id, store_id, key, upto, list)
		select $1, $2, k, r, $5 from unnest($3::bigint[]) k cross join unnest($4::timestamptz[]) r
		on conflict (key, upto, tenant_id) do nothing`, // another way has led there already
		p.tenant, p.store, w.keys, referrers, appendPosting(nil, 0, []int64{0}))
	return err
}

// arrived enters statements that have waited for the one that w begins with.
func (to *resolver) arrived(ctx context.Context, w trail, referrers []time.Time, voids []bool) error {
	_, err := to.tx.Exec(ctx, `delete from pending_refs where tenant_id = $1 and store_id = $2 and target = $3 and referrer = any ($4)`,
		w.from.tenant, w.from.store, w.from.id, referrers)
	if err != nil {
		return err
	}
	return to.enter(ctx, w, referrers, voids)
}

// referred is a statement that another refers to.
type referred struct {
	xapi.Statement        // as xapi.TermsOf gives it
	authority      string // identity
	stored         time.Time
}

// load returns the statement at p, nil if the store has none.
func (to *resolver) load(ctx context.Context, p reference) (*referred, error) {
	if r, known := to.known[p]; known {
		return r, nil
	}
	r, err := to.read(ctx, p)
	if err != nil {
		return nil, err
	}
	if r != nil {
		if to.terms += len(r.Terms); to.terms > termsKnown {
			clear(to.known)
			to.terms = len(r.Terms)
		}
	}
	to.known[p] = r
	return r, nil
}

func (to *resolver) read(ctx context.Context, p reference) (*referred, error) {
	rows, err := to.tx.Query(ctx, `
		select s.stored, s.dict, s.payload, k.authority
		from statements s join keys k on k.tenant_id = s.tenant_id and k.id = s.key_id
		where s.tenant_id = $1 and s.store_id = $2 and s.id = $3`, p.tenant, p.store, p.id)
	if err != nil {
		return nil, err
	}
	var r referred
	var dict int16
	var payload, agent []byte
	found := false
	_, err = pgx.ForEachRow(rows, []any{&r.stored, &dict, &payload, &agent}, func() error { found = true; return nil })
	if err != nil || !found {
		return nil, err
	}
	d, err := to.dicts.get(ctx, to.tx, p.tenant, p.store, dict)
	if err != nil {
		return nil, err
	}
	text, err := d.decompress(payload)
	if err != nil {
		return nil, err
	}
	if r.Statement, err = xapi.TermsOf(text); err != nil {
		return nil, err
	}
	r.Definitions = nil // they would keep the text
	authority, err := xapi.ParseAgentParam(agent, xapi.V2)
	r.authority = authority.Identity
	return &r, err
}
