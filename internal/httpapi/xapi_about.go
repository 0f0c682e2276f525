package httpapi

import (
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// about answers GET about: for everybody, in any version or none
// (xAPI 1.0.3 Communication 2.8).
func (a *API) about(x *exchange) error {
	return x.sendJSON(xapi.About())
}
