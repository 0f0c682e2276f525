package ratelimit_test

import (
	"context"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/ratelimit"
)

var one = ratelimit.Request{Tenant: 1, Key: 1, Requests: 1}

func TestWithoutRedisEachProcessLimitsByItselfAndReturns(t *testing.T) {
	t.Parallel()
	m := miniredis.NewMiniRedis()
	require.NoError(t, m.Start())
	defer m.Close()
	l := open(t, ratelimit.Config{URL: "redis://" + m.Addr(), Limits: ratelimit.Limits{KeyRequests: 2}, ProbeEvery: time.Millisecond})
	registry := prometheus.NewPedanticRegistry()
	require.NoError(t, registry.Register(l))
	degraded := func() bool {
		families, err := registry.Gather()
		require.NoError(t, err)
		for _, f := range families {
			if f.GetName() == "stoa_ratelimit_degraded" {
				return f.GetMetric()[0].GetGauge().GetValue() == 1
			}
		}
		t.Error("no gauge")
		return false
	}
	require.Equal(t, 6, testutil.CollectAndCount(l))

	require.True(t, l.Allow(t.Context(), one).Allowed)
	require.True(t, l.Allow(t.Context(), one).Allowed)
	require.False(t, l.Allow(t.Context(), one).Allowed)
	require.False(t, l.Degraded())
	require.False(t, degraded())

	m.SetError("OOM command not allowed when used memory > 'maxmemory'") // answers, and is of no use
	require.Equal(t, []bool{true, true, false}, []bool{
		l.Allow(t.Context(), one).Allowed, l.Allow(t.Context(), one).Allowed, l.Allow(t.Context(), one).Allowed,
	}, "the process's own limit")
	require.True(t, l.Degraded())
	require.True(t, degraded())

	m.SetError("")
	require.Eventually(t, func() bool { return !l.Degraded() }, 10*time.Second, time.Millisecond)
	require.False(t, degraded())
	require.False(t, l.Allow(t.Context(), one).Allowed, "the shared limit is as it was")

	m.Close()
	require.NotZero(t, l.Allow(t.Context(), one).Limit)
	require.True(t, l.Degraded())
	require.Eventually(t, func() bool { return m.Restart() == nil }, 10*time.Second, 5*time.Millisecond, "its port may be taken for a moment")
	require.Eventually(t, func() bool { return !l.Degraded() }, 10*time.Second, time.Millisecond)
}

func TestARedisThatWasNeverThereFailsNobody(t *testing.T) {
	t.Parallel()
	l := open(t, ratelimit.Config{URL: "redis://127.0.0.1:1", Limits: ratelimit.Limits{KeyRequests: 1}})
	require.True(t, l.Allow(t.Context(), one).Allowed)
	require.False(t, l.Allow(t.Context(), one).Allowed)
	require.True(t, l.Degraded())
}

func TestAnEndedRequestIsNoOutage(t *testing.T) {
	t.Parallel()
	l := open(t, ratelimit.Config{URL: startMini(t), Limits: ratelimit.Limits{KeyRequests: 5}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Equal(t, 4, l.Allow(ctx, one).Remaining)
	require.False(t, l.Degraded())
}

func TestAServerThatForgotTheScriptLearnsIt(t *testing.T) {
	t.Parallel()
	m := miniredis.NewMiniRedis()
	require.NoError(t, m.Start())
	defer m.Close()
	l := open(t, ratelimit.Config{URL: "redis://" + m.Addr(), Limits: ratelimit.Limits{KeyRequests: 2}})
	require.True(t, l.Allow(t.Context(), one).Allowed)
	m.Close() // forgets scripts, keeps data
	require.Eventually(t, func() bool { return m.Restart() == nil }, 10*time.Second, 5*time.Millisecond, "its port may be taken for a moment")
	l.Allow(t.Context(), one) // may find the old connection dead
	require.Eventually(t, func() bool { return !l.Degraded() }, 10*time.Second, time.Millisecond)
	require.Equal(t, 2, l.Allow(t.Context(), one).Limit)
	require.False(t, l.Degraded())
}

// A Redis that hangs is the worst: it accepts everything and answers nothing.
func TestARedisThatHangsCostsLittle(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Log("only with redis-server on the PATH, as in CI: miniredis cannot hang")
		return
	}
	url, cmd := startReal(t)
	l := open(t, ratelimit.Config{URL: url, Limits: ratelimit.Limits{KeyRequests: 1e6}, ProbeEvery: time.Millisecond})
	require.True(t, l.Allow(t.Context(), one).Allowed)
	require.False(t, l.Degraded())
	require.NoError(t, cmd.Process.Signal(syscall.SIGSTOP))
	require.Eventually(t, func() bool {
		require.True(t, l.Allow(t.Context(), one).Allowed)
		return l.Degraded()
	}, 10*time.Second, time.Millisecond)

	start := time.Now()
	for range 1000 {
		require.True(t, l.Allow(t.Context(), one).Allowed)
	}
	require.Less(t, time.Since(start), 200*time.Millisecond, "a dead Redis costs latency: 1000 requests took less than one timeout")
	require.NoError(t, cmd.Process.Signal(syscall.SIGCONT))
	require.Eventually(t, func() bool { return !l.Degraded() }, 10*time.Second, time.Millisecond)
}
