package audit

import (
	"context"
	"hash/maphash"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/postgres"
)

// KeyRef is an API key, as the log names it.
type KeyRef struct {
	ID   string // user name, e.g. 3-h4k2m9q0
	Name string
}

// Uses counts what API keys are used for, and writes one event key.used per key
// and minute. Nothing of a request waits for the database, and what has been
// counted is lost when the process dies before the minute is written.
type Uses struct {
	db     *postgres.DB
	log    *slog.Logger
	seed   maphash.Seed
	shards [64]useShard
	size   atomic.Int64
	lost   atomic.Int64
	full   chan struct{}
	minute atomic.Int64 // since 1970; a ticker moves it, for asking the clock costs a fifth of Add
	stop   context.CancelFunc
	done   chan struct{}
}

type useShard struct {
	mu   sync.Mutex
	uses map[useKey]*use
	_    [64]byte // neighbours shall not share a cache line
}

type useKey struct {
	tenant int64
	key    string
	minute int64
}

// use is what one key did in one minute.
type use struct {
	name      string
	resources []resourceUse
	classes   [6]int64 // by the first digit of the status; 0: others
	addresses []netip.Addr
	more      int64 // requests from addresses beyond the first 20
}

// resourceUse counts one resource; a key uses few, so a list is quicker than a map.
type resourceUse struct {
	name                 string
	requests, statements int64
}

const (
	usesMax      = 100_000 // keys and minutes in memory; beyond it uses of further keys are only counted as lost
	usesFlush    = usesMax / 2
	addressesMax = 20
	resourcesMax = 30
)

// NewUses begins to count. Logger may be nil.
func NewUses(db *postgres.DB, log *slog.Logger) *Uses {
	if log == nil {
		log = slog.Default()
	}
	ctx, cancel := context.WithCancel(context.Background())
	u := &Uses{db: db, log: log, seed: maphash.MakeSeed(), full: make(chan struct{}, 1), stop: cancel, done: make(chan struct{})}
	for i := range u.shards {
		u.shards[i].uses = map[useKey]*use{}
	}
	u.minute.Store(time.Now().Unix() / 60)
	go u.run(ctx)
	return u
}

// Add counts one request of a key: on which resource (statements.write, state …),
// how many statements it wrote or was given, with which HTTP status, from where.
func (u *Uses) Add(tenant int64, key KeyRef, resource string, statements, status int, address netip.Addr) {
	shard := &u.shards[maphash.String(u.seed, key.ID)%uint64(len(u.shards))]
	k := useKey{tenant, key.ID, u.minute.Load()}
	shard.mu.Lock()
	defer shard.mu.Unlock()
	of := shard.uses[k]
	if of == nil {
		if of = u.room(); of == nil {
			return
		}
		of.name = key.Name
		shard.uses[k] = of
	}
	of.add(resource, int64(statements), status, address)
}

// room returns a new use, or nil where there are too many.
func (u *Uses) room() *use {
	n := u.size.Add(1)
	if n >= usesFlush {
		select {
		case u.full <- struct{}{}:
		default:
		}
	}
	if n > usesMax {
		u.size.Add(-1)
		u.lost.Add(1)
		return nil
	}
	return &use{}
}

func (of *use) add(resource string, statements int64, status int, address netip.Addr) {
	i := slices.IndexFunc(of.resources, func(r resourceUse) bool { return r.name == resource })
	if i < 0 {
		if len(of.resources) == resourcesMax {
			resource = "other"
			i = slices.IndexFunc(of.resources, func(r resourceUse) bool { return r.name == resource })
		}
		if i < 0 {
			of.resources = append(of.resources, resourceUse{name: resource})
			i = len(of.resources) - 1
		}
	}
	of.resources[i].requests++
	of.resources[i].statements += statements
	class := status / 100
	if class < 1 || class > 5 {
		class = 0
	}
	of.classes[class]++
	if !slices.Contains(of.addresses, address) {
		if len(of.addresses) < addressesMax {
			of.addresses = append(of.addresses, address)
		} else {
			of.more++
		}
	}
}

// Lost is how many requests were not counted for want of memory.
func (u *Uses) Lost() int64 { return u.lost.Load() }

// Close writes what has been counted and ends.
func (u *Uses) Close() {
	u.stop()
	<-u.done
}

func (u *Uses) run(ctx context.Context) {
	defer close(u.done)
	second := time.NewTicker(time.Second)
	defer second.Stop()
	written := u.minute.Load()
	for {
		select {
		case <-ctx.Done():
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
			defer cancel()
			u.flush(ctx, 1<<62)
			return
		case <-u.full:
			u.flush(ctx, 1<<62)
		case now := <-second.C:
			minute := now.Unix() / 60
			u.minute.Store(minute)
			if minute != written {
				written = minute
				u.flush(ctx, minute)
			}
		}
	}
}

// flush writes the minutes before the given one. What cannot be written is kept.
func (u *Uses) flush(ctx context.Context, before int64) {
	by := map[int64]map[useKey]*use{}
	for i := range u.shards {
		shard := &u.shards[i]
		shard.mu.Lock()
		for k, of := range shard.uses {
			if k.minute >= before {
				continue
			}
			if by[k.tenant] == nil {
				by[k.tenant] = map[useKey]*use{}
			}
			by[k.tenant][k] = of
			delete(shard.uses, k)
		}
		shard.mu.Unlock()
	}
	failed := 0
	var last error
	for tenant, uses := range by {
		if failed < 3 { // the others will not be luckier
			err := u.write(ctx, tenant, uses)
			if err == nil {
				u.size.Add(-int64(len(uses)))
				continue
			}
			failed, last = failed+1, err
		}
		u.keep(uses)
	}
	if failed > 0 {
		u.log.ErrorContext(ctx, "cannot write what keys were used for; it is kept", "error", last)
	}
}

// keep puts uses back that could not be written.
func (u *Uses) keep(uses map[useKey]*use) {
	for k, of := range uses {
		shard := &u.shards[maphash.String(u.seed, k.key)%uint64(len(u.shards))]
		shard.mu.Lock()
		if now := shard.uses[k]; now != nil { // used again in the same minute
			now.merge(of)
			u.size.Add(-1)
		} else {
			shard.uses[k] = of
		}
		shard.mu.Unlock()
	}
}

// merge adds what other counted to of.
func (of *use) merge(other *use) {
	for _, r := range other.resources {
		i := slices.IndexFunc(of.resources, func(have resourceUse) bool { return have.name == r.name })
		if i < 0 {
			of.resources = append(of.resources, r)
			continue
		}
		of.resources[i].requests += r.requests
		of.resources[i].statements += r.statements
	}
	for i := range of.classes {
		of.classes[i] += other.classes[i]
	}
	of.more += other.more
	for _, a := range other.addresses {
		if !slices.Contains(of.addresses, a) {
			if len(of.addresses) < addressesMax {
				of.addresses = append(of.addresses, a)
			} else {
				of.more++
			}
		}
	}
}

// write records the uses of one tenant in one transaction.
func (u *Uses) write(ctx context.Context, tenant int64, uses map[useKey]*use) error {
	return u.db.Tenant(ctx, postgres.NewScope(tenant, "audit"), func(tx *postgres.Tx) error {
		keys := slices.SortedFunc(maps.Keys(uses), func(a, b useKey) int { return compare(a.minute, b.minute) })
		for chunk := range slices.Chunk(keys, 500) {
			b := &pgx.Batch{}
			for _, k := range chunk {
				of := uses[k]
				values, err := row(tenant, Source{Actor: Actor{ByKey, "key:" + k.key, of.name}, Address: of.address()}, Event{
					Type: KeyUsed, Target: Target{"key", k.key, of.name}, Details: of.details(k.minute),
				})
				if err != nil {
					return err
				}
				b.Queue(insert, values...)
			}
			if err := tx.SendBatch(ctx, b).Close(); err != nil {
				return err
			}
		}
		return nil
	})
}

// address is the one that all requests came from, "" where there are several.
func (of *use) address() string {
	if len(of.addresses) == 1 && of.addresses[0].IsValid() {
		return of.addresses[0].String()
	}
	return ""
}

func (of *use) details(minute int64) map[string]any {
	resources := map[string]any{}
	for _, r := range of.resources {
		resources[r.name] = map[string]int64{"requests": r.requests, "statements": r.statements}
	}
	statuses := map[string]int64{}
	for i, n := range of.classes {
		if n > 0 {
			statuses[[...]string{"other", "1xx", "2xx", "3xx", "4xx", "5xx"}[i]] = n
		}
	}
	details := map[string]any{
		"minute": time.Unix(minute*60, 0).UTC().Format(time.RFC3339), "resources": resources, "statuses": statuses, "addresses": of.addresses,
	}
	if of.more > 0 {
		details["requests_from_further_addresses"] = of.more
	}
	return details
}
