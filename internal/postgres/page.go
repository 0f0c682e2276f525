package postgres

// Page asks for one page of a list.
type Page struct {
	After string // the cursor that the page before gave; "": from the start
	Limit int    // rows; 0 is 100, more than 1000 is 1000
}

// Rows is how many rows the page has at most.
func (p Page) Rows() int {
	switch {
	case p.Limit <= 0:
		return 100
	case p.Limit > 1000:
		return 1000
	}
	return p.Limit
}

// Cut drops the row beyond the page, which was read only to learn whether there
// is another page, and names the cursor of that; "" when there is none.
func Cut[T any](p Page, rows []T, cursor func(T) string) (page []T, next string) {
	if len(rows) <= p.Rows() {
		return rows, ""
	}
	rows = rows[:p.Rows()]
	return rows, cursor(rows[len(rows)-1])
}
