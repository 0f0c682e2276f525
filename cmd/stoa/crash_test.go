package main

import (
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestAKilledServerLosesNothing(t *testing.T) {
	t.Parallel()
	x, _ := durable(t)
	x.table("tenant create acme")
	l := newLedger(x.store("acme", "main"))
	p := x.serve()
	l.access.at(p)
	stop := l.writers(t, 12)
	for range 3 {
		l.await(t, 100)
		require.Error(t, p.end(syscall.SIGKILL))
		p = x.serve()
		l.access.at(p)
	}
	l.await(t, 50)
	stop()
	require.NotZero(t, l.lost, "it was killed in the middle")
	require.Zero(t, l.unavailable)
	l.account(t)
}

func TestAKilledDatabaseLosesNothing(t *testing.T) {
	t.Parallel()
	x, d := durable(t)
	x.table("tenant create acme")
	l := newLedger(x.store("acme", "main"))
	p := x.serve()
	l.access.at(p)
	stop, stopReading := l.writers(t, 12), l.readers(t, 2)
	for range 2 {
		p.becomes(http.StatusOK, `"ready"`)
		l.await(t, 20)
		d.awaitDictionary() // payloads cannot be read without it
		before := l.count(&l.unavailable)
		d.kill()
		p.becomes(http.StatusServiceUnavailable, `"database":"unreachable"`)
		eventually(t, func() bool { return l.count(&l.unavailable) > before }, "nobody was told")
		d.start()
	}
	p.becomes(http.StatusOK, `"ready"`)
	l.await(t, 100)
	stop()
	stopReading()
	require.Zero(t, l.lost, "the server was there all the time")
	require.NoError(t, p.end(syscall.SIGTERM))
	l.access.at(x.serve()) // which remembers nothing
	l.account(t)
}

// What a killed server has begun to settle, the next one brings to its end
// though nobody asks for it.
func TestAKilledServerLeavesNothingUnsettled(t *testing.T) {
	t.Parallel()
	x, d := durable(t)
	x.table("tenant create acme")
	a := x.store("acme", "main")
	p := x.serve()
	const verb, batch, batches = "https://example.com/verbs/arrived", 500, 4
	post := func(body string) {
		status, _, text, err := a.call(p.url, http.MethodPost, "/xapi/statements", nil, body)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status, "%s", text)
	}
	star := uuid.NewString()
	referring := `{"actor":{"mbox":"mailto:fan@example.com"},"verb":{"id":"https://example.com/verbs/liked"},"object":{"objectType":"StatementRef","id":"` + star + `"}}`
	for range batches {
		post("[" + strings.TrimSuffix(strings.Repeat(referring+",", batch), ",") + "]")
	}

	conn := d.connect()
	waiting := func() (n int) {
		require.NoError(t, conn.QueryRow(t.Context(), `select count(*) from pending_refs where target = $1`, star).Scan(&n))
		return n
	}
	marks := func() (n int) {
		require.NoError(t, conn.QueryRow(t.Context(), `select count(*) from pending_refs where target <> $1`, star).Scan(&n))
		return n
	}
	require.Equal(t, batch*batches, waiting())
	obstacle, err := d.connect().Begin(t.Context()) // the settler does not come by
	require.NoError(t, err)
	locked, err := obstacle.Exec(t.Context(), `select from pending_refs where target = $1
		and referrer = (select referrer from pending_refs where target = $1 order by 1 offset $2 limit 1) for update`, star, batch*batches/2)
	require.NoError(t, err)
	require.EqualValues(t, 1, locked.RowsAffected())
	post(`{"id":"` + star + `","actor":{"mbox":"mailto:star@example.com"},"verb":{"id":"` + verb + `"},"object":{"id":"https://example.com/stage"}}`)
	eventually(t, func() bool { return waiting() < batch*batches }, "it does not begin")
	require.Error(t, p.end(syscall.SIGKILL))
	require.NoError(t, obstacle.Rollback(t.Context()))
	require.GreaterOrEqual(t, waiting(), batch*batches/2)
	require.Equal(t, 1, marks())

	p = x.serve()
	eventually(t, func() bool { return waiting() == 0 && marks() == 0 }, "it does not go on")
	found := 0
	for next := "/xapi/statements?verb=" + url.QueryEscape(verb) + "&limit=500"; next != ""; {
		status, _, text, err := a.call(p.url, http.MethodGet, next, nil, "")
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status, "%s", text)
		var page struct {
			Statements []json.RawMessage
			More       string
		}
		require.NoError(t, json.Unmarshal(text, &page))
		found, next = found+len(page.Statements), page.More
	}
	require.Equal(t, batch*batches+1, found)
}

func (l *ledger) count(n *int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return *n
}

// heldBody is the body of a request that the server has begun to handle.
type heldBody struct {
	asked, let chan struct{}
	once       sync.Once
	rest       io.Reader
}

func (b *heldBody) Read(p []byte) (int, error) {
	b.once.Do(func() { close(b.asked) })
	<-b.let
	return b.rest.Read(p)
}

// A rolling restart fails nobody: who looks at /readyz sends elsewhere in time,
// and what has begun is finished, however late.
func TestAStoppedServerFinishesWhatHasBegun(t *testing.T) {
	t.Parallel()
	x := open(t)
	x.table("tenant create acme")
	l := newLedger(x.store("acme", "main"))
	p := x.serve("STOA_DRAIN_DELAY=1s")
	l.access.at(p)

	let := make(chan struct{})
	release := sync.OnceFunc(func() { close(let) })
	t.Cleanup(release)
	w := &writer{ledger: l, name: "held", rand: rand.New(rand.NewPCG(0, 0))}
	var held sync.WaitGroup
	statuses := make([]int, 8)
	for i := range statuses {
		s := w.statement()
		l.requests = append(l.requests, &sentRequest{statements: []*sentStatement{s}, acknowledged: true})
		body := &heldBody{asked: make(chan struct{}), let: let, rest: strings.NewReader(s.text())}
		r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, p.url+"/xapi/statements", io.NopCloser(body))
		require.NoError(t, err)
		l.access.sign(r)
		r.ContentLength = int64(len(s.text()))
		r.Header.Set("Expect", "100-continue") // the handler asks for the body
		held.Go(func() {
			answer, err := (&http.Transport{ExpectContinueTimeout: patience}).RoundTrip(r)
			if err == nil {
				statuses[i] = answer.StatusCode
				answer.Body.Close()
			}
		})
		select {
		case <-body.asked:
		case <-time.After(patience):
			require.FailNow(t, "the body is not asked for")
		}
	}
	stop := l.writers(t, 8)
	l.await(t, 50)
	require.NoError(t, p.Process.Signal(syscall.SIGTERM))
	p.becomes(http.StatusServiceUnavailable, `"draining"`)
	stop()
	l.requireSmooth(t)

	eventually(t, func() bool {
		conn, err := net.DialTimeout("tcp", strings.TrimPrefix(p.url, "http://"), hang)
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	}, "new connections are accepted")
	select {
	case <-p.exited:
		require.FailNow(t, "it has ended with requests under way", "%v", p.err)
	default:
	}
	release()
	held.Wait()
	for _, status := range statuses {
		require.Equal(t, http.StatusOK, status)
	}
	select {
	case <-p.exited:
		require.NoError(t, p.err)
	case <-time.After(patience):
		require.FailNow(t, "it does not end")
	}
	l.access.at(x.serve())
	l.account(t)
}
