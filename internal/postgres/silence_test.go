package postgres_test

import (
	"context"
	"net"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/postgres/postgrestest"
)

// silence stands between the service and its database, and can swallow
// everything: so a host is lost that does not even close its connections.
type silence struct {
	to       string
	swallows atomic.Bool
}

func (s *silence) before(t *testing.T, dsn string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	s.to, u.Host = u.Host, l.Addr().String()
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", s.to)
			if err != nil {
				_ = from.Close()
				continue
			}
			go s.pass(from, to)
			go s.pass(to, from)
		}
	}()
	return u.String()
}

func (s *silence) pass(from, to net.Conn) {
	defer func() { _ = to.Close() }()
	for buffer := make([]byte, 32<<10); ; {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if s.swallows.Load() {
			continue
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// A database that is gone without a word holds nobody for ever, although the
// callers' contexts have no end, and is used again when it is back.
func TestASilentDatabaseIsUnavailable(t *testing.T) {
	t.Parallel()
	urls := postgrestest.New(t)
	var s silence
	db, err := postgres.Open(t.Context(), postgres.Config{
		URL: s.before(t, urls.App), IngestURL: urls.Ingest, MaxConns: 1, Timeout: 300 * time.Millisecond,
	})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	query := func() error {
		return db.Tenant(context.Background(), postgres.NewScope(1, "test"), func(tx *postgres.Tx) error {
			_, err := tx.Exec(context.Background(), `select 1`)
			return err
		})
	}
	require.NoError(t, query())
	s.swallows.Store(true)
	began := time.Now()
	require.Equal(t, fault.Unavailable, fault.KindOf(query()))
	require.Less(t, time.Since(began), 10*time.Second)
	s.swallows.Store(false)
	require.NoError(t, query(), "by a new connection")

	require.NoError(t, db.Tenant(context.Background(), postgres.NewScope(1, "test"), func(*postgres.Tx) error { return nil }))
	slow := db.Tenant(context.Background(), postgres.NewScope(1, "test"), func(tx *postgres.Tx) error {
		_, err := tx.Exec(context.Background(), `select pg_sleep(20)`)
		return err
	})
	require.Equal(t, fault.Unavailable, fault.KindOf(slow))
	require.Less(t, time.Since(began), 20*time.Second)
}
