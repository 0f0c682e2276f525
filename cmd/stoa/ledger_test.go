package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// ledger is what clients have sent to one store and what they were told: what
// the store must hold when everything is over (account_test.go).
type ledger struct {
	access *access

	mu           sync.Mutex
	requests     []*sentRequest
	acknowledged int
	more         chan struct{} // closed at the next acknowledgement
	lost         int           // attempts that the connection did not survive
	unavailable  int           // attempts that were answered 503
	wrong        []string      // answers that no client should get
}

// sentRequest is stored as a whole or not at all; for certain if acknowledged.
type sentRequest struct {
	statements   []*sentStatement
	put          bool
	acknowledged bool
}

// sentStatement is one statement; what tests filter by has few values.
type sentStatement struct {
	marker                                           string // tells it from every other, also if the server chose its id
	id                                               string // "": the server's choice, not known yet
	actor, verb, activity, instructor, parent, group string
	registration                                     string
	target                                           string // of its StatementRef, "": none
}

const voided = "http://adlnet.gov/expapi/verbs/voided"

func (s *sentStatement) text() string {
	agent := func(name string) any { return map[string]any{"mbox": "mailto:" + name + "@example.com"} }
	m := map[string]any{
		"actor": map[string]any{"mbox": "mailto:" + s.actor + "@example.com", "name": s.actor}, "verb": map[string]any{"id": s.verb},
		"result": map[string]any{"response": s.marker, "score": map[string]any{"scaled": 0.5}},
		"context": map[string]any{
			"registration": s.registration, "instructor": agent(s.instructor), "team": map[string]any{"member": []any{agent(s.group)}, "objectType": "Group"},
			"contextActivities": map[string]any{"parent": []any{map[string]any{"id": s.parent}}},
		},
	}
	if s.id != "" {
		m["id"] = s.id
	}
	if m["object"] = (map[string]any{
		"id": s.activity, "definition": map[string]any{"name": map[string]any{"en": "The activity at " + s.activity}, "type": "http://adlnet.gov/expapi/activities/module"},
	}); s.target != "" {
		m["object"] = map[string]any{"objectType": "StatementRef", "id": s.target}
	}
	text, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func newLedger(a *access) *ledger { return &ledger{access: a, more: make(chan struct{})} }

// await returns when n more requests are acknowledged.
func (l *ledger) await(t *testing.T, n int) {
	t.Helper()
	deadline := time.After(patience)
	l.mu.Lock()
	defer l.mu.Unlock()
	for goal := l.acknowledged + n; l.acknowledged < goal; {
		require.Empty(t, l.wrong)
		more := l.more
		l.mu.Unlock()
		select {
		case <-more:
		case <-deadline:
			l.mu.Lock()
			require.FailNow(t, "nothing is acknowledged any more", "%d of %d, %d lost, %d unavailable", l.acknowledged, goal, l.lost, l.unavailable)
		}
		l.mu.Lock()
	}
}

// requireSmooth fails if any attempt was not acknowledged.
func (l *ledger) requireSmooth(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	require.Empty(t, l.wrong)
	require.Zero(t, l.lost, "connections lost")
	require.Zero(t, l.unavailable, "answered 503")
}

// writers write until stop, called once or more, which waits for them.
func (l *ledger) writers(t *testing.T, n int) (stop func()) {
	t.Helper()
	end := make(chan struct{})
	var running sync.WaitGroup
	for i := range n {
		name := fmt.Sprintf("%s-%d", uuid.NewString()[:4], i)
		w := &writer{ledger: l, name: name, rand: rand.New(rand.NewPCG(uint64(i), 7)), end: end}
		running.Go(w.run)
	}
	stop = sync.OnceFunc(func() {
		close(end)
		running.Wait()
	})
	t.Cleanup(stop)
	return stop
}

// readers read until stop.
func (l *ledger) readers(t *testing.T, n int) (stop func()) {
	t.Helper()
	end := make(chan struct{})
	var running sync.WaitGroup
	for i := range n {
		w := &writer{ledger: l, end: end}
		running.Go(func() {
			for turn := i; !w.ended(); turn++ {
				w.read(turn)
			}
		})
	}
	stop = sync.OnceFunc(func() {
		close(end)
		running.Wait()
	})
	t.Cleanup(stop)
	return stop
}

// writer is a client. It sends again what was not acknowledged, half of the
// time; the other half it gives up.
type writer struct {
	*ledger
	name     string
	rand     *rand.Rand
	end      <-chan struct{}
	n        int
	known    []*sentStatement // acknowledged: to be referred to
	voidable []*sentStatement // those of them that can be voided
	promised string           // an id that was referred to and is still to come
}

func (w *writer) run() {
	for !w.ended() {
		w.deliver(w.next())
	}
}

func (w *writer) ended() bool {
	select {
	case <-w.end:
		return true
	default:
		return false
	}
}

// statement returns a new statement.
func (w *writer) statement() *sentStatement {
	w.n++
	few := func(prefix string, n int) string { return prefix + strconv.Itoa(w.rand.IntN(n)) }
	s := &sentStatement{
		marker: fmt.Sprintf("%s-%d", w.name, w.n), id: uuid.NewString(),
		actor: few("learner", 7), verb: few("https://example.com/verbs/", 3), activity: few("https://example.com/activities/", 11),
		instructor: few("teacher", 2), parent: few("https://example.com/courses/", 3), group: few("colleague", 4),
		registration: few("00000000-0000-4000-8000-00000000000", 5),
	}
	if w.n%2 == 0 { // now and then an activity that nobody has defined before
		s.activity = fmt.Sprintf("https://example.com/activities/%s/%d", w.name, w.n/16)
	}
	if w.promised != "" {
		s.id, w.promised = w.promised, ""
	}
	return s
}

// next returns a request of one of the many kinds that there are.
func (w *writer) next() *sentRequest {
	one := w.statement()
	r := &sentRequest{statements: []*sentStatement{one}}
	switch kind := w.rand.IntN(10); {
	case kind == 0:
		one.id = ""
	case kind <= 2:
		r.put = true
	case kind == 3:
		one.target = uuid.NewString() // of a statement that comes later
		w.promised = one.target
	case kind == 4 && len(w.known) > 0:
		one.target = w.known[w.rand.IntN(len(w.known))].id
	case kind == 5 && len(w.voidable) > 0:
		i := w.rand.IntN(len(w.voidable))
		one.verb, one.target = voided, w.voidable[i].id
		w.voidable = slices.Delete(w.voidable, i, i+1)
	case kind >= 6:
		for range 1 + w.rand.IntN(20) {
			r.statements = append(r.statements, w.statement())
		}
		for range w.rand.IntN(3) { // references within the batch, forward and back
			r.statements[w.rand.IntN(len(r.statements))].target = r.statements[w.rand.IntN(len(r.statements))].id
		}
	}
	return r
}

func (w *writer) deliver(r *sentRequest) {
	w.mu.Lock()
	w.requests = append(w.requests, r)
	w.mu.Unlock()
	for {
		if w.send(r) {
			for _, s := range r.statements {
				w.known = append(w.known, s)
				if s.verb != voided {
					w.voidable = append(w.voidable, s)
				}
			}
			return
		}
		if w.ended() || r.statements[0].id == "" || w.rand.IntN(2) == 0 {
			return
		}
	}
}

// send reports whether r was acknowledged. If not, it waits for a better time.
func (w *writer) send(r *sentRequest) bool {
	base, moved := w.access.where()
	method, query, texts := http.MethodPost, url.Values(nil), make([]string, len(r.statements))
	for i, s := range r.statements {
		texts[i] = s.text()
	}
	body := "[" + strings.Join(texts, ",") + "]"
	if r.put {
		method, query, body = http.MethodPut, url.Values{"statementId": {r.statements[0].id}}, texts[0]
	}
	began := time.Now()
	status, header, answer, err := w.access.call(base, method, "/xapi/statements", query, body)
	var ids []string
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case time.Since(began) >= hang:
		w.wrong = append(w.wrong, fmt.Sprintf("no answer for %v: %v", hang, err))
	case err != nil:
		w.lost++
		w.mu.Unlock()
		select {
		case <-moved:
		case <-w.end:
		}
		w.mu.Lock()
		return false
	case status == http.StatusServiceUnavailable && header.Get("Retry-After") > "0":
		w.unavailable++
		w.mu.Unlock()
		w.pause()
		w.mu.Lock()
		return false
	case r.put && status == http.StatusNoContent:
		w.acknowledge(r)
		return true
	case !r.put && status == http.StatusOK && json.Unmarshal(answer, &ids) == nil && len(ids) == len(r.statements):
		for i, s := range r.statements {
			if s.id == "" {
				s.id = ids[i]
			} else if s.id != ids[i] {
				w.wrong = append(w.wrong, fmt.Sprintf("statement %s became %s", s.id, ids[i]))
			}
		}
		w.acknowledge(r)
		return true
	default:
		w.wrong = append(w.wrong, fmt.Sprintf("%s answered %d %v %s", method, status, header, answer))
	}
	return false
}

// pause is how long a client waits that was told to come back. It is less than
// it was told, so that more happens.
func (w *writer) pause() {
	again := time.NewTimer(20 * time.Millisecond)
	defer again.Stop()
	select {
	case <-again.C:
	case <-w.end:
	}
}

// read asks for one of several resources; it is answered, or told to come back.
func (w *writer) read(turn int) {
	base, _ := w.access.where()
	agent := `{"mbox":"mailto:learner1@example.com"}`
	requests := []struct {
		path  string
		query url.Values
	}{
		{"statements", url.Values{"agent": {agent}, "limit": {"5"}}},
		{"activities", url.Values{"activityId": {"https://example.com/activities/1"}}},
		{"agents", url.Values{"agent": {agent}}},
		{"activities/state", url.Values{"agent": {agent}, "activityId": {"https://example.com/activities/1"}}},
	}
	r := requests[turn%len(requests)]
	status, header, text, err := w.access.call(base, http.MethodGet, "/xapi/"+r.path, r.query, "")
	if err == nil && status == http.StatusOK {
		return
	}
	if err != nil || status != http.StatusServiceUnavailable || header.Get("Retry-After") <= "0" {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.wrong = append(w.wrong, fmt.Sprintf("GET %s answered %d %s %v", r.path, status, text, err))
	}
	w.pause()
}

// acknowledge is called with mu held.
func (l *ledger) acknowledge(r *sentRequest) {
	r.acknowledged = true
	l.acknowledged++
	close(l.more)
	l.more = make(chan struct{})
}
