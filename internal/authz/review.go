package authz

import (
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// Flag marks a line of the access review that somebody should look at.
type Flag string

// The flags.
const (
	Expired   Flag = "expired"
	Unused    Flag = "unused"     // for 90 days, by its last use or, where there was none, since it was given
	NeverUsed Flag = "never_used" // not once
)

// UnusedAfter is when a grant or key counts as unused.
const UnusedAfter = 90 * 24 * time.Hour

// ReviewRow is one way in which somebody reaches the tenant's data: a member's
// grant, or an API key that can read in bulk. Exactly one of Grant and Key is set.
type ReviewRow struct {
	Member     int64 // 0: a key
	Email      string
	Name       string // of the member or the key
	Status     string // of the member: invited, active, disabled
	Grant      *Grant
	Key        *ReviewKey
	StoreSlug  string // "": the whole tenant
	CanView    bool   // statements, by this grant or key
	CanSeeWho  bool   // learners' identities
	CanExport  bool   // in bulk
	Since      time.Time
	LastUsedAt *time.Time // nil: never
	ExpiresAt  *time.Time // nil: never
	Flags      []Flag
}

// ReviewKey is an API key that can read everybody's statements.
type ReviewKey struct {
	ID        int64 // see tenant.UserName
	Store     int64
	Scopes    []string
	CreatedBy string // audit actor; "": before that was kept
}

// ReviewTotals counts over the whole tenant, not the page.
type ReviewTotals struct {
	Members   int // active ones
	CanView   int // active members with at least one grant that is valid and lets them; so below
	CanSeeWho int
	CanExport int
	Grants    int
	Expired   int // grants, and so below
	Unused    int
	NeverUsed int
	BulkKeys  int // keys that can read in bulk, not revoked nor expired
}

// Review returns one page of the access review: members' grants by e-mail
// address, then keys, and the cursor of the next page; "" when there is none.
func Review(tx *postgres.Tx, page Page, now time.Time) ([]ReviewRow, ReviewTotals, string, error) {
	able, err := abilitiesOf(tx)
	if err != nil {
		return nil, ReviewTotals{}, "", err
	}
	totals, err := reviewTotals(tx, able, now)
	if err != nil {
		return nil, ReviewTotals{}, "", err
	}
	after, err := readReviewCursor(page.After)
	if err != nil {
		return nil, ReviewTotals{}, "", err
	}
	var rows []ReviewRow
	if !after.keys {
		if rows, err = reviewGrants(tx, able, after, page.Rows()+1, now); err != nil {
			return nil, ReviewTotals{}, "", err
		}
	}
	if left := page.Rows() + 1 - len(rows); left > 0 {
		keys, err := reviewKeys(tx, after, left, now)
		if err != nil {
			return nil, ReviewTotals{}, "", err
		}
		rows = append(rows, keys...)
	}
	rows, next := postgres.Cut(page, rows, reviewCursor)
	return rows, totals, next, nil
}

// reviewed is where a page of the review begins: behind a member's grant or a key.
type reviewed struct {
	keys  bool
	email string
	id    int64
}

func reviewCursor(r ReviewRow) string {
	if r.Key != nil {
		return "k-" + id.Text(r.Key.ID)
	}
	return "g-" + id.Text(r.Grant.ID) + "-" + r.Email
}

func readReviewCursor(text string) (reviewed, error) {
	if text == "" {
		return reviewed{}, nil
	}
	kind, rest, _ := strings.Cut(text, "-")
	number, email, _ := strings.Cut(rest, "-")
	n, ok := id.Parse(number)
	if !ok || kind != "k" && kind != "g" || kind == "k" && email != "" {
		return reviewed{}, fault.New(fault.Invalid, "%q is no cursor of this list", text)
	}
	return reviewed{kind == "k", email, n}, nil
}

// abilities are the slugs of the roles that let somebody do what the review is about.
type abilities struct{ view, who, export []string }

func abilitiesOf(tx *postgres.Tx) (abilities, error) {
	roles, err := selectRoles(tx, `where tenant_id = $1`)
	if err != nil {
		return abilities{}, err
	}
	var a abilities
	for _, r := range append(roles, builtIn...) {
		for action, slugs := range map[Action]*[]string{StatementsView: &a.view, StatementsViewIdentity: &a.who, StatementsExport: &a.export} {
			if slices.Contains(r.Actions, action) {
				*slugs = append(*slugs, r.Slug)
			}
		}
	}
	return a, nil
}

func reviewTotals(tx *postgres.Tx, able abilities, now time.Time) (t ReviewTotals, err error) {
	err = tx.QueryRow(tx.Context(), `
		select (select count(*) from members where tenant_id = $1 and status = 'active'),
		       count(distinct member_id) filter (where valid and role = any($3)),
		       count(distinct member_id) filter (where valid and role = any($4)),
		       count(distinct member_id) filter (where valid and role = any($5)),
		       count(*),
		       count(*) filter (where expires_at <= $2),
		       count(*) filter (where coalesce(last_used_at, granted_at) < $6),
		       count(*) filter (where last_used_at is null),
		       (select count(*) from keys where tenant_id = $1 and revoked_at is null and (expires_at is null or expires_at > $2) and scopes && $7)
		from (select g.*, (g.expires_at is null or g.expires_at > $2) and m.status = 'active' as valid
		      from grants g join members m on m.tenant_id = g.tenant_id and m.id = g.member_id where g.tenant_id = $1) g`,
		tx.TenantID(), now, able.view, able.who, able.export, now.Add(-UnusedAfter), bulkScopes).Scan(
		&t.Members, &t.CanView, &t.CanSeeWho, &t.CanExport, &t.Grants, &t.Expired, &t.Unused, &t.NeverUsed, &t.BulkKeys)
	return t, err
}

func reviewGrants(tx *postgres.Tx, able abilities, after reviewed, limit int, now time.Time) ([]ReviewRow, error) {
	rows, err := tx.Query(tx.Context(), `
		select m.id, m.email, m.name, m.status, g.id, g.role, coalesce(g.store_id, 0), g.source, g.granted_by, g.granted_at, g.expires_at,
		       g.last_used_at, coalesce((select slug from stores s where s.tenant_id = $1 and s.id = g.store_id), '')
		from members m join grants g on g.tenant_id = m.tenant_id and g.member_id = m.id
		where m.tenant_id = $1 and m.email >= $2 and (m.email, g.id) > ($2, $3) order by m.email, g.id limit $4`,
		tx.TenantID(), after.email, after.id, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (ReviewRow, error) {
		var r ReviewRow
		var g Grant
		err := row.Scan(&r.Member, &r.Email, &r.Name, &r.Status, &g.ID, &g.Role, &g.Store, &g.Source, &g.GrantedBy, &g.GrantedAt, &g.ExpiresAt,
			&g.LastUsedAt, &r.StoreSlug)
		g.Member, r.Grant = r.Member, &g
		r.Since, r.LastUsedAt, r.ExpiresAt = g.GrantedAt, g.LastUsedAt, g.ExpiresAt
		valid := r.Status == "active" && (g.ExpiresAt == nil || g.ExpiresAt.After(now))
		r.CanView = valid && slices.Contains(able.view, g.Role)
		r.CanSeeWho = valid && slices.Contains(able.who, g.Role)
		r.CanExport = valid && slices.Contains(able.export, g.Role)
		r.Flags = r.flags(now)
		return r, err
	})
}

// bulkScopes are the scopes with which a key reads everybody's statements.
var bulkScopes = func() []string {
	var names []string
	for _, n := range scopeNames {
		if slices.Contains(KeyScopesNeed(n.scope), StatementsExport) {
			names = append(names, n.name)
		}
	}
	return names
}()

func reviewKeys(tx *postgres.Tx, after reviewed, limit int, now time.Time) ([]ReviewRow, error) {
	first := int64(0)
	if after.keys {
		first = after.id
	}
	rows, err := tx.Query(tx.Context(), `
		select k.id, k.name, k.store_id, k.scopes, k.created_by, k.created_at, k.expires_at,
		       (select max(last_used_at) from key_secrets s where s.tenant_id = $1 and s.key_id = k.id),
		       (select slug from stores s where s.tenant_id = $1 and s.id = k.store_id)
		from keys k where k.tenant_id = $1 and k.id > $2 and k.revoked_at is null and k.scopes && $3 order by k.id limit $4`,
		tx.TenantID(), first, bulkScopes, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (ReviewRow, error) {
		var r ReviewRow
		var k ReviewKey
		err := row.Scan(&k.ID, &r.Name, &k.Store, &k.Scopes, &k.CreatedBy, &r.Since, &r.ExpiresAt, &r.LastUsedAt, &r.StoreSlug)
		r.Key = &k
		usable := r.ExpiresAt == nil || r.ExpiresAt.After(now)
		r.CanView, r.CanSeeWho, r.CanExport = usable, usable, usable
		r.Flags = r.flags(now)
		return r, err
	})
}

func (r *ReviewRow) flags(now time.Time) []Flag {
	flags := []Flag{}
	if r.ExpiresAt != nil && !r.ExpiresAt.After(now) {
		flags = append(flags, Expired)
	}
	last := r.Since
	if r.LastUsedAt == nil {
		flags = append(flags, NeverUsed)
	} else {
		last = *r.LastUsedAt
	}
	if last.Before(now.Add(-UnusedAfter)) {
		flags = append(flags, Unused)
	}
	return flags
}
