package httpapi

import (
	"io"
	"net/http"
	"strconv"

	"github.com/stoa-lrs/stoa/internal/authz"
)

// MountAdmission adds two routes that do nothing with a body that says how many
// statements it stands for: one that asks nobody anything, and one behind all
// that POST statements is behind.
func (a *API) MountAdmission() error {
	read := func(x *exchange) (int, error) {
		body, err := io.ReadAll(x.request.Body)
		if err != nil {
			return 0, err
		}
		return strconv.Atoi(string(body))
	}
	return a.mount([]route{
		{http.MethodPost, "/xapi/open", everybody, func(x *exchange) error {
			if _, err := read(x); err != nil {
				return err
			}
			return x.sendNothing()
		}, nowhere},
		{http.MethodPost, "/xapi/admitted", authz.StatementsWrite, func(x *exchange) error {
			n, err := read(x)
			if err != nil {
				return err
			}
			if x.statements = n; n > 0 {
				if err := a.limitStatements(x, n); err != nil {
					return err
				}
			}
			return x.sendNothing()
		}, ofKey},
	})
}
