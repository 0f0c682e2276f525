package lrs

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/klauspost/compress/s2"
	"github.com/maypok86/otter/v2"

	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// loaded is a statement as it lies in the database.
type loaded struct {
	id        uuid.UUID
	stored    time.Time
	key       int64
	voided    bool
	dict      int16
	text      []byte
	authority authority
}

// authority is what a key's statements carry; it never changes.
type authority struct {
	json     []byte
	identity string
}

func (l *loaded) record(v xapi.Version) Record {
	e := xapi.Envelope{ID: l.id, Stored: l.stored, Authority: l.authority.json}
	const added = 160 // id, stored, timestamp and their names
	return Record{l.id, l.stored, e.Append(make([]byte, 0, len(l.text)+len(l.authority.json)+added), l.text, v)}
}

const loadColumns = `select stored, id, key_id, voided, dict, payload from statements `

// loadBytes is the most text that is held at a time, unless a single statement
// has more. A few hundred statements have a thousandth of it; a client may send
// such as fill a page with gigabytes.
const loadBytes = pageBytes

var errLarge = errors.New("more than loadBytes")

// load returns the statements with the given stored times that exist and are
// not voided, in the same order. When their texts are large it returns the
// first of them, and in rest the times that are left to be loaded.
func (r *LRS) load(ctx context.Context, tx *postgres.Tx, in Read, stored []int64) (all []loaded, rest []int64, err error) {
	for n := len(stored); ; n = (n + 1) / 2 {
		var rows pgx.Rows
		rows, err = tx.Query(ctx, loadColumns+`where store_id = $1 and stored = any($2) and not voided`, in.Store, microTimes(stored[:n]))
		if err != nil {
			return nil, nil, err
		}
		all, err = r.collect(ctx, tx, in.Store, rows)
		if errors.Is(err, errLarge) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		stored, rest = stored[:n], stored[n:]
		break
	}
	at := make(map[int64]int, len(stored))
	for i, s := range stored {
		at[s] = i
	}
	slices.SortFunc(all, func(a, b loaded) int { return at[a.stored.UnixMicro()] - at[b.stored.UnixMicro()] })
	return all, rest, nil
}

// loadID returns the statement with id, nil when the store has none.
func (r *LRS) loadID(ctx context.Context, tx *postgres.Tx, in Read, id uuid.UUID) (*loaded, error) {
	rows, err := tx.Query(ctx, loadColumns+`where tenant_id = $1 and store_id = $2 and id = $3`, tx.TenantID(), in.Store, id)
	if err != nil {
		return nil, err
	}
	all, err := r.collect(ctx, tx, in.Store, rows)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

// collect reads rows of loadColumns; errLarge for several with more than
// loadBytes together.
func (r *LRS) collect(ctx context.Context, tx *postgres.Tx, store int64, rows pgx.Rows) ([]loaded, error) {
	var all []loaded
	var l loaded
	bytes := 0
	_, err := pgx.ForEachRow(rows, []any{&l.stored, &l.id, &l.key, &l.voided, &l.dict, &l.text}, func() error {
		l.stored = l.stored.UTC()
		all = append(all, l)
		if bytes += textLength(l.text); bytes > loadBytes && len(all) > 1 {
			return errLarge
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].text, err = r.text(ctx, tx, store, all[i].dict, all[i].text); err != nil {
			return nil, err
		}
	}
	for i := range all {
		if all[i].authority, err = r.authors.get(ctx, tx, all[i].key); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// textLength returns how many bytes a payload is when it is decompressed; what
// is damaged is told later.
func textLength(payload []byte) int {
	n, _ := s2.DecodedLen(payload)
	return max(n, len(payload))
}

// text decompresses a payload.
func (r *LRS) text(ctx context.Context, tx *postgres.Tx, store int64, dict int16, payload []byte) ([]byte, error) {
	d, err := r.dicts.get(ctx, tx, tx.TenantID(), store, dict)
	if err != nil {
		return nil, err
	}
	return d.decompress(payload)
}

// authorCache holds the authorities of keys by (tenant, key).
type authorCache struct {
	cache *otter.Cache[[2]int64, authority]
}

func newAuthorCache() *authorCache {
	return &authorCache{otter.Must(&otter.Options[[2]int64, authority]{MaximumSize: 10_000})}
}

func (c *authorCache) get(ctx context.Context, tx *postgres.Tx, key int64) (authority, error) {
	name := [2]int64{tx.TenantID(), key}
	if a, ok := c.cache.GetIfPresent(name); ok {
		return a, nil
	}
	var a authority
	err := tx.QueryRow(ctx, `select authority from keys where tenant_id = $1 and id = $2`, name[0], key).Scan(&a.json)
	if err != nil {
		if errors.Is(err, pgx.ErrNoRows) {
			err = errors.New("lrs: a statement's key is missing") // not NotFound: it is a defect
		}
		return authority{}, err
	}
	agent, err := xapi.ParseAgentParam(a.json, xapi.V2)
	if err != nil {
		return authority{}, err
	}
	a.identity = agent.Identity
	c.cache.Set(name, a)
	return a, nil
}

func microTimes(micros []int64) []time.Time {
	times := make([]time.Time, len(micros))
	for i, m := range micros {
		times[i] = time.UnixMicro(m)
	}
	return times
}
