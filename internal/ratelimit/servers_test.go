package ratelimit_test

import (
	"context"
	"log/slog"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/ratelimit"
)

// backend opens limiters that share one state, whose time a test can move.
type backend struct {
	open    func(ratelimit.Limits) *ratelimit.Limiter
	advance func(time.Duration)
}

// backends runs test against the in-process Redis of `stoa dev`, against a real
// Redis where redis-server is on the PATH (as it is in CI), and against the
// local limits.
func backends(t *testing.T, test func(*testing.T, backend)) {
	starts := map[string]func(testing.TB) string{"miniredis": startMini}
	if _, err := exec.LookPath("redis-server"); err == nil {
		starts["redis"] = func(t testing.TB) string { url, _ := startReal(t); return url }
	}
	for name, start := range starts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := start(t)
			test(t, backend{
				open:    func(l ratelimit.Limits) *ratelimit.Limiter { return open(t, ratelimit.Config{URL: url, Limits: l}) },
				advance: func(d time.Duration) { age(t, url, d) },
			})
		})
	}
	t.Run("local", func(t *testing.T) {
		t.Parallel()
		var passed atomic.Int64
		start := time.Now()
		clock := func() time.Time { return start.Add(time.Duration(passed.Load())) }
		test(t, backend{
			open:    func(l ratelimit.Limits) *ratelimit.Limiter { return open(t, ratelimit.Config{Limits: l, Clock: clock}) },
			advance: func(d time.Duration) { passed.Add(int64(d)) },
		})
	})
}

func open(t testing.TB, c ratelimit.Config) *ratelimit.Limiter {
	t.Helper()
	c.Logger = slog.New(slog.DiscardHandler)
	l, err := ratelimit.New(c)
	require.NoError(t, err)
	t.Cleanup(l.Close)
	return l
}

// age makes every bucket older, because a real Redis has a clock of its own.
func age(t testing.TB, url string, d time.Duration) {
	t.Helper()
	o, err := redis.ParseURL(url)
	require.NoError(t, err)
	c := redis.NewClient(o)
	defer func() { _ = c.Close() }()
	keys, err := c.Keys(t.Context(), "stoa:limit:*").Result()
	require.NoError(t, err)
	for _, key := range keys {
		at, err := c.HGet(t.Context(), key, "at").Int64()
		require.NoError(t, err)
		require.NoError(t, c.HSet(t.Context(), key, "at", at-d.Microseconds()).Err())
		ttl, err := c.PTTL(t.Context(), key).Result()
		require.NoError(t, err)
		require.Positive(t, ttl, "a bucket that stays for ever")
	}
}

func startMini(t testing.TB) string {
	t.Helper()
	m := miniredis.NewMiniRedis()
	require.NoError(t, m.Start())
	t.Cleanup(m.Close)
	return "redis://" + m.Addr()
}

// startReal returns the URL of a redis-server and its process.
func startReal(t testing.TB) (string, *exec.Cmd) {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "redis.sock")
	cmd := startRedisAt(t, socket)
	return "unix://" + socket, cmd
}

func startRedisAt(t testing.TB, socket string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--maxmemory", strconv.Itoa(64<<20))
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGCONT)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	c := redis.NewClient(&redis.Options{Network: "unix", Addr: socket})
	defer func() { _ = c.Close() }()
	require.Eventually(t, func() bool { return c.Ping(context.Background()).Err() == nil }, 10*time.Second, 5*time.Millisecond)
	return cmd
}
