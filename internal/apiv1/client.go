package apiv1

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
)

// maxAnswer is the most that Read takes of an answer.
const maxAnswer = 64 << 20

// Error is an answer of the API that says why it did not do what was asked.
type Error struct {
	Problem
}

// Error gives what a person at a terminal needs.
func (e *Error) Error() string {
	text := fmt.Sprintf("%s (%s, request %s)", e.Detail, e.Code, e.RequestID)
	for _, v := range e.Violations {
		text += fmt.Sprintf("\n  %s: %s", v.Path, v.Rule)
	}
	return text
}

// Read reads what a method of Client returned, as T; use struct{} where an
// answer has no body. The error is an *Error for what the API refused.
//
//	page, err := apiv1.Read[apiv1.KeyPage](client.ListKeys(ctx, "acme", nil))
func Read[T any](answer *http.Response, err error) (T, error) {
	var value T
	if err != nil {
		return value, err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return value, err
	}
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	switch {
	case kind == "application/problem+json":
		var e Error
		if err := json.Unmarshal(body, &e.Problem); err != nil {
			return value, fmt.Errorf("status %s with a body that is not JSON: %w", answer.Status, err)
		}
		return value, &e
	case answer.StatusCode >= 300:
		return value, fmt.Errorf("the server answered %s: is this Stoa?", answer.Status)
	case len(body) == 0:
		return value, nil
	case kind != "application/json":
		return value, fmt.Errorf("the server answered with %q: is this Stoa?", kind)
	}
	if err := json.Unmarshal(body, &value); err != nil {
		return value, fmt.Errorf("the answer is not as described: %w", err)
	}
	return value, nil
}
