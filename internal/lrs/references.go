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
// arrived, it waits in pending_refs and is entered when that one comes.

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
where (select exists (select from pending_refs p where p.tenant_id = any ($4) and p.store_id = any ($5)))`

// queueWaiting asks which statements have waited for one of g's rows.
func (g *group) queueWaiting(b *pgx.Batch) {
	tenants, stores, ids := make([]int64, len(g.rows)), make([]int64, len(g.rows)), make(column[pgtype.UUID], len(g.rows))
	for i := range g.rows {
		r := &g.rows[i]
		tenants[i], stores[i], ids[i] = r.tenant, r.store, pgtype.UUID{Bytes: r.id, Valid: true}
	}
	b.Queue(waitingSQL, tenants, stores, ids, g.tenants, g.stores).Query(func(rows pgx.Rows) error {
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
	group *group
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
// one of g's rows, in the posting lists of what they lead to, and voids.
func (g *group) resolveReferences(ctx context.Context, tx *postgres.IngestTx) error {
	to := &resolver{group: g, tx: tx, known: map[reference]*referred{}}
	for i := range g.rows {
		r := &g.rows[i]
		if r.target == uuid.Nil || r.stored.IsZero() {
			continue
		}
		w := waiting{r.tenant, r.store, r.target, r.stored, r.voids}
		isVoider, err := to.resolve(ctx, w)
		if err != nil {
			return err
		}
		if isVoider {
			f := fault.New(fault.Invalid, "statement %s is a voiding statement and cannot be voided", r.target)
			f.Violations = []fault.Violation{{Statement: r.index, Path: "/object/id", Rule: "a voiding statement cannot be voided", Spec: "xAPI 1.0.3 Data 2.3.2"}}
			return refusals{{r.request, f}}
		}
	}
	for _, w := range g.waiting {
		_, err := tx.Exec(ctx, `delete from pending_refs where tenant_id = $1 and store_id = $2 and target = $3 and referrer = $4`,
			w.tenant, w.store, w.target, w.referrer)
		if err != nil {
			return err
		}
		if _, err := to.resolve(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// resolve follows the references from w.target on and enters w.referrer. It
// reports whether w should void a statement that is itself a voider: then
// nothing is voided.
func (to *resolver) resolve(ctx context.Context, w waiting) (isVoider bool, err error) {
	var keys []int64
	visited := make(map[uuid.UUID]bool)
	for id := w.target; id != uuid.Nil && !visited[id] && len(visited) < maxHops; {
		visited[id] = true
		s, err := to.load(ctx, reference{w.tenant, w.store, id})
		if err != nil {
			return false, err
		}
		if s == nil {
			_, err := to.tx.Exec(ctx, `
				insert into pending_refs (tenant_id, store_id, target, referrer, voids) values ($1, $2, $3, $4, $5)
				on conflict do nothing`,
				w.tenant, w.store, id, w.referrer, w.voids && id == w.target)
			if err != nil {
				return false, err
			}
			break
		}
		if w.voids && id == w.target {
			if s.Voids {
				isVoider = true
			} else if _, err := to.tx.Exec(ctx, `update statements set voided = true where tenant_id = $1 and store_id = $2 and id = $3 and not voided`,
				w.tenant, w.store, id); err != nil {
				return false, err
			}
		}
		keys = append(viaKeys(keys, w.store, &s.Statement), hashKey(w.store, kindRelatedAgent, s.authority))
		id = s.Target
	}
	if len(keys) == 0 {
		return isVoider, nil
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	list, _ := appendPosting(nil, []int{0})
	_, err = to.tx.Exec(ctx, `
		insert into statement_rel (tenant_id, store_id, key, upto, list)
		select $1, $2, k, $4, $5 from unnest($3::bigint[]) k
		on conflict (key, upto, tenant_id) do nothing`, // the list that ends there holds this statement already
		w.tenant, w.store, keys, w.referrer, list)
	return isVoider, err
}

// referred is a statement that another refers to.
type referred struct {
	xapi.Statement        // as xapi.TermsOf gives it
	authority      string // identity
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
		select s.dict, s.payload, k.authority
		from statements s join keys k on k.tenant_id = s.tenant_id and k.id = s.key_id
		where s.tenant_id = $1 and s.store_id = $2 and s.id = $3`, p.tenant, p.store, p.id)
	if err != nil {
		return nil, err
	}
	var dict int16
	var payload, agent []byte
	found := false
	_, err = pgx.ForEachRow(rows, []any{&dict, &payload, &agent}, func() error { found = true; return nil })
	if err != nil || !found {
		return nil, err
	}
	d, err := to.group.dicts.get(ctx, to.tx, p.tenant, p.store, dict)
	if err != nil {
		return nil, err
	}
	text, err := d.decompress(payload)
	if err != nil {
		return nil, err
	}
	var r referred
	if r.Statement, err = xapi.TermsOf(text); err != nil {
		return nil, err
	}
	r.Definitions = nil // they would keep the text
	authority, err := xapi.ParseAgentParam(agent, xapi.V2)
	r.authority = authority.Identity
	return &r, err
}
