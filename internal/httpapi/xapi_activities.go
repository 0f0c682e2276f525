package httpapi

import (
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// getActivity answers GET activities with the merged definition; an activity
// that was never seen is answered with its id alone, as xAPI 2.0 4.1.6.4 asks
// and 1.0.3 Communication 2.5 recommends.
func (a *API) getActivity(x *exchange) error {
	iri, err := xapi.ParseActivityQuery(x.query, x.version)
	if err != nil {
		return err
	}
	definition, err := a.LRS.Definition(x.context(), x.read(), iri)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	return x.sendJSON(xapi.ActivityObject(iri, definition))
}
