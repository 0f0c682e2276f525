package httpapi

import (
	"encoding/csv"
	"net/http"
	"strconv"
	"time"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
	"github.com/stoa-lrs/stoa/internal/usage"
)

// usageRoutes are those of a tenant's own counters.
func (a *API) usageRoutes() []route {
	const of = "/api/v1/tenants/:tenant/usage"
	return []route{
		{http.MethodGet, of, authz.BillingView, a.listUsage, ofStore},
		{http.MethodGet, of + "/export", authz.BillingView, a.exportUsage, ofStore},
	}
}

// usageDays is how many days there are without ?from.
const usageDays = 30

// days reads ?from and ?to: without them the last 30 days, today included.
func (x *exchange) days() (usage.Range, error) {
	today := x.now().UTC().Truncate(24 * time.Hour)
	r := usage.Range{To: today}
	for _, bound := range []struct {
		name string
		to   *time.Time
	}{{"to", &r.To}, {"from", &r.From}} {
		text := x.query.Get(bound.name)
		if text == "" {
			if bound.name == "from" {
				r.From = r.To.AddDate(0, 0, 1-usageDays)
			}
			continue
		}
		at, err := time.Parse(time.DateOnly, text)
		if err != nil {
			return r, invalidAt("?"+bound.name, fault.Wrap(fault.Invalid, err, "this is no day, such as 2030-01-31"))
		}
		*bound.to = at
	}
	return r, nil
}

func usageDayModel(d *usage.Day) apiv1.UsageDay {
	return apiv1.UsageDay{
		Day: d.Day.Format(time.DateOnly), Statements: d.Statements, Requests: d.Requests, Refused: d.Refused, Failed: d.Failed,
		BytesIn: d.BytesIn, BytesStored: d.BytesStored, ConsoleReads: d.ConsoleReads, ActiveKeys: d.ActiveKeys, StorageBytes: d.Storage,
	}
}

// ownDays reads a page of the tenant's own days, of the store that ?store= names or of all.
func (a *API) ownDays(x *exchange, r usage.Range, page tenant.Page) (days []usage.Day, next string, err error) {
	store := int64(0)
	if s := x.caller.store; s != nil {
		store = s.ID
	}
	err = x.look(func(tx *postgres.Tx) error {
		days, next, err = usage.Days(tx, store, r, page)
		return err
	})
	return days, next, err
}

func (a *API) listUsage(x *exchange) error {
	r, err := x.days()
	if err != nil {
		return err
	}
	days, next, err := a.ownDays(x, r, x.page())
	if err != nil {
		return err
	}
	return x.answer(http.StatusOK, apiv1.UsageDayPage{Items: each(days, usageDayModel), Next: next})
}

func (a *API) exportUsage(x *exchange) error {
	r, err := x.days()
	if err != nil {
		return err
	}
	return x.sendCSV("usage-"+x.gin.Param("tenant"), append([]string{"day"}, append(counterNames, "storage_bytes")...), func(page tenant.Page) (rows [][]string, next string, err error) {
		days, next, err := a.ownDays(x, r, page)
		for i := range days {
			d := &days[i]
			rows = append(rows, append(counterCells([]string{d.Day.Format(time.DateOnly)}, &d.Counters), strconv.FormatInt(d.Storage, 10)))
		}
		return rows, next, err
	})
}

var counterNames = []string{"statements", "requests", "refused", "failed", "bytes_in", "bytes_stored", "console_reads", "active_keys"}

// counterCells appends cells as counterNames has them.
func counterCells(cells []string, c *usage.Counters) []string {
	for _, n := range []int64{c.Statements, c.Requests, c.Refused, c.Failed, c.BytesIn, c.BytesStored, c.ConsoleReads, c.ActiveKeys} {
		cells = append(cells, strconv.FormatInt(n, 10))
	}
	return cells
}

// sendCSV writes all pages as one file. The first is read before anything is
// sent, so that what is wrong with the question is answered as such.
func (x *exchange) sendCSV(name string, header []string, read func(tenant.Page) ([][]string, string, error)) error {
	out := &pieces{x: x, contentType: "text/csv; charset=utf-8", name: name + "-" + x.now().UTC().Format("20060102T150405Z") + ".csv"}
	w := csv.NewWriter(out)
	for page := (tenant.Page{Limit: 1000}); ; {
		rows, next, err := read(page)
		if err != nil {
			return err
		}
		if page.After == "" {
			rows = append([][]string{header}, rows...)
		}
		if x.request.Method == http.MethodHead {
			out.begin()
			return nil
		}
		if err := w.WriteAll(rows); err != nil {
			return err
		}
		if next == "" {
			return nil
		}
		page.After = next
	}
}
