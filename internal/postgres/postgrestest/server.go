package postgrestest

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// server returns the superuser's URL of the test server, starting one when
// there is none. The answer holds for the life of this process.
var server = sync.OnceValues(func() (*url.URL, error) {
	text := os.Getenv("STOA_TEST_DATABASE_URL")
	if text == "" {
		var err error
		if text, err = share(); err != nil {
			return nil, err
		}
	}
	u, err := url.Parse(text)
	if err != nil || u.User == nil {
		return nil, errors.New("STOA_TEST_DATABASE_URL must have the form postgres://superuser:password@host/postgres")
	}
	return u, nil
})

// meeting is the directory where the test processes of one checkout and the
// keeper of their server meet:
//
//	lock   held while somebody starts or ends the server
//	users  held, shared, by each process that uses the server
//	url    of the running server
//	pg/    the cluster
//
// The first two stay behind: deleting a lock file is a race.
type meeting struct{ dir string }

func (m meeting) path(name string) string { return filepath.Join(m.dir, name) }

// share joins the meeting of this checkout and returns the URL of its server.
// The membership is a lock, so it ends with the process, however that ends.
func share() (string, error) {
	m, err := meet()
	if err != nil {
		return "", err
	}
	lock, err := m.take("lock", syscall.LOCK_EX)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if err := m.join(); err != nil {
		return "", err
	}
	if text, err := os.ReadFile(m.path("url")); err == nil && answers(string(text)) {
		return string(text), nil
	}
	return m.startKeeper()
}

// join makes this process a user of the server until it ends: the descriptor
// is never closed.
func (m meeting) join() error {
	fd, err := syscall.Open(m.path("users"), syscall.O_RDWR|syscall.O_CREAT|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return fmt.Errorf("join the users of the test server: %w", err)
	}
	return flock(fd, syscall.LOCK_SH)
}

// meet makes the directory. It is in a place that others write to as well, so
// it must turn out to be ours.
func meet() (meeting, error) {
	sum := sha256.Sum256([]byte(checkout()))
	m := meeting{filepath.Join(os.TempDir(), fmt.Sprintf("stoa-test-%d-%s", os.Getuid(), hex.EncodeToString(sum[:4])))}
	if err := os.Mkdir(m.dir, 0o755); err != nil && !os.IsExist(err) {
		return meeting{}, err
	}
	info, err := os.Lstat(m.dir)
	if err != nil {
		return meeting{}, err
	}
	if !info.IsDir() || int(info.Sys().(*syscall.Stat_t).Uid) != os.Getuid() {
		return meeting{}, fmt.Errorf("%s belongs to somebody else", m.dir)
	}
	return m, nil
}

// checkout is the directory of the go.mod above the working directory, which
// `go test` sets to the package's.
func checkout() string {
	start, err := os.Getwd()
	if err != nil {
		return ""
	}
	for dir := start; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
	}
	return start
}

// take opens and locks a file of the meeting.
func (m meeting) take(name string, how int) (*os.File, error) {
	f, err := os.OpenFile(m.path(name), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := flock(int(f.Fd()), how); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// flock waits for a lock through the signals of Go's scheduler.
func flock(fd, how int) error {
	for {
		if err := syscall.Flock(fd, how); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// startKeeper starts this very test binary as the keeper (see keeper.go),
// detached from this process and its terminal, and waits for its word.
func (m meeting) startKeeper() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), keeperOf+"="+m.dir)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	word, err := bufio.NewReader(out).ReadString(0)
	if err != nil {
		return "", fmt.Errorf("the keeper of the test server ended: %w %s", err, word)
	}
	word = strings.TrimSuffix(word, "\x00")
	if !answers(word) {
		return "", errors.New(word) // what went wrong, in the keeper's words
	}
	return word, nil
}

// answers reports whether text is the URL of a server that lets us in.
func answers(text string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, text)
	if err != nil {
		return false
	}
	return conn.Close(ctx) == nil
}
