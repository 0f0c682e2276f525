package tenant

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
