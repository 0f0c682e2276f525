package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/fault"
)

// auditParams are a filter as parameters, which have lists with commas.
func auditParams(f audit.Filter) apiv1.ListAuditEventsParams {
	outcomes := make([]string, len(f.Outcomes))
	for i, o := range f.Outcomes {
		outcomes[i] = string(o)
	}
	types := make([]string, len(f.Types))
	for i, t := range f.Types {
		types[i] = string(t)
	}
	return apiv1.ListAuditEventsParams{
		Actor: optional(f.Actor), TargetKind: optional(f.TargetKind), Target: optional(f.Target), Text: optional(f.Text), Session: optional(f.Session),
		Action: optional(strings.Join(types, ",")), Outcome: optional(strings.Join(outcomes, ",")), Since: before(f.From), Until: before(f.To),
	}
}

// before is the microsecond before t: filters begin at a time and end before one,
// parameters begin after one and end at it. nil for no time.
func before(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.Add(-time.Microsecond)
	return &t
}

func (r *remote) ListAudit(ctx context.Context, of string, f audit.Filter, page audit.Page) (m apiv1.AuditPage, err error) {
	p := auditParams(f)
	p.After, p.Limit = optional(page.After), optional(min(max(page.Limit, 0), 1000))
	return ask[apiv1.AuditPage](r.api.ListAuditEvents(ctx, of, &p))
}

// VerifyAudit reads how far the server is until it is done.
func (r *remote) VerifyAudit(ctx context.Context, of string) (v apiv1.Verification, err error) {
	stream := *r.slow
	stream.Client = newPatient(atEase).client
	res, err := stream.VerifyAudit(ctx, of)
	if err != nil {
		return v, fault.Wrap(fault.Unavailable, err, "%s cannot be reached", r.server)
	}
	if res.StatusCode != http.StatusOK {
		return ask[apiv1.Verification](res, nil)
	}
	defer func() { _ = res.Body.Close() }()
	for lines := json.NewDecoder(res.Body); !v.Done; {
		v = apiv1.Verification{}
		if err := lines.Decode(&v); err != nil {
			return v, fault.Wrap(fault.Unavailable, err, "the answer broke off: nothing is known of the log")
		}
	}
	return v, nil
}

// ExportAudit passes on what comes, however much, and is not tried again: some
// of it may be in the file. An answer that breaks off is an error.
func (r *remote) ExportAudit(ctx context.Context, of string, f audit.Filter, format audit.Format, w io.Writer) (int, error) {
	p := auditParams(f)
	stream := *r.slow
	stream.Client = newPatient(atEase).client
	res, err := stream.ExportAudit(ctx, of, &apiv1.ExportAuditParams{
		Actor: p.Actor, Action: p.Action, TargetKind: p.TargetKind, Target: p.Target, Text: p.Text, Since: p.Since, Until: p.Until,
		Outcome: p.Outcome, Session: p.Session, Format: apiv1.ExportAuditParamsFormat(format),
	})
	if err != nil {
		return 0, fault.Wrap(fault.Unavailable, err, "%s cannot be reached", r.server)
	}
	if res.StatusCode != http.StatusOK {
		_, err := ask[struct{}](res, nil)
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	rows := lineCount(0)
	if _, err := io.Copy(io.MultiWriter(w, &rows), res.Body); err != nil {
		return 0, fault.Wrap(fault.Unavailable, err, "the export broke off: what there is of it is not whole")
	}
	if format == audit.CSV && rows > 0 {
		rows-- // names of the columns
	}
	return int(rows), nil
}

// lineCount counts the lines that are written to it.
type lineCount int

func (n *lineCount) Write(b []byte) (int, error) {
	*n += lineCount(bytes.Count(b, []byte("\n")))
	return len(b), nil
}
