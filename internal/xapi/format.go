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
	langs   []language.Tag
	chosen  map[string]int // index of the entry by the keys of a map
	keys    []byte         // of the map at hand, as written
	entries []scan         // of the map at hand
	broken  bool
}

// NewFormatter returns a Formatter. langs, the most wanted first, matter to
// FormatCanonical only; without any, each map keeps its first entry.
func NewFormatter(f Format, langs []language.Tag) *Formatter {
	return &Formatter{format: f, langs: langs, chosen: map[string]int{}}
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
	dst = f.append(dst, &scan{text: text}, inStatement)
	if f.broken {
		return dst[:before], fault.New(fault.Internal, "a stored statement is not JSON")
	}
	return dst, nil
}

// append writes the value that s stands before, which is in p, and moves
// behind it.
func (f *Formatter) append(dst []byte, s *scan, p place) []byte {
	if p == elsewhere {
		s.read()
		return append(dst, s.value...)
	}
	in := s.inner()
	switch {
	case in.at == len(in.text): // neither object nor array
		f.broken = true
		s.read()
		return dst
	case p == inObject:
		p = in.objectPlace()
		return f.append(dst, s, p)
	case p == inLanguageMap:
		return f.languageMap(dst, s)
	case p == inActivities && in.object:
		p = inActivity
	}
	keep := f.keeps(p, in)
	opening, closing, within := byte('['), byte(']'), p.element()
	if in.object {
		opening, closing = '{', '}'
	}
	dst = append(dst, opening)
	for empty := len(dst); in.step(); {
		if in.object {
			name := in.name()
			if keep != nil && !keep(name) {
				in.skip()
				continue
			}
			within = p.member(string(name))
		}
		if len(dst) > empty {
			dst = append(dst, ',')
		}
		if in.object {
			dst = append(append(dst, in.key...), ':')
		}
		dst = f.append(dst, &in, within)
	}
	s.leave(&in)
	f.broken = f.broken || in.broken
	return append(dst, closing)
}

// keeps tells which members of an object in p the ids format keeps; nil is all.
func (f *Formatter) keeps(p place, in scan) func(name []byte) bool {
	if f.format != FormatIDs {
		return nil
	}
	switch p {
	case inVerb, inActivity:
		return keepID
	case inAgent:
		if in.identified() {
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
func (s scan) identified() bool {
	for s.object && s.next() {
		if name := s.name(); keepIdentity(name) && string(name) != "objectType" {
			return true
		}
	}
	return false
}

// languageMap writes the language map that s stands before with the one entry
// that suits the languages wanted.
func (f *Formatter) languageMap(dst []byte, s *scan) []byte {
	s.read()
	if f.format != FormatCanonical {
		return append(dst, s.value...)
	}
	f.keys, f.entries = f.keys[:0], f.entries[:0]
	entry := scanOf(s.value)
	for entry.object && entry.next() {
		f.keys = append(append(f.keys, entry.key...), ',')
		f.entries = append(f.entries, entry)
	}
	f.broken = f.broken || entry.broken
	if len(f.entries) < 2 {
		return append(dst, s.value...)
	}
	chosen := f.entries[f.choose()]
	dst = append(append(append(dst, '{'), chosen.key...), ':')
	return append(append(dst, chosen.value...), '}')
}

// choose returns the index of the entry to keep. In a list of statements most
// maps have the same keys, so choices are remembered.
func (f *Formatter) choose() int {
	if i, ok := f.chosen[string(f.keys)]; ok {
		return i
	}
	names := make([]string, len(f.entries))
	for i := range f.entries {
		names[i] = string(f.entries[i].name())
	}
	i := chooseLanguage(f.langs, names)
	const remembered = 1024 // keys come from clients: the memory of one request is bounded
	if len(f.chosen) < remembered {
		f.chosen[string(f.keys)] = i
	}
	return i
}
