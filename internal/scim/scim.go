// Package scim is the protocol by which a tenant's directory keeps its people:
// SCIM 2.0 (RFC 7643, RFC 7644), as far as Microsoft Entra ID and Okta speak it.
// It owns the shapes of users, groups, lists and errors, the filters, and what
// a PATCH makes of a resource. It is pure: it never sees HTTP or the database,
// and holds no data.
package scim

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// MediaType is that of every body (RFC 7644 3.1).
const MediaType = "application/scim+json"

// The schemas that bodies name.
const (
	UserSchema       = "urn:ietf:params:scim:schemas:core:2.0:User"
	GroupSchema      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	EnterpriseSchema = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	listSchema       = "urn:ietf:params:scim:api:messages:2.0:ListResponse"

	errorSchema = "urn:ietf:params:scim:api:messages:2.0:Error"
)

// Error is a fault with the scimType that the directory understands (RFC 7644 3.12).
type Error struct {
	Type  string
	Cause *fault.Error
}

// Error gives the fault's text.
func (e *Error) Error() string { return e.Cause.Error() }

// Unwrap returns the fault.
func (e *Error) Unwrap() error { return e.Cause }

func invalid(scimType, format string, args ...any) error {
	return &Error{scimType, fault.New(fault.Invalid, format, args...)}
}

// InvalidValue is a value that cannot be kept.
func InvalidValue(format string, args ...any) error { return invalid("invalidValue", format, args...) }

// InvalidFilter is a filter that cannot be answered.
func InvalidFilter(format string, args ...any) error {
	return invalid("invalidFilter", format, args...)
}

// Taken is a value that another resource has already: Conflict.
func Taken(format string, args ...any) error {
	return &Error{"uniqueness", fault.New(fault.Conflict, format, args...)}
}

// ErrorBody is the body of an answer that is an error.
type ErrorBody struct {
	Schemas []string `json:"schemas"`
	Type    string   `json:"scimType,omitempty"`
	Detail  string   `json:"detail"`
	Status  string   `json:"status"`
}

// Problem returns the body for err. An error without a public text says nothing
// but its status.
func Problem(err error, status int) ErrorBody {
	b := ErrorBody{Schemas: []string{errorSchema}, Detail: http.StatusText(status), Status: strconv.Itoa(status)}
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind != fault.Internal {
		b.Detail = f.Message
	}
	if e, ok := errors.AsType[*Error](err); ok {
		b.Type = e.Type
	}
	return b
}

// Meta is what the server says of a resource (RFC 7643 3.1).
type Meta struct {
	ResourceType string    `json:"resourceType"`
	Created      time.Time `json:"created"`
	LastModified time.Time `json:"lastModified"`
	Location     string    `json:"location,omitempty"`
	Version      string    `json:"version,omitempty"` // weak ETag
}

// ETag is the version of a resource as a header has it.
func ETag(version int64) string { return `W/"` + strconv.FormatInt(version, 10) + `"` }

// Ref refers to another resource.
type Ref struct {
	Value   string `json:"value"` // its id
	Display string `json:"display,omitempty"`
	Ref     string `json:"$ref,omitempty"`
	Type    string `json:"type,omitempty"`
}

// Page is one page of a list: from the resource Start, counted from 1, Count of them.
type Page struct{ Start, Count int }

const maxCount = 200

// ParsePage reads the query's startIndex and count (RFC 7644 3.4.2.4): what is
// not given is 1 and 100, less than 1 is 1, less than 0 is 0, and a page is at
// most 200. Invalid: no numbers.
func ParsePage(startIndex, count string) (Page, error) {
	p := Page{1, 100}
	for _, q := range []struct {
		text string
		into *int
	}{{startIndex, &p.Start}, {count, &p.Count}} {
		if q.text == "" {
			continue
		}
		n, err := strconv.Atoi(q.text)
		if err != nil || n > 1<<31-1 || n < -1<<31 {
			return p, InvalidValue("startIndex and count are numbers")
		}
		*q.into = n
	}
	return Page{max(p.Start, 1), min(max(p.Count, 0), maxCount)}, nil
}

// List is the answer to a query (RFC 7644 3.4.2).
type List[T any] struct {
	Schemas []string `json:"schemas"`
	Total   int      `json:"totalResults"`
	Start   int      `json:"startIndex"`
	Count   int      `json:"itemsPerPage"`
	Items   []T      `json:"Resources"`
}

// NewList is a page of total resources.
func NewList[T any](items []T, total int, p Page) List[T] {
	if items == nil {
		items = []T{}
	}
	return List[T]{[]string{listSchema}, total, p.Start, len(items), items}
}

// Excluded reports whether the query's excludedAttributes names attr.
func Excluded(excludedAttributes, attr string) bool {
	for name := range strings.SplitSeq(excludedAttributes, ",") {
		if strings.EqualFold(strings.TrimSpace(name), attr) {
			return true
		}
	}
	return false
}

// decode reads one JSON value; names of attributes are not case exact.
func decode(body []byte, into any) error {
	if err := json.Unmarshal(body, into); err != nil {
		return &Error{"invalidSyntax", fault.Wrap(fault.Invalid, err, "the body is not the JSON that this resource has")}
	}
	return nil
}
