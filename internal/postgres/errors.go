package postgres

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// mapError turns a database error into a fault. A fault passes through, so that
// what a use case decided inside its transaction reaches its caller. Whatever
// the caller cannot act on stays as it is: Internal.
func mapError(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	if errors.Is(err, pgx.ErrNoRows) || errors.Is(err, gorm.ErrRecordNotFound) {
		return fault.Wrap(fault.NotFound, err, "not found")
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch {
		case pg.Code == "23505": // unique_violation
			return fault.Wrap(fault.Conflict, err, "it exists already")
		case pg.Code == "40001", pg.Code == "40P01", pg.Code == "55P03": // serialization failure, deadlock, lock timeout
			return unavailable(err, time.Second)
		case strings.HasPrefix(pg.Code, "08"), strings.HasPrefix(pg.Code, "57P"), strings.HasPrefix(pg.Code, "53"):
			return unavailable(err, 2*time.Second) // connection, shutdown, out of resources
		}
		return err
	}
	if isConnectionError(err) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return unavailable(err, 2*time.Second)
	}
	return err
}

func unavailable(cause error, after time.Duration) error {
	f := fault.Wrap(fault.Unavailable, cause, "the database cannot be reached or is busy; send the same request again")
	f.RetryAfter = after
	return f
}

func isConnectionError(err error) bool {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return pgconn.SafeToRetry(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || strings.Contains(err.Error(), "conn closed")
}
