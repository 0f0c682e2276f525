package httpapi

import (
	"net/http"
	"strings"
	"time"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
	"github.com/stoa-lrs/stoa/internal/usage"
)

// operatorRoutes are those by which operators see how the platform is used, and
// that something was administered: numbers and outlines, of all tenants.
func (a *API) operatorRoutes() []route {
	const platform = "/api/v1/platform"
	get := http.MethodGet
	return []route{
		{get, platform + "/tenants", authz.TenantsView, a.listFigures, onPlatform},
		{get, platform + "/tenants/:tenant", authz.TenantsView, a.getFigures, onPlatform},
		{get, platform + "/tenants/:tenant/usage", authz.TenantsView, a.listUsageOf, onPlatform},
		{get, platform + "/usage", authz.TenantsView, a.listUsageAcross, onPlatform},
		{get, platform + "/usage/export", authz.TenantsView, a.exportUsageAcross, onPlatform},
		{get, platform + "/audit", authz.AuditView, a.listAuditAcross, onPlatform},
	}
}

func figuresModel(f *usage.Figures) apiv1.TenantFigures {
	return apiv1.TenantFigures{
		Slug: f.Slug, Name: f.Name, Status: apiv1.TenantFiguresStatus(f.Status), CreatedAt: f.CreatedAt, LastIngestAt: f.LastIngest,
		StatementsToday: f.StatementsToday, StatementsPerDay: f.StatementsPerDay, StorageBytes: f.Storage,
		LastHour: requestFigures(f.HourTotal, f.HourRefused, f.HourFailed), LastDay: requestFigures(f.DayTotal, f.DayRefused, f.DayFailed),
	}
}

func requestFigures(requests, refused, failed int64) apiv1.RequestFigures {
	m := apiv1.RequestFigures{Requests: requests, Refused: refused, Failed: failed}
	if requests > 0 {
		m.ErrorRate = float64(refused+failed) / float64(requests)
	}
	return m
}

func (a *API) listFigures(x *exchange) error {
	all, next, err := usage.List(x.context(), a.console.Operator, x.now(), x.page())
	if err != nil {
		return err
	}
	return x.answer(http.StatusOK, apiv1.TenantFiguresPage{Items: each(all, figuresModel), Next: next})
}

func (a *API) getFigures(x *exchange) error {
	f, err := usage.Of(x.context(), a.console.Operator, x.now(), x.gin.Param("tenant"))
	if err != nil {
		return err
	}
	return x.answer(http.StatusOK, figuresModel(f))
}

func (a *API) listUsageOf(x *exchange) error {
	r, err := x.days()
	if err != nil {
		return err
	}
	t, err := tenant.Get(x.context(), a.console.Operator, x.gin.Param("tenant"))
	if err != nil {
		return err
	}
	days, next, err := usage.DaysOf(x.context(), a.console.Operator, t.ID, r, x.page())
	if err != nil {
		return err
	}
	return x.answer(http.StatusOK, apiv1.UsageDayPage{Items: each(days, usageDayModel), Next: next})
}

func tenantUsageModel(d *usage.TenantDay) apiv1.TenantUsage {
	return apiv1.TenantUsage{
		Tenant: d.Slug, TenantName: d.Name, Day: d.Day.Format(time.DateOnly), Statements: d.Statements, Requests: d.Requests, Refused: d.Refused,
		Failed: d.Failed, BytesIn: d.BytesIn, BytesStored: d.BytesStored, ConsoleReads: d.ConsoleReads, ActiveKeys: d.ActiveKeys,
	}
}

func (a *API) listUsageAcross(x *exchange) error {
	r, err := x.days()
	if err != nil {
		return err
	}
	all, next, err := usage.Across(x.context(), a.console.Operator, x.query.Get("tenant"), r, x.page())
	if err != nil {
		return err
	}
	return x.answer(http.StatusOK, apiv1.TenantUsagePage{Items: each(all, tenantUsageModel), Next: next})
}

func (a *API) exportUsageAcross(x *exchange) error {
	r, err := x.days()
	if err != nil {
		return err
	}
	return x.sendCSV("usage", append([]string{"tenant", "day"}, counterNames...), func(page tenant.Page) (rows [][]string, next string, err error) {
		all, next, err := usage.Across(x.context(), a.console.Operator, x.query.Get("tenant"), r, page)
		for i := range all {
			rows = append(rows, counterCells([]string{all[i].Slug, all[i].Day.Format(time.DateOnly)}, &all[i].Counters))
		}
		return rows, next, err
	})
}

// listAuditAcross shows outlines of the logs of all tenants. That somebody
// looked stands in the platform's log: the operator's handle reads no more.
func (a *API) listAuditAcross(x *exchange) error {
	f, err := x.auditFilter()
	if err != nil {
		return err
	}
	of := x.query.Get("tenant")
	asked := f
	asked.From, asked.To = time.Time{}, time.Time{}
	page := apiv1.AuditOutlinePage{}
	details := map[string]any{"filter": f, "of": "all"}
	if of != "" {
		details["of"] = of
	}
	err = a.recordingLook(x, []any{"all tenants", of, asked}, details, audit.Target{Kind: "platform"}, func(tx *postgres.Tx) error {
		lines, next, err := audit.Overview(x.context(), a.console.Operator, of, f, x.page())
		if err != nil {
			return err
		}
		names := map[string]string{}
		page.Items, page.Next = make([]apiv1.AuditOutline, len(lines)), next
		for i := range lines {
			l := &lines[i]
			name, err := operatorName(tx, names, l.Actor)
			if err != nil {
				return err
			}
			page.Items[i] = apiv1.AuditOutline{
				ID: id.Text(l.ID), At: l.At, Tenant: l.TenantSlug, TenantName: l.TenantName,
				Actor:  apiv1.Actor{Kind: apiv1.ActorKind(l.Actor.Kind), ID: l.Actor.ID, Name: name},
				Action: string(l.Type), TargetKind: l.TargetKind, Outcome: apiv1.AuditOutlineOutcome(l.Outcome), RequestID: l.RequestID,
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return x.answer(http.StatusOK, page)
}

// operatorName is how the platform, in whose transaction tx is, calls an
// operator; "" for everybody else, whose names stay in their tenant.
func operatorName(tx *postgres.Tx, known map[string]string, a audit.Actor) (string, error) {
	text, ok := strings.CutPrefix(a.ID, "operator:")
	if !ok || a.Kind != audit.ByOperator {
		return "", nil
	}
	if name, ok := known[a.ID]; ok {
		return name, nil
	}
	member, ok := id.Parse(text)
	if !ok {
		return "", nil
	}
	m, err := tenant.GetMember(tx, member)
	switch {
	case fault.Is(err, fault.NotFound):
		known[a.ID] = ""
	case err != nil:
		return "", err
	default:
		known[a.ID] = named(m.Name, m.Email)
	}
	return known[a.ID], nil
}
