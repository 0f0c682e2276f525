package tenant

import (
	"errors"
	"regexp"
	"time"
	_ "time/tzdata" // machines without time zones know them all the same

	"github.com/jackc/pgx/v5"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// BreakGlass says what operators may do inside a tenant.
type BreakGlass string

// What operators may do inside.
const (
	BreakGlassOff  BreakGlass = "off"  // they cannot enter
	BreakGlassRead BreakGlass = "read" // they may look
	BreakGlassFull BreakGlass = "full" // they may change, too
)

// Settings are what a tenant decides about itself.
type Settings struct {
	TimeZone   string     `json:"time_zone"` // IANA
	Locale     string     `json:"locale"`    // BCP 47
	BreakGlass BreakGlass `json:"break_glass"`
	ViewingCap *int       `json:"viewing_cap"` // statements a person may look at in an hour; nil: the platform's default
	AuditDays  *int       `json:"audit_days"`  // how long the log is kept; nil: for ever
	Version    int64      `json:"version"`     // counts its changes, from 1
}

// defaults are the settings of a tenant that never changed any, as in the schema.
var defaults = Settings{TimeZone: "UTC", Locale: "en", BreakGlass: BreakGlassRead, Version: 1}

var localeShape = regexp.MustCompile(`^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8}){0,3}$`)

// GetSettings returns the tenant's settings.
func GetSettings(tx *postgres.Tx) (*Settings, error) {
	s := defaults
	err := tx.QueryRow(tx.Context(), `select time_zone, locale, break_glass, viewing_cap, audit_days, version
		from tenant_settings where tenant_id = $1`, tx.TenantID()).
		Scan(&s.TimeZone, &s.Locale, &s.BreakGlass, &s.ViewingCap, &s.AuditDays, &s.Version)
	if errors.Is(err, pgx.ErrNoRows) {
		return &s, nil
	}
	return &s, err
}

// UpdateSettings replaces the settings; their Version is ignored. version is
// what the caller has seen, 0: whatever there is. Invalid: a value;
// PreconditionFailed: they have changed since.
func UpdateSettings(tx *postgres.Tx, s Settings, version int64) (*Settings, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if err := authz.Touch(tx); err != nil {
		return nil, err
	}
	if _, err := tx.Exec(tx.Context(), `insert into tenant_settings (tenant_id) values ($1) on conflict do nothing`, tx.TenantID()); err != nil {
		return nil, err
	}
	before, err := GetSettings(tx)
	if err != nil {
		return nil, err
	}
	if err := sameVersion(version, before.Version); err != nil {
		return nil, err
	}
	s.Version = before.Version + 1
	if _, err := tx.Exec(tx.Context(), `update tenant_settings set time_zone = $2, locale = $3, break_glass = $4, viewing_cap = $5,
		audit_days = $6, version = $7 where tenant_id = $1`,
		tx.TenantID(), s.TimeZone, s.Locale, s.BreakGlass, s.ViewingCap, s.AuditDays, s.Version); err != nil {
		return nil, err
	}
	t, err := Self(tx)
	if err != nil {
		return nil, err
	}
	return &s, audit.Record(tx, audit.Event{Type: audit.SettingsChanged, Target: t.target(), Before: before, After: s})
}

func (s *Settings) check() error {
	if _, err := time.LoadLocation(s.TimeZone); err != nil || s.TimeZone == "" || s.TimeZone == "Local" || len(s.TimeZone) > 64 {
		return fault.New(fault.Invalid, "%q is no time zone, such as Europe/Berlin or UTC", s.TimeZone)
	}
	if !localeShape.MatchString(s.Locale) {
		return fault.New(fault.Invalid, "%q is no locale, such as en or pt-BR", s.Locale)
	}
	switch s.BreakGlass {
	case BreakGlassOff, BreakGlassRead, BreakGlassFull:
	default:
		return fault.New(fault.Invalid, "operators inside may do one of off, read and full, not %q", s.BreakGlass)
	}
	for _, n := range []*int{s.ViewingCap, s.AuditDays} {
		if n != nil && (*n < 1 || *n > maxLimit) {
			return fault.New(fault.Invalid, "a limit is between 1 and %d, or nothing for the default", maxLimit)
		}
	}
	return nil
}
