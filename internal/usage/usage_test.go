package usage_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/postgres/postgrestest"
	"github.com/stoa-lrs/stoa/internal/usage"
)

var noon = time.Date(2030, 1, 31, 12, 0, 0, 0, time.UTC)

func on(day int) time.Time { return time.Date(2030, 1, day, 0, 0, 0, 0, time.UTC) }

type fixture struct {
	t  *testing.T
	db *postgres.DB
	op *postgres.Operator
}

func setup(t *testing.T) *fixture {
	t.Helper()
	d := postgrestest.New(t)
	return &fixture{t, d.Open(t), d.OpenOperator(t)}
}

func (f *fixture) tenant() (id int64, slug string) {
	f.t.Helper()
	slug = "t" + uuid.NewString()[:8]
	require.NoError(f.t, f.op.Do(f.t.Context(), func(tx pgx.Tx) error {
		return tx.QueryRow(f.t.Context(), `insert into tenants (slug, name) values ($1, 'Tenant') returning id`, slug).Scan(&id)
	}))
	return id, slug
}

func (f *fixture) meter(now *time.Time) *usage.Meter {
	m := usage.NewMeter(f.db, nil, func() time.Time { return *now })
	f.t.Cleanup(m.Close)
	return m
}

// stored counts statements as the insert does.
func (f *fixture) stored(tenant, store int64, day time.Time, statements, bytes int64) {
	f.t.Helper()
	require.NoError(f.t, f.db.Ingest(f.t.Context(), []int64{tenant}, func(tx *postgres.IngestTx) error {
		_, err := tx.Exec(f.t.Context(), `insert into usage_statements as counted (tenant_id, store_id, day, statements, bytes, last_at)
			values ($1, $2, $3, $4, $5, $6)`+usage.CountStatements, tenant, store, day, statements, bytes, day.Add(time.Hour))
		return err
	}))
}

func (f *fixture) days(tenant, store int64, r usage.Range, page postgres.Page) (days []usage.Day, next string) {
	f.t.Helper()
	require.NoError(f.t, f.db.TenantRead(f.t.Context(), postgres.NewScope(tenant, "test"), func(tx *postgres.Tx) (err error) {
		days, next, err = usage.Days(tx, store, r, page)
		return err
	}))
	return days, next
}

func TestMetersAddUp(t *testing.T) {
	t.Parallel()
	f := setup(t)
	mine, _ := f.tenant()
	theirs, _ := f.tenant()
	now := noon
	a, b := f.meter(&now), f.meter(&now)
	for _, m := range []*usage.Meter{a, b} { // two processes
		for _, status := range []int{200, 404, 400, 429, 503} {
			m.Request(mine, 1, 7, status, 10)
		}
		m.Request(mine, 2, 8, 204, 1)
		m.Request(theirs, 3, 9, 200, 1)
		m.Read(mine)
		require.NoError(t, m.Flush(t.Context()))
	}
	a.Request(mine, 1, 6, 200, 5) // and once more, in the same day
	a.Kept(mine, 1, usage.Bytes{Documents: 100, Attachments: 50})
	a.Kept(mine, 1, usage.Bytes{Documents: -40})
	require.NoError(t, a.Flush(t.Context()))
	days, next := f.days(mine, 0, usage.Range{From: on(31), To: on(31)}, postgres.Page{})
	require.Empty(t, next)
	require.Equal(t, []usage.Day{{Day: on(31), Storage: 110, Counters: usage.Counters{
		Requests: 13, Refused: 4, Failed: 2, BytesIn: 107, ConsoleReads: 2, ActiveKeys: 3,
	}}}, days)
	days, _ = f.days(mine, 2, usage.Range{From: on(31), To: on(31)}, postgres.Page{})
	require.Equal(t, usage.Counters{Requests: 2, BytesIn: 2, ActiveKeys: 1}, days[0].Counters, "of one store; reads are of none")
	days, _ = f.days(theirs, 0, usage.Range{From: on(31), To: on(31)}, postgres.Page{})
	require.Equal(t, usage.Counters{Requests: 2, BytesIn: 2, ActiveKeys: 1}, days[0].Counters)

	now = noon.AddDate(0, 0, 1) // the same key counts once again
	a.Request(mine, 1, 7, 200, 0)
	require.NoError(t, a.Flush(t.Context()))
	days, _ = f.days(mine, 0, usage.Range{From: on(31), To: now.Truncate(24 * time.Hour)}, postgres.Page{})
	require.EqualValues(t, 1, days[0].ActiveKeys)
	require.EqualValues(t, 3, days[1].ActiveKeys)
}

func TestWhatCannotBeWrittenIsKept(t *testing.T) {
	t.Parallel()
	f := setup(t)
	tenant, _ := f.tenant()
	now := noon
	m := f.meter(&now)
	m.Request(tenant, 1, 7, 200, 1)
	m.Read(tenant)
	m.Kept(tenant, 1, usage.Bytes{Documents: 3})
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, m.Flush(gone))
	m.Request(tenant, 1, 7, 200, 1)
	require.NoError(t, m.Flush(t.Context()))
	days, _ := f.days(tenant, 0, usage.Range{From: on(31), To: on(31)}, postgres.Page{})
	require.Equal(t, usage.Day{Day: on(31), Storage: 3, Counters: usage.Counters{Requests: 2, BytesIn: 2, ConsoleReads: 1, ActiveKeys: 1}}, days[0])
	require.Zero(t, m.Lost())

	var nobody *usage.Meter
	nobody.Request(tenant, 1, 7, 200, 1)
	nobody.Read(tenant)
	nobody.Kept(tenant, 1, usage.Bytes{Documents: 1})
}

func TestEveryDayHasItsLine(t *testing.T) {
	t.Parallel()
	f := setup(t)
	tenant, _ := f.tenant()
	f.stored(tenant, 1, on(1), 5, 500)
	f.stored(tenant, 1, on(1), 1, 100)
	f.stored(tenant, 2, on(3), 2, 200)
	require.NoError(t, f.db.Tenant(t.Context(), postgres.NewScope(tenant, "test"), func(tx *postgres.Tx) error {
		if _, err := tx.Exec(t.Context(), `insert into usage_storage (tenant_id, store_id, day, documents) values ($1, 1, $2, 7)`, tenant, on(2)); err != nil {
			return err
		}
		return usage.Remove(tx, 1, usage.Bytes{}) // nothing is no row
	}))
	r := usage.Range{From: on(1), To: on(5)}
	var storage, statements []int64
	for page := (postgres.Page{Limit: 2}); ; {
		days, next := f.days(tenant, 0, r, page)
		for _, d := range days {
			storage, statements = append(storage, d.Storage), append(statements, d.Statements)
			require.Equal(t, on(6-len(storage)), d.Day)
		}
		if page.After = next; next == "" {
			break
		}
	}
	require.Equal(t, []int64{807, 807, 807, 607, 600}, storage)
	require.Equal(t, []int64{0, 0, 2, 0, 6}, statements)
	across, next, err := usage.DaysOf(t.Context(), f.op, tenant, r, postgres.Page{})
	require.NoError(t, err)
	require.Empty(t, next)
	own, _ := f.days(tenant, 0, r, postgres.Page{})
	require.Equal(t, own, across, "operators see the same")
	later, _ := f.days(tenant, 0, usage.Range{From: on(5), To: on(5)}, postgres.Page{})
	require.EqualValues(t, 807, later[0].Storage, "what came before counts")

	for _, r := range []usage.Range{{From: on(2), To: on(1)}, {From: on(1), To: on(1).AddDate(3, 0, 0)}} {
		_, _, err := usage.DaysOf(t.Context(), f.op, tenant, r, postgres.Page{})
		require.True(t, fault.Is(err, fault.Invalid), r)
		_, _, err = usage.Across(t.Context(), f.op, "", r, postgres.Page{})
		require.True(t, fault.Is(err, fault.Invalid), r)
	}
	for _, after := range []string{"x", "2030-01-01", "2031-01-01", "\x00"} {
		_, _, err := usage.DaysOf(t.Context(), f.op, tenant, r, postgres.Page{After: after})
		require.True(t, fault.Is(err, fault.Invalid), after)
	}
	_, _, err = usage.Across(t.Context(), f.op, "", r, postgres.Page{After: "x~y"})
	require.True(t, fault.Is(err, fault.Invalid))
}

func TestAcrossTenants(t *testing.T) {
	t.Parallel()
	f := setup(t)
	now := noon
	m := f.meter(&now)
	var want []string
	slugs := map[string]int64{}
	for range 3 {
		id, slug := f.tenant()
		slugs[slug] = id
		f.stored(id, 1, on(30), 3, 30)
		f.stored(id, 1, on(31), 4, 40)
		m.Request(id, 1, 7, 400, 9)
	}
	_, idle := f.tenant()
	require.NoError(t, m.Flush(t.Context()))
	all, _, err := usage.List(t.Context(), f.op, noon, postgres.Page{})
	require.NoError(t, err)
	require.Len(t, all, 4)
	for _, one := range all {
		if one.Slug == idle {
			require.Zero(t, one.StatementsToday+one.Storage+one.DayTotal)
			require.Nil(t, one.LastIngest)
			continue
		}
		want = append(want, one.Slug+" 2030-01-31", one.Slug+" 2030-01-30")
		require.Equal(t, usage.Figures{
			Slug: one.Slug, Name: "Tenant", Status: "active", CreatedAt: one.CreatedAt, LastIngest: one.LastIngest, StatementsToday: 4, StatementsPerDay: 3.0 / 7, Storage: 70,
			HourTotal: 1, HourRefused: 1, DayTotal: 1, DayRefused: 1,
		}, figuresOf(one))
		require.True(t, one.LastIngest.Equal(on(31).Add(time.Hour)))
		same, err := usage.Of(t.Context(), f.op, noon, one.Slug)
		require.NoError(t, err)
		require.Equal(t, one, *same)
	}
	later, err := usage.Of(t.Context(), f.op, noon.Add(2*time.Hour), all[0].Slug)
	require.NoError(t, err)
	require.Zero(t, later.HourTotal)
	for _, slug := range []string{"none", "platform", "\x00", "\xff"} {
		_, err := usage.Of(t.Context(), f.op, noon, slug)
		require.True(t, fault.Is(err, fault.NotFound), slug)
	}

	r := usage.Range{From: on(1), To: on(31)}
	for _, limit := range []int{1, 2, 5, 100} {
		var got []string
		for page := (postgres.Page{Limit: limit}); ; {
			rows, next, err := usage.Across(t.Context(), f.op, "", r, page)
			require.NoError(t, err)
			for _, d := range rows {
				got = append(got, d.Slug+" "+d.Day.Format(time.DateOnly))
			}
			if page.After = next; next == "" {
				break
			}
		}
		require.Equal(t, want, got, limit)
	}
	rows, _, err := usage.Across(t.Context(), f.op, all[0].Slug, r, postgres.Page{})
	require.NoError(t, err)
	for _, d := range rows {
		require.Equal(t, all[0].Slug, d.Slug)
	}
}

// figuresOf leaves out what only adds up to a figure.
func figuresOf(f usage.Figures) usage.Figures {
	return usage.Figures{
		Slug: f.Slug, Name: f.Name, Status: f.Status, CreatedAt: f.CreatedAt, LastIngest: f.LastIngest, StatementsToday: f.StatementsToday,
		StatementsPerDay: f.StatementsPerDay, Storage: f.Storage, HourTotal: f.HourTotal, HourRefused: f.HourRefused, HourFailed: f.HourFailed,
		DayTotal: f.DayTotal, DayRefused: f.DayRefused, DayFailed: f.DayFailed,
	}
}

func TestDaysStayWhenTheirMinutesAreForgotten(t *testing.T) {
	t.Parallel()
	f := setup(t)
	tenant, _ := f.tenant()
	now := noon
	m := f.meter(&now)
	m.Request(tenant, 1, 7, 200, 1)
	require.NoError(t, m.Flush(t.Context()))
	prune := func(at time.Time) (rows int64) {
		require.NoError(t, f.db.Tenant(t.Context(), postgres.NewScope(tenant, "test"), func(tx *postgres.Tx) (err error) {
			rows, err = usage.Prune(tx, at)
			return err
		}))
		return rows
	}
	require.Zero(t, prune(noon.AddDate(0, 0, 2)))
	require.EqualValues(t, 2, prune(noon.AddDate(0, 0, 4)), "ten minutes, and a key")
	days, _ := f.days(tenant, 0, usage.Range{From: on(31), To: on(31)}, postgres.Page{})
	require.Equal(t, usage.Counters{Requests: 1, BytesIn: 1, ActiveKeys: 1}, days[0].Counters)
}
