package pgserver

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cluster is a directory with a Postgres cluster, locked by this process.
type cluster struct {
	dir       string // absolute; see the package comment for what lies in it
	ephemeral bool
	account   account
	lock      *os.File
}

func (c *cluster) data() string { return filepath.Join(c.dir, "data") }

// openCluster settles the directory and locks it.
func openCluster(cfg Config) (*cluster, error) {
	if cfg.Dir == "" && !cfg.Ephemeral {
		return nil, errors.New("pgserver: Config.Dir is empty: only an ephemeral cluster may do without")
	}
	if cfg.Dir == "" {
		dir, err := os.MkdirTemp("", "stoa-postgres-")
		if err != nil {
			return nil, err
		}
		cfg.Dir = dir
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, err
	}
	c := &cluster{dir: dir, ephemeral: cfg.Ephemeral}
	if err := c.settle(); err != nil {
		return nil, err
	}
	if c.lock, err = lockFile(filepath.Join(c.dir, "lock")); err != nil {
		return nil, err
	}
	return c, nil
}

// settle makes the directory, in a place that the account may enter.
func (c *cluster) settle() error {
	if os.Geteuid() != 0 {
		return os.MkdirAll(c.dir, 0o700)
	}
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return err
	}
	c.account = unprivileged(c.data())
	if c.account.mayEnter(filepath.Dir(c.dir)) {
		return os.Chmod(c.dir, 0o755)
	}
	sum := sha256.Sum256([]byte(c.dir))
	elsewhere := filepath.Join("/var/lib/stoa", "postgres-"+hex.EncodeToString(sum[:6]))
	if err := os.Remove(c.dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is under a directory that uid %d may not enter: %w", c.dir, c.account.uid, err)
	}
	c.dir = elsewhere
	c.account = unprivileged(c.data())
	return mkdirOpen(elsewhere)
}

// lockFile takes the lock that says "a process runs this cluster". The lock
// goes with the process, however it ends; Postgres does not inherit it.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder, _ := os.ReadFile(path)
		f.Close()
		return nil, fmt.Errorf("the Postgres of %s is already run by process %s: stop that first, or choose another directory",
			filepath.Dir(path), bytes.TrimSpace(holder))
	}
	if err := f.Truncate(0); err != nil {
		f.Close()
		return nil, err
	}
	if _, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())), 0); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// close unlocks the cluster; an ephemeral one is deleted first.
func (c *cluster) close() error {
	var err error
	if c.ephemeral {
		err = os.RemoveAll(c.dir)
	}
	c.lock.Close()
	return err
}

// ensure makes the cluster unless there is one, and returns its password.
// initdb works beside the final place, so that a cluster is whole or absent.
func (c *cluster) ensure(ctx context.Context, bin programs) (string, error) {
	secret := filepath.Join(c.dir, "password")
	if exists(filepath.Join(c.data(), "PG_VERSION")) {
		password, err := os.ReadFile(secret)
		if err != nil {
			return "", fmt.Errorf("the cluster in %s has lost its password file: delete the directory to begin anew: %w", c.dir, err)
		}
		return string(password), nil
	}
	password := rand.Text()
	if err := os.Remove(secret); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err := os.WriteFile(secret, []byte(password), 0o600); err != nil {
		return "", err
	}
	fresh := c.data() + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return "", err
	}
	if err := os.Mkdir(fresh, 0o700); err != nil {
		return "", err
	}
	if err := c.account.own(fresh, secret); err != nil {
		return "", err
	}
	// No locale: text sorts by bytes, the same on every system.
	args := []string{
		"-D", fresh, "-U", Superuser, "--pwfile", secret, "--auth", "scram-sha-256",
		"--encoding", "UTF8", "--no-locale",
	}
	if c.ephemeral {
		args = append(args, "--no-sync")
	}
	cmd := exec.CommandContext(ctx, bin.path("initdb"), args...)
	c.prepare(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("initdb: %w\n%s", err, out)
	}
	if err := os.Rename(fresh, c.data()); err != nil {
		return "", err
	}
	return password, nil
}

// version returns the major version that made the cluster, 0 when there is none.
func (c *cluster) version() int {
	text, err := os.ReadFile(filepath.Join(c.data(), "PG_VERSION"))
	if err != nil || c.ephemeral {
		return 0
	}
	major, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return major
}

// pidFile reads process and status of the server that wrote postmaster.pid;
// zero values without one.
func (c *cluster) pidFile() (pid int, status string) {
	text, err := os.ReadFile(filepath.Join(c.data(), "postmaster.pid"))
	if err != nil {
		return 0, ""
	}
	lines := strings.Split(string(text), "\n")
	pid, _ = strconv.Atoi(lines[0])
	if len(lines) > 7 {
		status = strings.TrimSpace(lines[7])
	}
	return pid, status
}

// stopOrphan ends the server of a process that was killed: it would keep the
// cluster from us, and its port and settings are not ours. A pid file without
// such a server is stale, and Postgres copes with it.
func (c *cluster) stopOrphan(ctx context.Context) error {
	pid, _ := c.pidFile()
	if pid == 0 || !c.servedBy(pid) {
		return nil
	}
	sig := syscall.SIGINT
	for range 2 {
		// An error says that it ended meanwhile.
		_ = syscall.Kill(pid, sig)
		for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); {
			if !c.servedBy(pid) {
				return nil
			}
			if err := pause(ctx, 10*time.Millisecond); err != nil {
				return err
			}
		}
		sig = syscall.SIGQUIT
	}
	return fmt.Errorf("an old Postgres (process %d) still serves %s and does not end", pid, c.data())
}

// servedBy reports whether process pid is a server of this cluster: pids are
// reused, so it must also have been started for this directory.
func (c *cluster) servedBy(pid int) bool {
	args := arguments(pid)
	return strings.Contains(args, "postgres") && strings.Contains(args, " -D "+c.data()+" ")
}

// logTail returns the end of the server's log, for error messages.
func (c *cluster) logTail() string {
	text, err := os.ReadFile(filepath.Join(c.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-2000):])
}
