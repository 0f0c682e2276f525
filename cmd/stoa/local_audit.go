package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"io"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/app"
	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// ListAudit is recorded, as every look into the log.
func (l local) ListAudit(ctx context.Context, of string, f audit.Filter, page audit.Page) (m apiv1.AuditPage, err error) {
	err = l.sh.visit(ctx, of, func(tx *postgres.Tx) error {
		lines, next, err := audit.List(tx, f, page)
		if err != nil {
			return err
		}
		m = apiv1.AuditPage{Items: models(lines, eventModel), Next: next}
		return audit.Record(tx, audit.Event{Type: audit.AuditViewed, Details: map[string]any{"filter": f, "rows": len(lines)}})
	})
	return m, err
}

func eventModel(l *audit.Line) apiv1.AuditEvent {
	m := apiv1.AuditEvent{
		ID: l.Ref(), At: l.At, Actor: apiv1.Actor{ID: l.Actor.ID, Kind: apiv1.ActorKind(l.Actor.Kind), Name: l.Actor.Name},
		Action: string(l.Type), Target: apiv1.AuditTarget{Kind: l.Target.Kind, ID: l.Target.ID, Name: l.Target.Name},
		Outcome: apiv1.AuditEventOutcome(l.Outcome), Address: l.Address, UserAgent: l.UserAgent, Session: l.Session, RequestID: l.RequestID,
	}
	if err := json.Unmarshal([]byte(l.Details), &m.Details); err != nil { // somebody has changed it; verifying says so
		m.Details = map[string]any{"unreadable": l.Details}
	}
	return m
}

func (l local) ExportAudit(ctx context.Context, of string, f audit.Filter, format audit.Format, w io.Writer) (rows int, err error) {
	err = l.sh.onLog(ctx, of, func(db *postgres.DB, t *tenant.Tenant) (err error) {
		rows, err = audit.Export(ctx, db, t.Scope(actor), f, format, w)
		return err
	})
	return rows, err
}

// VerifyAudit is recorded, whatever it finds.
func (l local) VerifyAudit(ctx context.Context, of string) (m apiv1.Verification, err error) {
	err = l.sh.onLog(ctx, of, func(db *postgres.DB, t *tenant.Tenant) error {
		c, ring, err := l.sh.ring(ctx)
		if err != nil {
			return err
		}
		o := audit.VerifyOptions{Verifier: ring, Now: l.sh.now}
		if !c.AuditAnchorURL.IsZero() {
			bucket, err := app.OpenBlobs(ctx, c.AuditAnchorURL.Reveal())
			if err != nil {
				return err
			}
			defer func() { _ = bucket.Close() }()
			o.Anchors = bucket
		}
		scope := t.Scope(actor)
		r, err := audit.Verify(ctx, audit.InTenant(db, scope), t.ID, o)
		if err != nil {
			return err
		}
		m = verificationModel(r)
		return db.Tenant(ctx, scope, func(tx *postgres.Tx) error { return audit.Record(tx, r.Event()) })
	})
	return m, err
}

func verificationModel(r *audit.Report) apiv1.Verification {
	findings := make([]apiv1.Finding, len(r.Findings))
	for i, f := range r.Findings {
		findings[i] = apiv1.Finding{Kind: string(f.Kind), Seal: optional(f.Seal), Event: optional(f.Event), Text: f.Text}
	}
	return apiv1.Verification{
		Done: true, Seals: r.Seals, Events: r.Events, Ok: &r.OK, ExpiredUpToSeal: &r.Expired, Waiting: &r.Waiting, Anchors: &r.Anchors,
		Head: optional(hex.EncodeToString(r.Head[:])), At: optional(r.At), Problems: &r.Problems, Findings: findings,
	}
}
