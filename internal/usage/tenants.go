package usage

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// Figures are how a tenant is used now.
type Figures struct {
	Slug, Name        string
	Status            string // active or suspended
	CreatedAt         time.Time
	StatementsToday   int64
	StatementsPerDay  float64 // of the last seven whole days
	Storage           int64   // bytes
	LastIngest        *time.Time
	HourTotal         int64 // requests of the last hour
	HourRefused       int64
	HourFailed        int64
	DayTotal          int64 // and of the last 24 hours
	DayRefused        int64
	DayFailed         int64
	statementsOfSeven int64
}

// List returns the figures of the client tenants of one page, by slug, and the
// cursor of the next page; "" when there is none.
func List(ctx context.Context, op *postgres.Operator, now time.Time, page postgres.Page) (all []Figures, next string, err error) {
	err = op.Do(ctx, func(tx pgx.Tx) error {
		all, err = figures(ctx, tx, `slug > $2 and kind = 'client'`, text(page.After), now, page.Rows()+1)
		return err
	})
	all, next = postgres.Cut(page, all, func(f Figures) string { return f.Slug })
	return all, next, err
}

// Of returns the figures of one tenant, or NotFound.
func Of(ctx context.Context, op *postgres.Operator, now time.Time, slug string) (*Figures, error) {
	var all []Figures
	err := op.Do(ctx, func(tx pgx.Tx) (err error) {
		all, err = figures(ctx, tx, `slug = $2 and kind = 'client'`, text(slug), now, 1)
		return err
	})
	if err == nil && len(all) == 0 {
		err = fault.New(fault.NotFound, "there is no such organisation")
	}
	if err != nil {
		return nil, err
	}
	return &all[0], nil
}

// text is what may be compared with a slug: no slug has other bytes.
func text(s string) string { return strings.ReplaceAll(strings.ToValidUTF8(s, "~"), "\x00", "~") }

func figures(ctx context.Context, tx pgx.Tx, which, slug string, now time.Time, most int) ([]Figures, error) {
	rows, err := tx.Query(ctx, `
		select t.slug, t.name, t.status, t.created_at, s.today, s.week, s.bytes + k.bytes, s.last_at, r.hour, r.hour_refused, r.hour_failed, r.day, r.day_refused, r.day_failed
		from (select id, slug, name, status, created_at from tenants where `+which+` order by slug limit $3) t
		cross join lateral (
			select coalesce(sum(statements) filter (where day = ($1::timestamptz at time zone 'UTC')::date), 0)::bigint as today,
				coalesce(sum(statements) filter (where day < ($1 at time zone 'UTC')::date and day >= ($1 at time zone 'UTC')::date - 7), 0)::bigint as week,
				coalesce(sum(bytes), 0)::bigint as bytes, max(last_at) as last_at
			from usage_statements where tenant_id = t.id) s
		cross join lateral (
			select coalesce(sum(statements + documents + attachments), 0)::bigint as bytes from usage_storage where tenant_id = t.id) k
		cross join lateral (
			select coalesce(sum(requests) filter (where begins > $1 - interval '1 hour'), 0)::bigint as hour,
				coalesce(sum(refused) filter (where begins > $1 - interval '1 hour'), 0)::bigint as hour_refused,
				coalesce(sum(failed) filter (where begins > $1 - interval '1 hour'), 0)::bigint as hour_failed,
				coalesce(sum(requests), 0)::bigint as day, coalesce(sum(refused), 0)::bigint as day_refused, coalesce(sum(failed), 0)::bigint as day_failed
			from usage_requests where tenant_id = t.id and minutes = 10 and begins > $1 - interval '24 hours') r
		order by t.slug`, now, slug, most)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (f Figures, err error) {
		err = row.Scan(&f.Slug, &f.Name, &f.Status, &f.CreatedAt, &f.StatementsToday, &f.statementsOfSeven, &f.Storage, &f.LastIngest,
			&f.HourTotal, &f.HourRefused, &f.HourFailed, &f.DayTotal, &f.DayRefused, &f.DayFailed)
		f.StatementsPerDay, f.Storage = float64(f.statementsOfSeven)/7, max(f.Storage, 0)
		return f, err
	})
}

// TenantDay is what one tenant used in one day.
type TenantDay struct {
	Slug, Name string
	Day        time.Time
	Counters
}

// Across lists what client tenants used: tenant by tenant, each with the newest
// day first, days without use left out; and the cursor of the next page, ""
// when there is none. slug "" is every tenant. Invalid: range or cursor.
func Across(ctx context.Context, op *postgres.Operator, slug string, r Range, page postgres.Page) (all []TenantDay, next string, err error) {
	if err := r.check(); err != nil {
		return nil, "", err
	}
	from, before := "", r.To.AddDate(0, 0, 1)
	if page.After != "" {
		var date string
		from, date, _ = strings.Cut(page.After, "~")
		if before, err = parseCursor(date); err != nil {
			return nil, "", err
		}
	}
	err = op.Do(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select t.slug, t.name, u.day, u.statements, u.requests, u.refused, u.failed, u.bytes_in, u.bytes, u.reads, u.keys
			from tenants t cross join lateral (
				select day, sum(statements)::bigint as statements, sum(requests)::bigint as requests, sum(refused)::bigint as refused, sum(failed)::bigint as failed,
					sum(bytes_in)::bigint as bytes_in, sum(bytes)::bigint as bytes, sum(reads)::bigint as reads, sum(keys)::bigint as keys
				from (
					select day, statements, 0 as requests, 0 as refused, 0 as failed, 0 as bytes_in, bytes, 0 as reads, 0 as keys
					from usage_statements where tenant_id = t.id and day between $2 and $3
					union all
					select (begins at time zone 'UTC')::date, 0, requests, refused, failed, bytes_in, 0, console_reads, active_keys
					from usage_requests where tenant_id = t.id and minutes = 1440
						and begins >= $2::date::timestamp at time zone 'UTC' and begins < ($3::date + 1)::timestamp at time zone 'UTC'
				) x group by day) u
			where t.kind = 'client' and ($1 = '' or t.slug = $1) and t.slug >= $4 and (t.slug > $4 or u.day < $5)
			order by t.slug, u.day desc limit $6`, text(slug), r.From, r.To, text(from), before, page.Rows()+1)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (d TenantDay, err error) {
			err = row.Scan(&d.Slug, &d.Name, &d.Day, &d.Statements, &d.Requests, &d.Refused, &d.Failed, &d.BytesIn, &d.BytesStored, &d.ConsoleReads, &d.ActiveKeys)
			return d, err
		})
		return err
	})
	all, next = postgres.Cut(page, all, func(d TenantDay) string { return d.Slug + "~" + d.Day.Format(dateForm) })
	return all, next, err
}
