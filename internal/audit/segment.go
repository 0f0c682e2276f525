package audit

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// segmentMin is how many events a segment has at least: fewer are looked at one by one.
const segmentMin = 1024

// segment makes the oldest events that are sealed and in no segment searchable,
// if there are enough. It returns how many events are in segments now.
func (s *Sealer) segment(ctx context.Context, tenant int64) (total int64, err error) {
	err = s.onChain(ctx, tenant, func(c *chain) error {
		var upto, last int64
		var horizon time.Time
		err := c.tx.QueryRow(ctx, `select upto, total, horizon from audit_segments where tenant_id = $1 order by upto desc limit 1`, tenant).
			Scan(&upto, &total, &horizon)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		// What has expired is searched no more. Where all has, there is no segment to go on from.
		gone, err := expired(ctx, c.tx, tenant)
		if err != nil {
			return err
		}
		if gone > upto {
			upto = gone
			if err := c.tx.QueryRow(ctx, `select coalesce((select total from audit_seals where tenant_id = $1 and number = $2), 0)`, tenant, gone).Scan(&total); err != nil {
				return err
			}
		}
		rows, err := c.tx.Query(ctx, `select number, total, last, events from audit_seals
			where tenant_id = $1 and number > $2 and events <> '{}' order by number limit $3`, tenant, upto, segmentMin)
		if err != nil {
			return err
		}
		var ids []int64
		had := total
		for rows.Next() && len(ids) < segmentMin {
			var of []int64
			if err := rows.Scan(&upto, &total, &last, &of); err != nil {
				rows.Close()
				return err
			}
			ids = append(ids, of...)
		}
		rows.Close()
		if err := rows.Err(); err != nil {
			return err
		}
		if len(ids) < segmentMin {
			total = had
			return nil
		}
		lines, err := linesOf(ctx, c.tx, tenant, ids)
		if err != nil || len(lines) == 0 { // somebody has deleted them all
			return err
		}
		oldest, newest := span(lines)
		if newest.After(horizon) {
			horizon = newest
		}
		if _, err := c.tx.Exec(ctx, `insert into audit_segments (tenant_id, upto, total, last, oldest, newest, horizon) values ($1,$2,$3,$4,$5,$6,$7)`,
			tenant, upto, total, last, oldest, newest, horizon); err != nil {
			return err
		}
		words, lists := postings(lines)
		return c.list(ctx, upto, words, lists)
	})
	return total, err
}

// list writes the lists of a segment.
func (c *chain) list(ctx context.Context, segment int64, words []int64, lists [][]byte) error {
	const insert = `insert into audit_words (tenant_id, word, segment, events)
		select $1, w, $2, e from unnest($3::bigint[], $4::bytea[]) as new (w, e) on conflict do nothing`
	tag, err := c.tx.Exec(ctx, insert, c.tenant, segment, words, lists)
	if err != nil || tag.RowsAffected() == int64(len(words)) {
		return err
	}
	// Somebody has deleted the segment and left lists of it.
	if _, err := c.tx.Exec(ctx, `delete from audit_words where tenant_id = $1 and segment = $2 and word = any ($3)`, c.tenant, segment, words); err != nil {
		return err
	}
	_, err = c.tx.Exec(ctx, insert, c.tenant, segment, words, lists)
	return err
}

// postings returns the terms of lines, which ascend by id, and for each the ids of those that have it.
func postings(lines []Line) (words []int64, lists [][]byte) {
	ids := make(map[int64][]int64, 8*len(lines))
	var terms []int64
	for i := range lines {
		terms = lines[i].terms(terms[:0])
		for _, term := range terms {
			list := ids[term]
			if n := len(list); n == 0 || list[n-1] != lines[i].ID {
				ids[term] = append(list, lines[i].ID)
			}
		}
	}
	words = slices.Sorted(maps.Keys(ids))
	lists = make([][]byte, len(words))
	for i, word := range words {
		lists[i] = appendIDs(nil, ids[word])
	}
	return words, lists
}

// span returns the times of the earliest and the latest of lines, of which there is one at least.
func span(lines []Line) (oldest, newest time.Time) {
	oldest, newest = lines[0].At, lines[0].At
	for i := range lines {
		if at := lines[i].At; at.Before(oldest) {
			oldest = at
		} else if at.After(newest) {
			newest = at
		}
	}
	return oldest, newest
}
