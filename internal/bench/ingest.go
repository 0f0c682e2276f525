package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/app"
	"github.com/stoa-lrs/stoa/internal/httpapi"
	"github.com/stoa-lrs/stoa/internal/lrs"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// A path is one way for a batch of statements to become durable.
type path struct {
	name string
	// send stores a batch of n statements for a worker.
	send  func(ctx context.Context, worker, n int) error
	close func()
}

// operation returns p as a load with batches of n.
func (p path) operation(n int) operation {
	return func(ctx context.Context, worker int) (int, error) { return n, p.send(ctx, worker, n) }
}

// floorPath is COPY of the statements' text into a table with only a primary key.
func (l *laboratory) floorPath(ctx context.Context, texts [][]byte) (path, error) {
	_, err := l.super.Exec(ctx, `
		drop table if exists floor;
		create table floor (id uuid primary key, body text not null)`)
	if err != nil {
		return path{}, err
	}
	return path{name: "floor", close: func() {}, send: func(ctx context.Context, _, n int) error {
		at := rand.IntN(len(texts))
		i := 0
		_, err := l.super.CopyFrom(ctx, pgx.Identifier{"floor"}, []string{"id", "body"}, pgx.CopyFromFunc(func() ([]any, error) {
			if i == n {
				return nil, nil
			}
			i++
			return []any{uuid.New(), string(texts[(at+i)%len(texts)])}, nil
		}))
		return err
	}}, nil
}

// storagePath is the record store, fed with decoded statements. store picks the
// account for a worker's next batch.
func (l *laboratory) storagePath(statements []xapi.Statement, c lrs.Config, store func(worker int) *account) path {
	if c.Blobs = l.blobs; c.DB == nil {
		c.DB = l.db
	}
	r := lrs.New(c)
	return path{name: "storage", close: r.Close, send: func(ctx context.Context, worker, n int) error {
		b := &xapi.Batch{Statements: make([]xapi.Statement, n)}
		at := rand.IntN(len(statements))
		for i := range n {
			b.Statements[i] = statements[(at+i)%len(statements)]
		}
		_, err := r.Commit(ctx, lrs.Write{Author: store(worker).author, Batch: b})
		return err
	}}
}

// alonePath is the record store without group commit: one transaction per
// request. Every worker has a record store and a tenant of its own, so that
// none waits for another's lock.
func (l *laboratory) alonePath(ctx context.Context, statements []xapi.Statement, workers int) (path, error) {
	database := l.database
	database.Lanes = 2 * workers // a commit and a flush each
	db, err := postgres.Open(ctx, database)
	if err != nil {
		return path{}, err
	}
	paths := make([]path, workers)
	for w := range paths {
		paths[w] = l.storagePath(statements, lrs.Config{DB: db, Lanes: 1, Group: 1}, func(int) *account { return &l.tenants[w] })
	}
	return path{
		name: "alone",
		send: func(ctx context.Context, worker, n int) error { return paths[worker].send(ctx, worker, n) },
		close: func() {
			for _, p := range paths {
				p.close()
			}
			db.Close()
		},
	}, nil
}

// httpPath is the whole service behind a real HTTP server on loopback.
func (l *laboratory) httpPath(ctx context.Context, texts [][]byte, store func(worker int) *account) (path, error) {
	main := app.New(app.Config{
		Database: l.database, BlobURL: "mem://", Peppers: l.peppers,
		Server: httpapi.ServerConfig{Listen: "127.0.0.1:0"}, Logger: slog.New(slog.DiscardHandler),
	})
	if err := main.Run(ctx); err != nil {
		return path{}, err
	}
	client := newClient(main.URL() + "/xapi")
	return path{
		name: "http",
		send: func(ctx context.Context, worker, n int) error {
			a := store(worker)
			return client.post(ctx, a.user, a.secret, join(texts, n))
		},
		close: func() { _ = main.Close() },
	}, nil
}

// join makes the body of a request of n of texts.
func join(texts [][]byte, n int) []byte {
	at := rand.IntN(len(texts))
	body := make([]byte, 0, n*2048)
	for i := range n {
		sep := byte(',')
		if i == 0 {
			sep = '['
		}
		body = append(append(body, sep), texts[(at+i)%len(texts)]...)
	}
	return append(body, ']')
}

// client sends statements to an xAPI endpoint.
type client struct {
	endpoint string
	http     *http.Client
}

func newClient(endpoint string) *client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 256
	return &client{endpoint, &http.Client{Transport: t, Timeout: time.Minute}}
}

func (c *client) post(ctx context.Context, user, secret string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint+"/statements", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.SetBasicAuth(user, secret)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Experience-API-Version", "1.0.3")
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.300s", resp.Status, bytes.TrimSpace(answer))
	}
	return err
}

// zipf returns a choice among the tenants of which the first gets about 41 %.
func (l *laboratory) zipf() func(worker int) *account {
	z := rand.NewZipf(rand.New(rand.NewPCG(1, 2)), 1.4, 1, uint64(len(l.tenants)-1))
	picks := make([]*account, 1<<16)
	for i := range picks {
		picks[i] = &l.tenants[z.Uint64()]
	}
	var n atomic.Uint64
	return func(int) *account { return picks[n.Add(1)%uint64(len(picks))] }
}
