package lrs

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// TestFindAgreesWithTheModel stores random statements that refer to, void and
// relate to each other, in random batches, and compares every page of random
// queries with what a plain reading of the specification finds.
func TestFindAgreesWithTheModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.merge = []int{1, 30, 100, 0}[seed%4] // lists that wait, merged ones, and both
			f.piece = []int{0, 200, 500}[seed%3]   // and half of a row merged
			f.LRS = f.another()
			rnd := rand.New(rand.NewPCG(seed, 1))
			a := f.author()
			m := &model{rnd: rnd, authors: []Author{a, f.key(a)}, byID: map[uuid.UUID]*entry{}}
			m.store(f, 400)
			for range 250 {
				q, in := m.query(read(a))
				want := m.find(in, &q)
				require.Equal(t, want, f.walk(in, q), "query %s mine %v", q.Values().Encode(), in.Mine != nil)
			}
		})
	}
}

// Each of a page's SQL statements sees the database as it is by then. What
// comes between them is not on the page, whichever of them sees it.
func TestPageIsOfOneMoment(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.merge = 2 // lists that waited when the page began may be merged when it goes on
	f.LRS = f.another()
	a := f.author()
	early := f.put(a, simple(uuid.New(), "ada", "did", "one"))
	for _, q := range []xapi.Query{{Ascending: true}, {Verb: "https://example.com/verbs/did"}, {Agent: "mbox:mailto:ada@example.com", Ascending: true}} {
		f.tx(a.Tenant, func(ctx context.Context, tx *postgres.Tx) error {
			s := newSearch(read(a), &q, 0)
			var through time.Time
			require.NoError(t, s.begin(ctx, tx, &through))
			late := f.put(a, simple(uuid.New(), "ada", "did", "one"))
			found, err := s.next(ctx, tx, 10)
			require.NoError(t, err)
			require.Len(t, found, len(early))
			early = append(early, late...)
			return nil
		})
	}
	require.ElementsMatch(t, early, f.walk(read(a), xapi.Query{}))
}

type model struct {
	rnd     *rand.Rand
	authors []Author
	entries []*entry // as stored
	byID    map[uuid.UUID]*entry
	ids     []uuid.UUID // of every statement there will be
	micros  []int64
	common  float64 // how often pick takes the first
	results bool    // some statements have a result
}

type entry struct {
	xapi.Statement
	author Author
	voided bool
}

func (m *model) pick(options ...string) string {
	if m.common > 0 && m.rnd.Float64() < m.common {
		return options[0]
	}
	return options[m.rnd.IntN(len(options))]
}

func (m *model) agent() string {
	return fmt.Sprintf(`{"mbox":"mailto:%s@example.com"}`, m.pick("ada", "bob", "cyd", "dee"))
}

func (m *model) activity() string {
	return fmt.Sprintf(`{"id":"https://example.com/%s"}`, m.pick("one", "two", "three", "four"))
}

func (m *model) actor() string {
	switch m.rnd.IntN(5) {
	case 0:
		return fmt.Sprintf(`{"objectType":"Group","mbox":"mailto:%s@example.com","member":[%s]}`, m.pick("ada", "team"), m.agent())
	case 1:
		return fmt.Sprintf(`{"objectType":"Group","member":[%s,{"mbox":"mailto:eve@example.com"}]}`, m.agent())
	default:
		return m.agent()
	}
}

func (m *model) statement(id uuid.UUID) string {
	verb := "https://example.com/verbs/" + m.pick("did", "saw", "passed")
	var object string
	switch m.rnd.IntN(8) {
	case 0, 1:
		object = fmt.Sprintf(`{"objectType":"StatementRef","id":"%s"}`, m.ids[m.rnd.IntN(len(m.ids))])
		if m.rnd.IntN(3) == 0 {
			verb = "http://adlnet.gov/expapi/verbs/voided"
		}
	case 2:
		object = fmt.Sprintf(`{"objectType":"SubStatement","actor":%s,"verb":{"id":"https://example.com/verbs/saw"},"object":%s}`, m.actor(), m.activity())
	case 3:
		object = `{"objectType":"Agent",` + m.agent()[1:]
	default:
		object = m.activity()
	}
	var context []string
	if m.rnd.IntN(3) == 0 {
		context = append(context, fmt.Sprintf(`"registration":"%s"`, registrations[m.rnd.IntN(2)]))
	}
	if m.rnd.IntN(4) == 0 {
		context = append(context, `"instructor":`+m.agent())
	}
	if m.rnd.IntN(3) == 0 {
		context = append(context, fmt.Sprintf(`"contextActivities":{"parent":%s,"grouping":[%s]}`, m.activity(), m.activity()))
	}
	if m.rnd.IntN(6) == 0 {
		context = append(context, fmt.Sprintf(`"contextAgents":[{"objectType":"contextAgent","agent":%s}]`, m.agent()))
	}
	return fmt.Sprintf(`{"id":"%s","actor":%s,"verb":{"id":"%s"},"object":%s,"context":{%s}%s}`,
		id, m.actor(), verb, object, strings.Join(context, ","), m.result())
}

// result is a statement's, where the model has results.
func (m *model) result() string {
	if !m.results || m.rnd.IntN(4) == 0 {
		return ""
	}
	return `,"result":{` + strings.Join([]string{
		[]string{`"success":true`, `"success":false`, `"response":"x"`}[m.rnd.IntN(3)],
		[]string{`"completion":true`, `"duration":"PT1S"`}[m.rnd.IntN(2)],
		[]string{`"score":{"scaled":0.8}`, `"score":{"scaled":0.79999999999}`, `"score":{"scaled":-0.5}`, `"score":{"raw":1}`}[m.rnd.IntN(4)],
	}, ",") + "}"
}

var registrations = []uuid.UUID{
	uuid.MustParse("11111111-1111-4111-8111-111111111111"),
	uuid.MustParse("22222222-2222-4222-8222-222222222222"),
}

// store stores n statements, some of which refer to later ones.
func (m *model) store(f *fixture, n int) {
	for range n + 10 { // the last ten never arrive
		m.ids = append(m.ids, uuid.New())
	}
	for i := 0; i < n; {
		size := min(1+m.rnd.IntN(20), n-i)
		bodies := make([]string, size)
		for j := range bodies {
			bodies[j] = m.statement(m.ids[i+j])
		}
		author := m.authors[m.rnd.IntN(len(m.authors))]
		b := batch(f.t, "["+strings.Join(bodies, ",")+"]")
		if _, err := f.Commit(f.t.Context(), Write{author, b}); err != nil {
			require.ErrorContains(f.t, err, "cannot be voided")
			continue // nothing of it was stored: try others with the same ids
		}
		for _, s := range b.Statements {
			e := &entry{Statement: s, author: author}
			m.entries = append(m.entries, e)
			m.byID[s.ID] = e
		}
		i += size
	}
	for _, e := range m.entries {
		if target := m.byID[e.Target]; e.Voids && target != nil && !target.Voids {
			target.voided = true
		}
	}
	for _, e := range m.entries {
		rec, err := f.Statement(f.t.Context(), read(e.author), e.ID, e.voided)
		require.NoError(f.t, err)
		m.micros = append(m.micros, rec.Stored.UnixMicro())
	}
	require.True(f.t, slices.IsSorted(m.micros), "stored times must increase in order of acceptance")
}

func (m *model) query(in Read) (xapi.Query, Read) {
	q := xapi.Query{Limit: 1 + m.rnd.IntN(40), Ascending: m.rnd.IntN(2) == 0}
	if m.rnd.IntN(2) == 0 {
		q.Agent = "mbox:mailto:" + m.pick("ada", "bob", "cyd", "dee", "eve", "team", "nobody") + "@example.com"
		q.RelatedAgents = m.rnd.IntN(2) == 0
		if m.rnd.IntN(8) == 0 {
			q.Agent, q.RelatedAgents = m.authors[1].Identity, true
		}
	}
	if m.rnd.IntN(2) == 0 {
		q.Activity = "https://example.com/" + m.pick("one", "two", "three", "four", "none")
		q.RelatedActivities = m.rnd.IntN(2) == 0
	}
	if m.rnd.IntN(3) == 0 {
		q.Verb = "https://example.com/verbs/" + m.pick("did", "saw", "passed", "none")
	}
	if m.rnd.IntN(4) == 0 {
		q.Registration = registrations[m.rnd.IntN(2)]
	}
	if m.rnd.IntN(4) == 0 {
		q.Since = microTime(m.micros[m.rnd.IntN(len(m.micros))])
	}
	if m.rnd.IntN(4) == 0 {
		q.Until = microTime(m.micros[m.rnd.IntN(len(m.micros))])
	}
	if m.rnd.IntN(5) == 0 {
		in.Mine = &m.authors[m.rnd.IntN(len(m.authors))]
	}
	return q, in
}

func (m *model) find(in Read, q *xapi.Query) []uuid.UUID {
	ids := []uuid.UUID{}
	for i, e := range m.entries {
		at := microTime(m.micros[i])
		if e.voided || in.Mine != nil && e.author.Key != in.Mine.Key ||
			!q.Since.IsZero() && !at.After(q.Since) || !q.Until.IsZero() && at.After(q.Until) {
			continue
		}
		visited := map[uuid.UUID]bool{}
		for s := e; s != nil && !visited[s.ID]; s = m.byID[s.Target] {
			visited[s.ID] = true
			if meets(q, &s.Statement, s.author.Identity) {
				ids = append(ids, e.ID)
				break
			}
			if s.Target == uuid.Nil {
				break
			}
		}
	}
	if !q.Ascending {
		slices.Reverse(ids)
	}
	return ids
}
