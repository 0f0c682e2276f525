package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/stoa-lrs/stoa/internal/lrs"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/sample"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// values are what the statements of one tenant really hold, for questions
// about them: index 0 is the most frequent.
type values struct {
	agents, verbs, activities, instructors, related []string
	registrations                                   []uuid.UUID
}

// queries fills the store and prints how long each kind of query takes.
func (l *laboratory) queries(ctx context.Context, w *report, o Options) error {
	if o.Statements == 0 {
		return nil
	}
	r := lrs.New(lrs.Config{DB: l.db, Blobs: l.blobs})
	defer r.Close()
	start := time.Now()
	var there int
	if err := l.super.QueryRow(ctx, "select count(*) from statements").Scan(&there); err != nil {
		return err
	}
	known, err := l.fill(ctx, r, max(o.Statements-there, 100_000))
	if err != nil {
		return err
	}
	if _, err := l.super.Exec(ctx, "vacuum (analyze) statements, statement_rel, waiting_lists"); err != nil {
		return err
	}
	var total, largest int64
	err = l.super.QueryRow(ctx, "select count(*), count(*) filter (where store_id = $1) from statements", l.tenants[0].author.Store).Scan(&total, &largest)
	if err != nil {
		return err
	}
	w.printf("\nQueries over %d statements, %d of them in the largest store (filled in %s); one client, 100 questions each\n",
		total, largest, time.Since(start).Round(time.Second))
	if err := l.sizes(ctx, w); err != nil {
		return err
	}
	w.printf("%-44s %9s %9s %9s   %9s %9s\n", "", "largest", "", "", "10th", "")
	w.printf("%-44s %9s %9s %9s   %9s %9s\n", "filters, first page of 100", "p50", "p95", "found", "p50", "p95")
	for _, q := range questions {
		large, found, err := l.ask(ctx, r, 0, q.ask, known[0])
		if err != nil {
			return err
		}
		small, _, err := l.ask(ctx, r, 9, q.ask, known[9])
		if err != nil {
			return err
		}
		w.printf("%-44s %9s %9s %9.1f   %9s %9s\n", q.name, ms(large.percentile(50)), ms(large.percentile(95)), found,
			ms(small.percentile(50)), ms(small.percentile(95)))
	}
	return l.walk(ctx, w, r)
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond)) }

// fill stores n statements for tenants of Zipf sizes and returns what those of
// the largest and the tenth hold.
func (l *laboratory) fill(ctx context.Context, r *lrs.LRS, n int) (map[int]*values, error) {
	const batch, workers = 250, 8
	pick := l.zipf()
	generators := map[*account]*sample.Generator{}
	var mu sync.Mutex
	counts := map[int]*tally{0: newTally(), 9: newTally()}
	next := func() (*account, []xapi.Statement, error) {
		mu.Lock()
		a := pick(0)
		g := generators[a]
		if g == nil {
			g = sample.New(uint64(a.author.Tenant), sample.Options{})
			generators[a] = g
		}
		texts := g.Statements(batch)
		mu.Unlock()
		statements := make([]xapi.Statement, 0, batch)
		for _, t := range texts {
			b, err := xapi.Decode(t, xapi.V1, xapi.Limits{})
			if err != nil {
				return nil, nil, err
			}
			statements = append(statements, b.Statements[0])
		}
		for i, c := range counts {
			if a == &l.tenants[i] {
				c.add(statements)
			}
		}
		return a, statements, nil
	}
	var running sync.WaitGroup
	errs := make([]error, workers)
	for w := range workers {
		running.Go(func() {
			for range n / batch / workers {
				a, statements, err := next()
				if err == nil {
					_, err = r.Commit(ctx, lrs.Write{Author: a.author, Batch: &xapi.Batch{Statements: statements}})
				}
				if err != nil {
					errs[w] = err
					return
				}
			}
		})
	}
	running.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return map[int]*values{0: counts[0].values(), 9: counts[9].values()}, nil
}

// tally counts the values of statements.
type tally struct {
	mu                                              sync.Mutex
	agents, verbs, activities, instructors, related map[string]int
	registrations                                   map[uuid.UUID]int
}

func newTally() *tally {
	return &tally{
		agents: map[string]int{}, verbs: map[string]int{}, activities: map[string]int{},
		instructors: map[string]int{}, related: map[string]int{}, registrations: map[uuid.UUID]int{},
	}
}

func (t *tally) add(statements []xapi.Statement) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range statements {
		t.agents[s.Actor]++
		t.verbs[s.Verb]++
		if s.Activity != "" {
			t.activities[s.Activity]++
		}
		if s.Registration != uuid.Nil {
			t.registrations[s.Registration]++
		}
		for _, term := range s.Terms {
			switch term.Kind {
			case xapi.TermRelatedAgent:
				t.instructors[term.Value]++
			case xapi.TermRelatedActivity:
				t.related[term.Value]++
			}
		}
	}
}

func (t *tally) values() *values {
	return &values{
		agents: byFrequency(t.agents), verbs: byFrequency(t.verbs), activities: byFrequency(t.activities),
		instructors: byFrequency(t.instructors), related: byFrequency(t.related), registrations: byFrequency(t.registrations),
	}
}

func byFrequency[K comparable](counts map[K]int) []K {
	keys := make([]K, 0, len(counts))
	for k := range counts {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b K) int { return counts[b] - counts[a] })
	return keys
}

// question is one kind of query; ask makes one of them.
type question struct {
	name string
	ask  func(v *values) xapi.Query
}

func any1[T any](all []T) T { return all[rand.IntN(len(all))] }

// common and rare are a value of the most frequent tenth and of the less frequent half.
func common[T any](all []T) T { return any1(all[:max(1, len(all)/10)]) }
func rare[T any](all []T) T   { return any1(all[len(all)/2:]) }

var questions = []question{
	{"none", func(*values) xapi.Query { return xapi.Query{} }},
	{"none, ascending", func(*values) xapi.Query { return xapi.Query{Ascending: true} }},
	{"agent", func(v *values) xapi.Query { return xapi.Query{Agent: any1(v.agents)} }},
	{"verb, common", func(v *values) xapi.Query { return xapi.Query{Verb: v.verbs[0]} }},
	{"verb, rare", func(v *values) xapi.Query { return xapi.Query{Verb: rare(v.verbs)} }},
	{"activity, common", func(v *values) xapi.Query { return xapi.Query{Activity: common(v.activities)} }},
	{"activity, rare", func(v *values) xapi.Query { return xapi.Query{Activity: rare(v.activities)} }},
	{"registration", func(v *values) xapi.Query { return xapi.Query{Registration: any1(v.registrations)} }},
	{"agent that does not exist", func(*values) xapi.Query { return xapi.Query{Agent: "mbox:mailto:nobody@example.com"} }},
	{"agent + verb", func(v *values) xapi.Query { return xapi.Query{Agent: any1(v.agents), Verb: any1(v.verbs)} }},
	{"agent + activity", func(v *values) xapi.Query { return xapi.Query{Agent: any1(v.agents), Activity: any1(v.activities)} }},
	{"agent + common verb, ascending", func(v *values) xapi.Query {
		return xapi.Query{Agent: any1(v.agents), Verb: v.verbs[0], Ascending: true}
	}},
	{"agent + registration", func(v *values) xapi.Query {
		return xapi.Query{Agent: any1(v.agents), Registration: any1(v.registrations)}
	}},
	{"related agents (instructor)", func(v *values) xapi.Query { return xapi.Query{Agent: any1(v.instructors), RelatedAgents: true} }},
	{"related agents (learner)", func(v *values) xapi.Query { return xapi.Query{Agent: any1(v.agents), RelatedAgents: true} }},
	{"related activities (course)", func(v *values) xapi.Query {
		return xapi.Query{Activity: common(v.related), RelatedActivities: true}
	}},
	{"related activities + verb", func(v *values) xapi.Query {
		return xapi.Query{Activity: common(v.related), RelatedActivities: true, Verb: any1(v.verbs)}
	}},
	{"related activities + agent", func(v *values) xapi.Query {
		return xapi.Query{Activity: common(v.related), RelatedActivities: true, Agent: any1(v.agents)}
	}},
	{"pathological: common verb + common activity", func(v *values) xapi.Query {
		return xapi.Query{Verb: any1(v.verbs[:min(6, len(v.verbs))]), Activity: any1(v.activities[:min(20, len(v.activities))])}
	}},
	{"pathological: common verb + related activity", func(v *values) xapi.Query {
		return xapi.Query{Verb: any1(v.verbs[:min(12, len(v.verbs))]), Activity: any1(v.related[:min(20, len(v.related))]), RelatedActivities: true}
	}},
	{"all of agent, verb, activity, related", func(v *values) xapi.Query {
		return xapi.Query{Agent: any1(v.agents), Verb: any1(v.verbs), Activity: any1(v.related), RelatedActivities: true, RelatedAgents: true}
	}},
}

// ask puts 100 questions of one kind to a tenant's store.
func (l *laboratory) ask(ctx context.Context, r *lrs.LRS, tenant int, ask func(*values) xapi.Query, v *values) (result, float64, error) {
	in := l.reading(tenant)
	var res result
	found := 0
	for range 100 {
		q := ask(v)
		start := time.Now()
		page, err := r.Find(ctx, in, &q, 0)
		if err != nil {
			return res, 0, err
		}
		res.latencies = append(res.latencies, time.Since(start))
		found += len(page.Records)
	}
	slices.Sort(res.latencies)
	return res, float64(found) / 100, nil
}

func (l *laboratory) reading(tenant int) lrs.Read {
	a := l.tenants[tenant].author
	return lrs.Read{Scope: postgres.NewScope(a.Tenant, "bench"), Store: a.Store, Version: xapi.V1}
}

// walk follows more through the whole of a middling store and compares the last tenth
// of the pages with the first.
func (l *laboratory) walk(ctx context.Context, w *report, r *lrs.LRS) error {
	var pages []time.Duration
	var after lrs.Cursor
	for {
		start := time.Now()
		page, err := r.Find(ctx, l.reading(0), &xapi.Query{Limit: 100}, after)
		if err != nil {
			return err
		}
		pages = append(pages, time.Since(start))
		if after = page.Next; after == 0 {
			break
		}
	}
	tenth := max(1, len(pages)/10)
	first, last := slices.Sorted(slices.Values(pages[:tenth])), slices.Sorted(slices.Values(pages[len(pages)-tenth:]))
	a, b := first[len(first)/2], last[len(last)/2]
	w.printf("\nA walk through all %d pages of the largest store: median page %s in the first tenth, %s in the last: ratio %.2f\n",
		len(pages), ms(a), ms(b), float64(b)/float64(a))
	return nil
}
