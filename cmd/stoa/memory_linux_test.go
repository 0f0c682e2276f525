package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/sample"
)

// memory returns a figure of /proc/pid/status in bytes: VmRSS is what the
// process has in memory, VmHWM the most that it ever had.
func (p *process) memory(name string) int {
	p.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
	require.NoError(p.t, err)
	_, rest, found := bytes.Cut(text, []byte("\n"+name+":"))
	require.True(p.t, found)
	var kib int
	_, err = fmt.Sscan(string(rest), &kib)
	require.NoError(p.t, err)
	return kib << 10
}

// TestMemoryStaysSmall holds the service to the bounds while 32 clients
// send realistic statements, alone and in batches, to several stores, as fast
// as they are answered.
func TestMemoryStaysSmall(t *testing.T) {
	t.Parallel()
	const (
		clients = 32
		ingest  = 30 * time.Second
		atRest  = 100 << 20
		atWork  = 400 << 20
	)
	x := open(t)
	x.table("tenant create acme")
	stores := []*access{x.store("acme", "one"), x.store("acme", "two"), x.store("acme", "three")}
	p := x.serve()
	status, _, _, err := stores[0].call(p.url, http.MethodGet, "/xapi/statements", nil, "")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	rest := p.memory("VmHWM")
	require.LessOrEqual(t, rest, atRest)

	texts := sample.New(1, sample.Options{WithoutIDs: true}).Statements(2000)
	bodies := map[int][]byte{}
	sizes := []int{1, 1, 5, 50, 500}
	for _, size := range sizes {
		bodies[size] = append(append([]byte{'['}, bytes.Join(texts[:size], []byte{','})...), ']')
	}
	var running sync.WaitGroup
	var statements atomic.Int64
	failures := make(chan string, clients)
	began := time.Now()
	for n := range clients {
		running.Go(func() {
			for i := n; time.Since(began) < ingest; i++ {
				size := sizes[i%len(sizes)]
				status, _, text, err := stores[i%len(stores)].call(p.url, http.MethodPost, "/xapi/statements", nil, string(bodies[size]))
				if err != nil || status != http.StatusOK {
					failures <- fmt.Sprintf("%d %s %v", status, text, err)
					return
				}
				statements.Add(int64(size))
			}
		})
	}
	running.Wait()
	close(failures)
	for failure := range failures {
		require.Empty(t, failure)
	}
	most := p.memory("VmHWM")
	t.Logf("%d MiB at rest, at most %d MiB and %d MiB at last while %d statements came", rest>>20, most>>20, p.memory("VmRSS")>>20, statements.Load())
	require.LessOrEqual(t, most, atWork)
}
