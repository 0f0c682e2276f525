package authz

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// Level says what an operator may do inside a tenant.
type Level string

// The levels. A tenant's settings may forbid both, or the second.
const (
	ReadOnly Level = "read"
	Full     Level = "full" // change things, too; learners' data stay closed
)

// MaxEntry is how long an entry may last.
const MaxEntry = 240 * time.Minute

// Entry is an operator's stay inside a tenant (break-glass).
type Entry struct {
	ID         int64
	OperatorID int64  // member of the platform
	Operator   string // name and address, as they were
	Reason     string
	Level      Level // as it was asked for; the tenant's settings may have narrowed it since
	EnteredAt  time.Time
	ExpiresAt  time.Time
	LeftAt     *time.Time // ExpiresAt, some seconds later, where the operator did not leave before; nil: inside
}

// NewEntry says why, how and for how long an operator enters.
type NewEntry struct {
	OperatorID int64
	Operator   string // for people: name and address
	Reason     string // 10 to 1000 characters
	Level      Level
	Minutes    int // 1 to 240
}

// EnterTenant lets an operator into the tenant of tx for a time, and tells the
// tenant's own log. Whether it is an operator who may (TenantsEnter, on the
// platform) is for the caller to decide. Invalid: reason, level, minutes, or
// the tenant is the platform; Forbidden: the tenant does not allow it; Conflict:
// the operator is inside already.
func EnterTenant(tx *postgres.Tx, n NewEntry, now time.Time) (*Entry, error) {
	if err := Touch(tx); err != nil {
		return nil, err
	}
	switch length := utf8.RuneCountInString(n.Reason); {
	case !utf8.ValidString(n.Reason), strings.Contains(n.Reason, "\x00"), strings.TrimSpace(n.Reason) != n.Reason, length < 10, length > 1000:
		return nil, fault.New(fault.Invalid, "the reason must have 10 to 1000 characters; the organisation's admins read it")
	case n.Level != ReadOnly && n.Level != Full:
		return nil, fault.New(fault.Invalid, "%q is no level: it is %s or %s", n.Level, ReadOnly, Full)
	case n.Minutes < 1 || n.Minutes > int(MaxEntry/time.Minute):
		return nil, fault.New(fault.Invalid, "an entry lasts 1 to %d minutes", int(MaxEntry/time.Minute))
	case n.OperatorID <= 0:
		return nil, fault.New(fault.Invalid, "an entry needs an operator")
	}
	if err := requireEntry(tx, n, now); err != nil {
		return nil, err
	}
	now = kept(now)
	e := &Entry{
		ID: id.New(), OperatorID: n.OperatorID, Operator: n.Operator, Reason: n.Reason, Level: n.Level,
		EnteredAt: now, ExpiresAt: now.Add(time.Duration(n.Minutes) * time.Minute),
	}
	if _, err := tx.Exec(tx.Context(), `
		insert into entries (tenant_id, id, operator_id, operator, reason, level, entered_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		tx.TenantID(), e.ID, e.OperatorID, e.Operator, e.Reason, string(e.Level), e.EnteredAt, e.ExpiresAt); err != nil {
		return nil, err
	}
	return e, audit.Record(tx, audit.Event{
		Type: audit.OperatorEntered, Target: e.target(),
		Details: map[string]any{"entry": id.Text(e.ID), "reason": e.Reason, "level": string(e.Level), "minutes": n.Minutes},
	})
}

// requireEntry asks whether the tenant lets operators in.
func requireEntry(tx *postgres.Tx, n NewEntry, now time.Time) error {
	var ofPlatform, inside bool
	var allows string
	if err := tx.QueryRow(tx.Context(), `
		select t.kind = 'platform',
		       coalesce((select break_glass from tenant_settings s where s.tenant_id = t.id), 'read'),
		       exists (select from entries e where e.tenant_id = t.id and e.operator_id = $2 and e.left_at is null and e.expires_at > $3)
		from tenants t where t.id = $1`, tx.TenantID(), n.OperatorID, now).Scan(&ofPlatform, &allows, &inside); err != nil {
		return err
	}
	switch {
	case ofPlatform:
		return fault.New(fault.Invalid, "nobody enters the platform itself")
	case allows == "off":
		return fault.New(fault.Forbidden, "this organisation lets no operator in")
	case n.Level == Full && allows != "full":
		return fault.New(fault.Forbidden, "this organisation lets operators look only")
	case inside:
		return fault.New(fault.Conflict, "you are inside this organisation already; leave first")
	}
	return nil
}

// LeaveTenant ends an operator's open entry into the tenant of tx, and tells
// the tenant's log. NotFound: the operator is not inside.
func LeaveTenant(tx *postgres.Tx, operator int64, now time.Time) (*Entry, error) {
	if err := Touch(tx); err != nil {
		return nil, err
	}
	open, err := OpenEntries(tx, now)
	if err != nil {
		return nil, err
	}
	for i := range open {
		if open[i].OperatorID == operator {
			return leave(tx, &open[i], now)
		}
	}
	return nil, fault.New(fault.NotFound, "you are not inside this organisation")
}

// EndEntry ends an entry, as an admin of the tenant may who wants an operator
// out. NotFound: there is no such entry, or it is over.
func EndEntry(tx *postgres.Tx, entry int64, now time.Time) (*Entry, error) {
	if err := Touch(tx); err != nil {
		return nil, err
	}
	open, err := OpenEntries(tx, now)
	if err != nil {
		return nil, err
	}
	for i := range open {
		if open[i].ID == entry {
			return leave(tx, &open[i], now)
		}
	}
	return nil, fault.New(fault.NotFound, "there is no such entry that is open")
}

func leave(tx *postgres.Tx, e *Entry, now time.Time) (*Entry, error) {
	now = kept(now)
	e.LeftAt = &now
	if _, err := tx.Exec(tx.Context(), `update entries set left_at = $3 where tenant_id = $1 and id = $2`, tx.TenantID(), e.ID, now); err != nil {
		return nil, err
	}
	return e, audit.Record(tx, audit.Event{
		Type: audit.OperatorLeft, Target: e.target(),
		Details: map[string]any{"entry": id.Text(e.ID), "reason": e.Reason, "level": string(e.Level), "ended": "left"},
	})
}

// OpenEntries lists who is inside now, longest first: what the banner shows.
func OpenEntries(tx *postgres.Tx, now time.Time) ([]Entry, error) {
	return selectEntries(tx, `where tenant_id = $1 and left_at is null and expires_at > $2 order by entered_at, id limit 100`, now)
}

// ReviewEntries lists the operators who may look into the tenant now, longest
// first, at the level that its settings leave them: the access review's.
func ReviewEntries(tx *postgres.Tx, now time.Time) ([]Entry, error) {
	var allows string
	if err := tx.QueryRow(tx.Context(), `select coalesce((select break_glass from tenant_settings where tenant_id = $1), 'read')`,
		tx.TenantID()).Scan(&allows); err != nil {
		return nil, err
	}
	if allows == "off" {
		return []Entry{}, nil
	}
	open, err := OpenEntries(tx, now)
	for i := range open {
		if allows != string(Full) {
			open[i].Level = ReadOnly
		}
	}
	return open, err
}

// ListEntries returns one page of the operators' entries, newest first, and the
// cursor of the next page; "" when there is none.
func ListEntries(tx *postgres.Tx, page Page) ([]Entry, string, error) {
	after, err := afterID(page)
	if err != nil {
		return nil, "", err
	}
	entries, err := selectEntries(tx, `where tenant_id = $1 and ($2::bigint = 0 or (entered_at, id) < (
		select c.entered_at, c.id from entries c where c.tenant_id = $1 and c.id = $2)) order by entered_at desc, id desc limit $3`,
		after, page.Rows()+1)
	entries, next := postgres.Cut(page, entries, func(e Entry) string { return id.Text(e.ID) })
	return entries, next, err
}

func selectEntries(tx *postgres.Tx, where string, args ...any) ([]Entry, error) {
	rows, err := tx.Query(tx.Context(), `
		select id, operator_id, operator, reason, level, entered_at, expires_at, left_at from entries `+where,
		append([]any{tx.TenantID()}, args...)...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Entry])
}

func (e *Entry) target() audit.Target {
	return audit.Target{Kind: "operator", ID: id.Text(e.OperatorID), Name: e.Operator}
}
