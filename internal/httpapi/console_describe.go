package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// description is openapi.json, as far as requests are held to it: so what it
// promises is what is checked, and nowhere twice.
type description struct {
	operations map[string]*operation // by method and path as in the route table
	schemas    map[string]*jsonSchema
}

type operation struct {
	parameters []parameter
	strict     bool // parameters that it does not name are refused
}

type parameter struct {
	Ref      string `json:"$ref"`
	Name     string
	In       string
	Required bool
	Schema   *jsonSchema
}

// jsonSchema is the part of JSON Schema 2020-12 that the description uses for requests.
type jsonSchema struct {
	Ref                  string `json:"$ref"`
	Type                 string
	Format               string
	Enum                 []any
	Pattern              string
	MinLength, MaxLength *int
	Minimum, Maximum     *float64
	Items                *jsonSchema
	MinItems, MaxItems   *int
	UniqueItems          bool
	Properties           map[string]*jsonSchema
	Required             []string
	MinProperties        int
	AdditionalProperties json.RawMessage

	pattern *regexp.Regexp
}

// readDescription reads openapi.json.
func readDescription(text []byte) (*description, error) {
	var doc struct {
		Paths      map[string]map[string]json.RawMessage
		Components struct {
			Parameters map[string]parameter
			Schemas    map[string]*jsonSchema
		}
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("openapi.json: %w", err)
	}
	d := &description{operations: map[string]*operation{}, schemas: doc.Components.Schemas}
	for name, p := range doc.Components.Parameters {
		if err := d.compile(p.Schema); err != nil {
			return nil, fmt.Errorf("openapi.json: parameter %s: %w", name, err)
		}
	}
	for name, s := range d.schemas {
		if err := d.compile(s); err != nil {
			return nil, fmt.Errorf("openapi.json: schema %s: %w", name, err)
		}
	}
	for path, item := range doc.Paths {
		var shared []parameter
		if raw, ok := item["parameters"]; ok {
			if err := json.Unmarshal(raw, &shared); err != nil {
				return nil, fmt.Errorf("openapi.json: %s: %w", path, err)
			}
		}
		for method, raw := range item {
			if method == "parameters" {
				continue
			}
			var op struct{ Parameters []parameter }
			if err := json.Unmarshal(raw, &op); err != nil {
				return nil, fmt.Errorf("openapi.json: %s %s: %w", method, path, err)
			}
			o := &operation{strict: strings.HasPrefix(path, "/api/")}
			for _, p := range append(slices.Clone(shared), op.Parameters...) {
				o.parameters = append(o.parameters, doc.Components.Parameters[strings.TrimPrefix(p.Ref, "#/components/parameters/")])
			}
			d.operations[strings.ToUpper(method)+" "+ginPath(path)] = o
		}
	}
	return d, nil
}

// ginPath is a path of OpenAPI as gin writes it.
func ginPath(path string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}

func (d *description) compile(s *jsonSchema) (err error) {
	if s == nil {
		return nil
	}
	if s.Ref != "" && d.named(s.Ref) == nil {
		return fmt.Errorf("there is no %s", s.Ref)
	}
	if s.Pattern != "" {
		if s.pattern, err = regexp.Compile(s.Pattern); err != nil {
			return err
		}
	}
	for _, p := range s.Properties {
		if err := d.compile(p); err != nil {
			return err
		}
	}
	return d.compile(s.Items)
}

func (d *description) named(ref string) *jsonSchema {
	return d.schemas[strings.TrimPrefix(ref, "#/components/schemas/")]
}

// check holds the parameters of x to the description. A path that names what
// cannot exist is NotFound, anything else Invalid.
func (d *description) check(x *exchange, r route) error {
	o := d.operations[r.method+" "+r.path]
	if o == nil {
		return fmt.Errorf("%s %s is not described", r.method, r.path)
	}
	var violations []fault.Violation
	known := map[string]bool{}
	for _, p := range o.parameters {
		values, where := []string(nil), "?"+p.Name
		switch p.In {
		case "path":
			values = []string{x.gin.Param(p.Name)}
		case "query":
			known[p.Name], values = true, x.query[p.Name]
		case "header":
			values, where = x.request.Header.Values(p.Name), p.Name
		}
		if len(values) == 0 {
			if p.Required {
				violations = append(violations, fault.Violation{Path: where, Rule: "is needed"})
			}
			continue
		}
		if len(values) > 1 {
			violations = append(violations, fault.Violation{Path: where, Rule: "stands once"})
			continue
		}
		wrong := d.validateValue(where, p.Schema, d.parsed(p.Schema, values[0]))
		if len(wrong) > 0 && p.In == "path" {
			return fault.New(fault.NotFound, "there is no such %s", p.Name)
		}
		violations = append(violations, wrong...)
	}
	if o.strict {
		for name := range x.query {
			if !known[name] {
				violations = append(violations, fault.Violation{Path: "?" + name[:min(len(name), 100)], Rule: "there is no such parameter"})
			}
		}
	}
	if len(violations) > 0 {
		f := fault.New(fault.Invalid, "the request breaks %d rule(s)", len(violations))
		f.Violations = violations
		return f
	}
	return nil
}

// parsed is a parameter as its schema sees it; a text that is none stays one, and fails there.
func (d *description) parsed(s *jsonSchema, text string) any {
	for s.Ref != "" {
		s = d.named(s.Ref)
	}
	switch s.Type {
	case "integer", "number":
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && strconv.FormatInt(n, 10) == text {
			return float64(n)
		}
	case "boolean":
		switch text {
		case "true":
			return true
		case "false":
			return false
		}
	}
	return text
}

// validate returns what of value breaks the schema of that name.
func (d *description) validate(name string, value any) []fault.Violation {
	s := d.schemas[name]
	if s == nil {
		return []fault.Violation{{Rule: "no schema " + name}}
	}
	wrong := d.validateValue("", s, value)
	return wrong[:min(len(wrong), 100)]
}

func (d *description) validateValue(path string, s *jsonSchema, value any) []fault.Violation {
	for s.Ref != "" {
		s = d.named(s.Ref)
	}
	broken := func(rule string, args ...any) []fault.Violation {
		return []fault.Violation{{Path: path, Rule: fmt.Sprintf(rule, args...)}}
	}
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, value) {
		return broken("one of %s", words(s.Enum))
	}
	switch s.Type {
	case "string":
		text, ok := value.(string)
		if !ok {
			return broken("a string")
		}
		return d.validateText(broken, s, text)
	case "integer", "number":
		n, ok := value.(float64)
		if !ok || s.Type == "integer" && n != math.Trunc(n) {
			return broken("a whole number")
		}
		if s.Minimum != nil && n < *s.Minimum || s.Maximum != nil && n > *s.Maximum {
			return broken("a number %s", span(s.Minimum, s.Maximum))
		}
	case "boolean":
		if _, ok := value.(bool); !ok {
			return broken("true or false")
		}
	case "array":
		items, ok := value.([]any)
		if !ok {
			return broken("a list")
		}
		return d.validateItems(path, broken, s, items)
	case "object":
		members, ok := value.(map[string]any)
		if !ok {
			return broken("an object")
		}
		return d.validateMembers(path, broken, s, members)
	}
	return nil
}

func (d *description) validateText(broken func(string, ...any) []fault.Violation, s *jsonSchema, text string) []fault.Violation {
	n := utf8.RuneCountInString(text)
	switch {
	case s.MinLength != nil && n < *s.MinLength, s.MaxLength != nil && n > *s.MaxLength:
		return broken("%s characters", span(s.MinLength, s.MaxLength))
	case strings.ContainsRune(text, 0):
		return broken("no character U+0000")
	case s.pattern != nil && !s.pattern.MatchString(text):
		return broken("like %s", s.Pattern)
	}
	switch s.Format {
	case "date-time":
		if _, err := time.Parse(time.RFC3339Nano, text); err != nil {
			return broken("a time like 2027-01-31T00:00:00Z (RFC 3339)")
		}
	case "uuid":
		if _, err := uuid.Parse(text); err != nil || len(text) != 36 {
			return broken("a UUID")
		}
	}
	return nil
}

func (d *description) validateItems(path string, broken func(string, ...any) []fault.Violation, s *jsonSchema, items []any) (wrong []fault.Violation) {
	if s.MinItems != nil && len(items) < *s.MinItems || s.MaxItems != nil && len(items) > *s.MaxItems {
		return broken("a list of %s items", span(s.MinItems, s.MaxItems))
	}
	seen := map[string]bool{}
	for i, item := range items {
		at := fmt.Sprintf("%s/%d", path, i)
		wrong = append(wrong, d.validateValue(at, s.Items, item)...)
		if text, ok := item.(string); ok && s.UniqueItems {
			if seen[text] {
				wrong = append(wrong, fault.Violation{Path: at, Rule: "stands in the list already"})
			}
			seen[text] = true
		}
	}
	return wrong
}

func (d *description) validateMembers(path string, broken func(string, ...any) []fault.Violation, s *jsonSchema, members map[string]any) (wrong []fault.Violation) {
	for _, name := range s.Required {
		if _, ok := members[name]; !ok {
			wrong = append(wrong, fault.Violation{Path: path + "/" + pointer(name), Rule: "is needed"})
		}
	}
	if len(members) < s.MinProperties {
		return append(wrong, broken("at least %d member(s)", s.MinProperties)...)
	}
	for name, member := range members {
		at := path + "/" + pointer(name)
		switch schema := s.Properties[name]; {
		case schema != nil:
			wrong = append(wrong, d.validateValue(at, schema, member)...)
		case bytes.Equal(s.AdditionalProperties, []byte("false")):
			wrong = append(wrong, fault.Violation{Path: at, Rule: "there is no such member"})
		}
	}
	slices.SortFunc(wrong, func(a, b fault.Violation) int { return strings.Compare(a.Path, b.Path) })
	return wrong
}

// pointer escapes one token of a JSON pointer (RFC 6901), of bounded length.
func pointer(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name[:min(len(name), 100)])
}

func words(values []any) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = fmt.Sprint(v)
	}
	return strings.Join(texts, ", ")
}

// span says which numbers are allowed.
func span[N int | float64](least, most *N) string {
	switch {
	case least == nil:
		return fmt.Sprintf("at most %v", *most)
	case most == nil:
		return fmt.Sprintf("at least %v", *least)
	}
	return fmt.Sprintf("from %v to %v", *least, *most)
}

// withServer is the description with the path before ours, where a proxy has one.
func withServer(text []byte, basePath string) []byte {
	if basePath == "" {
		return text
	}
	return bytes.Replace(text, []byte(`"servers":[{"url":"/"}]`), fmt.Appendf(nil, `"servers":[{"url":%q}]`, basePath), 1)
}

// getDescription answers what the API is.
func (a *API) getDescription(x *exchange) error {
	x.send(http.StatusOK, "application/json", a.console.document)
	return nil
}
