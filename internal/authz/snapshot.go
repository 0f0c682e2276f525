package authz

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/casbin/casbin/v2"

	"github.com/stoa-lrs/stoa/internal/id"
)

// snapshot is what one tenant permits, from one reading of its rows. Only its
// memory of decisions changes.
type snapshot struct {
	version   int64
	until     time.Time // when the first grant in it ends; zero: none does
	entryEnds time.Time // when the first operator's entry in it ends; zero: there is none
	untold    bool      // an entry is over, and the log could not be told
	platform  bool
	suspended bool                // the tenant: then only operators inside may look
	active    map[int64]struct{}  // members
	ended     map[ended]time.Time // sessions; see Policies.Ended
	roles     map[string][]Action // that are held, by slug
	grants    map[string][]grant  // valid when it was read, by subject
	enforcer  *casbin.Enforcer
	known     sync.Map // question → *decision
	size      atomic.Int64
}

type ended struct {
	member  int64
	session string
}

type grant struct {
	id    int64 // 0: an operator's entry
	role  string
	store int64 // 0: the whole tenant
}

type question struct {
	subject string
	store   int64
	action  Action
}

type decision struct {
	allowed bool
	by      []int64      // ids of the grants that allow it
	noted   atomic.Int64 // minute of the last use that was noted, Unix time / 60
}

// maxDecisions is how many a snapshot remembers. Questions about other stores
// than the granted ones are not kept, so only a big tenant gets there.
const maxDecisions = 100_000

// Subject names a member as the subject of a Request.
func Subject(member int64) string { return "member:" + id.Text(member) }

// OperatorSubject names an operator, a member of the platform, likewise.
func OperatorSubject(member int64) string { return "operator:" + id.Text(member) }

// decide answers one question: from memory where it was asked before.
func (s *snapshot) decide(q question) (*decision, error) {
	held := s.grants[q.subject]
	if len(held) == 0 {
		return denied, nil
	}
	if q.store != 0 && !slices.ContainsFunc(held, func(g grant) bool { return g.store == q.store }) {
		q.store = 0 // the answer is that of the whole tenant
	}
	if d, ok := s.known.Load(q); ok {
		return d.(*decision), nil
	}
	allowed, err := s.enforcer.Enforce(q.subject, wholeTenant, domain(q.store), string(q.action))
	if err != nil {
		return nil, fmt.Errorf("authz: decide: %w", err)
	}
	d := &decision{allowed: allowed}
	for _, g := range held {
		if allowed && g.id != 0 && (g.store == 0 || g.store == q.store) && slices.Contains(s.roles[g.role], q.action) {
			d.by = append(d.by, g.id)
		}
	}
	if s.size.Add(1) <= maxDecisions {
		s.known.Store(q, d)
	}
	return d, nil
}

var denied = &decision{}

// stores lists the stores in which subject has something beside what it has in
// the whole tenant, ascending.
func (s *snapshot) stores(subject string) []int64 {
	var stores []int64
	for _, g := range s.grants[subject] {
		if g.store != 0 {
			stores = append(stores, g.store)
		}
	}
	slices.Sort(stores)
	return slices.Compact(stores)
}

// actions lists what the roles of subject hold, sorted: more than those it
// holds nowhere.
func (s *snapshot) actions(subject string) []Action {
	var all []Action
	for _, g := range s.grants[subject] {
		all = append(all, s.roles[g.role]...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// decideIn answers a request for this tenant, whatever store it names.
func (s *snapshot) decideIn(r Request) (*decision, error) {
	if r.Action == "" || r.Only != nil && !slices.Contains(r.Only, r.Action) {
		return denied, nil
	}
	if r.Store != AnyStore {
		return s.decide(question{r.Subject, r.Store, r.Action})
	}
	for _, store := range append([]int64{0}, s.stores(r.Subject)...) {
		if d, err := s.decide(question{r.Subject, store, r.Action}); err != nil || d.allowed {
			return d, err
		}
	}
	return denied, nil
}

func isOperator(subject string) bool { return strings.HasPrefix(subject, "operator:") }
