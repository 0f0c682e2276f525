package httpapi_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/app"
	"github.com/stoa-lrs/stoa/internal/httpapi"
)

// slowBody tells when it is first read, and ends when it is told to.
type slowBody struct {
	begun, end chan struct{}
	once       sync.Once
	rest       io.Reader
}

func (b *slowBody) Read(p []byte) (int, error) {
	b.once.Do(func() { close(b.begun) })
	<-b.end
	return b.rest.Read(p)
}

// A shutdown waits for writes under way, and they are stored.
func TestShutdownFinishesWhatHasBegun(t *testing.T) {
	t.Parallel()
	s := setup(t)
	c := s.client()
	body := &slowBody{begun: make(chan struct{}), end: make(chan struct{}), rest: strings.NewReader(statement("", "did"))}
	req := c.prepare(request{method: "POST", path: "statements"})
	req.Body, req.ContentLength = io.NopCloser(body), int64(len(statement("", "did")))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Expect", "100-continue") // the body is read when the handler asks for it
	answered := make(chan int, 1)
	go func() {
		res, err := (&http.Transport{ExpectContinueTimeout: time.Minute}).RoundTrip(req)
		if err != nil {
			close(answered)
			return
		}
		_ = res.Body.Close()
		answered <- res.StatusCode
	}()
	<-body.begun

	closed := make(chan error, 1)
	go func() { closed <- s.main.Close() }()
	address := strings.TrimPrefix(c.base, "http://")
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	}, 10*time.Second, time.Millisecond, "nobody else is let in")
	select {
	case err := <-closed:
		t.Fatal("closed with a request under way: ", err)
	default:
	}
	close(body.end)
	require.Equal(t, http.StatusOK, <-answered)
	require.NoError(t, <-closed)

	again := *c
	again.base = s.start().URL()
	require.Len(t, again.do(request{path: "statements"}).result().Statements, 1)
}

func TestDrainingIsTold(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *app.Config) { c.Server.DrainDelay = 2 * time.Second })
	c := s.client()
	require.JSONEq(t, `{"status":"ready","database":"ok","rateLimits":"ok"}`, string(c.do(request{path: "/readyz"}).is(http.StatusOK).body))
	go func() { _ = s.main.Close() }()
	var body string
	require.Eventually(t, func() bool {
		got := c.do(request{path: "/readyz"})
		body = string(got.body)
		return got.status == http.StatusServiceUnavailable
	}, time.Second, time.Millisecond)
	require.Contains(t, body, `"status":"draining"`)
	c.do(request{path: "/healthz"}).is(http.StatusOK)
	c.do(request{path: "statements"}).is(http.StatusOK) // those that come all the same are served
}

func TestMetricsCanHaveTheirOwnListener(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *app.Config) { c.Server.MetricsListen = "127.0.0.1:0" })
	c := s.client()
	c.do(request{method: "POST", path: "statements", body: "[" + statement("", "did") + "," + statement("", "did") + "]"}).is(http.StatusOK)
	c.do(request{path: "nothing"}).is(http.StatusNotFound)
	c.do(request{path: "/metrics"}).is(http.StatusNotFound)
	c.do(request{path: "/debug/pprof/"}).is(http.StatusNotFound)

	inside := &client{t: t, base: strings.TrimSuffix(s.main.MetricsURL(), "/metrics")}
	metrics := string(inside.do(request{path: "/metrics"}).is(http.StatusOK).body)
	for _, line := range []string{
		`stoa_http_requests_total{method="POST",route="/xapi/statements",status="200"} 1`,
		`stoa_http_requests_total{method="GET",route="(unknown)",status="404"}`,
		`stoa_http_request_seconds_count{method="POST",route="/xapi/statements"} 1`,
		"stoa_statements_ingested_total 2",
		"stoa_commit_groups_total 1",
		"stoa_commit_queue 0",
		"stoa_ratelimit_degraded 0",
		`stoa_postgres_connections{pool="ingest",state="in_use"}`,
		"stoa_build_info{",
		"go_goroutines ",
	} {
		require.Contains(t, metrics, line)
	}
	require.NotContains(t, metrics, c.user)
	inside.do(request{path: "/debug/pprof/"}).is(http.StatusOK)
	inside.do(request{path: "/xapi/about"}).is(http.StatusNotFound)
}

// relay stands between the service and its database, and can be cut.
type relay struct {
	listener net.Listener
	to       string
	mu       sync.Mutex
	cut      bool
	conns    []net.Conn
}

// through returns dsn by way of a new relay.
func through(t *testing.T, r *relay, dsn string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	if r.listener == nil {
		r.to = u.Host
		r.listener, err = net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		t.Cleanup(func() { _ = r.listener.Close() })
		go r.accept()
	}
	u.Host = r.listener.Addr().String()
	return u.String()
}

func (r *relay) accept() {
	for {
		from, err := r.listener.Accept()
		if err != nil {
			return
		}
		to, err := net.Dial("tcp", r.to)
		if err != nil {
			_ = from.Close()
			continue
		}
		r.mu.Lock()
		if r.cut {
			_, _ = from.Close(), to.Close()
		}
		r.conns = append(r.conns, from, to)
		r.mu.Unlock()
		for _, pair := range [][2]net.Conn{{from, to}, {to, from}} {
			go func() {
				_, _ = io.Copy(pair[0], pair[1])
				_, _ = pair[0].Close(), pair[1].Close()
			}()
		}
	}
}

func (r *relay) setCut(cut bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cut = cut
	if cut {
		for _, c := range r.conns {
			_ = c.Close()
		}
		r.conns = nil
	}
}

// Without its database the service says so and comes back by itself.
func TestALostDatabaseIsUnavailable(t *testing.T) {
	t.Parallel()
	var r relay
	s := setup(t, func(c *app.Config) {
		c.Database.URL, c.Database.IngestURL = through(t, &r, c.Database.URL), through(t, &r, c.Database.IngestURL)
	})
	c := s.client()
	id := c.post(statement("", "did"))[0]
	one := request{path: "statements", query: values("statementId", id)}

	r.setCut(true)
	for _, req := range []request{one, {path: "statements"}, {method: "POST", path: "statements", body: statement("", "did")}, {path: "activities/state", query: state}} {
		got := c.do(req).is(http.StatusServiceUnavailable)
		require.Equal(t, "unavailable", got.problem().Code)
		after, err := strconv.Atoi(got.header.Get("Retry-After"))
		require.NoError(t, err)
		require.Positive(t, after)
	}
	require.Contains(t, string(c.do(request{path: "/readyz"}).is(http.StatusServiceUnavailable).body), `"database":"unreachable"`)
	c.do(request{path: "/healthz"}).is(http.StatusOK)

	r.setCut(false)
	require.Eventually(t, func() bool { return c.do(one).status == http.StatusOK }, 10*time.Second, 10*time.Millisecond)
	c.post(statement("", "did"))
	c.do(request{path: "/readyz"}).is(http.StatusOK)
}

// keyPair writes a self-signed certificate for localhost.
func keyPair(t *testing.T, dir string, serial int64) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: private}} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600))
	}
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return cert
}

func TestTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert := keyPair(t, dir, 1)
	s := setup(t, func(c *app.Config) {
		c.Server.TLSCert, c.Server.TLSKey = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	})
	c := s.client()
	require.True(t, strings.HasPrefix(c.base, "https://"))
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	for _, proto := range []string{"HTTP/2.0", "HTTP/1.1"} {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: proto == "HTTP/2.0"}
		res, err := transport.RoundTrip(c.prepare(request{method: "POST", path: "statements", body: statement("", "did")}))
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, http.StatusOK, res.StatusCode)
		require.Equal(t, proto, res.Proto)
		transport.CloseIdleConnections()
	}
	_, err := tls.Dial("tcp", strings.TrimPrefix(c.base, "https://"), &tls.Config{RootCAs: roots, MaxVersion: tls.VersionTLS11})
	require.Error(t, err)
}

func TestAServiceThatCannotListenDoesNotStart(t *testing.T) {
	t.Parallel()
	s := setup(t)
	taken := s.config
	taken.Server.Listen = strings.TrimPrefix(s.main.URL(), "http://")
	require.ErrorContains(t, app.New(taken).Run(context.Background()), "address already in use")
	unreadable := s.config
	unreadable.Server = httpapi.ServerConfig{Listen: "127.0.0.1:0", TLSCert: "none.pem", TLSKey: "none.pem"}
	require.ErrorContains(t, app.New(unreadable).Run(context.Background()), "TLS certificate")
}

// The path that a proxy takes off stands before links.
func TestLinksLeadThroughTheProxy(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *app.Config) { c.PublicURL = "https://example.com/lrs/" })
	c := s.client()
	c.post(statement("", "did"), statement("", "did"))
	more := c.do(request{path: "statements", query: values("limit", "1")}).result().More
	require.True(t, strings.HasPrefix(more, "/lrs/xapi/statements?more="), more)
	require.Len(t, c.do(follow(t, strings.TrimPrefix(more, "/lrs"))).result().Statements, 1)
}
