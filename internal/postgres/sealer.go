package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Sealer is the handle for sealing the audit log, of all tenants. Its role sees
// that log and nothing else, and may add seals but change nothing.
type Sealer struct{ pool *pgxpool.Pool }

// OpenSealer opens the handle as AuditRole; the same roles are refused as by Open.
func OpenSealer(ctx context.Context, dsn string) (*Sealer, error) {
	pool, err := openPool(ctx, dsn, 3)
	if err != nil {
		return nil, err
	}
	return &Sealer{pool}, nil
}

// Close closes every connection.
func (s *Sealer) Close() { s.pool.Close() }

// Do runs fn in one transaction. Errors are mapped as by DB.Tenant.
func (s *Sealer) Do(ctx context.Context, fn func(pgx.Tx) error) error {
	return mapError(pgx.BeginFunc(ctx, s.pool, fn))
}
