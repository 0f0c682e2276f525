package lrs

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/maypok86/otter/v2"

	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// lexicographer keeps the lexicons of stores: beside the ingest, when somebody
// asks for one, in short transactions, first forward through what is new, then
// back through what is old. Of replicas one works on a store at a time.
type lexicographer struct {
	r       *LRS
	ctx     context.Context //nolint:containedctx // ends what follow began
	stop    context.CancelFunc
	running sync.WaitGroup
	slots   chan struct{}
	known   *otter.Cache[knownEntry, int]

	mu   sync.Mutex
	runs map[int64]*lexiconRun // by store
}

// lexiconRun is one store being followed.
type lexiconRun struct {
	done chan struct{} // closed: everything was looked through, or nothing can be done now
	at   time.Time     // when
}

// knownEntry names an entry that needs no more looks for a while.
type knownEntry struct {
	began time.Time // of the lexicon: emptied, the store has another
	key   int64
}

const (
	lexiconRuns    = 2                // at a time
	lexiconChunk   = 1000             // statements of a transaction
	lexiconLife    = 10 * time.Minute // of one run; the next goes on
	lexiconFresh   = time.Second      // after a run there is no other for so long
	lexiconStores  = 1000             // whose last run is remembered
	knownEntries   = 200_000
	knownFor       = 10 * time.Minute // then a new name is seen
	looksForAName  = 20               // statements that are looked at for one, of what has none
	lexiconTimeout = time.Minute      // of a transaction
)

func newLexicographer(r *LRS) *lexicographer {
	ctx, stop := context.WithCancel(context.Background())
	return &lexicographer{
		r: r, ctx: ctx, stop: stop, slots: make(chan struct{}, lexiconRuns), runs: map[int64]*lexiconRun{},
		known: otter.Must(&otter.Options[knownEntry, int]{
			MaximumSize: knownEntries, ExpiryCalculator: otter.ExpiryCreating[knownEntry, int](knownFor),
		}),
	}
}

func (l *lexicographer) close() {
	l.stop()
	l.running.Wait()
}

// follow brings the lexicon of a store up to date, and returns what is closed
// when it is. It does nothing where that was done a moment ago, or others are
// being followed: the next one who asks tries again.
func (l *lexicographer) follow(tenant, store int64) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	run := l.runs[store]
	if run != nil && (run.at.IsZero() || time.Since(run.at) < lexiconFresh) {
		return run.done
	}
	run = &lexiconRun{done: make(chan struct{})}
	select {
	case l.slots <- struct{}{}:
	default:
		close(run.done)
		return run.done
	}
	if len(l.runs) >= lexiconStores {
		for other, r := range l.runs {
			if !r.at.IsZero() {
				delete(l.runs, other)
			}
		}
	}
	l.runs[store] = run
	l.running.Go(func() {
		ctx, cancel := context.WithTimeout(l.ctx, lexiconLife)
		defer cancel()
		if err := l.run(ctx, postgres.NewScope(tenant, "lexicon"), store); err != nil && ctx.Err() == nil {
			l.r.log.Warn("the lexicon of a store was not brought up to date", slog.Int64("store", store), slog.Any("error", err))
		}
		<-l.slots
		l.mu.Lock()
		run.at = time.Now()
		l.mu.Unlock()
		close(run.done)
	})
	return run.done
}

func (l *lexicographer) run(ctx context.Context, scope postgres.Scope, store int64) error {
	for more := true; more; {
		var looked map[knownEntry]int
		err := func() error {
			ctx, cancel := context.WithTimeout(ctx, lexiconTimeout)
			defer cancel()
			return l.r.db.Tenant(ctx, scope, func(tx *postgres.Tx) (err error) {
				looked = map[knownEntry]int{}
				more, err = l.chunk(ctx, tx, Read{Scope: scope, Store: store, Version: xapi.V2}, looked)
				return err
			})
		}()
		if err != nil {
			return err
		}
		for e, looks := range looked { // only what is kept is known
			l.known.Set(e, looks)
		}
	}
	return nil
}

// reach is a row of lexicon_reach.
type reach struct {
	began, newest, oldest time.Time
	complete              bool
}

// chunk looks through the next statements, and reports whether there are more.
// In looked it says how often each entry was looked at.
func (l *lexicographer) chunk(ctx context.Context, tx *postgres.Tx, in Read, looked map[knownEntry]int) (more bool, err error) {
	var to time.Time
	var at reach
	var newest, oldest *time.Time
	b := &pgx.Batch{}
	b.Queue(`insert into lexicon_reach (tenant_id, store_id) values ($1, $2) on conflict do nothing`, tx.TenantID(), in.Store)
	queueConsistentThrough(b, in.Store, &to)
	busy := false
	b.Queue(`select began, newest, oldest, complete from lexicon_reach where tenant_id = $1 and store_id = $2 for update skip locked`,
		tx.TenantID(), in.Store).QueryRow(func(row pgx.Row) error {
		err := row.Scan(&at.began, &newest, &oldest, &at.complete)
		if busy = errors.Is(err, pgx.ErrNoRows); busy { // another replica does it
			return nil
		}
		return err
	})
	if err := tx.SendBatch(ctx, b).Close(); err != nil || busy {
		return false, err
	}
	if newest == nil {
		at.newest, at.oldest = to, to.Add(time.Microsecond)
	} else {
		at.newest, at.oldest = *newest, *oldest
	}
	n, err := l.look(ctx, tx, in, at, looked, true, `stored > $2 and stored <= $3 order by stored`, at.newest, to, func(last time.Time) { at.newest = last })
	if err != nil {
		return false, err
	}
	if n < lexiconChunk {
		at.newest = to
	}
	if n < lexiconChunk && !at.complete {
		n, err = l.look(ctx, tx, in, at, looked, false, `stored >= $2 and stored < $3 order by stored desc`, microTime(minMicro), at.oldest, func(last time.Time) { at.oldest = last })
		if err != nil {
			return false, err
		}
		at.complete = n < lexiconChunk
	}
	_, err = tx.Exec(ctx, `update lexicon_reach set newest = $3, oldest = $4, complete = $5 where tenant_id = $1 and store_id = $2`,
		tx.TenantID(), in.Store, at.newest, at.oldest, at.complete)
	return n == lexiconChunk, err
}

// look takes into the lexicon what the next statements of a range have, and
// returns how many there were. Newer ones replace a name, older ones only give
// one where there is none.
func (l *lexicographer) look(
	ctx context.Context, tx *postgres.Tx, in Read, at reach, looked map[knownEntry]int, newer bool, which string, from, to time.Time, passed func(last time.Time),
) (n int, err error) {
	rows, err := tx.Query(ctx, `select stored, coalesce(actor, 0), verb, coalesce(activity, 0) from statements where store_id = $1 and `+which+` limit $4`,
		in.Store, from, to, lexiconChunk)
	if err != nil {
		return 0, err
	}
	var ask []int64
	var f candidate
	var stored time.Time
	_, err = pgx.ForEachRow(rows, []any{&stored, &f.actor, &f.verb, &f.activity}, func() error {
		n++
		for _, key := range [...]int64{f.actor, f.verb, f.activity} {
			if key != 0 && l.looks(looked, knownEntry{at.began, key}) < looksForAName {
				ask = append(ask, stored.UnixMicro())
				break
			}
		}
		return nil
	})
	if err != nil || n == 0 {
		return n, err
	}
	passed(stored)
	found := lexiconFindings{newer: newer, entries: map[int64]LexiconEntry{}}
	for len(ask) > 0 {
		var some []loaded
		if some, ask, err = l.r.load(ctx, tx, in, ask); err != nil {
			return 0, err
		}
		for i := range some {
			s, err := xapi.TermsOf(some[i].text)
			if err != nil {
				return 0, err
			}
			entries, err := lexiconEntries(in.Store, &s, some[i].text)
			if err != nil {
				return 0, err
			}
			for _, e := range entries {
				found.take(e)
				this := knownEntry{at.began, e.key}
				if looked[this] = l.looks(looked, this) + 1; len(e.Names) > 0 {
					looked[this] = looksForAName
				}
			}
		}
	}
	return n, found.keep(ctx, tx, in.Store)
}

// looks is how often an entry was looked at lately.
func (l *lexicographer) looks(looked map[knownEntry]int, e knownEntry) int {
	if n, ok := looked[e]; ok {
		return n
	}
	n, _ := l.known.GetIfPresent(e)
	return n
}

// lexiconFindings are what a chunk has found, by key.
type lexiconFindings struct {
	newer   bool
	entries map[int64]LexiconEntry
}

// merge returns what is known of an entry with what another statement says of it.
func (f *lexiconFindings) merge(old, found LexiconEntry) LexiconEntry {
	same := bytes.Equal(old.Names, found.Names) && old.Type == found.Type
	switch {
	case old.Value != found.Value: // their keys are equal by chance
		return old
	case same:
		old.Open = old.Open || found.Open
	case len(old.Names) == 0 || f.newer && len(found.Names) > 0:
		return found
	}
	return old
}

func (f *lexiconFindings) take(e LexiconEntry) {
	if old, ok := f.entries[e.key]; ok {
		e = f.merge(old, e)
	}
	f.entries[e.key] = e
}

// keep writes what is new about f's entries.
func (f *lexiconFindings) keep(ctx context.Context, tx *postgres.Tx, store int64) error {
	var kinds []int16
	var keys []int64
	for key, e := range f.entries {
		kinds, keys = append(kinds, int16(e.kind)), append(keys, key)
	}
	rows, err := tx.Query(ctx, `
		select l.kind, l.key, l.value, l.names, l.type, l.open from unnest($3::smallint[], $4::bigint[]) as w(kind, key)
		cross join lateral (select * from lexicon l where l.tenant_id = $1 and l.store_id = $2 and l.kind = w.kind and l.key = w.key offset 0) l`,
		tx.TenantID(), store, kinds, keys)
	if err != nil {
		return err
	}
	known := map[int64]LexiconEntry{}
	var e LexiconEntry
	if _, err := pgx.ForEachRow(rows, []any{&e.kind, &e.key, &e.Value, &e.Names, &e.Type, &e.Open}, func() error {
		known[e.key] = e
		e.Names = nil // the next row must not write over it
		return nil
	}); err != nil {
		return err
	}
	b := &pgx.Batch{}
	for key, e := range f.entries {
		old, ok := known[key]
		var before []string
		if ok {
			if e = f.merge(old, e); e.Open == old.Open && bytes.Equal(e.Names, old.Names) && e.Type == old.Type {
				continue
			}
			before = old.starts()
		}
		b.Queue(`insert into lexicon (tenant_id, store_id, kind, key, value, names, type, open) values ($1, $2, $3, $4, $5, $6, $7, $8)
			on conflict (tenant_id, store_id, kind, key) do update set names = excluded.names, type = excluded.type, open = excluded.open`,
			tx.TenantID(), store, e.kind, key, e.Value, string(e.Names), e.Type, e.Open)
		after := e.starts()
		if gone := without(before, after); len(gone) > 0 {
			b.Queue(`delete from lexicon_words where tenant_id = $1 and store_id = $2 and kind = $3 and word = any($4) and key = $5`,
				tx.TenantID(), store, e.kind, gone, key)
		}
		if fresh := without(after, before); len(fresh) > 0 {
			b.Queue(`insert into lexicon_words (tenant_id, store_id, kind, word, key) select $1, $2, $3, w, $5 from unnest($4::text[]) w on conflict do nothing`,
				tx.TenantID(), store, e.kind, fresh, key)
		}
	}
	return tx.SendBatch(ctx, b).Close()
}

// without are those of a that are not in b.
func without(a, b []string) (left []string) {
	for _, text := range a {
		if !slices.Contains(b, text) {
			left = append(left, text)
		}
	}
	return left
}

// forgetLexicon deletes the lexicon of a store: the next who asks has it made anew.
func (r *LRS) forgetLexicon(ctx context.Context, scope postgres.Scope, store int64) error {
	for rows := int64(1); rows > 0; {
		err := r.db.Tenant(ctx, scope, func(tx *postgres.Tx) error {
			// The row says who works on it: first, so that nobody adds to what is deleted.
			if _, err := tx.Exec(ctx, `delete from lexicon_reach where tenant_id = $1 and store_id = $2`, tx.TenantID(), store); err != nil {
				return err
			}
			rows = 0
			for _, table := range []string{"lexicon_words", "lexicon"} {
				n, err := tx.Exec(ctx, `delete from `+table+` where ctid = any (array(
					select ctid from `+table+` where tenant_id = $1 and store_id = $2 limit $3))`, tx.TenantID(), store, emptyBatch)
				if err != nil {
					return err
				}
				rows += n
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
