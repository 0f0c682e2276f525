package scim

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// Filter is a filter's tree (RFC 7644 3.4.2.2). Of its grammar this is what
// directories use: eq, and, or, and parentheses.
type Filter struct {
	And, Or *[2]Filter // of these one, or else
	Attr    string     // lower case, with its parts: "emails.value"
	Value   string     // as text, also of true and false
}

const (
	maxFilter = 2000 // bytes
	maxTerms  = 20
)

// ParseFilter reads a filter. An error has the scimType invalidFilter.
func ParseFilter(text string) (*Filter, error) {
	if len(text) > maxFilter || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return nil, InvalidFilter("a filter is a text of at most %d bytes", maxFilter)
	}
	p := &parser{rest: text}
	f, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.space(); p.rest != "" {
		return nil, InvalidFilter("the filter does not end where it should: %.50q", p.rest)
	}
	return &f, nil
}

// Matches reports whether what an attribute is matches; texts are not case exact.
func (f *Filter) Matches(attribute func(name string) string) bool {
	switch {
	case f.And != nil:
		return f.And[0].Matches(attribute) && f.And[1].Matches(attribute)
	case f.Or != nil:
		return f.Or[0].Matches(attribute) || f.Or[1].Matches(attribute)
	}
	return strings.EqualFold(attribute(f.Attr), f.Value)
}

// wants returns what the attribute must be for the filter to match; "" where
// that is not said.
func (f *Filter) wants(attr string) string {
	switch {
	case f == nil || f.Or != nil:
		return ""
	case f.And != nil:
		if v := f.And[0].wants(attr); v != "" {
			return v
		}
		return f.And[1].wants(attr)
	case f.Attr == attr:
		return f.Value
	}
	return ""
}

// values returns what the attribute may be for the filter to match; false where
// the filter asks for anything else.
func (f *Filter) values(attr string) ([]string, bool) {
	switch {
	case f.Or != nil:
		left, ok := f.Or[0].values(attr)
		right, also := f.Or[1].values(attr)
		return append(left, right...), ok && also
	case f.And != nil, f.Attr != attr:
		return nil, false
	}
	return []string{f.Value}, true
}

type parser struct {
	rest  string
	terms int
	depth int
}

func (p *parser) space() { p.rest = strings.TrimLeft(p.rest, " ") }

// word takes a keyword if it comes next.
func (p *parser) word(word string) bool {
	p.space()
	n := len(word)
	if len(p.rest) < n || !strings.EqualFold(p.rest[:n], word) || len(p.rest) > n && p.rest[n] != ' ' && p.rest[n] != '(' {
		return false
	}
	p.rest = p.rest[n:]
	return true
}

func (p *parser) or() (Filter, error) {
	left, err := p.and()
	for err == nil && p.word("or") {
		var right Filter
		right, err = p.and()
		left = Filter{Or: &[2]Filter{left, right}}
	}
	return left, err
}

func (p *parser) and() (Filter, error) {
	left, err := p.term()
	for err == nil && p.word("and") {
		var right Filter
		right, err = p.term()
		left = Filter{And: &[2]Filter{left, right}}
	}
	return left, err
}

func (p *parser) term() (f Filter, err error) {
	if p.terms++; p.terms > maxTerms || p.depth > maxTerms {
		return f, InvalidFilter("a filter has at most %d comparisons", maxTerms)
	}
	p.space()
	if strings.HasPrefix(p.rest, "(") {
		p.rest = p.rest[1:]
		p.depth++
		f, err = p.or()
		p.depth--
		if err != nil {
			return f, err
		}
		if p.space(); !strings.HasPrefix(p.rest, ")") {
			return f, InvalidFilter("a parenthesis is not closed")
		}
		p.rest = p.rest[1:]
		return f, nil
	}
	if f.Attr, err = p.attribute(); err != nil {
		return f, err
	}
	if !p.word("eq") {
		return f, InvalidFilter("only eq compares here, with and, or and parentheses")
	}
	f.Value, err = p.value()
	return f, err
}

// attribute takes the name of an attribute with its parts. In emails[type eq
// "work"].value the brackets are dropped: one address of a person is kept for search.
func (p *parser) attribute() (string, error) {
	name := p.name()
	if strings.HasPrefix(p.rest, "[") {
		inner, after, ok := bracketed(p.rest)
		if !ok {
			return "", InvalidFilter("a bracket is not closed")
		}
		if _, err := ParseFilter(inner); err != nil {
			return "", err
		}
		p.rest = after
		name += p.name()
	}
	name = plain(name)
	if !isName(name) {
		return "", InvalidFilter("an attribute is missing, or its name is not valid")
	}
	return name, nil
}

func (p *parser) name() string {
	end := strings.IndexAny(p.rest, " []()\"")
	if end < 0 {
		end = len(p.rest)
	}
	name := p.rest[:end]
	p.rest = p.rest[end:]
	return name
}

// plain is an attribute's name in lower case without the core schemas' prefix.
func plain(name string) string {
	name = strings.ToLower(name)
	for _, schema := range []string{UserSchema, GroupSchema} {
		name = strings.TrimPrefix(name, strings.ToLower(schema)+":")
	}
	return name
}

func isName(name string) bool {
	for part := range strings.SplitSeq(name, ".") {
		if part == "" && !strings.Contains(name, ":") {
			return false
		}
	}
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune(".:_-$", r)
	})
}

// value takes a JSON text, true, false or a number.
func (p *parser) value() (string, error) {
	p.space()
	if !strings.HasPrefix(p.rest, `"`) {
		word := p.name()
		if word == "" || !json.Valid([]byte(word)) || word == "null" {
			return "", InvalidFilter("a value is a text in quotes, true, false or a number")
		}
		return word, nil
	}
	end := endOfText(p.rest)
	var text string
	if end < 0 || json.Unmarshal([]byte(p.rest[:end]), &text) != nil || strings.ContainsRune(text, 0) {
		return "", InvalidFilter("a text in quotes is not valid")
	}
	p.rest = p.rest[end:]
	return text, nil
}

// endOfText returns where the JSON text at the beginning of s ends, or -1.
func endOfText(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

// bracketed takes apart "[inner]after".
func bracketed(s string) (inner, after string, ok bool) {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			n := endOfText(s[i:])
			if n < 0 {
				return "", "", false
			}
			i += n - 1
		case '[':
			return "", "", false
		case ']':
			return s[1:i], s[i+1:], true
		}
	}
	return "", "", false
}
