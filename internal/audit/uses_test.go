package audit_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/postgres/postgrestest"
)

func TestUsesOfAKeyAreOneEventAMinute(t *testing.T) {
	t.Parallel()
	w := setup(t)
	u := audit.NewUses(w.db, nil)
	key := audit.KeyRef{ID: "1-h4k2m9q0", Name: "Player"}
	var running sync.WaitGroup
	for c := range 8 {
		running.Go(func() {
			for i := range 100 {
				u.Add(w.mine.Tenant(), key, "statements.write", 5, 200, netip.AddrFrom4([4]byte{203, 0, 113, byte(c)}))
				u.Add(w.mine.Tenant(), key, "state", 0, 404, netip.AddrFrom4([4]byte{203, 0, 113, byte(i)}))
				u.Add(w.theirs.Tenant(), audit.KeyRef{ID: fmt.Sprint("2-", i), Name: "x"}, "about", 0, 200, netip.Addr{})
			}
		})
	}
	running.Wait()
	u.Close()
	var sum struct{ write, written, state, ok, missing int64 }
	lines := w.list(w.mine, audit.Filter{Types: []audit.Type{audit.KeyUsed}})
	require.LessOrEqual(t, len(lines), 2, "a minute may have ended meanwhile")
	for _, l := range lines {
		require.Equal(t, audit.Actor{Kind: audit.ByKey, ID: "key:1-h4k2m9q0", Name: "Player"}, l.Actor)
		var d struct {
			Minute    string
			Resources map[string]struct{ Requests, Statements int64 }
			Statuses  map[string]int64
			Addresses []string
			More      int64 `json:"requests_from_further_addresses"`
		}
		require.NoError(t, json.Unmarshal([]byte(l.Details), &d))
		sum.write += d.Resources["statements.write"].Requests
		sum.written += d.Resources["statements.write"].Statements
		sum.state += d.Resources["state"].Requests
		sum.ok += d.Statuses["2xx"]
		sum.missing += d.Statuses["4xx"]
		require.LessOrEqual(t, len(d.Addresses), 20)
		require.Positive(t, d.More)
	}
	require.Equal(t, []int64{800, 4000, 800, 800, 800}, []int64{sum.write, sum.written, sum.state, sum.ok, sum.missing})
	require.GreaterOrEqual(t, len(w.list(w.theirs, audit.Filter{Types: []audit.Type{audit.KeyUsed}})), 100)
	require.Zero(t, u.Lost())
}

func TestUsesAreKeptWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	w := setup(t)
	away := w.urls.Open(t)
	away.Close()
	u := audit.NewUses(away, nil)
	for i := range 100_010 {
		u.Add(w.mine.Tenant(), audit.KeyRef{ID: fmt.Sprint("1-", i)}, "about", 0, 200, netip.Addr{})
	}
	require.EqualValues(t, 10, u.Lost(), "memory has a bound")
	u.Close()
}

func BenchmarkUsesAdd(b *testing.B) {
	u := audit.NewUses(postgrestest.Open(b), nil)
	b.Cleanup(u.Close)
	keys := make([]audit.KeyRef, 1000)
	for i := range keys {
		keys[i] = audit.KeyRef{ID: fmt.Sprintf("1-%08d", i), Name: "Player"}
	}
	address := netip.MustParseAddr("203.0.113.7")
	b.ResetTimer()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			u.Add(1, keys[i%len(keys)], "statements.write", 1, 200, address)
		}
	})
}
