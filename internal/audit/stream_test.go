package audit_test

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/secret"
)

// mask stands in for the key ring: bound to tenant and column, and no secret in sight.
type mask struct{}

func (mask) Encrypt(tenant int64, column string, plain []byte) ([]byte, error) {
	return fmt.Appendf(nil, "%d %s %x", tenant, column, plain), nil
}

func (mask) Decrypt(tenant int64, column string, cipher []byte) (plain []byte, err error) {
	_, err = fmt.Sscanf(string(cipher), fmt.Sprintf("%d %s %%x", tenant, column), &plain)
	return plain, err
}

// siem accepts webhooks, or does not, and keeps the ids of events in order.
type siem struct {
	mu     sync.Mutex
	secret secret.Text
	fail   atomic.Int64
	events []string
	ids    []string
	wrong  []string
}

func (s *siem) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(s.secret.Reveal(), "whsec_"))
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "%s.%s.%s", r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp"), body)
	if want := "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil)); r.Header.Get("Webhook-Signature") != want {
		s.wrong = append(s.wrong, "signature")
	}
	if at, err := strconv.ParseInt(r.Header.Get("Webhook-Timestamp"), 10, 64); err != nil || time.Since(time.Unix(at, 0)) > time.Minute {
		s.wrong = append(s.wrong, "timestamp")
	}
	if s.fail.Add(-1) >= 0 {
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	}
	var d struct {
		Data struct{ Events []struct{ ID string } }
	}
	if err := json.Unmarshal(body, &d); err != nil {
		s.wrong = append(s.wrong, err.Error())
	}
	s.ids = append(s.ids, r.Header.Get("Webhook-Id"))
	for _, e := range d.Data.Events {
		s.events = append(s.events, e.ID)
	}
}

func authority(server *httptest.Server) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
}

func (w *world) streamer(change ...func(*audit.StreamerConfig)) *audit.Streamer {
	c := audit.StreamerConfig{Sealer: w.sealer, Cipher: mask{}, Private: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Backoff: time.Microsecond, Timeout: 5 * time.Second}
	for _, fn := range change {
		fn(&c)
	}
	return audit.NewStreamer(c)
}

func (w *world) stream(c audit.StreamConfig) (s *audit.Stream, plain secret.Text) {
	w.t.Helper()
	w.in(w.mine, func(tx *postgres.Tx) (err error) {
		s, plain, err = audit.CreateStream(tx, mask{}, c)
		return err
	})
	return s, plain
}

func (w *world) status(id int64) (s *audit.Stream) {
	w.t.Helper()
	w.in(w.mine, func(tx *postgres.Tx) (err error) {
		s, err = audit.GetStream(tx, id)
		return err
	})
	return s
}

func TestAWebhookHasEveryEventInOrderAlsoAfterFailures(t *testing.T) {
	t.Parallel()
	w := setup(t)
	receiver := &siem{}
	server := httptest.NewTLSServer(receiver)
	defer server.Close()
	w.record(w.mine, 30)
	w.record(w.theirs, 5)
	w.seal()
	s, plain := w.stream(audit.StreamConfig{Name: "SIEM", Kind: audit.Webhook, Address: server.URL + "/in?token=hunter2", Authority: authority(server), Enabled: true, FromStart: true})
	receiver.secret = plain
	var kept string
	require.NoError(t, w.intruder.QueryRow(t.Context(), `select encode(secret, 'escape') from audit_streams`).Scan(&kept))
	require.NotContains(t, kept, plain.Reveal())

	receiver.fail.Store(3)
	streamer := w.streamer()
	require.NoError(t, streamer.Round(t.Context()))
	st := w.status(s.ID)
	require.Positive(t, st.Failures)
	require.Contains(t, st.Error, "503")
	require.NotContains(t, st.Error, "hunter2")
	require.EqualValues(t, 30, st.Lag)
	for range 3 {
		w.record(w.mine, 250)
		w.seal()
		require.NoError(t, streamer.Round(t.Context()))
	}
	require.Eventually(t, func() bool { require.NoError(t, streamer.Round(t.Context())); return w.status(s.ID).Lag == 0 }, 10*time.Second, time.Millisecond)
	st = w.status(s.ID)
	require.Zero(t, st.Failures)
	require.Empty(t, st.Error)
	require.NotNil(t, st.DeliveredAt)

	var want []string
	w.in(w.mine, func(tx *postgres.Tx) error {
		rows, err := tx.Query(tx.Context(), `select e from audit_seals, unnest(events) with ordinality as u (e, i) order by number, i`)
		require.NoError(t, err)
		defer rows.Close()
		for rows.Next() {
			var n int64
			require.NoError(t, rows.Scan(&n))
			want = append(want, audit.Line{ID: n}.Ref())
		}
		return rows.Err()
	})
	require.Equal(t, want, receiver.events, "each once when nothing is cut off, and in the order of the chain")
	require.Empty(t, receiver.wrong)
	require.Greater(t, len(receiver.ids), 5)
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(receiver.ids))), len(receiver.ids), "no two deliveries have one id")
}

// An answer that is lost has the batch sent again; if it has grown meanwhile,
// a receiver that passes over ids it knows must not miss the rest.
func TestABatchThatHasGrownHasAnotherID(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var mu sync.Mutex
	var ids []string
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		ids = append(ids, r.Header.Get("Webhook-Id"))
		w.WriteHeader(http.StatusBadGateway)
	}))
	defer server.Close()
	w.stream(audit.StreamConfig{Name: "SIEM", Kind: audit.Webhook, Address: server.URL, Authority: authority(server), Enabled: true, FromStart: true})
	s := w.streamer(func(c *audit.StreamerConfig) { c.Backoff = time.Nanosecond })
	attempt := func() string {
		mu.Lock()
		before := len(ids)
		mu.Unlock()
		require.Eventually(t, func() bool {
			require.NoError(t, s.Round(t.Context()))
			mu.Lock()
			defer mu.Unlock()
			return len(ids) > before
		}, 5*time.Second, time.Millisecond)
		mu.Lock()
		defer mu.Unlock()
		return ids[len(ids)-1]
	}
	w.record(w.mine, 3)
	w.seal()
	first := attempt()
	require.Equal(t, first, attempt())
	w.record(w.mine, 3)
	w.seal()
	require.NotEqual(t, first, attempt())
}

func TestTwoProcessesShareTheStreams(t *testing.T) {
	t.Parallel()
	w := setup(t)
	receiver := &siem{}
	server := httptest.NewTLSServer(receiver)
	defer server.Close()
	_, receiver.secret = w.stream(audit.StreamConfig{Name: "SIEM", Kind: audit.Webhook, Address: server.URL, Authority: authority(server), Enabled: true, FromStart: true})
	w.record(w.mine, 2000)
	w.seal()
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() { _ = w.streamer().Round(context.WithoutCancel(t.Context())) })
	}
	running.Wait()
	require.Len(t, receiver.events, 2001, "none twice, none left out")
}

func TestSyslogOverTLS(t *testing.T) {
	t.Parallel()
	w := setup(t)
	server := httptest.NewUnstartedServer(nil) // only for its certificate
	server.StartTLS()
	defer server.Close()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: server.TLS.Certificates})
	require.NoError(t, err)
	defer listener.Close()
	messages := make(chan string, 1000)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			r := bufio.NewReader(conn)
			for {
				length, err := r.ReadString(' ')
				if err != nil {
					break
				}
				n, _ := strconv.Atoi(strings.TrimSpace(length))
				text := make([]byte, n)
				if _, err := io.ReadFull(r, text); err != nil {
					break
				}
				messages <- string(text)
			}
			_ = conn.Close()
		}
	}()
	w.in(w.mine, func(tx *postgres.Tx) error {
		return audit.Record(tx, audit.Event{Type: audit.AccessDenied, Outcome: audit.Denied, Target: audit.Target{Kind: "route", ID: `a"b]c\d` + "\nnext"}})
	})
	w.seal()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	s, plain := w.stream(audit.StreamConfig{Name: "rsyslog", Kind: audit.Syslog, Address: listener.Addr().String(), Enabled: true, FromStart: true})
	require.True(t, plain.IsZero())
	require.NoError(t, w.streamer(func(c *audit.StreamerConfig) { c.Roots = roots }).Round(t.Context()))
	require.Empty(t, w.status(s.ID).Error)
	m := <-messages
	require.Regexp(t, `^<108>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z - stoa - access\.denied \[stoa@32473 tenant="\d+" id="[0-9a-z]{8}" actor="member:h4k2m9q0" target="a\\"b\\]c\\\\d next" outcome="denied" address="192\.0\.2\.7"\] \x{FEFF}\{`, m)
	var l map[string]any
	require.NoError(t, json.Unmarshal([]byte(m[strings.Index(m, "\uFEFF")+3:]), &l))

	// A server whose certificate is nobody's has nothing of the log.
	require.NoError(t, w.db.Tenant(t.Context(), w.mine, func(tx *postgres.Tx) error {
		_, err := audit.UpdateStream(tx, s.ID, s.Version, audit.StreamConfig{Name: "rsyslog", Address: s.Address, Enabled: true})
		return err
	}))
	w.seal()
	require.NoError(t, w.streamer().Round(t.Context()))
	require.Contains(t, w.status(s.ID).Error, "certificate")
	require.Empty(t, messages)
}

func TestNoStreamReachesInside(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var reached atomic.Bool
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	defer server.Close()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	require.NoError(t, err)
	w.record(w.mine, 1)
	w.seal()
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]"} {
		s, _ := w.stream(audit.StreamConfig{Name: host, Kind: audit.Webhook, Address: "https://" + host + ":" + port, Authority: authority(server), Enabled: true, FromStart: true})
		require.NoError(t, w.streamer(func(c *audit.StreamerConfig) { c.Private = nil }).Round(t.Context()))
		require.Contains(t, w.status(s.ID).Error, "private network", host)
	}
	require.False(t, reached.Load())

	// Nor by a redirect.
	redirect := httptest.NewTLSServer(http.RedirectHandler(server.URL, http.StatusTemporaryRedirect))
	defer redirect.Close()
	s, _ := w.stream(audit.StreamConfig{Name: "redirect", Kind: audit.Webhook, Address: redirect.URL, Authority: authority(redirect) + authority(server), Enabled: true, FromStart: true})
	require.NoError(t, w.streamer().Round(t.Context()))
	require.Contains(t, w.status(s.ID).Error, "answered 307")
}

func TestStreamsAreChangedOnTheRecord(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for _, c := range []audit.StreamConfig{
		{Name: "x", Kind: audit.Webhook, Address: "http://siem.example.com"},
		{Name: "x", Kind: audit.Webhook, Address: "https://user:password@siem.example.com"},
		{Name: "x", Kind: audit.Syslog, Address: "siem.example.com"},
		{Name: "x", Kind: audit.Syslog, Address: "siem.example.com:syslogport"},
		{Name: "x", Kind: "kafka", Address: "siem.example.com:1"},
		{Name: "", Kind: audit.Webhook, Address: "https://siem.example.com"},
		{Name: "x", Kind: audit.Webhook, Address: "https://siem.example.com", Authority: "no PEM"},
	} {
		err := w.try(w.mine, func(tx *postgres.Tx) error {
			_, _, err := audit.CreateStream(tx, mask{}, c)
			return err
		})
		require.Equal(t, fault.Invalid, fault.KindOf(err), "%+v", c)
	}
	c := audit.StreamConfig{Name: "SIEM", Kind: audit.Webhook, Address: "https://siem.example.com/hook?token=hunter2", Enabled: true}
	s, plain := w.stream(c)
	require.Contains(t, plain.Reveal(), "whsec_")
	c.Name = "Security"
	require.Equal(t, fault.PreconditionFailed, fault.KindOf(w.try(w.mine, func(tx *postgres.Tx) error {
		_, err := audit.UpdateStream(tx, s.ID, s.Version+1, c)
		return err
	})))
	for _, fn := range []func(*postgres.Tx) error{
		func(tx *postgres.Tx) error { _, err := audit.GetStream(tx, s.ID); return err },
		func(tx *postgres.Tx) error { _, err := audit.UpdateStream(tx, s.ID, s.Version, c); return err },
		func(tx *postgres.Tx) error { _, err := audit.RotateStreamSecret(tx, mask{}, s.ID); return err },
		func(tx *postgres.Tx) error { return audit.DeleteStream(tx, s.ID, 0) },
	} {
		require.Equal(t, fault.NotFound, fault.KindOf(w.try(w.theirs, fn)), "another tenant's")
	}
	w.in(w.mine, func(tx *postgres.Tx) error {
		changed, err := audit.UpdateStream(tx, s.ID, s.Version, c)
		require.NoError(t, err)
		require.Equal(t, "Security", changed.Name)
		again, err := audit.RotateStreamSecret(tx, mask{}, s.ID)
		require.NoError(t, err)
		require.NotEqual(t, plain.Reveal(), again.Reveal())
		all, err := audit.ListStreams(tx)
		require.NoError(t, err)
		require.Len(t, all, 1)
		return audit.DeleteStream(tx, s.ID, 0)
	})
	told := w.list(w.mine, audit.Filter{Types: []audit.Type{audit.AuditStreamChanged}})
	require.Len(t, told, 4)
	for _, l := range told {
		require.NotContains(t, l.Details, "hunter2")
		require.NotContains(t, l.Details, "whsec_")
		require.Equal(t, ann.Actor, l.Actor)
	}
}
