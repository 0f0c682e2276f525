package httpapi

import (
	"sync"
	"time"

	"github.com/stoa-lrs/stoa/internal/xapi"
)

const (
	statementsPath          = xapiPrefix + "/statements"
	consistentThroughHeader = "X-Experience-API-Consistent-Through"
)

// through remembers, store by store, up to when everything was seen to be
// visible. It never becomes wrong, only old: so answers to writes and errors
// need not ask the database more than once in a while.
type through struct {
	mu     sync.Mutex
	stores map[int64]seen
}

type seen struct{ consistent, asked time.Time }

const (
	throughAge    = time.Second // for answers to writes: nobody follows a store by them
	throughStores = 10_000      // remembered; beyond it all are forgotten, which costs a query each
)

func newThrough() *through { return &through{stores: map[int64]seen{}} }

// saw notes what a query has told.
func (t *through) saw(store int64, consistent time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.stores) >= throughStores {
		clear(t.stores)
	}
	if old := t.stores[store]; consistent.Before(old.consistent) {
		consistent = old.consistent
	}
	t.stores[store] = seen{consistent, time.Now()}
}

// get returns what is remembered of store, ok when it was learned within age.
func (t *through) get(store int64, age time.Duration) (consistent time.Time, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s, known := t.stores[store]
	return s.consistent, known && time.Since(s.asked) < age
}

// setConsistentThrough sets the header that every statements answer carries
// (xAPI 1.0.3 Communication 2.1.3), to a value learned within age. When the
// database cannot tell, there is none.
func (a *API) setConsistentThrough(x *exchange, age time.Duration) {
	consistent, ok := a.through.get(x.principal.Store, age)
	if !ok {
		var err error
		if consistent, err = a.LRS.ConsistentThrough(x.context(), x.read()); err != nil {
			return
		}
		a.through.saw(x.principal.Store, consistent)
	}
	x.Header().Set(consistentThroughHeader, consistent.UTC().Format(xapi.StoredLayout))
}
