package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

const consistentThrough = "X-Experience-API-Consistent-Through"

// TestAFollowerMissesNothing reads by since and Consistent-Through, each turn
// from another replica, while 32 writers store through both.
func TestAFollowerMissesNothing(t *testing.T) {
	t.Parallel()
	x := open(t)
	x.table("tenant create acme")
	a := x.store("acme", "main")
	replicas := []*process{x.serve(), x.serve()}
	const writers, each, fewest = 32, 10, 10
	var turns atomic.Int64 // of the follower
	var running sync.WaitGroup
	want, failures := make([][]string, writers), make(chan string, writers)
	for n := range writers {
		running.Go(func() {
			for i := 0; i < each || turns.Load() < fewest; i++ {
				statement := func() string {
					return fmt.Sprintf(`{"actor":{"mbox":"mailto:a@example.com"},"verb":{"id":"https://example.com/did"},"object":{"id":"https://example.com/%d"}}`, n)
				}
				body := "[" + strings.TrimSuffix(strings.Repeat(statement()+",", 1+n%3), ",") + "]"
				status, _, text, err := a.call(replicas[n%2].url, http.MethodPost, "/xapi/statements", nil, body)
				var ids []string
				if err != nil || status != http.StatusOK || json.Unmarshal(text, &ids) != nil {
					failures <- fmt.Sprintf("%d %s %v", status, text, err)
					return
				}
				want[n] = append(want[n], ids...)
			}
		})
	}
	ended := make(chan struct{})
	go func() { running.Wait(); close(ended) }()

	seen, early := map[string]int{}, 0
	since := ""
	for last := false; ; turns.Add(1) {
		query := url.Values{"ascending": {"true"}, "limit": {"100"}}
		if since != "" {
			query.Set("since", since)
		}
		through := ""
		for path := "/xapi/statements?" + query.Encode(); path != ""; {
			status, header, text, err := a.call(replicas[turns.Load()%2].url, http.MethodGet, path, nil, "")
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, status, "%s", text)
			if through == "" { // of the first page: later ones may know of more
				through = header.Get(consistentThrough)
				require.NotEmpty(t, through)
			}
			var page struct {
				Statements []found
				More       string
			}
			require.NoError(t, json.Unmarshal(text, &page))
			for _, s := range page.Statements {
				if s.Stored > through { // comes with the next turn
					early++
					continue
				}
				seen[s.ID]++
			}
			path = page.More
		}
		since = through
		if last {
			break
		}
		select {
		case <-ended:
			last = true
		default:
		}
	}
	close(failures)
	for failure := range failures {
		require.Empty(t, failure)
	}
	total := 0
	for _, ids := range want {
		for _, id := range ids {
			total++
			require.Equal(t, 1, seen[id], "statement %s", id)
		}
	}
	require.Len(t, seen, total)
	t.Logf("%d statements in %d turns; %d were seen before their time", total, turns.Load(), early)
}

// TestNoOrderDeadlocks has clients of three replicas store the same ids, define
// the same activities, write the same documents and refer to one another's
// statements, each in an order of its own, in six stores at once. It takes
// three: of two group commits that want the same locks, one waits for its first.
func TestNoOrderDeadlocks(t *testing.T) {
	t.Parallel()
	x := open(t)
	var stores []*access
	for _, tenant := range []string{"acme", "globex"} {
		x.table("tenant create " + tenant)
		for _, store := range []string{"one", "two", "three"} {
			stores = append(stores, x.store(tenant, store))
		}
	}
	var replicas []*process
	for range 3 {
		replicas = append(replicas, x.serve("STOA_INGEST_LANES=1")) // for groups of several stores
	}

	const clients, rounds, shared = 24, 2, 4
	var mu sync.Mutex
	statuses := map[int]int{}
	var wrong []string
	for round := range rounds {
		ids := make([]string, shared)
		for i := range ids {
			ids[i] = uuid.NewString()
		}
		var running sync.WaitGroup
		for n := range clients {
			running.Go(func() {
				for turn := range stores {
					a := stores[(n/len(replicas)+turn)%len(stores)]
					texts := make([]string, 0, 2*shared)
					for i := range shared {
						at := (i + n) % shared
						if n%2 == 1 {
							at = shared - 1 - at
						}
						// Half of all pairs of clients send the same; of others, one is refused.
						texts = append(texts, fmt.Sprintf(`{"id":%q,"actor":{"mbox":"mailto:a@example.com"},"verb":{"id":"https://example.com/%d"},"object":{"objectType":"StatementRef","id":%q}}`,
							ids[at], n/6%2, ids[(at+1)%shared]))
						texts = append(texts, fmt.Sprintf(`{"actor":{"mbox":"mailto:a%d@example.com"},"verb":{"id":"https://example.com/did"},
							"object":{"id":"https://example.com/%d","definition":{"name":{"en":"Round %d of %d"}}}}`, at, at, round, n))
					}
					agent := url.Values{"agent": {`{"mbox":"mailto:a@example.com"}`}, "activityId": {"https://example.com/1"}, "stateId": {fmt.Sprint((n + turn) % 2)}}
					for _, request := range []struct {
						method, path string
						query        url.Values
						body         string
					}{
						{http.MethodPost, "/xapi/statements", nil, "[" + strings.Join(texts, ",") + "]"},
						{http.MethodPost, "/xapi/activities/state", agent, `{"n":1}`},
						{http.MethodPost, "/xapi/statements", nil, "[" + strings.Join([]string{texts[1], texts[3]}, ",") + "]"},
					} {
						status, _, text, err := a.call(replicas[n%len(replicas)].url, request.method, request.path, request.query, request.body)
						mu.Lock()
						statuses[status]++
						if err != nil || status >= 500 {
							wrong = append(wrong, fmt.Sprintf("%d %s %v", status, text, err))
						}
						mu.Unlock()
					}
				}
			})
		}
		running.Wait()
		require.Empty(t, wrong)
	}
	t.Log(statuses)
	require.ElementsMatch(t, []int{http.StatusOK, http.StatusNoContent, http.StatusConflict}, keys(statuses))
	for _, p := range replicas {
		_, metrics := p.get("/metrics")
		require.Regexp(t, `(?m)^stoa_commit_retries_total 0$`, metrics)
		require.NoError(t, p.end(syscall.SIGTERM))
	}
	conn, err := pgx.Connect(t.Context(), x.urls.Owner)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	eventually(t, func() bool { // sessions count what they met when they end
		var others int
		require.NoError(t, conn.QueryRow(t.Context(), `select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`).Scan(&others))
		return others == 0
	}, "sessions stay")
	var deadlocks int
	require.NoError(t, conn.QueryRow(t.Context(), `select deadlocks from pg_stat_database where datname = current_database()`).Scan(&deadlocks))
	require.Zero(t, deadlocks)
}

func keys(m map[int]int) (all []int) {
	for k := range m {
		all = append(all, k)
	}
	return all
}
