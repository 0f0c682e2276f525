package xapi

import (
	"cmp"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// Decode reads the body of a statements request, one statement or an array of
// them, by the rules of v. Every broken rule of the batch, up to
// l.Violations, is in the one *fault.Error of kind Invalid that it returns;
// JSON that cannot be read ends the list. Decode keeps no hold on body, but
// Definitions do: it must not change while they are in use.
func Decode(body []byte, v Version, l Limits) (*Batch, error) {
	d := decoders.Get().(*decoder)
	defer d.release()
	d.version, d.limits, d.index = v, l.orDefaults(), 0
	if tooLong(body) {
		return nil, fault.New(fault.TooLarge, "a batch of statements must be shorter than 2 GiB")
	}
	d.open(body, d.limits.Depth)
	batch := d.batch()
	if err := d.err(); err != nil {
		return nil, err
	}
	return batch, nil
}

// TermsOf indexes a Text that Decode returned, with or without the envelope
// that was added since: it fills all of a Statement but ID, Text and Hash. It
// trusts the text to be valid; text that is not JSON is Internal.
func TermsOf(text []byte) (Statement, error) {
	d := decoders.Get().(*decoder)
	defer d.release()
	if err := d.load(text); err != nil {
		return Statement{}, err
	}
	d.begin()
	d.checkStatement()
	return d.finish(), nil
}

// load reads a stored statement, which is trusted to keep all rules.
func (d *decoder) load(text []byte) error {
	d.version, d.limits, d.trusted = V2, Limits{}.orDefaults(), true
	d.open(text, len(text))
	kind, start, err := d.token()
	if err == nil {
		err = d.statement(kind, start)
	}
	if err == nil && kind != '{' {
		err = errors.New("not an object")
	}
	if err != nil {
		return fault.Wrap(fault.Internal, err, "a stored statement is unreadable")
	}
	return nil
}

// decoder validates and indexes the statements of one batch. It is scratch
// memory, pooled; nothing of it is reachable from what Decode returns.
type decoder struct {
	reader
	version    Version
	limits     Limits
	ids        map[uuid.UUID]int // of the batch, by statement
	trusted    bool              // re-indexing: rules hold, nothing is reported
	violations []fault.Violation

	// Of the statement in hand:
	index    int
	faulty   bool
	out      Statement
	words    []byte // decoded strings to keep: one allocation for all of them
	terms    []termWord
	heads    []attachmentWords
	defs     []definitionWord
	contexts []contextActivity
	edits    []edit
	actor    word
	verb     word
	activity word
	about    objectKind // what the object is
	typ      string     // the type in the object's definition

	canon canon
}

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

var decoders = sync.Pool{New: func() any { return new(decoder) }}

// Scratch memory beyond these is given back: one huge statement must not make
// every pooled decoder huge.
const (
	mostNodes = 1 << 13
	mostBytes = 1 << 20
)

func (d *decoder) release() {
	d.close()
	if cap(d.nodes) > mostNodes || cap(d.arena)+cap(d.words)+d.canon.size() > mostBytes {
		return
	}
	d.violations, d.trusted, d.out, d.typ = nil, false, Statement{}, ""
	clear(d.ids)
	clear(d.contexts[:cap(d.contexts)])
	decoders.Put(d)
}

// batch decodes the whole body.
func (d *decoder) batch() *Batch {
	batch := &Batch{}
	kind, start, err := d.token()
	if err != nil {
		d.syntax(err, false)
		return nil
	}
	texts := make([]byte, 0, len(d.body)+64)
	if kind != '[' {
		batch.Statements = make([]Statement, 0, 1)
		if !d.one(batch, &texts, kind, start) {
			return nil
		}
	} else {
		batch.Array = true
		batch.Statements = make([]Statement, 0, min(len(d.body)/1024+1, d.limits.Statements))
		for !d.full() {
			kind, start, err := d.token()
			if err != nil {
				d.syntax(err, true)
				return nil
			}
			if kind == ']' {
				break
			}
			if d.index == d.limits.Statements {
				d.report("", clauseStatement, "is one too many: a batch must have at most %d statements", d.limits.Statements)
				return nil
			}
			if !d.one(batch, &texts, kind, start) {
				return nil
			}
			d.index++
		}
		if d.full() {
			return nil
		}
	}
	if _, start, err := d.token(); !errors.Is(err, io.EOF) {
		if err == nil {
			d.report("", clauseFormat, "must end where its JSON ends: there is more at byte %d", start)
		} else {
			d.syntax(err, false)
		}
		return nil
	}
	return batch
}

// one decodes the statement whose first token has been read. It returns false
// when its JSON is broken, and nothing after it can be read.
func (d *decoder) one(batch *Batch, texts *[]byte, kind jsontext.Kind, start int) bool {
	if err := d.reader.statement(kind, start); err != nil {
		d.syntax(err, batch.Array)
		return false
	}
	d.begin()
	if d.deep >= 0 {
		d.fail(d.deep, clauseFormat, "is nested too deep: at most %d levels are read", d.limits.Depth)
	}
	if d.want(0, '{', clauseStatement) {
		d.checkStatement()
	}
	if d.faulty {
		return true
	}
	d.out.Hash = d.hash(partStatement)
	s := d.finish()
	from := len(*texts)
	*texts = d.appendText(*texts)
	s.Text = (*texts)[from:len(*texts):len(*texts)]
	batch.Statements = append(batch.Statements, s)
	return true
}

// begin forgets the statement before.
func (d *decoder) begin() {
	d.faulty = false
	d.out = Statement{Duration: -1}
	d.words, d.terms, d.heads, d.defs = d.words[:0], d.terms[:0], d.heads[:0], d.defs[:0]
	d.contexts, d.edits = d.contexts[:0], d.edits[:0]
	d.actor, d.verb, d.activity = word{}, word{}, word{}
	d.about, d.typ = objectNone, ""
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

// syntax reports JSON that cannot be read.
func (d *decoder) syntax(err error, array bool) {
	rule, pointer, offset := syntaxRule(err, len(d.body))
	if array {
		// The first step is the index of the statement.
		_, pointer, _ = strings.Cut(strings.TrimPrefix(pointer, "/"), "/")
		if pointer != "" {
			pointer = "/" + pointer
		}
	}
	d.report(pointer, clauseFormat, "%s (at byte %d)", rule, offset)
}
