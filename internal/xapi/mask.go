package xapi

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// Hidden stands where Mask has taken something out.
const Hidden = "(hidden)"

// PseudonymHome is the home page of the accounts that stand for people. Names
// below invalid lead nowhere (RFC 6761).
const PseudonymHome = "https://pseudonym.stoa.invalid"

// Pseudonym gives the account name that stands for an identity (see
// ParseAgent), always the same, and a name for people to read.
type Pseudonym func(identity string) (account, name string, err error)

// Mask appends the statement text, a complete one as returned in exact format,
// to dst so that nobody can be recognised by it. What is kept is a closed list:
//
//   - people and identified groups become accounts at PseudonymHome;
//   - verbs, activities, scores, durations and times stay, but a text that
//     holds an address, or a name or identifier of anybody in the statement, is Hidden;
//   - responses, and values of extensions other than true and false, are Hidden;
//   - members that the specification does not know are left out.
//
// The authority stays: it is a key. Errors are those of p, and Internal: text
// is not what Decode accepts.
func Mask(dst, text []byte, p Pseudonym) ([]byte, error) {
	m := masker{pseudonym: p}
	m.collect(&scan{text: text}, inStatement)
	before := len(dst)
	dst = m.append(dst, &scan{text: text}, inStatement)
	if m.err != nil {
		return dst[:before], m.err
	}
	if m.broken {
		return dst[:before], fault.New(fault.Internal, "a stored statement is not JSON")
	}
	return dst, nil
}

type masker struct {
	pseudonym Pseudonym
	telling   telling
	broken    bool
	err       error // of pseudonym
}

// collect finds every agent of a statement and remembers what gives it away.
func (m *masker) collect(s *scan, p place) {
	in := s.inner()
	if in.at == len(in.text) {
		s.read()
		return
	}
	if p == inObject {
		m.collect(s, in.objectPlace())
		return
	}
	for in.step() {
		within := p.element()
		if in.object {
			name := string(in.name())
			within = p.member(name)
			if p == inStatement && name == "authority" {
				within = elsewhere
			}
			if p == inAgent && within == elsewhere {
				in.read()
				m.telling.remember(name, in.value)
				continue
			}
		}
		m.collect(&in, within)
	}
	s.leave(&in)
}

// append writes the value that s stands before, which is in p, and moves
// behind it.
func (m *masker) append(dst []byte, s *scan, p place) []byte {
	in := s.inner()
	switch {
	case in.at == len(in.text): // neither object nor array
		s.read()
		return m.scrub(dst, s.value)
	case p == inObject:
		return m.append(dst, s, m.place(in))
	case p == inActivities && in.object:
		p = inActivity
	case p == inAgent:
		s.read()
		return m.agent(dst, s.value)
	}
	opening, closing, within := byte('['), byte(']'), p.element()
	if in.object {
		opening, closing = '{', '}'
	}
	dst = append(dst, opening)
	for empty := len(dst); in.step(); {
		var treat treatment
		if in.object {
			name := string(in.name())
			if treat = treated(p, name); treat == drop {
				in.skip()
				continue
			}
			within = p.member(name)
		}
		if len(dst) > empty {
			dst = append(dst, ',')
		}
		if in.object {
			dst = append(m.scrub(dst, in.key), ':')
		}
		switch treat {
		case keep:
			in.read()
			dst = append(dst, in.value...)
		case hide:
			in.read()
			dst = m.hide(dst, in.value)
		default:
			if p == inStatement && string(in.name()) == "result" {
				within = inResult
			}
			dst = m.append(dst, &in, within)
		}
	}
	s.leave(&in)
	m.broken = m.broken || in.broken
	return append(dst, closing)
}

// inResult and inReference are places that formats have nothing to do with.
const (
	inResult place = iota + 100
	inReference
)

func (m *masker) place(in scan) place {
	p := in.objectPlace()
	if p == elsewhere {
		return inReference
	}
	return p
}

type treatment uint8

const (
	descend treatment = iota // scrubbed, part by part
	keep                     // as it is
	hide
	drop
)

// treated says what becomes of the member called name of an object in p.
func treated(p place, name string) treatment {
	switch p {
	case inStatement:
		switch name {
		case "id", "timestamp", "stored", "version", "objectType", "authority":
			return keep
		case "actor", "verb", "object", "result", "context", "attachments":
			return descend
		}
		return drop
	case inVerb:
		return known(name, "id", "display")
	case inReference:
		if name == "id" || name == "objectType" {
			return keep
		}
		return drop
	case inActivity:
		return known(name, "id", "objectType", "definition")
	case inDefinition:
		if name == "extensions" {
			return hide
		}
		return known(name, "name", "description", "type", "moreInfo", "interactionType", "correctResponsesPattern",
			"choices", "scale", "source", "target", "steps")
	case inComponent:
		return known(name, "id", "description")
	case inResult:
		switch name {
		case "score", "success", "completion", "duration":
			return keep
		case "response", "extensions":
			return hide
		}
		return drop
	case inContext:
		switch name {
		case "registration", "statement":
			return keep
		case "extensions":
			return hide
		}
		return known(name, "instructor", "team", "contextActivities", "contextAgents", "contextGroups", "revision", "platform", "language")
	case inContextActivities:
		return known(name, "parent", "grouping", "category", "other")
	case inContextAgent:
		return known(name, "objectType", "agent", "relevantTypes")
	case inContextGroup:
		return known(name, "objectType", "group", "relevantTypes")
	case inAttachment:
		switch name {
		case "length", "sha2":
			return keep
		case "fileUrl":
			return hide
		}
		return known(name, "usageType", "display", "description", "contentType")
	}
	return descend
}

func known(name string, names ...string) treatment {
	for _, n := range names {
		if n == name {
			return descend
		}
	}
	return drop
}

// agent writes the agent or group that raw is under its pseudonym.
func (m *masker) agent(dst, raw []byte) []byte {
	a, err := ParseAgentParam(raw, V2)
	members := find(raw, "member")
	group := a.Group || string(unquote(find(raw, "objectType"))) == "Group"
	if group {
		dst = append(dst, `{"objectType":"Group"`...)
	} else {
		dst = append(dst, `{"objectType":"Agent"`...)
	}
	if err == nil {
		account, name, err := m.pseudonym(a.Identity)
		if err != nil {
			m.err = err
		}
		dst = quote(append(dst, `,"name":`...), name)
		dst = append(append(dst, `,"account":{"homePage":"`...), PseudonymHome...)
		dst = append(quote(append(dst, `","name":`...), account), '}')
	}
	if members != nil {
		dst = m.append(append(dst, `,"member":`...), &scan{text: members}, inMembers)
	}
	return append(dst, '}')
}

// hide writes raw with every value taken out except true and false; the names
// of an extension stay, unless they tell something.
func (m *masker) hide(dst, raw []byte) []byte {
	s := scanOf(raw)
	if s.object {
		dst = append(dst, '{')
		for empty := len(dst); s.next(); {
			if len(dst) > empty {
				dst = append(dst, ',')
			}
			dst = append(m.scrub(dst, s.key), ':')
			if v := string(s.value); v == "true" || v == "false" {
				dst = append(dst, v...)
			} else {
				dst = quote(dst, Hidden)
			}
		}
		m.broken = m.broken || s.broken
		return append(dst, '}')
	}
	return quote(dst, Hidden)
}

// scrub writes a value that is neither object nor array; a string that gives
// somebody away is Hidden.
func (m *masker) scrub(dst, raw []byte) []byte {
	if len(raw) == 0 {
		m.broken = true
		return dst
	}
	if raw[0] != '"' {
		return append(dst, raw...)
	}
	text, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		m.broken = true
		return dst
	}
	if m.telling.in(string(text)) {
		if bytes.Contains(text, []byte("://")) { // an identifier is still one
			return quote(dst, PseudonymHome+"/hidden")
		}
		return quote(dst, Hidden)
	}
	return append(dst, raw...)
}
