package authz

import (
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// Page asks for one page of a list.
type Page = postgres.Page

// afterID reads a cursor that is an id; 0 from the start, Invalid when it is none.
func afterID(p Page) (int64, error) {
	if p.After == "" {
		return 0, nil
	}
	n, ok := id.Parse(p.After)
	if !ok {
		return 0, fault.New(fault.Invalid, "%q is no cursor of this list", p.After)
	}
	return n, nil
}
