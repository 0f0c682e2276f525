package usage

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// Range is days of UTC, both included.
type Range struct{ From, To time.Time }

// maxDays bounds a range.
const maxDays = 800

func (r Range) check() error {
	switch days := r.To.Sub(r.From) / (24 * time.Hour); {
	case days < 0:
		return fault.New(fault.Invalid, "the first day comes after the last")
	case days >= maxDays:
		return fault.New(fault.Invalid, "at most %d days at once", maxDays)
	}
	return nil
}

// Day is what was used in one day.
type Day struct {
	Day time.Time // its begin
	Counters
	Storage int64 // bytes held at its end: statements, documents, attachments
}

const dateForm = "2006-01-02"

func parseCursor(text string) (time.Time, error) {
	at, err := time.Parse(dateForm, text)
	if err != nil {
		return at, fault.New(fault.Invalid, "after is not a cursor of this list")
	}
	return at, nil
}

// Days lists every day of a range, the newest first, also those without use, and
// the cursor of the next page; "" when there is none. store 0 is all stores
// and the console. Invalid: range or cursor.
func Days(tx *postgres.Tx, store int64, r Range, page postgres.Page) ([]Day, string, error) {
	return listDays(tx.Context(), tx, tx.TenantID(), store, r, page)
}

// DaysOf is Days for an operator, of all stores of a tenant.
func DaysOf(ctx context.Context, op *postgres.Operator, tenant int64, r Range, page postgres.Page) (days []Day, next string, err error) {
	err = op.Do(ctx, func(tx pgx.Tx) error {
		days, next, err = listDays(ctx, tx, tenant, 0, r, page)
		return err
	})
	return days, next, err
}

// usedSQL are the counters of tenant $1 (store $2; 0: all) by day, from $3 to $4.
const usedSQL = `
	select day, sum(statements)::bigint as statements, sum(requests)::bigint as requests, sum(refused)::bigint as refused, sum(failed)::bigint as failed,
		sum(bytes_in)::bigint as bytes_in, sum(bytes)::bigint as bytes, sum(reads)::bigint as reads, sum(keys)::bigint as keys, sum(kept)::bigint as kept
	from (
		select day, statements, 0 as requests, 0 as refused, 0 as failed, 0 as bytes_in, bytes, 0 as reads, 0 as keys, bytes as kept
		from usage_statements where tenant_id = $1 and day between $3 and $4 and ($2 = 0 or store_id = $2)
		union all
		select day, 0, 0, 0, 0, 0, 0, 0, 0, statements + documents + attachments
		from usage_storage where tenant_id = $1 and day between $3 and $4 and ($2 = 0 or store_id = $2)
		union all
		select (begins at time zone 'UTC')::date, 0, requests, refused, failed, bytes_in, 0, console_reads, active_keys, 0
		from usage_requests where tenant_id = $1 and minutes = 1440 and ($2 = 0 or store_id = $2)
			and begins >= $3::date::timestamp at time zone 'UTC' and begins < ($4::date + 1)::timestamp at time zone 'UTC'
	) x group by day`

func listDays(ctx context.Context, tx reader, tenant, store int64, r Range, page postgres.Page) (days []Day, next string, err error) {
	if err := r.check(); err != nil {
		return nil, "", err
	}
	last := r.To
	if page.After != "" {
		after, err := parseCursor(page.After)
		if err != nil {
			return nil, "", err
		}
		if last = after.AddDate(0, 0, -1); last.After(r.To) || last.Before(r.From) {
			return nil, "", fault.New(fault.Invalid, "after is not a cursor of this list")
		}
	}
	first := last.AddDate(0, 0, 1-page.Rows())
	if !first.After(r.From) {
		first = r.From
	} else {
		next = first.Format(dateForm)
	}
	used := map[time.Time]Day{}
	rows, err := tx.Query(ctx, usedSQL, tenant, store, first, last)
	if err != nil {
		return nil, "", err
	}
	var d Day
	if _, err := pgx.ForEachRow(rows, []any{
		&d.Day, &d.Statements, &d.Requests, &d.Refused, &d.Failed, &d.BytesIn, &d.BytesStored, &d.ConsoleReads, &d.ActiveKeys, &d.Storage,
	}, func() error { used[d.Day.UTC()] = d; return nil }); err != nil {
		return nil, "", err
	}
	storage, err := storageBefore(ctx, tx, tenant, store, first)
	if err != nil {
		return nil, "", err
	}
	for at := first; !at.After(last); at = at.AddDate(0, 0, 1) {
		d := used[at]
		storage += d.Storage
		d.Day, d.Storage = at, max(storage, 0)
		days = append(days, d)
	}
	slices.Reverse(days)
	return days, next, nil
}

// storageBefore is what was held when a day began, in bytes.
func storageBefore(ctx context.Context, tx reader, tenant, store int64, first time.Time) (bytes int64, err error) {
	rows, err := tx.Query(ctx, `
		select ((select coalesce(sum(bytes), 0) from usage_statements where tenant_id = $1 and day < $3 and ($2 = 0 or store_id = $2))
			+ (select coalesce(sum(statements + documents + attachments), 0) from usage_storage where tenant_id = $1 and day < $3 and ($2 = 0 or store_id = $2)))::bigint`,
		tenant, store, first)
	if err != nil {
		return 0, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowTo[int64])
}
