package lrs

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// The committer joins requests into group commits. Each lane takes whatever
// queued while its last commit was under way: no timer, so that an idle store
// answers at once and a busy one shares the cost of a commit among many. A
// store is in one lane at a time (room.go). A group that is committed is answered when it is durable; its lane goes on
// meanwhile (docs/decisions/0005-commit-then-flush.md).
type committer struct {
	db          *postgres.DB
	definitions *definitionCache
	dicts       *dictionaries
	settler     *settler
	counter     *counter
	counters    counters
	room        *room
	most        int             // statements of a group
	mergeFrom   int             // statements of a store whose lists wait
	mergeBytes  int             // of them, merged at once
	committed   chan []*pending // groups that are not durable yet
	flushing    sync.WaitGroup
	closeFlush  sync.Once
	running     sync.WaitGroup
}

const (
	groupStatements = 512     // most statements of one transaction
	groupBytes      = 8 << 20 // most payload of one transaction, beyond its first request
	groupTimeout    = time.Minute
	roomPlaces      = 512 // requests waiting for a lane; more wait for a place
	flushQueue      = 64  // groups waiting to be durable; then the lanes wait
	groupAttempts   = 4   // at a group whose transaction the database asks to run again
)

// pending is a request on its way through a lane.
type pending struct {
	ctx         context.Context
	rows        []row
	bytes       int
	definitions []definition
	done        chan error // buffered: a requester that has gone is no obstacle
}

// store is where all of p's rows go.
func (p *pending) store() int64 { return p.rows[0].store }

func newCommitter(db *postgres.DB, definitions *definitionCache, dicts *dictionaries, settler *settler, counter *counter, lanes, most, mergeFrom int) *committer {
	c := &committer{
		db: db, definitions: definitions, dicts: dicts, settler: settler, counter: counter, most: most, mergeFrom: mergeFrom, mergeBytes: mergeBytes,
		room: newRoom(roomPlaces), committed: make(chan []*pending, flushQueue),
	}
	for range lanes {
		l := &lane{committer: c}
		c.running.Go(l.run)
	}
	c.flushing.Go(c.flush)
	return c
}

// close refuses new requests and returns when those queued are answered.
func (c *committer) close() {
	c.room.close()
	c.running.Wait()
	c.closeFlush.Do(func() { close(c.committed) })
	c.flushing.Wait()
}

// flush makes groups durable and answers their requests, as many at a time as
// were committed meanwhile.
func (c *committer) flush() {
	for group := range c.committed {
		groups := [][]*pending{group}
	more:
		for {
			select {
			case g, open := <-c.committed:
				if !open {
					break more
				}
				groups = append(groups, g)
			default:
				break more
			}
		}
		ctx, cancel := context.WithTimeout(context.Background(), groupTimeout)
		err := c.db.Flush(ctx)
		cancel()
		for _, g := range groups {
			for _, p := range g {
				if err == nil { // else a crash may have taken them back
					c.definitions.remember(p.definitions)
				}
				p.done <- err
			}
		}
	}
}

// lane commits one group after the other.
type lane struct {
	*committer
	careful int // groups for which ids that are taken are to be expected
}

// carefulFor is for how many groups more a lane stays careful after it has met
// an id that was taken: they come in series, when a client sends again.
const carefulFor = 16

func (c *lane) run() {
	for {
		group := c.room.take(c.most)
		if group == nil {
			return
		}
		taken := slices.Clone(group) // commit reuses group
		c.commit(group)
		c.room.leave(taken)
	}
}

// refusal says that one request of a group cannot be stored; its neighbours can.
type refusal struct {
	request *pending
	cause   error
}

// refusals are why a group has to be committed without some of its requests.
type refusals []refusal

func (r refusals) Error() string { return r[0].cause.Error() }

// commit answers every request of group. A request that is refused, or whose
// data the database does not take, does not hold its neighbours up.
func (c *lane) commit(group []*pending) {
	group = slices.DeleteFunc(group, func(p *pending) bool {
		if p.ctx.Err() == nil {
			return false
		}
		p.done <- p.ctx.Err()
		return true
	})
	group, later := separate(group)
	for attempt := 1; len(group) > 0; attempt++ {
		err := c.transact(group, c.careful > 0)
		if err == nil {
			c.careful = max(0, c.careful-1)
			c.counters.groups.Add(1)
			c.committed <- group
			break
		}
		if c.careful == 0 && fault.Is(err, fault.Conflict) {
			c.careful = carefulFor
			continue
		}
		if refused, ok := errors.AsType[refusals](err); ok {
			c.careful = carefulFor
			for _, r := range refused {
				c.counters.refused.Add(1)
				r.request.done <- r.cause
				group = slices.DeleteFunc(group, func(p *pending) bool { return p == r.request })
			}
			attempt--
			continue
		}
		if postgres.IsRetryable(err) && attempt < groupAttempts {
			c.counters.retries.Add(1)
			continue
		}
		if len(group) == 1 || fault.Is(err, fault.Unavailable) {
			for _, p := range group {
				p.done <- err
			}
			break
		}
		for _, p := range group { // one of them is the reason: find it
			c.commit([]*pending{p})
		}
		break
	}
	if len(later) > 0 {
		c.commit(later)
	}
}

func (c *committer) transact(group []*pending, careful bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), groupTimeout)
	defer cancel()
	g := newGroup(group, c.dicts, careful)
	g.mergeFrom, g.mergeBytes = c.mergeFrom, c.mergeBytes
	if err := c.db.Ingest(ctx, g.tenants, func(tx *postgres.IngestTx) error { return g.run(ctx, tx) }); err != nil {
		return err
	}
	for _, p := range g.unsettled {
		c.settler.wake(p)
	}
	c.counter.touch(g.names()...)
	c.counters.statements.Add(int64(len(g.rows)))
	c.counters.duplicates.Add(int64(g.again))
	return nil
}

// separate keeps apart requests of a group that share a statement id: the
// later ones are decided when the outcome of the first is known.
func separate(group []*pending) (now, later []*pending) {
	type name struct {
		store int64
		id    uuid.UUID
	}
	statements := 0
	for _, p := range group {
		statements += len(p.rows)
	}
	seen := make(map[name]struct{}, statements)
	now = group[:0]
next:
	for _, p := range group {
		for i := range p.rows {
			if _, shared := seen[name{p.rows[i].store, p.rows[i].id}]; shared {
				later = append(later, p)
				continue next
			}
		}
		for i := range p.rows {
			seen[name{p.rows[i].store, p.rows[i].id}] = struct{}{}
		}
		now = append(now, p)
	}
	return now, later
}
