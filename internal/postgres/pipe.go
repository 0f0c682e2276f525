package postgres

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// pipe is one transaction on one connection. The statements that begin it (the
// prelude) travel with the first batch, so that they cost no round trip of their own.
//
// Every use of the connection goes through use, end among them: a goroutine
// that kept a transaction finds it ended, and cannot reach the connection when
// it serves somebody else.
type pipe struct {
	ctx     context.Context
	conn    *pgx.Conn
	prelude []queued

	mu    sync.Mutex
	begun bool
	ended bool
}

type queued struct {
	query string
	args  []any
}

var (
	errEnded     = errors.New("postgres: transaction used after its end")
	errAbandoned = errors.New("postgres: transaction abandoned by a panic")
	// A transaction in which a statement has failed answers COMMIT so.
	errRolledBack = errors.New("postgres: a statement has failed, and its error was lost: nothing was committed")
)

// expireAt makes whatever is under way at that time fail, and the connection
// with it. It is a deadline of the socket, because a server that has gone
// without a word is waited for by reading from that; contexts of callers have
// no end of their own.
func (p *pipe) expireAt(at time.Time) error { return p.conn.PgConn().Conn().SetDeadline(at) }

// use runs fn while the transaction is open and nobody else uses it, after
// sending the prelude where that is still to come.
func (p *pipe) use(ctx context.Context, fn func() error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return errEnded
	}
	if !p.begun {
		if err := p.first(ctx, &pgx.Batch{}).Close(); err != nil {
			return err
		}
	}
	return fn()
}

// begin sends the prelude alone where it has not been sent yet.
func (p *pipe) begin(ctx context.Context) error {
	return p.use(ctx, func() error { return nil })
}

func (p *pipe) exec(ctx context.Context, query string, args ...any) (affected int64, err error) {
	err = p.use(ctx, func() error {
		tag, err := p.conn.Exec(ctx, query, args...)
		affected = tag.RowsAffected()
		return err
	})
	return affected, err
}

func (p *pipe) query(ctx context.Context, query string, args ...any) (rows pgx.Rows, err error) {
	err = p.use(ctx, func() (err error) {
		rows, err = p.conn.Query(ctx, query, args...) //nolint:sqlclosecheck // the caller's
		return err
	})
	return rows, err
}

func (p *pipe) queryRow(ctx context.Context, query string, args ...any) (row pgx.Row) {
	if err := p.use(ctx, func() error {
		row = p.conn.QueryRow(ctx, query, args...)
		return nil
	}); err != nil {
		return failedRow{err}
	}
	return row
}

func (p *pipe) send(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.ended:
		return failedBatch{errEnded}
	case p.begun:
		return p.conn.SendBatch(ctx, b)
	}
	return p.first(ctx, b)
}

// first sends the prelude and b together.
func (p *pipe) first(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	p.begun = true
	all := &pgx.Batch{}
	for _, q := range p.prelude {
		all.Queue(q.query, q.args...)
	}
	all.QueuedQueries = append(all.QueuedQueries, b.QueuedQueries...)
	results := p.conn.SendBatch(ctx, all)
	for range p.prelude {
		if _, err := results.Exec(); err != nil {
			_ = results.Close()
			return failedBatch{err}
		}
	}
	return results
}

// end commits when err is nil, else rolls back; it returns err or why the
// commit failed, mapped. Nothing can be run on p afterwards.
func (p *pipe) end(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	if err == nil && p.begun {
		var tag pgconn.CommandTag
		if tag, err = p.conn.Exec(p.ctx, "commit"); err == nil && tag.String() != "COMMIT" {
			err = errRolledBack
		}
	}
	// Cleaning up must also work when the request's context is over.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), 5*time.Second)
	defer cancel()
	if p.begun || !p.conn.IsClosed() && p.conn.PgConn().TxStatus() != 'I' {
		_ = rollback(ctx, p.conn) // a no-op after a commit
	}
	if !p.conn.IsClosed() {
		_ = p.expireAt(time.Time{}) // fails on a broken connection, which shows itself at its next use
	}
	return mapError(err)
}

// failedBatch is the result of a batch that could not be sent.
type failedBatch struct{ err error }

func (f failedBatch) Exec() (pgconn.CommandTag, error) { return pgconn.CommandTag{}, f.err }
func (f failedBatch) Query() (pgx.Rows, error)         { return nil, f.err }
func (f failedBatch) QueryRow() pgx.Row                { return failedRow(f) }
func (f failedBatch) Close() error                     { return f.err }
func (f failedBatch) Tx() pgx.Tx                       { return nil }
