package xapi

import (
	"cmp"
	"slices"
	"strings"
)

// word is a string in decoder.words.
type word struct{ from, to int32 }

type termWord struct {
	word
	kind TermKind
}

type attachmentWords struct {
	sha2, fileURL, contentType, usageType word
	length                                int64
}

type definitionWord struct {
	word
	from, to int32 // in body
}

// keep copies s to what outlives the body.
func (d *decoder) keep(s string) word {
	from := int32(len(d.words))
	d.words = append(d.words, s...)
	return word{from, int32(len(d.words))}
}

// term records a value that filters match.
func (d *decoder) term(kind TermKind, w word) {
	if kind != 0 && w.from < w.to {
		d.terms = append(d.terms, termWord{w, kind})
	}
}

// finish returns the statement in hand with strings of its own.
func (d *decoder) finish() Statement {
	s := d.out
	module, course := d.module(), d.course()
	mod, cou := d.keep(module), d.keep(course)
	text := string(d.words)
	of := func(w word) string { return text[w.from:w.to] }
	s.Actor, s.Verb, s.Activity = of(d.actor), of(d.verb), of(d.activity)
	s.Module, s.Course = of(mod), of(cou)
	s.Terms = d.distinctTerms(text, s)
	if len(d.heads) > 0 {
		s.Attachments = make([]Attachment, len(d.heads))
		for i, h := range d.heads {
			s.Attachments[i] = Attachment{
				SHA2: of(h.sha2), FileURL: of(h.fileURL), ContentType: of(h.contentType),
				UsageType: of(h.usageType), Length: h.length,
			}
		}
	}
	if len(d.defs) > 0 {
		s.Definitions = make([]Definition, len(d.defs))
		for i, def := range d.defs {
			s.Definitions[i] = Definition{IRI: of(def.word), JSON: d.body[def.from:def.to:def.to]}
		}
	}
	return s
}

// distinctTerms returns the terms sorted, each once, without those that the
// statement's own columns or a stronger term say already.
func (d *decoder) distinctTerms(text string, s Statement) []Term {
	if len(d.terms) == 0 {
		return nil
	}
	terms := make([]Term, 0, len(d.terms))
	for _, t := range d.terms {
		value := text[t.from:t.to]
		if t.kind == TermRelatedActivity && value == s.Activity || t.kind != TermRelatedActivity && value == s.Actor {
			continue
		}
		terms = append(terms, Term{t.kind, value})
	}
	// By value first: a TermAgent then stands before the TermRelatedAgent
	// that it makes superfluous.
	slices.SortFunc(terms, func(a, b Term) int {
		return cmp.Or(strings.Compare(a.Value, b.Value), cmp.Compare(a.Kind, b.Kind))
	})
	terms = slices.CompactFunc(terms, func(a, b Term) bool {
		return a.Value == b.Value && (a.Kind == TermRelatedActivity) == (b.Kind == TermRelatedActivity)
	})
	if len(terms) == 0 {
		return nil
	}
	return terms
}
