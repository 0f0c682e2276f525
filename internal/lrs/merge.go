package lrs

import (
	"bytes"
	"cmp"
	"context"
	"math/bits"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/stoa-lrs/stoa/internal/postgres"
)

// The lists of a group wait in one row (table waiting_lists), which is one
// entry in one index however many keys there are. Whoever stores the
// statement that makes them many merges them, in the same transaction and under
// the same lock, into one list a key and more only where that would be long
// (table statement_rel), piece by piece where there is very much. Docs: decision 0028.

const (
	// mergeFrom is how many statements' lists wait before they are merged: more
	// make longer and so fewer lists, and more to look through for each query.
	// Where they are long, so many bytes count as a statement.
	mergeFrom    = 2048
	waitingBytes = 256
	// mergeBytes is how much of it one transaction merges, some 50,000 lists;
	// one that adds more than that merges more, up to mergeTimes as much.
	mergeBytes = 512 << 10
	mergeTimes = 4
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
	for i, store := range g.full {
		added := g.added[slices.Index(g.stores, store)]
		most := min(max(g.mergeBytes, 2*added), mergeTimes*g.mergeBytes)
		if err := g.mergeStore(ctx, tx, of[i], store, most); err != nil {
			return err
		}
	}
	return nil
}

const takeSQL = `
with sized as (
    select upto, sum(octet_length(lists)) over (order by upto) - octet_length(lists) as before
    from waiting_lists where tenant_id = $1 and store_id = $2)
delete from waiting_lists w using sized
where w.tenant_id = $1 and w.store_id = $2 and w.upto = sized.upto and sized.before < $3
returning w.upto, w.statements, w.lists, sized.before`

// mergeStore merges the oldest of what waits of a store, so many bytes at most:
// a transaction must end in time whatever has been sent. What is left
// goes with the next groups, as the newest row goes on to say how much waits.
func (g *group) mergeStore(ctx context.Context, tx *postgres.IngestTx, tenant, store int64, most int) error {
	rows, err := tx.Query(ctx, takeSQL, tenant, store, most)
	if err != nil {
		return err
	}
	var (
		found      = map[int64][]int64{} // by key
		upto       time.Time
		statements int32
		waiting    pgtype.DriverBytes
		before     int64
		newest     time.Time
		cut        time.Time // of the row of which a rest is left
		cutCount   int32
		rest       []byte
	)
	_, err = pgx.ForEachRow(rows, []any{&upto, &statements, &waiting, &before}, func() error {
		if upto.After(newest) {
			newest = upto
		}
		left, err := someWaiting(waiting, most-int(before), func(key int64, list []byte) (err error) {
			found[key], err = decodePosting(found[key], upto.UnixMicro(), list)
			return err
		})
		if len(left) > 0 {
			cut, cutCount, rest = upto, statements, bytes.Clone(left)
		}
		return err
	})
	if err != nil {
		return err
	}
	var keys []int64
	var uptos []time.Time
	var lists [][]byte
	for key, times := range found {
		slices.Sort(times)
		for len(times) > 0 {
			n := cutList(times)
			last := times[n-1]
			keys, uptos, lists = append(keys, key), append(uptos, microTime(last)), append(lists, appendPosting(nil, last, times[:n]))
			times = times[n:]
		}
	}
	b := &pgx.Batch{}
	b.Queue(`
		insert into statement_rel (tenant_id, store_id, key, upto, list)
		select $1::bigint, $2::bigint, m.* from unnest($3::bigint[], $4::timestamptz[], $5::bytea[]) m`, tenant, store, keys, uptos, lists)
	if len(rest) > 0 {
		b.Queue(`insert into waiting_lists (tenant_id, store_id, upto, statements, lists) values ($1, $2, $3, $4, $5)`, tenant, store, cut, cutCount, rest)
	} else {
		b.Queue(`
			insert into waiting_lists (tenant_id, store_id, upto, statements, lists) select $1::bigint, $2::bigint, $3::timestamptz, 0, ''
			where not exists (select from waiting_lists where tenant_id = $1 and store_id = $2)`, tenant, store, newest)
	}
	return tx.SendBatch(ctx, b).Close()
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
