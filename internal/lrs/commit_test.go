package lrs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

func TestCommitReturnsWhatWasSent(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a := f.author()
	id := uuid.New()
	body := fmt.Sprintf(`{"id":%q,"actor":{"mbox":"mailto:ada@example.com","name":"Ad\u0000a \ud83d\ude00"},"verb":{"id":"https://example.com/did"},`+
		`"object":{"id":"https://example.com/a","definition":{"name":{"en":"A"}}},`+
		`"result":{"score":{"raw":1.0},"extensions":{"https://example.com/x":[1e2,1234567890123456789012345678901234567890,0.10,null]}},`+
		`"timestamp":"2026-01-01T10:00:00+02:00","version":"1.0.3"}`, id)
	b, err := xapi.Decode([]byte(body), xapi.V1, xapi.Limits{})
	require.NoError(t, err)
	ids, err := f.Commit(t.Context(), Write{a, b})
	require.NoError(t, err)
	require.Equal(t, []uuid.UUID{id}, ids)

	in := read(a)
	in.Version = xapi.V1
	rec, err := f.Statement(t.Context(), in, id, false)
	require.NoError(t, err)
	want := fmt.Sprintf(`{"id":%q,"stored":%q,"authority":%s,`, id, rec.Stored.Format(xapi.StoredLayout), a.Authority)
	require.True(t, strings.HasPrefix(string(rec.JSON), want), "%s", rec.JSON)
	for _, exact := range []string{`"raw":1.0`, `[1e2,1234567890123456789012345678901234567890,0.10,null]`, `"Ad\u0000a \ud83d\ude00"`, `"2026-01-01T10:00:00+02:00"`, `"version":"1.0.3"`} {
		require.Contains(t, string(rec.JSON), exact)
	}
}

func TestCommitTheSameAgainChangesNothing(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a := f.author()
	id := uuid.New()
	f.put(a, simple(id, "ada", "did", "a"))
	before, err := f.Statement(t.Context(), read(a), id, false)
	require.NoError(t, err)
	require.Equal(t, []uuid.UUID{id}, f.put(a, strings.Replace(simple(id, "ada", "did", "a"), id.String(), strings.ToUpper(id.String()), 1)))
	after, err := f.Statement(t.Context(), read(a), id, false)
	require.NoError(t, err)
	require.Equal(t, before, after)
	require.EqualValues(t, 1, f.Stats().Duplicates)
}

// A client that sends the same for ever must not make anybody's queries longer.
func TestCommitTheSameAgainLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.merge = 1 // every list is merged at once
	f.LRS = f.another()
	a := f.author()
	ids := []uuid.UUID{uuid.New(), uuid.New()}
	both := "[" + simple(ids[0], "ada", "did", "a") + "," + simple(ids[1], "ada", "did", "a") + "]"
	f.put(a, both)
	lists := func() (n int) {
		f.tx(a.Tenant, func(ctx context.Context, tx *postgres.Tx) error {
			return tx.QueryRow(ctx, `select (select count(*) from waiting_lists) + (select count(*) from statement_rel)`).Scan(&n)
		})
		return n
	}
	before := lists()
	for range 5 {
		require.Equal(t, ids, f.put(a, both))
	}
	require.Equal(t, before, lists())

	fresh := uuid.New() // beside one that is there
	f.put(a, "["+simple(ids[1], "ada", "did", "a")+","+simple(fresh, "ada", "did", "a")+"]")
	require.Equal(t, []uuid.UUID{fresh, ids[1], ids[0]}, f.walk(read(a), xapi.Query{Verb: "https://example.com/verbs/did"}))
	require.EqualValues(t, 11, f.Stats().Duplicates)
}

func TestCommitRefusesATakenIDAndStoresNothingOfTheBatch(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a := f.author()
	taken, fresh := uuid.New(), uuid.New()
	f.put(a, simple(taken, "ada", "did", "a"))
	_, err := f.Commit(t.Context(), Write{a, batch(t, "["+simple(fresh, "ada", "did", "a")+","+simple(taken, "ada", "did", "b")+"]")})
	require.True(t, fault.Is(err, fault.Conflict), "%v", err)
	refused, ok := errors.AsType[*fault.Error](err)
	require.True(t, ok)
	require.Equal(t, 1, refused.Violations[0].Statement)
	_, err = f.Statement(t.Context(), read(a), fresh, false)
	require.True(t, fault.Is(err, fault.NotFound), "%v", err)
}

// TestCommitRefusesAloneInAGroup runs one group by hand, so that a conflict,
// a duplicate and new statements share a transaction.
func TestCommitRefusesAloneInAGroup(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a, b := f.author(), f.author()
	taken := uuid.New()
	f.put(a, simple(taken, "ada", "did", "a"))
	ids := []uuid.UUID{uuid.New(), uuid.New()}
	group := []*pending{
		f.pending(a, simple(ids[0], "ada", "did", "a")),
		f.pending(a, simple(taken, "ada", "did", "other")),
		f.pending(b, simple(taken, "ada", "did", "elsewhere")),
		f.pending(a, simple(taken, "ada", "did", "a")),
		f.pending(b, simple(ids[1], "ada", "did", "a")),
		f.pending(b, simple(ids[1], "ada", "did", "different")),
	}
	f.commitGroup(slices.Clone(group))
	kinds := make([]string, len(group))
	for i, p := range group {
		if err := <-p.done; err != nil {
			kinds[i] = fault.KindOf(err).String()
		}
	}
	require.Equal(t, []string{"", "conflict", "", "", "", "conflict"}, kinds)
	require.Equal(t, []uuid.UUID{ids[0], taken}, f.walk(read(a), xapi.Query{}))
	require.Equal(t, []uuid.UUID{ids[1], taken}, f.walk(read(b), xapi.Query{}))
}

// commitGroup commits requests in one group, as a lane does.
func (f *fixture) commitGroup(group []*pending) { (&lane{committer: f.committer}).commit(group) }

func (f *fixture) pending(a Author, body string) *pending {
	f.t.Helper()
	p := &pending{ctx: f.t.Context(), done: make(chan error, 1)}
	for _, s := range batch(f.t, body).Statements {
		p.rows = append(p.rows, newRow(a, common, &s))
	}
	return p
}

func TestCommitOfRacingWritersHasOneWinner(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a := f.author()
	stores := []*LRS{f.LRS, f.another()} // two replicas
	for range 20 {
		ids := []uuid.UUID{uuid.New(), uuid.New(), uuid.New()}
		var racers sync.WaitGroup
		var mu sync.Mutex
		won := map[string]int{}
		for n := range 16 {
			racers.Go(func() {
				var bodies []string
				for i := range ids { // each in its own order
					bodies = append(bodies, simple(ids[(i+n)%len(ids)], "ada", "did", fmt.Sprint(n%4)))
				}
				_, err := stores[n%2].Commit(context.Background(), Write{a, batch(t, "["+strings.Join(bodies, ",")+"]")})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					won[fmt.Sprint(n%4)]++
				case !fault.Is(err, fault.Conflict):
					won[err.Error()]++
				}
			})
		}
		racers.Wait()
		require.Len(t, won, 1, "the racers that sent the same statements win, all others lose: %v", won)
		for winner, n := range won {
			require.Equal(t, 4, n)
			require.ElementsMatch(t, ids, f.walk(read(a), xapi.Query{Activity: "https://example.com/" + winner})[:3])
		}
	}
	require.Len(t, f.walk(read(a), xapi.Query{}), 60)
}

func TestCommitAfterCloseIsUnavailable(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a := f.author()
	f.Close()
	_, err := f.Commit(t.Context(), Write{a, batch(t, simple(uuid.New(), "ada", "did", "a"))})
	require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
}

// TestFollowerMissesNothing reads by since and Consistent-Through while 32
// writers store through two replicas.
func TestFollowerMissesNothing(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a := f.author()
	replicas := []*LRS{f.LRS, f.another()}
	const writers, each = 32, 25
	var running sync.WaitGroup
	for n := range writers {
		running.Go(func() {
			for range each {
				_, err := replicas[n%2].Commit(context.Background(), Write{a, batch(t, simple(uuid.New(), "ada", "did", "a"))})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	ended := make(chan struct{})
	go func() { running.Wait(); close(ended) }()

	seen := map[uuid.UUID]int{}
	since := read(a)
	var through xapi.Query
	through.Ascending, through.Limit = true, 500
	for last := false; ; {
		q := through
		var next Cursor
		var first *Page
		for {
			page, err := f.Find(t.Context(), since, &q, next)
			require.NoError(t, err)
			if first == nil {
				first = page
			}
			for _, rec := range page.Records {
				if !rec.Stored.After(first.ConsistentThrough) { // the rest comes with the next turn
					seen[rec.ID]++
				}
			}
			if next = page.Next; next == 0 {
				break
			}
		}
		through.Since = first.ConsistentThrough
		if last {
			break
		}
		select {
		case <-ended:
			last = true
		default:
		}
	}
	require.Len(t, seen, writers*each)
	for id, n := range seen {
		require.Equal(t, 1, n, "statement %s", id)
	}
}

func TestDeepWalkThroughPostingLists(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.merge = 1 // statement: no list waits, none is long
	f.LRS = f.another()
	a := f.author()
	// More lists than one piece holds, of one statement each, and some of many.
	const n = postingPiece + 200
	var ids []uuid.UUID
	body := func() string {
		ids = append(ids, uuid.New())
		return fmt.Sprintf(`{"id":"%s","actor":{"mbox":"mailto:a%d@example.com"},"verb":{"id":"https://example.com/v"},"object":{"id":"https://example.com/o"},
			"context":{"instructor":{"mbox":"mailto:teacher@example.com"}}}`, ids[len(ids)-1], len(ids)%3)
	}
	for len(ids) < n {
		f.commitGroup([]*pending{f.pending(a, body())})
		if len(ids)%100 == 0 {
			var many []string
			for range 40 {
				many = append(many, body())
			}
			f.put(a, "["+strings.Join(many, ",")+"]")
		}
	}
	for _, limit := range []int{1, 7, 100, 500} {
		q := xapi.Query{Agent: "mbox:mailto:teacher@example.com", RelatedAgents: true, Limit: limit, Ascending: true}
		require.Equal(t, ids, f.walk(read(a), q), "ascending, limit %d", limit)
		q.Ascending = false
		got := f.walk(read(a), q)
		slices.Reverse(got)
		require.Equal(t, ids, got, "descending, limit %d", limit)
		if limit == 1 {
			continue
		}
		q.Verb = "https://example.com/v"
		got = f.walk(read(a), q)
		slices.Reverse(got)
		require.Equal(t, ids, got, "with a verb, limit %d", limit)
	}
}

// TestWalkThroughALargeBatch pages through one transaction that is longer than
// a group and than a posting list may be.
func TestWalkThroughALargeBatch(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.merge = 1 // statement: the lists are merged at once, and are long
	f.LRS = f.another()
	a := f.author()
	var ids []uuid.UUID
	var bodies []string
	for range 2*groupStatements - 30 {
		ids = append(ids, uuid.New())
		bodies = append(bodies, simple(ids[len(ids)-1], "ada", "did", "a"))
	}
	b, err := xapi.Decode([]byte("["+strings.Join(bodies, ",")+"]"), xapi.V2, xapi.Limits{Statements: len(ids)})
	require.NoError(t, err)
	_, err = f.Commit(t.Context(), Write{a, b})
	require.NoError(t, err)
	for _, limit := range []int{70, 300} {
		q := xapi.Query{Verb: "https://example.com/verbs/did", Limit: limit, Ascending: true}
		require.Equal(t, ids, f.walk(read(a), q), "ascending, limit %d", limit)
		q.Ascending = false
		got := f.walk(read(a), q)
		slices.Reverse(got)
		require.Equal(t, ids, got, "descending, limit %d", limit)
	}
}
