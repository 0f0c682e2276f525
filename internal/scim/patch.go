package scim

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Op is what a PATCH does.
type Op string

// The operations (RFC 7644 3.5.2). Entra ID writes them with a capital.
const (
	Add     Op = "add"
	Replace Op = "replace"
	Remove  Op = "remove"
)

// Operation is one step of a PATCH.
type Operation struct {
	Op    Op
	Path  *Path           // nil: Value is an object, whose names are paths
	Value json.RawMessage // empty: none
}

// Path says what an operation is about: attribute, [filter], sub-attribute.
type Path struct {
	Attr   string // lower case
	Filter *Filter
	Sub    string // lower case
}

const maxOperations = 1000

// ParsePatch reads the body of a PATCH. An error has the scimType
// invalidSyntax, invalidPath, invalidFilter or noTarget.
func ParsePatch(body []byte) ([]Operation, error) {
	var sent struct {
		Operations []struct {
			Op    string          `json:"op"`
			Path  *string         `json:"path"`
			Value json.RawMessage `json:"value"`
		} `json:"Operations"`
	}
	if err := decode(body, &sent); err != nil {
		return nil, err
	}
	if n := len(sent.Operations); n == 0 || n > maxOperations {
		return nil, invalid("invalidSyntax", "a PATCH has 1 to %d Operations", maxOperations)
	}
	operations := make([]Operation, len(sent.Operations))
	for i, s := range sent.Operations {
		o := Operation{Op: Op(strings.ToLower(s.Op)), Value: s.Value}
		if string(o.Value) == "null" {
			o.Value = nil
		}
		if s.Path != nil && *s.Path != "" {
			path, err := ParsePath(*s.Path)
			if err != nil {
				return nil, err
			}
			o.Path = &path
		}
		switch {
		case o.Op != Add && o.Op != Replace && o.Op != Remove:
			return nil, invalid("invalidSyntax", "%.50q is no operation: add, replace or remove", s.Op)
		case o.Op == Remove && o.Path == nil:
			return nil, invalid("noTarget", "remove needs a path")
		case o.Op == Add && o.Value == nil:
			return nil, InvalidValue("add needs a value")
		case o.Op == Replace && o.Value == nil: // as Entra ID clears an attribute
			if o.Op = Remove; o.Path == nil {
				return nil, invalid("noTarget", "replace needs a value or a path")
			}
		}
		operations[i] = o
	}
	return operations, nil
}

// ParsePath reads a path (RFC 7644 3.5.2). An error has the scimType
// invalidPath or invalidFilter.
func ParsePath(text string) (Path, error) {
	var p Path
	if len(text) > maxFilter {
		return p, invalid("invalidPath", "the path is too long")
	}
	attr, rest := text, ""
	if at := strings.IndexByte(text, '['); at >= 0 {
		inner, after, ok := bracketed(text[at:])
		if !ok || after != "" && !strings.HasPrefix(after, ".") {
			return p, invalid("invalidPath", "the path %.100q is not valid", text)
		}
		f, err := ParseFilter(inner)
		if err != nil {
			return p, err
		}
		attr, rest, p.Filter = text[:at], strings.TrimPrefix(after, "."), f
	}
	attr = plain(attr)
	if !isName(attr) || rest != "" && !isName(strings.ToLower(rest)) {
		return p, invalid("invalidPath", "the path %.100q is not valid", text)
	}
	p.Attr, p.Sub = attr, strings.ToLower(rest)
	if p.Filter == nil && !strings.Contains(attr, ":") { // other schemas have dots in their names
		p.Attr, p.Sub, _ = strings.Cut(attr, ".")
	}
	return p, nil
}

// each calls set for every attribute that the operation is about.
func (o Operation) each(set func(Op, Path, json.RawMessage) error) error {
	if o.Path != nil {
		return set(o.Op, *o.Path, o.Value)
	}
	var object map[string]json.RawMessage
	if err := decode(o.Value, &object); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		path, err := ParsePath(name)
		if err != nil {
			return err
		}
		op, value := o.Op, object[name]
		if string(value) == "null" {
			op, value = Remove, nil
		}
		if err := set(op, path, value); err != nil {
			return err
		}
	}
	return nil
}
