package xapi

import (
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// Decode reads the body of a statements request, one statement or an array of
// them, by the rules of v. Every broken rule of the batch, up to
// l.Violations, is in the one *fault.Error that it returns; JSON that cannot be
// read ends the list. Its kind is Invalid, or TooLarge for too many statements
// or values. Decode keeps no hold on body, but Definitions do: it must not
// change while they are in use.
func Decode(body []byte, v Version, l Limits) (*Batch, error) {
	d := decoders.Get().(*decoder)
	defer d.release()
	d.version, d.limits, d.index, d.crowded = v, l.orDefaults(), 0, false
	if tooLong(body) {
		return nil, fault.New(fault.TooLarge, "a batch of statements must be shorter than 2 GiB")
	}
	d.open(body, d.limits.Depth, d.limits.Values)
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
	d.open(text, len(text), len(text))
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
	crowded    bool              // more statements or values than the limit
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
				d.crowded = true
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
	switch err := d.reader.statement(kind, start); {
	case errors.Is(err, errCrowded):
		d.crowded = true
		d.report("", clauseStatement, "has too many values: at most %d are read; data in bulk belongs in an attachment", d.limits.Values)
		return false
	case err != nil:
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
