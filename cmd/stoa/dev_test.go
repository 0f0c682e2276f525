package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/config"
	"github.com/stoa-lrs/stoa/internal/dev"
	"github.com/stoa-lrs/stoa/internal/fault"
)

// binaryDir holds what binary has built.
var binaryDir string

// binary is the command in a file of its own, for tests that need a process.
var binary = sync.OnceValues(func() (path string, err error) {
	if binaryDir, err = os.MkdirTemp("", "stoa-binary-"); err != nil {
		return "", err
	}
	path = filepath.Join(binaryDir, "stoa")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	_ = os.RemoveAll(binaryDir) // "": nothing
	os.Exit(code)
}

// devProcess is a running `stoa dev`.
type devProcess struct {
	*exec.Cmd
	out    string // what it said until it was ready
	stdout io.Closer
	exited chan error
}

// startDev runs `stoa dev` in dir until it says that it is ready.
func startDev(t *testing.T, dir string, variables ...string) *devProcess {
	t.Helper()
	path, err := binary()
	require.NoError(t, err)
	p := &devProcess{Cmd: exec.Command(path, "dev"), exited: make(chan error, 1)}
	p.Dir = dir
	p.Env = append(withoutStoa(os.Environ()), variables...)
	var complaints bytes.Buffer
	p.Stderr = &complaints
	stdout, err := p.StdoutPipe()
	require.NoError(t, err)
	p.stdout = stdout
	require.NoError(t, p.Start())
	t.Cleanup(func() { _ = p.Process.Kill() })

	ready := make(chan string, 1)
	go func() {
		var said strings.Builder
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			said.WriteString(lines.Text() + "\n")
			if strings.HasPrefix(lines.Text(), "Ctrl-C") {
				ready <- said.String()
			}
		}
		p.exited <- p.Wait()
	}()
	select {
	case p.out = <-ready:
	case err := <-p.exited:
		require.FailNow(t, "stoa dev ended", "%v\n%s", err, complaints.String())
	case <-time.After(5 * time.Minute):
		require.FailNow(t, "stoa dev does not start", complaints.String())
	}
	return p
}

// stop sends sig and returns how the process ended.
func (p *devProcess) stop(t *testing.T, sig syscall.Signal) error {
	t.Helper()
	require.NoError(t, p.Process.Signal(sig))
	select {
	case err := <-p.exited:
		return err
	case <-time.After(time.Minute):
		require.FailNow(t, "stoa dev does not end")
		return nil
	}
}

// withoutStoa keeps the tester's own configuration out of the test; which
// Postgres to take is no such thing.
func withoutStoa(environ []string) (kept []string) {
	for _, pair := range environ {
		if !strings.HasPrefix(pair, "STOA_") || strings.HasPrefix(pair, "STOA_PG_BINDIR=") {
			kept = append(kept, pair)
		}
	}
	return kept
}

// pasted runs a curl line that the process printed, as far as this test knows
// curl: not every machine that runs tests has it.
func (p *devProcess) pasted(t *testing.T, index int) (int, []byte) {
	t.Helper()
	line := regexp.MustCompile(`(?m)^  curl (.*)$`).FindAllStringSubmatch(p.out, -1)[index][1]
	var words []string
	for _, m := range regexp.MustCompile(`'([^']*)'|(\S+)`).FindAllStringSubmatch(line, -1) {
		words = append(words, m[1]+m[2])
	}
	method, body, target, header := http.MethodGet, "", "", http.Header{}
	var user, password string
	for i := 0; i < len(words); i++ {
		switch words[i] {
		case "-u":
			i++
			user, password, _ = strings.Cut(words[i], ":")
		case "-H":
			i++
			name, value, _ := strings.Cut(words[i], ": ")
			header.Set(name, value)
		case "-d":
			i++
			method, body = http.MethodPost, words[i]
		default:
			target = words[i]
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	require.NoError(t, err)
	r.Header = header
	r.SetBasicAuth(user, password)
	answer, err := (&http.Client{Timeout: time.Minute}).Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, text
}

// traces are the process of the database and every port of a `stoa dev` in dir.
func traces(t *testing.T, dir string) (postgres int, ports []string) {
	t.Helper()
	environ, err := config.Environ(nil, filepath.Join(dir, config.DevFile))
	require.NoError(t, err)
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		switch name {
		case "STOA_DATABASE_URL", "STOA_REDIS_URL", "STOA_PUBLIC_URL":
			u, err := url.Parse(value)
			require.NoError(t, err)
			ports = append(ports, u.Host)
		}
	}
	require.Len(t, ports, 3)
	c, err := config.Load(environ, config.Owner)
	require.NoError(t, err)
	conn, err := pgx.Connect(t.Context(), c.OwnerDatabaseURL.Reveal())
	require.NoError(t, err)
	defer conn.Close(t.Context())
	var data string
	require.NoError(t, conn.QueryRow(t.Context(), "select current_setting('data_directory')").Scan(&data))
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	require.NoError(t, err)
	first, _, _ := strings.Cut(string(text), "\n")
	postgres, err = strconv.Atoi(first)
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(postgres, 0))
	return postgres, ports
}

func TestDevStartsStopsAndSurvives(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	// Root's Postgres runs as somebody else, who must be let in: the cluster
	// would be elsewhere, and stay.
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
	first := startDev(t, dir, "STOA_LISTEN=127.0.0.1:0")

	require.DirExists(t, filepath.Join(dir, ".stoa", "postgres", "data"))
	require.Regexp(t, `(?m)^  state     \.stoa$`, first.out)
	status, answer := first.pasted(t, 0)
	require.Equal(t, http.StatusOK, status, "%s", answer)
	var page struct{ Statements []json.RawMessage }
	require.NoError(t, json.Unmarshal(answer, &page))
	require.Len(t, page.Statements, 1)

	status, answer = first.pasted(t, 1)
	require.Equal(t, http.StatusOK, status, "%s", answer)
	var ids []string
	require.NoError(t, json.Unmarshal(answer, &ids))

	postgres, ports := traces(t, dir)
	for _, port := range ports {
		require.True(t, answers(t, port), port)
	}
	require.NoError(t, first.stop(t, syscall.SIGINT), "Ctrl-C is no failure")
	require.Error(t, syscall.Kill(postgres, 0), "the database's process is there still")
	for _, port := range ports {
		require.False(t, answers(t, port), port)
	}

	second := startDev(t, dir, "STOA_LISTEN=127.0.0.1:0")
	require.Equal(t, credentials(first.out), credentials(second.out))
	require.Len(t, credentials(second.out), 4)
	require.NotContains(t, second.out, "Demo data", "is made once")
	require.Contains(t, second.find(t, ids[0]), ids[0])
	status, answer = second.pasted(t, 1)
	require.Equal(t, http.StatusOK, status, "%s", answer)
	require.NoError(t, json.Unmarshal(answer, &ids))
	require.Error(t, second.stop(t, syscall.SIGKILL))

	third := startDev(t, dir, "STOA_LISTEN=127.0.0.1:0")
	require.Equal(t, credentials(first.out), credentials(third.out))
	require.Contains(t, third.find(t, ids[0]), ids[0], "was acknowledged before the process was killed")
	postgres, _ = traces(t, dir)
	require.NoError(t, third.stdout.Close())
	require.NoError(t, third.stop(t, syscall.SIGTERM), "that nobody reads its last words is no failure")
	require.Error(t, syscall.Kill(postgres, 0))
}

// find asks the store of the second curl line for a statement.
func (p *devProcess) find(t *testing.T, id string) string {
	t.Helper()
	line := regexp.MustCompile(`curl -u (\S+):(\S+) .* (http\S+/statements)\n`).FindAllStringSubmatch(p.out, -1)
	last := line[len(line)-1]
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, last[3]+"?statementId="+id, http.NoBody)
	require.NoError(t, err)
	r.SetBasicAuth(last[1], last[2])
	r.Header.Set("X-Experience-API-Version", "2.0.0")
	answer, err := (&http.Client{Timeout: time.Minute}).Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return string(text)
}

// credentials are the lines with keys.
func credentials(out string) []string {
	return regexp.MustCompile(`(?m)^  (?:northwind|meridian) .*stoa_\w+$`).FindAllString(out, -1)
}

// answers reports whether something listens.
func answers(t *testing.T, address string) bool {
	t.Helper()
	d := net.Dialer{Timeout: 5 * time.Second}
	conn, err := d.DialContext(context.WithoutCancel(t.Context()), "tcp", address)
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

func TestDevLeavesATakenPortAlone(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	address := taken.Addr().String()

	path, err := binary()
	require.NoError(t, err)
	dir := t.TempDir()
	cmd := exec.Command(path, "dev")
	cmd.Dir, cmd.Env = dir, append(withoutStoa(os.Environ()), "STOA_LISTEN="+address)
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	require.Equal(t, 4, cmd.ProcessState.ExitCode())
	require.Equal(t, "stoa: something else listens on "+address+" already: stop it, or set STOA_LISTEN to another address\n", string(out))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left, "nothing was begun")

	_, err = choosePort(address, true)
	require.Equal(t, fault.Conflict, fault.KindOf(err))
	next, err := choosePort(address, false)
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(next)
	require.NoError(t, err)
	got, err := strconv.Atoi(port)
	require.NoError(t, err)
	require.Greater(t, got, taken.Addr().(*net.TCPAddr).Port)

	for _, wrong := range []string{"8080", "127.0.0.1:http", ""} {
		_, err := choosePort(wrong, true)
		require.Equal(t, fault.Invalid, fault.KindOf(err), wrong)
	}
}

func TestDevNamesEveryWrongVariableBeforeItStartsAnything(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state")
	sh := &shell{environ: []string{"STOA_MAX_BODY=much", "STOA_REDIS_URL=mysql://x", "STOA_LOG_LEVEL=loud"}, now: time.Now}
	err := sh.dev(t.Context(), io.Discard, dev.Config{Dir: dir})
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	for _, name := range []string{"STOA_MAX_BODY", "STOA_REDIS_URL", "STOA_LOG_LEVEL"} {
		require.ErrorContains(t, err, name)
	}
	require.NoDirExists(t, dir)
}
