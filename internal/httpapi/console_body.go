package httpapi

import (
	"errors"
	"net/http"
	"reflect"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// maxJSON is the most of a body of the console, in bytes.
const maxJSON = 1 << 20

// receive reads the body of x as the model T of package apiv1, whose schema in
// the description has its name. Whatever breaks a rule there is Invalid with
// its place: syntax, members that occur twice or are unknown, bounds.
func receive[T any](x *exchange) (model T, body []byte, err error) {
	if !declares(x.request, "application/json") {
		return model, nil, &refusal{http.StatusUnsupportedMediaType, "unsupported_media_type", "send the body as application/json, in UTF-8"}
	}
	if body, err = x.readBody(maxJSON); err != nil {
		return model, nil, err
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil { // twice the same name is an error
		return model, nil, badJSON(err)
	}
	violations := x.api.console.description.validate(reflect.TypeFor[T]().Name(), value)
	if len(violations) > 0 {
		f := fault.New(fault.Invalid, "the body breaks %d rule(s)", len(violations))
		f.Violations = violations
		return model, nil, f
	}
	if err := json.Unmarshal(body, &model, json.RejectUnknownMembers(true)); err != nil {
		return model, nil, badJSON(err)
	}
	return model, body, nil
}

// badJSON says where the body is no JSON, or not what its model holds.
func badJSON(err error) error {
	f := fault.Wrap(fault.Invalid, err, "the body is not as it should be")
	v := fault.Violation{Rule: "not well-formed JSON"}
	if s, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		v.Path = string(s.JSONPointer)
		if errors.Is(err, jsontext.ErrDuplicateName) {
			v.Rule = "this member occurs twice"
		}
	} else if s, ok := errors.AsType[*json.SemanticError](err); ok {
		v.Path, v.Rule = string(s.JSONPointer), "not the kind of value that belongs here"
	}
	v.Path = strings.ToValidUTF8(v.Path[:min(len(v.Path), 200)], "") // the body may be 10,000 deep
	f.Violations = []fault.Violation{v}
	return f
}
