package httpapi

import (
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/lrs"
)

// results reads the filters of statements that are not xAPI's: by their result.
func (x *exchange) results() (lrs.Results, error) {
	var f lrs.Results
	if x.query.Has("score") {
		var ok bool
		if f.Score, ok = lrs.ParseScore(x.query.Get("score")); !ok {
			return f, invalidAt("?score", fault.New(fault.Invalid, "one or two bounds from -1 to 1, such as <0.8 or >=0.5,<0.8"))
		}
	}
	for name, wanted := range map[string]**bool{"success": &f.Success, "completion": &f.Completion} {
		if x.query.Has(name) {
			is := x.query.Get(name) == "true" // the description allows true and false
			*wanted = &is
		}
	}
	return f, nil
}
