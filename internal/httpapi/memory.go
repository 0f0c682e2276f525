package httpapi

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// memory bounds the bytes of bodies that all requests hold together, and those of
// one tenant to half of them: whoever uploads slowly holds up nobody else.
type memory struct {
	share int64 // of a tenant
	free  *semaphore.Weighted

	mu      sync.Mutex
	tenants map[int64]*tenantMemory // of those that hold some, or wait for it
}

type tenantMemory struct {
	free  *semaphore.Weighted
	users int
}

// held is what one request has of the memory.
type held struct {
	tenant int64
	of     *tenantMemory // nil: nothing
	bytes  int64
}

func newMemory(total int64) *memory {
	return &memory{share: max(total/2, 1), free: semaphore.NewWeighted(total), tenants: map[int64]*tenantMemory{}}
}

const (
	memoryWait = 10 * time.Second
	memoryFree = 64 << 10 // a body this small does not count

	unannounced = 1 << 20 // bytes of a body that does not say how long it is, to begin with
	inflation   = 16      // how much longer than it came a compressed one is taken to be

	parseTogether = 8 << 20 // bytes of bodies; one that is larger is alone
)

// taking takes so much of what is free: it waits for it, or does without.
type taking func(of *semaphore.Weighted, bytes int64) error

// waiting takes what there is within ctx.
func waiting(ctx context.Context) taking {
	return func(of *semaphore.Weighted, bytes int64) error { return of.Acquire(ctx, bytes) }
}

// atOnce takes what there is now.
func atOnce(of *semaphore.Weighted, bytes int64) error {
	if !of.TryAcquire(bytes) {
		return errors.New("no memory for bodies is free")
	}
	return nil
}

// acquire gives h bytes of the memory, of the tenant's share first.
func (m *memory) acquire(h *held, bytes int64, take taking) error {
	m.mu.Lock()
	if h.of == nil {
		if h.of = m.tenants[h.tenant]; h.of == nil {
			h.of = &tenantMemory{free: semaphore.NewWeighted(m.share)}
			m.tenants[h.tenant] = h.of
		}
		h.of.users++
	}
	m.mu.Unlock()
	if err := take(h.of.free, bytes); err != nil {
		return err
	}
	if err := take(m.free, bytes); err != nil {
		h.of.free.Release(bytes)
		return err
	}
	h.bytes += bytes
	return nil
}

// release takes all of h back.
func (m *memory) release(h *held) {
	if h.of == nil {
		return
	}
	m.free.Release(h.bytes)
	h.of.free.Release(h.bytes)
	m.mu.Lock()
	defer m.mu.Unlock()
	if h.of.users--; h.of.users == 0 {
		delete(m.tenants, h.tenant)
	}
	*h = held{}
}

// expected is how long the body of x, of which limit bytes are accepted, seems to
// become: as announced, if it is.
func (x *exchange) expected(limit int64) int64 {
	size := x.request.ContentLength
	switch {
	case size < 0:
		size = unannounced
	case x.body.unzipped != nil:
		size *= inflation
	}
	return min(size, limit)
}

// reserve takes memory for a body of that size, and waits for it.
func (x *exchange) reserve(size int64) error {
	if size <= memoryFree {
		return nil
	}
	ctx, cancel := context.WithTimeout(x.context(), memoryWait)
	defer cancel()
	return x.hold(size, waiting(ctx))
}

// hold takes what x lacks of that size. A request that holds some must not wait
// for more, or all could wait for each other.
func (x *exchange) hold(size int64, take taking) error {
	m := x.api.memory
	if x.held.of == nil {
		x.held.tenant = x.tenant()
	}
	more := min(size, m.share) - x.held.bytes
	if more <= 0 {
		return nil
	}
	if err := m.acquire(&x.held, more, take); err != nil {
		return fault.Wrap(fault.Unavailable, err, "too many large requests are under way; send this one again")
	}
	return nil
}

// tenant is whose share of the memory x uses; 0 is that of who is not known yet.
func (x *exchange) tenant() int64 {
	switch {
	case x.principal != nil:
		return x.principal.Tenant
	case x.caller != nil:
		return x.caller.tenant
	}
	return 0
}

// growing reads a body that may turn out to be longer than was reserved for it.
type growing struct {
	x     *exchange
	from  io.Reader
	limit int64
	read  int64
}

func (g *growing) Read(p []byte) (int, error) {
	n, err := g.from.Read(p)
	if g.read += int64(n); g.read > max(g.x.held.bytes, memoryFree) {
		if err := g.x.hold(min(max(2*g.read, unannounced), g.limit), atOnce); err != nil {
			return 0, err
		}
	}
	return n, err
}

// parse runs fn, which takes bodies of size bytes apart: that may need memory of
// many times their size (58 times for a body of the smallest values). So no
// more than parseTogether bytes are worked at together; the others wait.
func (x *exchange) parse(size int, fn func() error) error {
	if size > memoryFree {
		weight := min(int64(size), parseTogether)
		if err := x.api.parsing.Acquire(x.context(), weight); err != nil {
			return fault.Wrap(fault.Unavailable, err, "the request ended while others were worked at; send it again")
		}
		defer x.api.parsing.Release(weight)
	}
	return fn()
}
