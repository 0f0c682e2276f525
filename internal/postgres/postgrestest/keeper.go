package postgrestest

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/stoa-lrs/stoa/internal/dev/pgserver"
)

// keeperOf names the meeting to a process that shall be its keeper.
const keeperOf = "STOA_POSTGRESTEST_KEEPER"

// idle is how long the server outlives its last user: enough for `go test` to
// link the next package, so that one run has one server.
const idle = 20 * time.Second

// The keeper is a second process of the test binary that happens to come first.
// It owns the server (which on Linux dies with it) and ends both when no test
// process has been around for a while, so that nothing stays behind.
func init() {
	dir := os.Getenv(keeperOf)
	if dir == "" {
		return
	}
	if err := keep(meeting{dir}); err != nil {
		fmt.Print(err, "\x00")
		os.Exit(1)
	}
	os.Exit(0)
}

func keep(m meeting) error {
	s, err := pgserver.Start(context.Background(), pgserver.Config{
		Dir: m.path("pg"), Ephemeral: true,
		Settings: map[string]string{"max_connections": "500"},
	})
	if err != nil {
		return err
	}
	url := s.URL(pgserver.Superuser, "postgres")
	if err := os.WriteFile(m.path("url"), []byte(url), 0o600); err != nil {
		return err
	}
	fmt.Print(url, "\x00")
	os.Stdout.Close()

	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for last := time.Now(); ; {
		select {
		case <-s.Done():
			return s.Stop()
		case <-tick.C:
		}
		if m.inUse() {
			last = time.Now()
		} else if time.Since(last) > idle && m.end(s) {
			return nil
		}
	}
}

// inUse reports whether any process is a member of the meeting.
func (m meeting) inUse() bool {
	f, err := m.take("users", syscall.LOCK_EX|syscall.LOCK_NB)
	if err != nil {
		return true
	}
	f.Close()
	return false
}

// end stops the server unless somebody comes just now: who holds the lock and
// sees no member may be sure that nobody joins meanwhile.
func (m meeting) end(s *pgserver.Server) bool {
	lock, err := m.take("lock", syscall.LOCK_EX|syscall.LOCK_NB)
	if err != nil {
		return false
	}
	defer lock.Close()
	if m.inUse() {
		return false
	}
	_ = os.Remove(m.path("url")) // a stale one would not answer
	_ = s.Stop()                 // the cluster that may be left is cleared by the next keeper
	return true
}
