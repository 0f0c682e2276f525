package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Operator is the handle for work on the platform itself. Its role has grants
// on platform tables only: no statement, store or key can be read through it.
type Operator struct{ pool *pgxpool.Pool }

// OpenOperator opens the handle as OperatorRole; the same roles are refused as by Open.
func OpenOperator(ctx context.Context, dsn string) (*Operator, error) {
	pool, err := openPool(ctx, dsn, 4)
	if err != nil {
		return nil, err
	}
	return &Operator{pool}, nil
}

// Close closes every connection.
func (o *Operator) Close() { o.pool.Close() }

// Do runs fn in one transaction. Errors are mapped as by DB.Tenant.
func (o *Operator) Do(ctx context.Context, fn func(pgx.Tx) error) error {
	return mapError(pgx.BeginFunc(ctx, o.pool, fn))
}
