package xapi

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// clause is where a rule is written: in xAPI 1.0.3 (part Data), and in xAPI
// 2.0 (IEEE 9274.1.1).
type clause struct{ v1, v2 string }

var (
	clauseFormat      = clause{"2.2", "4.2.1"}
	clauseStatement   = clause{"2.4", "4.2.2"}
	clauseID          = clause{"2.4.1", "4.2.4.2"}
	clauseAgent       = clause{"2.4.2.1", "4.2.2.1"}
	clauseGroup       = clause{"2.4.2.2", "4.2.2.1"}
	clauseIdentifier  = clause{"2.4.2.3", "4.2.2.1"}
	clauseAccount     = clause{"2.4.2.4", "4.2.2.1"}
	clauseVerb        = clause{"2.4.3", "4.2.2.2"}
	clauseVoiding     = clause{"2.3.2", "4.2.5"}
	clauseObject      = clause{"2.4.4", "4.2.2.3"}
	clauseActivity    = clause{"2.4.4.1", "4.2.2.3"}
	clauseReference   = clause{"2.4.4.3", "4.2.2.3"}
	clauseResult      = clause{"2.4.5", "4.2.2.4"}
	clauseScore       = clause{"2.4.5.1", "4.2.2.4"}
	clauseContext     = clause{"2.4.6", "4.2.2.5"}
	clauseActivities  = clause{"2.4.6.2", "4.2.2.5"}
	clauseTimestamp   = clause{"2.4.7", "4.2.4.2"}
	clauseStored      = clause{"2.4.8", "4.2.4.2"}
	clauseAuthority   = clause{"2.4.9", "4.2.4.2"}
	clauseVersion     = clause{"2.4.10", "4.2.4.3"}
	clauseAttachments = clause{"2.4.11", "4.2.2.6"}
	clauseExtensions  = clause{"4.1", "4.2.7"}
	clauseLanguageMap = clause{"4.2", "4.2.7"}
	clauseDuration    = clause{"4.6", "4.2.7"}
)

// in returns the clause as a Violation's Spec names it.
func (c clause) in(v Version) string {
	if v == V1 {
		return "xAPI 1.0.3 Data " + c.v1
	}
	return "xAPI 2.0 " + c.v2
}

// fail records that the value n breaks a rule.
func (d *decoder) fail(n int32, c clause, format string, args ...any) {
	if d.trusted {
		return
	}
	if d.faulty = true; !d.full() { // a pointer may be long in the making
		d.report(d.pointer(n), c, format, args...)
	}
}

// report records that what is at path breaks a rule.
func (d *decoder) report(path string, c clause, format string, args ...any) {
	d.faulty = true
	d.violations = append(d.violations, fault.Violation{
		Statement: d.index,
		Path:      path,
		Rule:      fmt.Sprintf(format, args...),
		Spec:      c.in(d.version),
	})
}

// full reports whether as many violations are recorded as will be told.
func (d *decoder) full() bool { return len(d.violations) >= d.limits.Violations }

// pointer returns the JSON pointer (RFC 6901) of the value n inside the
// statement.
func (d *decoder) pointer(n int32) string {
	var path []string
	for n >= 0 && d.nodes[n].parent >= 0 {
		parent := d.nodes[n].parent
		step := d.name(n)
		if d.nodes[parent].kind == '[' {
			i := 0
			for at := parent + 1; at < n; at = d.nodes[at].next {
				i++
			}
			step = strconv.Itoa(i)
		}
		path = append(path, step)
		n = parent
	}
	var p jsontext.Pointer
	for i := len(path) - 1; i >= 0; i-- {
		p = p.AppendToken(path[i])
	}
	return string(p)
}

// want reports whether n is of the kind, and fails it otherwise.
func (d *decoder) want(n int32, kind jsontext.Kind, c clause) bool {
	got := d.nodes[n].kind
	switch {
	case got == kind || kind == 't' && got == 'f':
		return true
	case got == 'n':
		d.fail(n, clauseFormat, "must not be null: leave the property out; only extensions may hold null")
	default:
		d.fail(n, c, "must be %s, not %s", kindName(kind), kindName(got))
	}
	return false
}

func kindName(k jsontext.Kind) string {
	switch k {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case '0':
		return "a number"
	}
	return "a boolean"
}

// unknown fails the member n of what, which may have the allowed members only.
func (d *decoder) unknown(n int32, c clause, what string, allowed []string) {
	if d.trusted || d.full() {
		d.faulty = true
		return
	}
	name := d.name(n)
	for _, a := range allowed {
		if strings.EqualFold(a, name) {
			d.fail(n, clauseFormat, "%q must be written %q: names are case-sensitive", abbreviate(name), a)
			return
		}
	}
	d.fail(n, c, "%q is no property of %s: it may have %s", abbreviate(name), what, strings.Join(allowed, ", "))
}

// missing fails the object n for the lack of a member.
func (d *decoder) missing(n int32, c clause, what, name string) {
	d.fail(n, c, "%s must have the property %q", what, name)
}

// err returns all that was recorded as one fault, nil when there is nothing.
func (d *decoder) err() error {
	if len(d.violations) == 0 {
		return nil
	}
	kind := fault.Invalid
	if d.crowded {
		kind = fault.TooLarge // a client knows by that to send less at once
	}
	e := fault.New(kind, "the statements break rules of xAPI %s", d.version)
	if d.full() {
		e.Message += fmt.Sprintf("; the first %d are listed", len(d.violations))
	}
	e.Violations = d.violations
	return e
}
