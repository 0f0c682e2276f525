package xapi

import (
	"golang.org/x/text/language"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// Format is how much of a statement a client wants to see
// (xAPI 1.0.3 Communication 2.1.3, xAPI 2.0 4.1.6.1).
type Format uint8

// The formats. The zero value is the default of the specification.
const (
	FormatExact     Format = iota // as received
	FormatIDs                     // agents, groups, activities and verbs by their identifiers alone
	FormatCanonical               // one language in each language map
)

// String returns the value of the format parameter: "exact", "ids" or "canonical".
func (f Format) String() string {
	switch f {
	case FormatIDs:
		return "ids"
	case FormatCanonical:
		return "canonical"
	}
	return "exact"
}

// Formatter writes statements in one format and for one list of languages. It
// remembers which language it chose for which language map keys, so one
// Formatter serves a whole list. It is not safe for concurrent use.
type Formatter struct {
	format  Format
	speaker *speaker
	keys    []string // reused by languageMap
	broken  bool
}

// NewFormatter returns a Formatter. langs, the most wanted first, matter to
// FormatCanonical only; without any, each map keeps its first entry.
func NewFormatter(f Format, langs []language.Tag) *Formatter {
	return &Formatter{format: f, speaker: newSpeaker(langs)}
}

// FormatStatement appends one statement to dst: see [Formatter.Append].
func FormatStatement(dst, text []byte, f Format, langs []language.Tag) ([]byte, error) {
	return NewFormatter(f, langs).Append(dst, text)
}

// Append appends the statement text, a complete one as returned in exact
// format, to dst in the formatter's format. What the format does not speak of
// keeps its bytes. The only error is Internal: text is not what Decode accepts.
func (f *Formatter) Append(dst, text []byte) ([]byte, error) {
	if f.format == FormatExact {
		return append(dst, text...), nil
	}
	f.broken = false
	before := len(dst)
	dst = f.append(dst, text, inStatement)
	if f.broken {
		return dst[:before], fault.New(fault.Internal, "a stored statement is not JSON")
	}
	return dst, nil
}

// place is where in a statement a value stands: what decides how it is written.
type place uint8

const (
	elsewhere place = iota // copied
	inStatement
	inAgent
	inMembers
	inVerb
	inObject
	inActivity
	inActivities // one activity or a list
	inDefinition
	inComponents
	inComponent
	inContext
	inContextActivities
	inContextAgents
	inContextAgent
	inContextGroups
	inContextGroup
	inAttachments
	inAttachment
	inLanguageMap
)

// element is the place of the elements of an array in p.
func (p place) element() place {
	switch p {
	case inMembers:
		return inAgent
	case inActivities:
		return inActivity
	case inComponents:
		return inComponent
	case inContextAgents:
		return inContextAgent
	case inContextGroups:
		return inContextGroup
	case inAttachments:
		return inAttachment
	}
	return elsewhere
}

// member is the place of the member called name of an object in p.
func (p place) member(name string) place {
	switch p {
	case inStatement:
		switch name {
		case "actor", "authority":
			return inAgent
		case "verb":
			return inVerb
		case "object":
			return inObject
		case "context":
			return inContext
		case "attachments":
			return inAttachments
		}
	case inAgent:
		if name == "member" {
			return inMembers
		}
	case inActivity:
		if name == "definition" {
			return inDefinition
		}
	case inDefinition:
		switch name {
		case "name", "description":
			return inLanguageMap
		case "choices", "scale", "source", "target", "steps":
			return inComponents
		}
	case inVerb, inAttachment, inComponent:
		if name == "display" || name == "description" {
			return inLanguageMap
		}
	case inContext:
		switch name {
		case "instructor", "team":
			return inAgent
		case "contextActivities":
			return inContextActivities
		case "contextAgents":
			return inContextAgents
		case "contextGroups":
			return inContextGroups
		}
	case inContextActivities:
		return inActivities
	case inContextAgent:
		if name == "agent" {
			return inAgent
		}
	case inContextGroup:
		if name == "group" {
			return inAgent
		}
	}
	return elsewhere
}

// object resolves what the object of a statement is. Without an objectType it
// is an activity (xAPI 1.0.3 Data 2.4.4).
func object(raw []byte) place {
	switch string(unquote(find(raw, "objectType"))) {
	case "Agent", "Group":
		return inAgent
	case "SubStatement":
		return inStatement
	case "StatementRef":
		return elsewhere
	}
	return inActivity
}

// append writes raw, which stands in p.
func (f *Formatter) append(dst, raw []byte, p place) []byte {
	if p == inObject {
		p = object(raw)
	}
	if p == elsewhere || len(raw) == 0 {
		return append(dst, raw...)
	}
	if p == inLanguageMap {
		return f.languageMap(dst, raw)
	}
	s := scanOf(raw)
	if s.at == len(raw) {
		f.broken = true
		return dst
	}
	opening, closing := byte('['), byte(']')
	if s.object {
		opening, closing = '{', '}'
	}
	if p == inActivities && s.object {
		p = inActivity
	}
	keep := f.keeps(p, raw)
	dst = append(dst, opening)
	empty := len(dst)
	for s.next() {
		if s.object && keep != nil && !keep(s.name()) {
			continue
		}
		if len(dst) > empty {
			dst = append(dst, ',')
		}
		within := p.element()
		if s.object {
			dst = append(dst, s.key...)
			dst = append(dst, ':')
			within = p.member(string(s.name()))
		}
		dst = f.append(dst, s.value, within)
	}
	f.broken = f.broken || s.broken
	return append(dst, closing)
}

// keeps tells which members of an object in p the ids format keeps; nil is all.
func (f *Formatter) keeps(p place, raw []byte) func(name []byte) bool {
	if f.format != FormatIDs {
		return nil
	}
	switch p {
	case inVerb, inActivity:
		return keepID
	case inAgent:
		if identified(raw) {
			return keepIdentity
		}
		return keepMembers
	}
	return nil
}

func keepID(name []byte) bool { return string(name) == "id" }

// keepIdentity keeps the objectType too: without it a group reads as an agent,
// and an agent that is an object as an activity.
func keepIdentity(name []byte) bool {
	switch string(name) {
	case "objectType", "mbox", "mbox_sha1sum", "openid", "account":
		return true
	}
	return false
}

func keepMembers(name []byte) bool {
	return string(name) == "objectType" || string(name) == "member"
}

// identified reports whether an agent or group has an identifier of its own.
func identified(raw []byte) bool {
	s := scanOf(raw)
	for s.object && s.next() {
		if name := s.name(); keepIdentity(name) && string(name) != "objectType" {
			return true
		}
	}
	return false
}

// languageMap writes raw with the one entry that suits the languages wanted.
func (f *Formatter) languageMap(dst, raw []byte) []byte {
	f.keys = f.keys[:0]
	s := scanOf(raw)
	for s.object && s.next() {
		f.keys = append(f.keys, string(s.name()))
	}
	f.broken = f.broken || s.broken
	if f.format != FormatCanonical || len(f.keys) < 2 {
		return append(dst, raw...)
	}
	chosen := f.speaker.choose(f.keys)
	s = scanOf(raw)
	for range chosen + 1 {
		s.next()
	}
	dst = append(dst, '{')
	dst = append(dst, s.key...)
	dst = append(dst, ':')
	dst = append(dst, s.value...)
	return append(dst, '}')
}
