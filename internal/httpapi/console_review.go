package httpapi

import (
	"net/http"
	"strings"
	"time"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

func reviewModel(of int64) func(*authz.ReviewRow) apiv1.AccessReviewRow {
	return func(r *authz.ReviewRow) apiv1.AccessReviewRow {
		m := apiv1.AccessReviewRow{
			Kind: apiv1.AccessReviewRowKindMember, ID: id.Text(r.Member), Name: r.Name, Email: optional(r.Email),
			Status: apiv1.AccessReviewRowStatus(r.Status), Store: optional(r.StoreSlug),
			CanView: r.CanView, CanViewIdentity: r.CanSeeWho, CanExport: r.CanExport,
			Since: optional(r.Since), LastUsedAt: r.LastUsedAt, ExpiresAt: r.ExpiresAt,
			Flags: each(r.Flags, func(f *authz.Flag) apiv1.AccessReviewRowFlags { return apiv1.AccessReviewRowFlags(*f) }),
		}
		if r.Key != nil {
			m.Kind, m.ID, m.Via = apiv1.AccessReviewRowKindKey, tenant.UserName(of, r.Key.ID), strings.Join(r.Key.Scopes, " ")
			m.Status = apiv1.AccessReviewRowStatusActive
			return m
		}
		m.Via, m.Grant = r.Grant.Role, optional(id.Text(r.Grant.ID))
		return m
	}
}

// reviewAccess is recorded: who looks at who may see what, is worth knowing.
func (a *API) reviewAccess(x *exchange) error {
	page := apiv1.AccessReviewPage{At: x.now()}
	if err := x.change(func(tx *postgres.Tx) error {
		rows, t, next, err := authz.Review(tx, x.page(), page.At)
		if err != nil {
			return err
		}
		inside, err := authz.ReviewEntries(tx, page.At)
		if err != nil {
			return err
		}
		page.Items, page.Next = each(rows, reviewModel(x.caller.tenant)), next
		page.Inside = each(inside, entryModel(page.At))
		page.Totals = apiv1.AccessReviewTotals{
			Members: t.Members, CanView: t.CanView, CanViewIdentity: t.CanSeeWho, CanExport: t.CanExport, Grants: t.Grants,
			Expired: t.Expired, Unused: t.Unused, NeverUsed: t.NeverUsed, BulkKeys: t.BulkKeys,
		}
		return audit.Record(tx, audit.Event{Type: audit.AccessReviewed, Details: map[string]any{"rows": len(rows), "operators_inside": len(inside)}})
	}); err != nil {
		return err
	}
	return x.answer(http.StatusOK, page)
}

func entryModel(now time.Time) func(*authz.Entry) apiv1.Entry {
	return func(e *authz.Entry) apiv1.Entry {
		return apiv1.Entry{
			ID: id.Text(e.ID), Operator: e.Operator, Reason: e.Reason, Level: apiv1.EntryLevel(e.Level),
			EnteredAt: e.EnteredAt, ExpiresAt: e.ExpiresAt, LeftAt: e.LeftAt, Active: e.LeftAt == nil && now.Before(e.ExpiresAt),
		}
	}
}

func (a *API) listEntries(x *exchange) error {
	var page apiv1.EntryPage
	if err := x.look(func(tx *postgres.Tx) error {
		entries, next, err := authz.ListEntries(tx, x.page())
		page.Items, page.Next = each(entries, entryModel(x.now())), next
		return err
	}); err != nil {
		return err
	}
	return x.answer(http.StatusOK, page)
}

// endEntry puts an operator out.
func (a *API) endEntry(x *exchange) error {
	entry, err := x.numbered("entry")
	if err != nil {
		return err
	}
	if err := x.changePolicies(func(tx *postgres.Tx) error {
		_, err := authz.EndEntry(tx, entry, x.now())
		return err
	}); err != nil {
		return err
	}
	return x.sendNothing()
}
