// Package pgserver runs a private Postgres for `stoa dev` and for the tests,
// so that a fresh machine needs no database. It owns one cluster per directory
// and the process that serves it; it never touches a Postgres that somebody
// else started, and production never uses it.
//
// # Where things lie
//
// Config.Dir holds data/ (the cluster), password (of the superuser, 0600),
// log (of the running server) and lock. As root, Postgres runs as an
// unprivileged account; when that account may not enter Config.Dir (a checkout
// under /root), the cluster lies under /var/lib/stoa instead: Server.Dir says
// where.
//
// # Which Postgres
//
// In this order: STOA_PG_BINDIR, the npm package of npm/package.json, the
// newest /usr/lib/postgresql/*/bin, Homebrew's, the PATH. The launcher itself
// installs the npm package, once for each user and version, into the user's
// cache (npm checks the content hashes of the embedded lock file, and no script
// of the package runs). It does so here and not in the Makefile so that a
// plain `go test ./internal/lrs` and a stoa binary outside any checkout find
// the same Postgres as `make test`.
package pgserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Superuser is the name of the cluster's superuser.
const Superuser = "postgres"

// Config says what to start.
type Config struct {
	// Dir keeps the cluster. Empty, with Ephemeral: a new temporary directory.
	Dir string
	// Ephemeral trades durability for speed (fsync off), starts from an empty
	// cluster and deletes it at Stop.
	Ephemeral bool
	// Settings are added to postgresql.conf's, e.g. {"max_connections": "300"}.
	Settings map[string]string
	// BinDir overrides the search for the programs; empty: STOA_PG_BINDIR.
	BinDir string
}

// Server is a running Postgres. It ends with Stop; on Linux also with the
// process that started it, whatever ends that.
type Server struct {
	cluster  *cluster
	port     int
	password string
	process  *process
}

// Start brings up the cluster of cfg.Dir, making it first when there is none.
// It returns when the server answers. A second Start for a directory in use is
// an error; a server orphaned by a killed process is stopped first. ctx bounds
// the start only.
func Start(ctx context.Context, cfg Config) (_ *Server, err error) {
	c, err := openCluster(cfg)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.close())
		}
	}()
	if err := c.stopOrphan(ctx); err != nil {
		return nil, err
	}
	if c.ephemeral {
		if err := os.RemoveAll(c.data()); err != nil {
			return nil, fmt.Errorf("clear the old cluster: %w", err)
		}
	}
	bin, err := findPrograms(ctx, cfg.BinDir, c)
	if err != nil {
		return nil, err
	}
	password, err := c.ensure(ctx, bin)
	if err != nil {
		return nil, err
	}
	port, p, err := c.serve(ctx, bin, cfg.Settings)
	if err != nil {
		return nil, err
	}
	return &Server{cluster: c, port: port, password: password, process: p}, nil
}

// URL returns the connection string of role user for database db. The password
// in it is the superuser's: a caller that makes further roles and wants to use
// them through URL gives them the same one.
func (s *Server) URL(user, db string) string {
	return (&url.URL{
		Scheme: "postgres", User: url.UserPassword(user, s.password),
		Host: fmt.Sprintf("127.0.0.1:%d", s.port), Path: "/" + db, RawQuery: "sslmode=disable",
	}).String()
}

// Dir returns the directory that holds the cluster and its log.
func (s *Server) Dir() string { return s.cluster.dir }

// Done is closed when the server has ended, for whatever reason.
func (s *Server) Done() <-chan struct{} { return s.process.done }

// Stop ends the server, disconnecting its clients, and returns when it is
// gone. An ephemeral cluster is deleted. Further calls do nothing.
func (s *Server) Stop() error {
	first := syscall.SIGINT // "fast": checkpoint, then end
	if s.cluster.ephemeral {
		first = syscall.SIGQUIT // "immediate": nothing is worth keeping
	}
	s.process.end(first)
	return s.cluster.close()
}

// serve starts the server on a free port of the loopback and waits until it is
// ready. Between our choice of a port and its bind somebody else may take the
// port, and the memory of a crashed server may be in use for a moment: both
// are tried again.
func (c *cluster) serve(ctx context.Context, bin programs, settings map[string]string) (int, *process, error) {
	var last error
	for range 20 {
		port, err := freePort()
		if err != nil {
			return 0, nil, err
		}
		p, err := c.spawn(bin.path("postgres"), c.arguments(port, settings)...)
		if err != nil {
			return 0, nil, err
		}
		err = c.awaitReady(ctx, p)
		if err == nil {
			return port, p, nil
		}
		p.end(syscall.SIGQUIT)
		if !strings.Contains(err.Error(), "could not bind") && !strings.Contains(err.Error(), "is still in use") {
			return 0, nil, err
		}
		last = err
		if err := pause(ctx, 250*time.Millisecond); err != nil {
			break
		}
	}
	return 0, nil, last
}

// arguments are the settings that make the server ours: loopback TCP only, UTC,
// and no socket file, whose path could be too long.
func (c *cluster) arguments(port int, settings map[string]string) []string {
	set := map[string]string{
		"listen_addresses": "127.0.0.1", "port": fmt.Sprint(port), "unix_socket_directories": "",
		"timezone": "UTC", "log_timezone": "UTC", "log_destination": "stderr", "logging_collector": "off",
	}
	if c.ephemeral {
		set["fsync"], set["full_page_writes"] = "off", "off"
	}
	for name, value := range settings {
		set[name] = value
	}
	args := []string{"-D", c.data()} // stopOrphan recognises a server by these two
	for name, value := range set {
		args = append(args, "-c", name+"="+value)
	}
	return args
}

// awaitReady waits for the word that the server itself writes into its pid file.
func (c *cluster) awaitReady(ctx context.Context, p *process) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		if pid, status := c.pidFile(); pid == p.pid && status == "ready" {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("postgres ended at once (%s):\n%s", filepath.Join(c.dir, "log"), c.logTail())
		case <-ctx.Done():
			return fmt.Errorf("postgres is not ready: %w\n%s", ctx.Err(), c.logTail())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
