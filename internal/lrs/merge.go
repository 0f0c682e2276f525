package lrs

import (
	"cmp"
	"context"
	"math/bits"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/stoa-lrs/stoa/internal/postgres"
)

// The lists of a group wait in one row (table waiting_lists), which is one
// entry in one index however many keys there are. Whoever stores the
// statement that makes them many merges them, in the same transaction and under
// the same lock, into one list a key and more only where that would be long
// (table statement_rel). Docs: decision 0028.

const (
	// mergeFrom is how many statements' lists wait before they are merged: more
	// make longer and so fewer lists, and more to look through for each query.
	mergeFrom = 2048
	// listBytes is the most of a merged list, far below what an entry of an index may have.
	listBytes = 500
)

// waitingLists gathers, store by store, which of g's rows each key finds, and
// the offset of the store's last.
func (g *group) waitingLists() (upto []int32, lists [][]byte) {
	type entry struct {
		key    int64
		offset int64
	}
	var entries []entry
	var times []int64
	var list []byte
	for from := 0; from < len(g.rows); {
		entries = entries[:0]
		store, to := g.rows[from].store, from
		for ; to < len(g.rows) && g.rows[to].store == store; to++ {
			for _, key := range g.rows[to].postings {
				entries = append(entries, entry{key, int64(g.rows[to].offset)})
			}
		}
		slices.SortFunc(entries, func(a, b entry) int {
			if a.key != b.key {
				return cmp.Compare(a.key, b.key)
			}
			return cmp.Compare(a.offset, b.offset)
		})
		entries = slices.Compact(entries)
		last := g.rows[to-1].offset
		var all []byte
		for i := 0; i < len(entries); {
			key := entries[i].key
			for times = times[:0]; i < len(entries) && entries[i].key == key; i++ {
				times = append(times, entries[i].offset)
			}
			list = appendPosting(list[:0], int64(last), times)
			all = appendWaiting(all, key, list)
		}
		upto, lists = append(upto, int32(last)), append(lists, all)
		from = to
	}
	return upto, lists
}

// noteWaiting notes how many of a store's statements are in lists that wait.
func (g *group) noteWaiting(store, statements int64) {
	if statements >= int64(g.mergeFrom) && !slices.Contains(g.full, store) {
		g.full = append(g.full, store)
	}
}

// mergeLists merges what waits of those stores of g where it is much.
func (g *group) mergeLists(ctx context.Context, tx *postgres.IngestTx) error {
	if len(g.full) == 0 {
		return nil
	}
	of := make([]int64, len(g.full)) // tenants
	for i, store := range g.full {
		of[i] = g.tenants[slices.Index(g.stores, store)]
	}
	if _, err := tx.Exec(ctx, countSQL, of, g.full); err != nil { // it is deleted now
		return err
	}
	rows, err := tx.Query(ctx, `delete from waiting_lists where tenant_id = any ($1) and store_id = any ($2) returning tenant_id, store_id, upto, lists`,
		g.tenants, g.full)
	if err != nil {
		return err
	}
	type name struct{ tenant, store, key int64 }
	var (
		found   = map[name][]int64{}
		newest  = map[name]int64{} // of a store: key 0
		tenant  int64
		store   int64
		upto    time.Time
		waiting pgtype.DriverBytes
	)
	for rows.Next() {
		if err := rows.Scan(&tenant, &store, &upto, &waiting); err != nil {
			return err
		}
		at := upto.UnixMicro()
		newest[name{tenant, store, 0}] = max(newest[name{tenant, store, 0}], at)
		err := eachWaiting(waiting, func(key int64, list []byte) (err error) {
			n := name{tenant, store, key}
			found[n], err = decodePosting(found[n], at, list)
			return err
		})
		if err != nil {
			rows.Close()
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	var tenants, stores, keys []int64
	var uptos []time.Time
	var lists [][]byte
	for n, times := range found {
		slices.Sort(times)
		for len(times) > 0 {
			cut := cutList(times)
			last := times[cut-1]
			tenants, stores, keys = append(tenants, n.tenant), append(stores, n.store), append(keys, n.key)
			uptos, lists = append(uptos, microTime(last)), append(lists, appendPosting(nil, last, times[:cut]))
			times = times[cut:]
		}
	}
	_, err = tx.Exec(ctx, `
		insert into statement_rel (tenant_id, store_id, key, upto, list)
		select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::bytea[])`, tenants, stores, keys, uptos, lists)
	if err != nil {
		return err
	}
	tenants, stores, uptos = nil, nil, nil
	for n, at := range newest {
		tenants, stores, uptos = append(tenants, n.tenant), append(stores, n.store), append(uptos, microTime(at))
	}
	_, err = tx.Exec(ctx, `
		insert into waiting_lists (tenant_id, store_id, upto, statements, lists)
		select t, s, u, 0, '' from unnest($1::bigint[], $2::bigint[], $3::timestamptz[]) as n(t, s, u)`, tenants, stores, uptos)
	return err
}

// cutList returns how many of the first of ascending times go into one list.
func cutList(times []int64) int {
	bytes := 1
	for i := 1; i < len(times); i++ {
		bytes += uvarintLen(uint64(times[i] - times[i-1]))
		if bytes > listBytes {
			return i
		}
	}
	return len(times)
}

func uvarintLen(n uint64) int { return max(1, (bits.Len64(n)+6)/7) }
