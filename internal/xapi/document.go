package xapi

import (
	"mime"
	"net/http"
	"net/url"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// DocumentKind is one of the three document resources.
type DocumentKind uint8

// The document resources.
const (
	State           DocumentKind = iota + 1 // activities/state
	ActivityProfile                         // activities/profile
	AgentProfile                            // agents/profile
)

// Document is what a client stores: any bytes and what it says they are.
type Document struct {
	ContentType string
	Body        []byte
}

// DocumentQuery names one document, or with ID "" all of a context.
type DocumentQuery struct {
	Kind         DocumentKind
	Activity     string    // IRI; "" for AgentProfile
	Agent        string    // identity; "" for ActivityProfile
	Registration uuid.UUID // Nil: none; State only
	ID           string    // stateId or profileId
	Since        time.Time // exclusive; zero: none; with ID "" only
}

// ParseDocumentQuery reads the parameters of a request with method to a
// document resource (xAPI 1.0.3 Communication 2.3, 2.6, 2.7). It is Invalid
// for a parameter that is unknown, repeated, missing, malformed or of no
// meaning for the method: only State may be deleted without an id, only lists
// know since. HEAD is as GET.
func ParseDocumentQuery(kind DocumentKind, method string, values url.Values, v Version) (*DocumentQuery, error) {
	var required, known []string
	id := "profileId"
	switch kind {
	case State:
		id = "stateId"
		required, known = []string{"activityId", "agent"}, []string{"registration"}
	case ActivityProfile:
		required = []string{"activityId"}
	case AgentProfile:
		required = []string{"agent"}
	}
	read := method == http.MethodGet || method == http.MethodHead
	list := !values.Has(id)
	if read && list {
		known = append(known, "since")
	}
	known = append(append(known, required...), id)
	p := paramsOf(values, v, known...)
	p.require(required...)
	if !read && (kind != State || method != http.MethodDelete) {
		p.require(id)
	}
	q := &DocumentQuery{
		Kind:         kind,
		Activity:     p.iri("activityId"),
		Agent:        p.agent("agent", kind == State).Identity,
		Registration: p.uuid("registration"),
		ID:           p.text(id),
		Since:        p.time("since"),
	}
	if p.err != nil {
		return nil, p.err
	}
	return q, nil
}

// ParseActivityQuery reads the parameters of a GET on the activities resource:
// the IRI of one activity (xAPI 1.0.3 Communication 2.5).
func ParseActivityQuery(values url.Values, v Version) (string, error) {
	p := paramsOf(values, v, "activityId")
	p.require("activityId")
	iri := p.iri("activityId")
	return iri, p.err
}

// ParsePersonQuery reads the parameters of a GET on the agents resource: one
// agent, no group (xAPI 1.0.3 Communication 2.4).
func ParsePersonQuery(values url.Values, v Version) (AgentParam, error) {
	p := paramsOf(values, v, "agent")
	p.require("agent")
	agent := p.agent("agent", false)
	return agent, p.err
}

// MergeDocuments returns what a POST of posted makes of old, the document that
// is there, nil for none: its members are set to those of posted, at the top
// level only, and keep their text. Both must be JSON objects by content and by
// Content-Type, else it is Invalid (xAPI 1.0.3 Communication 2.2).
func MergeDocuments(old *Document, posted Document) (Document, error) {
	if err := posted.object(); err != nil {
		return Document{}, fault.Wrap(fault.Invalid, err, "only a JSON object of Content-Type application/json can be posted: put anything else")
	}
	if old == nil {
		return posted, nil
	}
	if err := old.object(); err != nil {
		return Document{}, fault.Wrap(fault.Invalid, err, "the document that is there is no JSON object of Content-Type application/json: put the new one instead")
	}
	return Document{ContentType: posted.ContentType, Body: mergeObjects(nil, old.Body, posted.Body, nil)}, nil
}

// object reports what keeps d from being a JSON object.
func (d *Document) object() error {
	media, _, err := mime.ParseMediaType(d.ContentType)
	if err != nil || media != "application/json" {
		return fault.New(fault.Invalid, "Content-Type %q", abbreviate(d.ContentType))
	}
	text := jsontext.Value(d.Body)
	if text.Kind() != '{' || !text.IsValid() {
		return fault.New(fault.Invalid, "not a JSON object")
	}
	return nil
}
