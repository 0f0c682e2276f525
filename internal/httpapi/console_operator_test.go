package httpapi_test

import (
	"encoding/csv"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// used makes a tenant that was given two statements, refused one request and read once.
func (o *office) used() *tenant.Tenant {
	o.t.Helper()
	of := o.tenant()
	writer := o.writer(of)
	writer.call("POST", "/xapi/statements", `{"no":"statement"}`, "X-Experience-API-Version", "2.0.0").is(http.StatusBadRequest)
	o.statements(of, adaDid, adaDid)
	o.as(of, admin).call("GET", "/api/v1/tenants/"+of.Slug+"/stores", nil).is(http.StatusOK)
	return of
}

func today() string { return time.Now().UTC().Format(time.DateOnly) }

func TestOperatorsSeeHowTenantsUseThePlatform(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	of, idle := o.used(), o.tenant()
	require.NoError(t, o.meter.Flush(t.Context()))
	require.NoError(t, o.record.AddUp(t.Context()))
	op := o.as(o.platform, authz.Operator)

	f := read[apiv1.TenantFigures](op.call("GET", "/api/v1/platform/tenants/"+of.Slug, nil).is(http.StatusOK))
	require.EqualValues(t, 2, f.StatementsToday)
	require.Positive(t, f.StorageBytes)
	require.WithinDuration(t, time.Now(), *f.LastIngestAt, time.Minute)
	require.Equal(t, apiv1.RequestFigures{Requests: 1, Refused: 1, ErrorRate: 1}, f.LastHour)
	require.Equal(t, f.LastHour, f.LastDay)
	var all []apiv1.TenantFigures
	for next := ""; ; {
		page := read[apiv1.TenantFiguresPage](op.call("GET", "/api/v1/platform/tenants?limit=1"+next, nil).is(http.StatusOK))
		if all = append(all, page.Items...); page.Next == "" {
			break
		}
		next = "&after=" + page.Next
	}
	require.Len(t, all, 2)
	require.Contains(t, all, f)

	days := read[apiv1.UsageDayPage](op.call("GET", "/api/v1/platform/tenants/"+of.Slug+"/usage?limit=2", nil).is(http.StatusOK))
	require.NotEmpty(t, days.Next)
	require.Equal(t, apiv1.UsageDay{
		Day: today(), Statements: 2, Requests: 1, Refused: 1, BytesIn: days.Items[0].BytesIn, BytesStored: f.StorageBytes, ConsoleReads: 1, ActiveKeys: 1, StorageBytes: f.StorageBytes,
	}, days.Items[0])
	require.Positive(t, days.Items[0].BytesIn)

	across := read[apiv1.TenantUsagePage](op.call("GET", "/api/v1/platform/usage", nil).is(http.StatusOK))
	require.Len(t, across.Items, 1, "who used nothing is left out")
	require.Equal(t, of.Slug, across.Items[0].Tenant)
	require.EqualValues(t, 2, across.Items[0].Statements)
	require.Empty(t, read[apiv1.TenantUsagePage](op.call("GET", "/api/v1/platform/usage?tenant="+idle.Slug, nil).is(http.StatusOK)).Items)
	require.Empty(t, read[apiv1.TenantUsagePage](op.call("GET", "/api/v1/platform/usage?to=2020-01-31&from=2020-01-01", nil).is(http.StatusOK)).Items)

	file := op.call("GET", "/api/v1/platform/usage/export", nil).is(http.StatusOK)
	require.Contains(t, file.header.Get("Content-Disposition"), `.csv"`)
	rows, err := csv.NewReader(strings.NewReader(string(file.body))).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 2)
	require.Equal(t, []string{"tenant", "day", "statements"}, rows[0][:3])
	require.Equal(t, []string{of.Slug, today(), "2"}, rows[1][:3])

	for _, path := range []string{"/tenants/none", "/tenants/none/usage", "/audit?tenant=none"} {
		op.call("GET", "/api/v1/platform"+path, nil).is(http.StatusNotFound).problem()
	}
	for query, place := range map[string]string{
		"from=x": "?from", "to=2030-02-30": "?to", "limit=0": "?limit", "tenant=UP": "?tenant",
	} {
		got := op.call("GET", "/api/v1/platform/usage?"+query, nil).is(http.StatusBadRequest).problem()
		require.Equal(t, place, got.Violations[0].Path, query)
	}
	for _, query := range []string{"from=2030-02-01&to=2030-01-01", "from=2000-01-01", "after=x"} {
		op.call("GET", "/api/v1/platform/usage?"+query, nil).is(http.StatusBadRequest).problem()
		if !strings.HasPrefix(query, "after") {
			op.call("GET", "/api/v1/platform/usage/export?"+query, nil).is(http.StatusBadRequest).problem()
		}
	}
	bare := o.withToken(o.platform, op.member, authz.PlatformView)
	for _, path := range []string{"/tenants", "/usage", "/usage/export", "/audit", "/tenants/" + of.Slug, "/tenants/" + of.Slug + "/usage"} {
		bare.call("GET", "/api/v1/platform"+path, nil).is(http.StatusForbidden).problem()
		o.as(of, admin).call("GET", "/api/v1/platform"+path, nil).is(http.StatusForbidden).problem()
	}
}

func TestATenantSeesItsOwnUse(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	of, other := o.used(), o.used()
	require.NoError(t, o.meter.Flush(t.Context()))
	require.NoError(t, o.record.AddUp(t.Context()))
	v := o.as(of, admin)
	path := "/api/v1/tenants/" + of.Slug + "/usage"
	all := read[apiv1.UsageDayPage](v.call("GET", path, nil).is(http.StatusOK))
	require.Len(t, all.Items, 30)
	require.EqualValues(t, 2, all.Items[0].Statements, "and not the other's")
	require.EqualValues(t, 1, all.Items[0].ConsoleReads)
	main := read[apiv1.UsageDayPage](v.call("GET", path+"?store=main&limit=1", nil).is(http.StatusOK)).Items[0]
	require.EqualValues(t, 2, main.Statements)
	require.Zero(t, main.ConsoleReads, "reads are of no store")
	require.Zero(t, read[apiv1.UsageDayPage](v.call("GET", path+"?store=sandbox&limit=1", nil).is(http.StatusOK)).Items[0].Statements)

	rows, err := csv.NewReader(strings.NewReader(string(v.call("GET", path+"/export?from="+today(), nil).is(http.StatusOK).body))).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 2)
	require.Equal(t, []string{today(), "2"}, rows[1][:2])

	for _, rest := range []string{"", "/export"} {
		v.call("GET", path+rest+"?store=none", nil).is(http.StatusNotFound)
		v.call("GET", path+rest+"?from=yesterday", nil).is(http.StatusBadRequest).problem()
		o.as(of, analyst).call("GET", path+rest, nil).is(http.StatusForbidden)
		o.as(other, admin).call("GET", path+rest, nil).is(http.StatusNotFound)
	}
	v.call("GET", path+"?after=2000-01-01", nil).is(http.StatusBadRequest).problem()
}

func TestOperatorsSeeOutlinesOfEveryLog(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	of := o.used()
	a := o.as(of, admin)
	for _, slug := range []string{"one", "two", "three"} {
		a.call("POST", "/api/v1/tenants/"+of.Slug+"/stores", `{"slug":"`+slug+`","name":"Secret plans","kind":"sandbox"}`).is(http.StatusCreated)
	}
	a.call("GET", "/api/v1/tenants/"+of.Slug+"/stores/main/statements", nil).is(http.StatusOK)
	op := o.as(o.platform, authz.Operator)
	op.call("POST", "/api/v1/tenants/"+of.Slug+"/suspend", nil).is(http.StatusOK)

	const log = "/api/v1/platform/audit"
	get := func(query string) apiv1.AuditOutlinePage {
		t.Helper()
		return read[apiv1.AuditOutlinePage](op.call("GET", log+query, nil).is(http.StatusOK))
	}
	all := get("?limit=1000")
	tenants := map[string]bool{}
	for _, e := range all.Items {
		tenants[e.Tenant] = true
		require.Contains(t, audit.Overviewed, audit.Type(e.Action))
		require.NotEmpty(t, e.TenantName)
		if e.Actor.Kind != apiv1.ActorKindOperator {
			require.Empty(t, e.Actor.Name, "the names of a tenant's people stay there")
		}
	}
	require.True(t, tenants[of.Slug] && tenants["platform"])
	body := string(op.call("GET", log+"?limit=1000", nil).body)
	require.NotContains(t, body, "Secret plans")
	require.NotContains(t, body, "ada@example.org")

	stores := get("?action=store.created&tenant=" + of.Slug + "&limit=2")
	require.Len(t, stores.Items, 2)
	require.Len(t, get("?action=store.created&tenant="+of.Slug+"&after="+stores.Next).Items, 3, "main and sandbox, made by the test, and one")
	suspended := get("?action=tenant.suspended&outcome=success&tenant=" + of.Slug)
	require.Len(t, suspended.Items, 1)
	e := suspended.Items[0]
	require.Equal(t, "operator:"+e.Actor.ID[len("operator:"):], e.Actor.ID)
	require.NotEmpty(t, e.Actor.Name, "operators know each other")
	require.Len(t, get("?action=tenant.suspended&actor="+e.Actor.ID).Items, 2, "in its log and in the platform's")
	at := e.At.Format(time.RFC3339Nano)
	require.Empty(t, get("?action=tenant.suspended&tenant="+of.Slug+"&since="+at).Items)
	require.Len(t, get("?action=tenant.suspended&tenant="+of.Slug+"&until="+at).Items, 1)
	require.Empty(t, get("?action=tenant.suspended&outcome=denied").Items)
	var seen int
	until := "&until=" + at
	for next := ""; ; {
		page := get("?limit=2" + until + next)
		if seen += len(page.Items); page.Next == "" {
			break
		}
		next = "&after=" + page.Next
	}
	require.Len(t, get("?limit=1000"+until).Items, seen)

	for _, query := range []string{"action=statements.viewed", "action=no.such", "outcome=maybe", "since=x", "after=!", "text=x", "target=x"} {
		op.call("GET", log+"?"+query, nil).is(http.StatusBadRequest).problem()
	}
	looks := o.events(o.platform, audit.AuditViewed)
	require.NotEmpty(t, looks, "looking stands in the platform's log")
	require.Contains(t, looks[len(looks)-1].Details, `"of":"all"`)
	require.Empty(t, o.events(of, audit.AuditViewed))
	o.as(o.platform, auditor).call("GET", log, nil).is(http.StatusOK)
}

// What the program says operators see, the database holds them to.
func TestOperatorsSeeTheTypesThatTheDatabaseLets(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	of := o.tenant()
	o.in(of.ID, func(tx *postgres.Tx) error {
		for _, kind := range audit.Types {
			if err := audit.Record(tx, audit.Event{Type: kind, Target: audit.Target{Kind: "probe"}}); err != nil {
				return err
			}
		}
		return nil
	})
	require.NoError(t, o.operator.Do(t.Context(), func(tx pgx.Tx) error {
		rows, err := tx.Query(t.Context(), `select action from audit_events where target_kind = 'probe'`)
		require.NoError(t, err)
		seen, err := pgx.CollectRows(rows, pgx.RowTo[audit.Type])
		require.ElementsMatch(t, audit.Overviewed, seen)
		return err
	}))
}

func TestHealthTellsOfMigrations(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	applied, err := postgres.SchemaVersion(t.Context(), o.operator)
	require.NoError(t, err)
	for known, want := range map[int64]apiv1.HealthPartStatus{
		applied: apiv1.HealthPartStatusOk, applied + 1: apiv1.HealthPartStatusDegraded, applied - 1: apiv1.HealthPartStatusDegraded,
	} {
		p := o.api.SchemaHealth(t.Context(), known)
		require.Equal(t, want, p.Status)
		require.Equal(t, map[string]float64{"applied": float64(applied), "known": float64(known)}, p.Numbers)
	}
}
