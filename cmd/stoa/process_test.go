package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/dev/pgserver"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// patience is how long a test waits for what must happen, on a machine that has
// much else to do; a request is answered within it or hangs.
const (
	patience = time.Minute
	hang     = 10 * time.Second
)

// process is a running `stoa serve`.
type process struct {
	*exec.Cmd
	t      *testing.T
	url    string
	exited chan struct{} // closed when it has ended
	err    error         // how, then
}

// serve starts `stoa serve` on x's database and waits until it serves.
func (x *terminal) serve(variables ...string) *process {
	x.t.Helper()
	path, err := binary()
	require.NoError(x.t, err)
	p := &process{Cmd: exec.Command(path, "serve"), t: x.t, exited: make(chan struct{})}
	p.Env = append(append(withoutStoa(os.Environ()), x.sh.environ...), "STOA_LISTEN=127.0.0.1:0")
	p.Env = append(p.Env, variables...)
	stderr, err := p.StderrPipe()
	require.NoError(x.t, err)
	require.NoError(x.t, p.Start())
	var complaints strings.Builder
	x.t.Cleanup(func() {
		_ = p.Process.Kill()
		<-p.exited
		if x.t.Failed() {
			x.t.Logf("stoa serve said:\n%s", complaints.String())
		}
	})
	serving := make(chan string, 1)
	go func() {
		defer close(p.exited)
		for lines := bufio.NewReader(stderr); ; {
			line, err := lines.ReadString('\n')
			var said struct{ Level, Msg, URL string }
			if json.Unmarshal([]byte(line), &said) == nil && said.Msg == "serving" {
				serving <- said.URL
			}
			if said.Level != "INFO" && complaints.Len() < 20_000 {
				complaints.WriteString(line)
			}
			if err != nil {
				break
			}
		}
		p.err = p.Wait()
	}()
	select {
	case p.url = <-serving:
	case <-p.exited:
		require.FailNow(x.t, "stoa serve ended", "%v\n%s", p.err, complaints.String())
	case <-time.After(patience):
		require.FailNow(x.t, "stoa serve does not serve")
	}
	return p
}

// end sends sig and returns how the process ended.
func (p *process) end(sig syscall.Signal) error {
	p.t.Helper()
	require.NoError(p.t, p.Process.Signal(sig))
	select {
	case <-p.exited:
		return p.err
	case <-time.After(patience):
		require.FailNow(p.t, "stoa serve does not end")
		return nil
	}
}

// get answers a GET of something beside the API.
func (p *process) get(path string) (status int, body string) {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.url+path, http.NoBody)
	require.NoError(p.t, err)
	answer, err := (&http.Client{Timeout: hang}).Do(r)
	require.NoError(p.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(p.t, err)
	return answer.StatusCode, string(text)
}

// becomes waits until /readyz answers so.
func (p *process) becomes(status int, body string) {
	p.t.Helper()
	p.eventually(func() bool {
		gotStatus, gotBody := p.get("/readyz")
		return gotStatus == status && strings.Contains(gotBody, body)
	}, "/readyz does not become %d %s", status, body)
}

func (p *process) eventually(is func() bool, otherwise string, args ...any) {
	p.t.Helper()
	eventually(p.t, is, otherwise, args...)
}

// eventually waits in the test's own goroutine, so that is may use require.
func eventually(t *testing.T, is func() bool, otherwise string, args ...any) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(patience); !is(); {
		select {
		case <-tick.C:
		case <-deadline:
			require.FailNow(t, fmt.Sprintf(otherwise, args...))
		}
	}
}

// access is a key, and where to use it: an address that changes when the
// process behind it does.
type access struct {
	user, secret, authority string
	client                  *http.Client

	mu      sync.Mutex
	url     string
	changed chan struct{} // closed when url is no more
}

// store makes a store and a key that may do everything in it.
func (x *terminal) store(tenant, store string) *access {
	x.t.Helper()
	var key apiv1.IssuedKey
	x.table("store create " + tenant + " " + store)
	x.json("key create "+tenant+" "+store+" --scope all", &key)
	authority, err := json.Marshal(key.Key.Authority)
	require.NoError(x.t, err)
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	x.t.Cleanup(transport.CloseIdleConnections)
	return &access{
		user: key.Key.User, secret: key.Secret, authority: string(authority),
		client: &http.Client{Transport: transport, Timeout: hang}, changed: make(chan struct{}),
	}
}

func (a *access) at(p *process) *access {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.url = p.url
	close(a.changed)
	a.changed = make(chan struct{})
	return a
}

func (a *access) where() (url string, changed <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.url, a.changed
}

// call sends one request to base; an error is one of the connection.
func (a *access) call(base, method, path string, query url.Values, body string) (status int, header http.Header, text []byte, err error) {
	if query != nil {
		path += "?" + query.Encode()
	}
	r, err := http.NewRequestWithContext(context.Background(), method, base+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, nil, err
	}
	a.sign(r)
	answer, err := a.client.Do(r)
	if err != nil {
		return 0, nil, nil, err
	}
	defer answer.Body.Close()
	text, err = io.ReadAll(answer.Body)
	return answer.StatusCode, answer.Header, text, err
}

func (a *access) sign(r *http.Request) {
	r.SetBasicAuth(a.user, a.secret)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Experience-API-Version", "2.0.0")
}

// database is a durable Postgres of its own, always at the same address.
type database struct {
	t      *testing.T
	dir    string
	port   int
	server *pgserver.Server
}

// durable is open with a database that outlives its processes.
func durable(t *testing.T) (*terminal, *database) {
	t.Helper()
	dir := t.TempDir() // root's Postgres runs as somebody else, who may enter it
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
	require.NoError(t, os.Chmod(dir, 0o755))
	d := &database{t: t, dir: filepath.Join(dir, "postgres"), port: quietPort(t)}
	d.start()
	t.Cleanup(func() {
		require.NoError(t, d.server.Stop())
		require.NoError(t, os.RemoveAll(d.server.Dir()))
	})
	x := &terminal{t, nil, &shell{
		environ: []string{
			"STOA_OWNER_DATABASE_URL=" + d.url(pgserver.Superuser), "STOA_DATABASE_URL=" + d.url(postgres.AppRole),
			"STOA_KEY_PEPPER=" + pepper, "STOA_PUBLIC_URL=https://lrs.example.com", "STOA_BLOB_URL=mem://",
		},
		devFile: filepath.Join(t.TempDir(), "dev.env"),
		now:     time.Now,
	}}
	x.table("migrate up")
	return x, d
}

// quietPort returns a free port below those that connections get by themselves:
// while the database is down nobody takes it by accident.
func quietPort(t *testing.T) int {
	t.Helper()
	for {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(10_000)))
		if err != nil {
			continue
		}
		defer l.Close()
		return l.Addr().(*net.TCPAddr).Port
	}
}

func (d *database) url(role string) string {
	u, err := url.Parse(d.server.URL(role, "stoa"))
	require.NoError(d.t, err)
	u.Host = fmt.Sprintf("127.0.0.1:%d", d.port)
	return u.String()
}

func (d *database) start() {
	d.t.Helper()
	var err error
	d.server, err = pgserver.Start(d.t.Context(), pgserver.Config{Dir: d.dir, Settings: map[string]string{"port": fmt.Sprint(d.port)}})
	require.NoError(d.t, err)
}

// connect connects as the superuser.
func (d *database) connect() *pgx.Conn {
	d.t.Helper()
	conn, err := pgx.Connect(d.t.Context(), d.url(pgserver.Superuser))
	require.NoError(d.t, err)
	d.t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// awaitDictionary returns when a store has a dictionary of its own.
func (d *database) awaitDictionary() {
	d.t.Helper()
	conn := d.connect()
	eventually(d.t, func() bool {
		var there bool
		require.NoError(d.t, conn.QueryRow(d.t.Context(), "select exists (select from dictionaries)").Scan(&there))
		return there
	}, "no dictionary is made")
}

// kill ends the server and all its children, which have process groups of their
// own, as a loss of power does.
func (d *database) kill() {
	d.t.Helper()
	conn := d.connect()
	var fsync, commit string
	require.NoError(d.t, conn.QueryRow(d.t.Context(), "select current_setting('fsync'), current_setting('synchronous_commit')").Scan(&fsync, &commit))
	require.Equal(d.t, [2]string{"on", "on"}, [2]string{fsync, commit})
	rows, err := conn.Query(d.t.Context(), "select pid from pg_stat_activity")
	require.NoError(d.t, err)
	children, err := pgx.CollectRows(rows, pgx.RowTo[int])
	require.NoError(d.t, err)
	text, err := os.ReadFile(filepath.Join(d.server.Dir(), "data", "postmaster.pid"))
	require.NoError(d.t, err)
	var parent int
	_, err = fmt.Sscan(string(text), &parent)
	require.NoError(d.t, err)
	require.NoError(d.t, syscall.Kill(parent, syscall.SIGKILL))
	for _, pid := range children {
		_ = syscall.Kill(pid, syscall.SIGKILL) // an error: it has noticed its parent's death
	}
	<-d.server.Done()
	require.NoError(d.t, d.server.Stop())
}
