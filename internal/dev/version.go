package dev

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// checkVersion refuses a Postgres that is too old. One that does not answer is
// left to whoever needs it, who says so better.
func checkVersion(ctx context.Context, dsn string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return nil // the database itself may be missing: migrating makes it
	}
	defer conn.Close(ctx)
	var number int
	if err := conn.QueryRow(ctx, "select current_setting('server_version_num')::int").Scan(&number); err != nil {
		return err
	}
	if number < 150_000 {
		return fault.New(fault.Invalid, "STOA_DATABASE_URL: that is Postgres %d; Stoa needs 15 or newer", number/10_000)
	}
	return nil
}
