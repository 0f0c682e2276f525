package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// pipe is one transaction on one connection. The statements that begin it (the
// prelude) travel with the first batch, so that they cost no round trip of their own.
type pipe struct {
	ctx     context.Context
	conn    *pgx.Conn
	prelude []queued
	begun   bool
	ended   bool
}

type queued struct {
	query string
	args  []any
}

var (
	errEnded     = errors.New("postgres: transaction used after its end")
	errAbandoned = errors.New("postgres: transaction abandoned by a panic")
)

// begin sends the prelude alone where it has not been sent yet.
func (p *pipe) begin(ctx context.Context) error {
	if p.ended {
		return errEnded
	}
	if p.begun {
		return nil
	}
	return p.send(ctx, &pgx.Batch{}).Close()
}

func (p *pipe) exec(ctx context.Context, query string, args ...any) (int64, error) {
	if err := p.begin(ctx); err != nil {
		return 0, err
	}
	tag, err := p.conn.Exec(ctx, query, args...)
	return tag.RowsAffected(), err
}

func (p *pipe) send(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	if p.ended {
		return failedBatch{errEnded}
	}
	if p.begun {
		return p.conn.SendBatch(ctx, b)
	}
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
	p.ended = true
	if err == nil && p.begun {
		_, err = p.conn.Exec(p.ctx, "commit")
	}
	// Cleaning up must also work when the request's context is over.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), 5*time.Second)
	defer cancel()
	if p.begun || !p.conn.IsClosed() && p.conn.PgConn().TxStatus() != 'I' {
		_ = rollback(ctx, p.conn) // a no-op after a commit
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
