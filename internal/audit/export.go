package audit

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// Format is how an export is written.
type Format string

// The formats.
const (
	CSV    Format = "csv"    // RFC 4180, with a heading
	NDJSON Format = "ndjson" // a JSON object a line
)

// Export writes the events that f asks for to w, newest first, page by page,
// and returns how many. It is recorded twice, before the first byte and after
// the last, in transactions of their own: audit.exported with the filter, and
// then with the rows that were written, also where w or the caller gave up.
// Invalid: filter or format.
func Export(ctx context.Context, db *postgres.DB, scope postgres.Scope, f Filter, format Format, w io.Writer) (rows int, err error) {
	if err := f.check(); err != nil {
		return 0, err
	}
	if format != CSV && format != NDJSON {
		return 0, fault.New(fault.Invalid, "%.20q is no format: csv or ndjson", string(format))
	}
	if now := time.Now().UTC(); f.To.IsZero() || f.To.After(now) {
		f.To = now // what happens meanwhile, this export among it, is not in it
	}
	record := func(ctx context.Context, o Outcome, details map[string]any) error {
		details["filter"], details["format"] = f, format
		return db.Tenant(ctx, scope, func(tx *postgres.Tx) error {
			return Record(tx, Event{Type: AuditExported, Outcome: o, Details: details})
		})
	}
	if err := record(ctx, Success, map[string]any{"stage": "begun"}); err != nil {
		return 0, err
	}
	rows, err = export(ctx, db, scope, f, format, w)
	outcome := Success
	if err != nil {
		outcome = Failure
	}
	ended, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return rows, errors.Join(err, record(ended, outcome, map[string]any{"stage": "ended", "rows": rows}))
}

func export(ctx context.Context, db *postgres.DB, scope postgres.Scope, f Filter, format Format, w io.Writer) (rows int, err error) {
	write, flush := writeNDJSON(w), func() error { return nil }
	if format == CSV {
		out := csv.NewWriter(w)
		write, flush = writeCSV(out), func() error { out.Flush(); return out.Error() }
		if err := out.Write(heading); err != nil {
			return 0, err
		}
	}
	page := Page{Limit: 1000}
	for {
		var lines []Line
		var next string
		if err := db.TenantRead(ctx, scope, func(tx *postgres.Tx) (err error) {
			lines, next, err = List(tx, f, page)
			return err
		}); err != nil {
			return rows, err
		}
		for i := range lines {
			if err := write(&lines[i]); err != nil {
				return rows, err
			}
			rows++
		}
		if err := flush(); err != nil {
			return rows, err
		}
		if page.After = next; next == "" {
			return rows, nil
		}
	}
}

func writeNDJSON(w io.Writer) func(*Line) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return func(l *Line) error { return e.Encode(l) }
}

var heading = []string{
	"id", "at", "actor_kind", "actor_id", "actor_name", "type", "target_kind", "target_id", "target_name", "outcome",
	"address", "user_agent", "session", "request_id", "details",
}

func writeCSV(w *csv.Writer) func(*Line) error {
	return func(l *Line) error {
		cells := []string{
			idText(l.ID), l.At.Format(time.RFC3339Nano), string(l.Actor.Kind), l.Actor.ID, l.Actor.Name, string(l.Type),
			l.Target.Kind, l.Target.ID, l.Target.Name, string(l.Outcome), l.Address, l.UserAgent, l.Session, l.RequestID, l.Details,
		}
		for i := range cells {
			cells[i] = harmless(cells[i])
		}
		return w.Write(cells)
	}
}

// harmless keeps a spreadsheet from running a cell as a formula (OWASP, CSV injection).
func harmless(cell string) string {
	if cell != "" && strings.IndexByte("=+-@\t\r", cell[0]) >= 0 {
		return "'" + cell
	}
	return cell
}
