package httpapi

import (
	"bytes"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// formHeaders are the form parameters that stand for headers
// (xAPI 1.0.3 Communication 1.3). Content-Length is told by the content.
var formHeaders = []string{"Authorization", xapi.VersionHeader, "Content-Type", "If-Match", "If-None-Match"}

// alternate rewrites a request in the alternate syntax into the one that it
// stands for: POST …?method=PUT with parameters, headers and content in a
// form. It exists in 1.0.3 only; under 2.0 "method" is an unknown parameter.
//
// The form may bring the credentials itself, so that it must be read before
// they are known: such a form is bounded more narrowly. Credentials in the
// header are checked first.
func (a *API) alternate(x *exchange) error {
	r := x.request
	if !strings.Contains(r.URL.RawQuery, "method=") {
		return nil
	}
	if r.Header.Get(xapi.VersionHeader) != "" && x.version != xapi.V1 {
		return nil
	}
	query, err := parameters(r)
	if err != nil {
		return err
	}
	if !query.Has("method") {
		return nil
	}
	method := query.Get("method")
	switch {
	case r.Method != http.MethodPost:
		return fault.New(fault.Invalid, "the parameter method belongs to the alternate request syntax, which is always a POST")
	case len(query) != 1 || len(query["method"]) != 1:
		return fault.New(fault.Invalid, "in the alternate request syntax every parameter but method belongs in the form")
	case !slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPost, http.MethodDelete}, method):
		return fault.New(fault.Invalid, "method is none of GET, HEAD, PUT, POST, DELETE")
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/x-www-form-urlencoded" {
		return fault.New(fault.Invalid, "the alternate request syntax needs Content-Type application/x-www-form-urlencoded")
	}
	limit := min(a.Limits.Form, 3*a.Limits.Body) // a form spells most of JSON's punctuation with three characters
	if r.Header.Get("Authorization") != "" {
		limit = 3 * a.Limits.Body
		principal, err := a.authenticate(x)
		if err != nil {
			return err
		}
		x.principal = principal // until the form says who else it is
	}
	body, err := x.readBody(limit)
	if err != nil {
		return err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the form is not URL-encoded")
	}
	return x.unfold(method, form)
}

// unfold makes the request that the form describes the one that is routed.
func (x *exchange) unfold(method string, form url.Values) error {
	r := x.request.Clone(x.context())
	r.Method = method
	r.Header.Del("Content-Type")
	r.Header.Del("Content-Encoding")
	for name := range form {
		if len(form[name]) != 1 {
			return fault.New(fault.Invalid, "the form has a parameter more than once")
		}
		i := slices.IndexFunc(formHeaders, func(header string) bool { return strings.EqualFold(header, name) })
		switch {
		case i >= 0:
			r.Header.Set(formHeaders[i], form.Get(name))
		case strings.EqualFold(name, "Content-Length"):
		default:
			continue
		}
		delete(form, name)
	}
	version, err := negotiate(r)
	if err != nil {
		return err
	}
	if version != xapi.V1 {
		return fault.New(fault.Invalid, "the alternate request syntax exists in xAPI 1.0.3 only")
	}
	x.version = version
	x.Header().Set(xapi.VersionHeader, version.String())

	sends := method == http.MethodPut || method == http.MethodPost
	content := form.Get("content")
	switch {
	case sends && !form.Has("content"):
		return fault.New(fault.Invalid, "the form has no parameter content")
	case !sends && form.Has("content"):
		return fault.New(fault.Invalid, "a %s has no content", method)
	case sends && r.Header.Get("Content-Type") == "":
		r.Header.Set("Content-Type", "application/json")
	}
	delete(form, "content")
	r.URL.RawQuery = form.Encode()
	r.Body = io.NopCloser(bytes.NewReader([]byte(content)))
	r.ContentLength = int64(len(content))
	x.request, x.bodiless = r, method == http.MethodHead
	return nil
}
