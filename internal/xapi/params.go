package xapi

import (
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// params reads the parameters of one request and keeps the first fault, so
// that a resource reads as the list of its parameters.
type params struct {
	values  url.Values
	version Version
	err     error
}

// paramsOf refuses what no resource accepts: parameters it does not know
// (other letter case included), repeated ones and text that is not UTF-8 or
// has a NUL (xAPI 1.0.3 Communication 3.2).
func paramsOf(values url.Values, v Version, known ...string) *params {
	p := &params{values: values, version: v}
	for name, all := range values {
		switch {
		case !slices.Contains(known, name):
			p.fail("parameter %q is not known here: there are %s", abbreviate(name), strings.Join(known, ", "))
		case len(all) != 1:
			p.fail("parameter %s is given %d times", name, len(all))
		case !utf8.ValidString(all[0]) || strings.ContainsRune(all[0], 0):
			p.fail("parameter %s is not text: UTF-8 without NUL", name)
		}
	}
	return p
}

func (p *params) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fault.New(fault.Invalid, format, args...)
	}
}

// text returns the parameter, which may not be empty when it is there.
func (p *params) text(name string) string {
	if !p.values.Has(name) {
		return ""
	}
	text := p.values.Get(name)
	if text == "" {
		p.fail("parameter %s is empty", name)
	}
	return text
}

func (p *params) require(names ...string) {
	for _, name := range names {
		if !p.values.Has(name) {
			p.fail("parameter %s is missing", name)
		}
	}
}

func (p *params) uuid(name string) uuid.UUID {
	text := p.text(name)
	if text == "" {
		return uuid.Nil
	}
	id, ok := parseUUID(text)
	if !ok || id == uuid.Nil {
		// The nil UUID would read as a parameter that is not there.
		p.fail("parameter %s is not the UUID of anything: %q", name, abbreviate(text))
	}
	return id
}

func (p *params) iri(name string) string {
	text := p.text(name)
	if text != "" && !validIRI(text) {
		p.fail("parameter %s is not an IRI with a scheme: %q", name, abbreviate(text))
	}
	return text
}

func (p *params) time(name string) time.Time {
	text := p.text(name)
	if text == "" {
		return time.Time{}
	}
	// Many clients forget to escape the plus of an offset, which then arrives
	// as a blank; no timestamp has one of its own.
	t, ok := ParseTimestamp(strings.ReplaceAll(text, " ", "+"), p.version)
	if !ok || t.Year() < 1 || t.Year() > 9999 {
		p.fail("parameter %s is not a timestamp as 2026-01-02T03:04:05Z: %q", name, abbreviate(text))
	}
	if t.IsZero() {
		t = t.Add(1) // the zero time is no parameter, this one was given
	}
	return t
}

// flag reads a boolean, which is written as in JSON (xAPI 1.0.3
// Communication 2.1.3), or as Python writes it: TinCanPython does.
func (p *params) flag(name string) bool {
	switch text := p.text(name); text {
	case "true", "True":
		return true
	case "false", "False", "":
	default:
		p.fail("parameter %s is neither true nor false: %q", name, abbreviate(text))
	}
	return false
}

// agent reads an agent, or a group as well when groups are wanted.
func (p *params) agent(name string, groups bool) AgentParam {
	text := p.text(name)
	if text == "" {
		return AgentParam{}
	}
	agent, err := ParseAgentParam([]byte(text), p.version)
	switch {
	case err != nil:
		if p.err == nil {
			p.err = err
		}
	case agent.Group && !groups:
		p.fail("parameter %s is a group: this resource speaks of agents", name)
	}
	return agent
}
