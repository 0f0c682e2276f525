package main

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

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
