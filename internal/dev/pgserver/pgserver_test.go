package pgserver_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/dev/pgserver"
)

// With serveIn set, the test binary is the process that TestKilled kills: it
// starts a server in that directory, prints its URL and waits for its end.
const serveIn = "PGSERVER_TEST_SERVE_IN"

func TestMain(m *testing.M) {
	dir := os.Getenv(serveIn)
	if dir == "" {
		os.Exit(m.Run())
	}
	s, err := pgserver.Start(context.Background(), pgserver.Config{Dir: dir})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(s.URL(pgserver.Superuser, "postgres"))
	<-s.Done()
}

// start starts a server; it is stopped and its cluster deleted when the test ends.
func start(t *testing.T, cfg pgserver.Config) *pgserver.Server {
	t.Helper()
	s, err := pgserver.Start(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, s.Stop())
		require.NoError(t, os.RemoveAll(s.Dir())) // as root it may lie elsewhere than cfg.Dir
	})
	return s
}

// openDir returns a new directory that any account may enter, as those of a
// checkout are.
func openDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
	require.NoError(t, os.Chmod(dir, 0o755))
	return filepath.Join(dir, "pg")
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// show returns the value of a setting.
func show(t *testing.T, conn *pgx.Conn, setting string) string {
	t.Helper()
	var value string
	require.NoError(t, conn.QueryRow(t.Context(), "select current_setting($1)", setting).Scan(&value))
	return value
}

func TestEphemeral(t *testing.T) {
	t.Parallel()
	s := start(t, pgserver.Config{Ephemeral: true, Settings: map[string]string{"max_connections": "37"}})
	conn := connect(t, s.URL(pgserver.Superuser, "postgres"))
	require.Equal(t, "off", show(t, conn, "fsync"))
	require.Equal(t, "37", show(t, conn, "max_connections"))
	require.Equal(t, "127.0.0.1", show(t, conn, "listen_addresses"))

	require.NoError(t, s.Stop())
	<-s.Done()
	require.NoDirExists(t, s.Dir())
	require.NoError(t, s.Stop(), "a second Stop does nothing")
}

func TestWrongPasswordIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t, pgserver.Config{Ephemeral: true})
	cfg, err := pgx.ParseConfig(s.URL(pgserver.Superuser, "postgres"))
	require.NoError(t, err)
	cfg.Password = "guess"
	_, err = pgx.ConnectConfig(t.Context(), cfg)
	require.ErrorContains(t, err, "password authentication failed")
}

func TestPersistentClusterSurvivesRestart(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	first := start(t, pgserver.Config{Dir: dir})
	conn := connect(t, first.URL(pgserver.Superuser, "postgres"))
	require.Equal(t, "on", show(t, conn, "fsync"))
	_, err := conn.Exec(t.Context(), "create table kept as select 42 as answer")
	require.NoError(t, err)
	require.NoError(t, first.Stop())

	second := start(t, pgserver.Config{Dir: dir})
	requireKept(t, second.URL(pgserver.Superuser, "postgres"))
}

func requireKept(t *testing.T, url string) {
	t.Helper()
	var answer int
	require.NoError(t, connect(t, url).QueryRow(t.Context(), "select answer from kept").Scan(&answer))
	require.Equal(t, 42, answer)
}

func TestDirectoryInUseIsRefused(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	running := start(t, pgserver.Config{Dir: dir})
	_, err := pgserver.Start(t.Context(), pgserver.Config{Dir: dir})
	require.ErrorContains(t, err, fmt.Sprintf("already run by process %d", os.Getpid()))
	connect(t, running.URL(pgserver.Superuser, "postgres"))
}

// The process that started the server is killed, so that nothing of it can
// tidy up; what it committed is there when the next one starts.
func TestKilledStarterLosesNothing(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serveIn+"="+dir)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var url string
	_, err = fmt.Fscanln(stdout, &url)
	require.NoError(t, err)
	conn := connect(t, url)
	_, err = conn.Exec(t.Context(), "create table kept as select 42 as answer")
	require.NoError(t, err)
	require.NoError(t, cmd.Process.Signal(syscall.SIGKILL))
	require.Error(t, cmd.Wait())

	requireKept(t, start(t, pgserver.Config{Dir: dir}).URL(pgserver.Superuser, "postgres"))
}

// The machine lost its power: the server itself had no time to tidy up.
func TestKilledServerLosesNothing(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	s := start(t, pgserver.Config{Dir: dir})
	conn := connect(t, s.URL(pgserver.Superuser, "postgres"))
	_, err := conn.Exec(t.Context(), "create table kept as select 42 as answer")
	require.NoError(t, err)
	var pid int
	pidFile, err := os.Open(filepath.Join(s.Dir(), "data", "postmaster.pid"))
	require.NoError(t, err)
	defer pidFile.Close()
	_, err = fmt.Fscanln(pidFile, &pid)
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	<-s.Done()
	require.NoError(t, s.Stop())

	requireKept(t, start(t, pgserver.Config{Dir: dir}).URL(pgserver.Superuser, "postgres"))
}

// Root's Postgres runs as somebody else, who may not enter root's home.
func TestClosedDirectory(t *testing.T) {
	t.Parallel()
	closed := t.TempDir()
	require.NoError(t, os.Chmod(closed, 0o700))
	dir := filepath.Join(closed, "pg")
	s := start(t, pgserver.Config{Dir: dir})
	if os.Geteuid() == 0 {
		require.Equal(t, "/var/lib/stoa", filepath.Dir(s.Dir()))
	} else {
		require.Equal(t, dir, s.Dir())
	}
	connect(t, s.URL(pgserver.Superuser, "postgres"))
}

func TestUnusableBinDirIsNamed(t *testing.T) {
	t.Parallel()
	empty := t.TempDir()
	_, err := pgserver.Start(t.Context(), pgserver.Config{Ephemeral: true, BinDir: empty})
	require.ErrorContains(t, err, "STOA_PG_BINDIR: "+empty+" has no initdb")
}
