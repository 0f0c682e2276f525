package authz

import (
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
)

// Page asks for one page of a list.
type Page struct {
	After string // the cursor that the page before gave; "": from the start
	Limit int    // rows; 0 is 100, more than 1000 is 1000
}

func (p Page) limit() int {
	switch {
	case p.Limit <= 0:
		return 100
	case p.Limit > 1000:
		return 1000
	}
	return p.Limit
}

// cut drops the row beyond the page, which was read only to learn whether there
// is another page, and names the cursor of that.
func cut[T any](p Page, rows []T, cursor func(T) string) ([]T, string) {
	if len(rows) <= p.limit() {
		return rows, ""
	}
	rows = rows[:p.limit()]
	return rows, cursor(rows[len(rows)-1])
}

// afterID reads a cursor that is an id; 0 from the start, Invalid when it is none.
func (p Page) afterID() (int64, error) {
	if p.After == "" {
		return 0, nil
	}
	n, ok := id.Parse(p.After)
	if !ok {
		return 0, fault.New(fault.Invalid, "%q is no cursor of this list", p.After)
	}
	return n, nil
}
