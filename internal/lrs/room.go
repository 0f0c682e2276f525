package lrs

import (
	"sync"
	"time"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// room is where requests wait for a lane. A store's ingest lock would make a
// second lane wait, so a free lane takes the requests of those stores that no
// other lane is committing: a store that gets most of the requests occupies one
// lane and leaves the others to its neighbours.
type room struct {
	places chan struct{} // one for each request that waits

	mu      sync.Mutex
	changed sync.Cond
	waiting []*pending         // in order of arrival
	busy    map[int64]struct{} // stores of the groups under way
	closed  bool
}

func newRoom(places int) *room {
	r := &room{places: make(chan struct{}, places), busy: map[int64]struct{}{}}
	r.changed.L = &r.mu
	return r
}

// enter lets p wait, or says why not: Unavailable while closing, or when p's
// context ends before there is a place.
func (r *room) enter(p *pending) error {
	select {
	case r.places <- struct{}{}:
	case <-p.ctx.Done():
		return fault.Wrap(fault.Unavailable, p.ctx.Err(), "the store is busy; send the request again")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		<-r.places
		f := fault.New(fault.Unavailable, "the server is shutting down; send the request again")
		f.RetryAfter = time.Second
		return f
	}
	r.waiting = append(r.waiting, p)
	r.changed.Signal()
	return nil
}

// take waits for requests and returns those for the next group: the first that
// can be committed now, and what fits beside it. Its stores are the caller's
// until it leaves them. Nil: the room is closed and empty.
func (r *room) take(most int) []*pending {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		if group := r.next(most); group != nil {
			return group
		}
		if r.closed && len(r.waiting) == 0 {
			return nil
		}
		r.changed.Wait()
	}
}

func (r *room) next(most int) (group []*pending) {
	statements, bytes := 0, 0
	left := r.waiting[:0]
	full := false
	for _, p := range r.waiting {
		_, elsewhere := r.busy[p.store()]
		if !full && !elsewhere && len(group) > 0 {
			full = statements+len(p.rows) > most || bytes+p.bytes > groupBytes
		}
		if full || elsewhere {
			left = append(left, p)
			continue
		}
		group = append(group, p)
		statements += len(p.rows)
		bytes += p.bytes
	}
	clear(r.waiting[len(left):])
	r.waiting = left
	for _, p := range group {
		r.busy[p.store()] = struct{}{}
		<-r.places
	}
	return group
}

// leave gives up the stores of a group that take has returned.
func (r *room) leave(group []*pending) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range group {
		delete(r.busy, p.store())
	}
	r.changed.Broadcast()
}

// close refuses whoever comes from now on; who waits already is still taken.
func (r *room) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.changed.Broadcast()
}

// queued returns how many requests wait.
func (r *room) queued() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.waiting)
}
