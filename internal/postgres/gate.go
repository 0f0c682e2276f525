package postgres

import (
	"context"
	"database/sql"
	"errors"
)

// gorm reaches the database only through the two pools here: closedGate, which
// it is opened with and which can do nothing, and boundPool, which can run
// statements inside one transaction but neither end it nor hand out the
// connection. Plain gorm offers both (DB.DB and DB.Connection).

var errGate = errors.New("postgres: gorm used outside a tenant transaction")

type closedGate struct{}

func (closedGate) PrepareContext(context.Context, string) (*sql.Stmt, error) { return nil, errGate }

func (closedGate) ExecContext(context.Context, string, ...any) (sql.Result, error) {
	return nil, errGate
}

func (closedGate) QueryContext(context.Context, string, ...any) (*sql.Rows, error) {
	return nil, errGate
}

func (closedGate) QueryRowContext(ctx context.Context, _ string, _ ...any) *sql.Row {
	return failingDB.QueryRowContext(ctx, "")
}

type boundPool struct{ tx *Tx }

func (p boundPool) PrepareContext(context.Context, string) (*sql.Stmt, error) {
	return nil, errors.New("postgres: prepared statements outlive a transaction")
}

func (p boundPool) ExecContext(ctx context.Context, query string, args ...any) (result sql.Result, err error) {
	err = p.tx.pipe.use(ctx, func() error {
		result, err = p.tx.conn.ExecContext(ctx, query, args...)
		return err
	})
	return result, err
}

func (p boundPool) QueryContext(ctx context.Context, query string, args ...any) (rows *sql.Rows, err error) {
	err = p.tx.pipe.use(ctx, func() error {
		rows, err = p.tx.conn.QueryContext(ctx, query, args...) //nolint:sqlclosecheck,rowserrcheck // gorm's, who asked for them
		return err
	})
	return rows, err
}

func (p boundPool) QueryRowContext(ctx context.Context, query string, args ...any) (row *sql.Row) {
	if err := p.tx.pipe.use(ctx, func() error {
		row = p.tx.conn.QueryRowContext(ctx, query, args...)
		return nil
	}); err != nil {
		return failingDB.QueryRowContext(ctx, "")
	}
	return row
}
