package httpapi

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// answer writes a model of package apiv1.
func (x *exchange) answer(status int, model any) error {
	body, err := json.Marshal(model, json.Deterministic(true), jsontext.EscapeForHTML(true))
	if err != nil {
		return err
	}
	x.send(status, "application/json", body)
	return nil
}

// answerVersion is answer for something that can be changed: it carries its ETag.
func (x *exchange) answerVersion(status int, version int64, model any) error {
	x.Header().Set("Etag", etag(version))
	return x.answer(status, model)
}

// etag is the entity tag of a version (RFC 9110, 8.8.3).
func etag(version int64) string { return fmt.Sprintf(`"%d"`, version) }

// ifMatch returns the version that the client has seen, 0 for "*": whatever
// there is. Without the header nobody knows what a change would overwrite: 428
// (RFC 6585, 3). A tag that we never made is PreconditionFailed.
func (x *exchange) ifMatch() (int64, error) {
	header := strings.TrimSpace(x.request.Header.Get("If-Match"))
	switch header {
	case "":
		return 0, &refusal{http.StatusPreconditionRequired, "precondition_required", "send the ETag of what you have read as If-Match"}
	case "*":
		return 0, nil
	}
	text, quoted := strings.CutPrefix(header, `"`)
	text, ended := strings.CutSuffix(text, `"`)
	version, err := strconv.ParseInt(text, 10, 64)
	if !quoted || !ended || err != nil || version < 1 || etag(version) != header {
		return 0, fault.New(fault.PreconditionFailed, "it has changed meanwhile: read it again")
	}
	return version, nil
}

// page reads ?after and ?limit, which the description has checked.
func (x *exchange) page() tenant.Page {
	limit, _ := strconv.Atoi(x.query.Get("limit"))
	return tenant.Page{After: x.query.Get("after"), Limit: limit}
}

// each turns every row into a model; never nil.
func each[R, M any](rows []R, model func(*R) M) []M {
	models := make([]M, len(rows))
	for i := range rows {
		models[i] = model(&rows[i])
	}
	return models
}

// optional is nil for the zero value: absent in JSON.
func optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// given is what p points to, or otherwise.
func given[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}
