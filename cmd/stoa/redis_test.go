package main

import (
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/require"
)

// redisServer can be killed and started again at its address.
type redisServer struct {
	url         string
	start, kill func()
	hang, wake  func() // nil: cannot
}

// newRedis returns the real one where redis-server is on the PATH, as it is in
// CI, else the one of `stoa dev`.
func newRedis(t *testing.T) *redisServer {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		m := miniredis.NewMiniRedis()
		require.NoError(t, m.Start())
		t.Cleanup(m.Close)
		return &redisServer{url: "redis://" + m.Addr(), start: func() { require.NoError(t, m.Restart()) }, kill: m.Close}
	}
	socket := filepath.Join(t.TempDir(), "redis.sock")
	var cmd *exec.Cmd
	signal := func(s syscall.Signal) func() { return func() { require.NoError(t, cmd.Process.Signal(s)) } }
	r := &redisServer{url: "unix://" + socket, hang: signal(syscall.SIGSTOP), wake: signal(syscall.SIGCONT)}
	r.start = func() {
		cmd = exec.Command("redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no")
		require.NoError(t, cmd.Start())
	}
	r.kill = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	r.start()
	t.Cleanup(func() { r.kill() })
	return r
}

// Redis may come and go, or hang: nobody is refused for it, and everybody is told.
func TestALostRedisFailsNobody(t *testing.T) {
	t.Parallel()
	x, r := open(t), newRedis(t)
	x.table("tenant create acme")
	l := newLedger(x.store("acme", "main"))
	p := x.serve("STOA_REDIS_URL=" + r.url)
	l.access.at(p)
	stop := l.writers(t, 8)
	metric := func(line string) {
		t.Helper()
		_, metrics := p.get("/metrics")
		require.Regexp(t, "(?m)^"+regexp.QuoteMeta(line)+"$", metrics)
	}
	with := func(lose, restore func()) {
		t.Helper()
		p.becomes(http.StatusOK, `"ready"`)
		metric("stoa_ratelimit_degraded 0")
		l.await(t, 30)
		lose()
		p.becomes(http.StatusOK, `{"status":"degraded","database":"ok","rateLimits":"degraded"}`)
		metric("stoa_ratelimit_degraded 1")
		l.await(t, 30)
		restore()
	}
	with(r.kill, r.start)
	if r.hang != nil {
		with(r.hang, r.wake)
	}
	p.becomes(http.StatusOK, `"ready"`)
	l.await(t, 30)
	stop()
	l.requireSmooth(t)
	metric("stoa_ratelimit_degraded 0")
	l.account(t)
}
