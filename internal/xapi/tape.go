package xapi

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strings"
	"unsafe"

	"github.com/go-json-experiment/json/jsontext"
)

// node is one JSON value of the statement in hand. A statement is a slice of
// nodes in document order: a value's members or elements follow it, and next
// leads past them. It holds offsets only: the collector has nothing to scan or
// to be told of.
type node struct {
	name       span  // of a member, decoded
	text       span  // a string decoded, a number as written
	start, end int32 // the value in the body
	from       int32 // where its name begins in the body, start for an element
	parent     int32 // -1 for the statement
	next       int32 // the node after this value and all in it
	children   int32
	kind       jsontext.Kind
}

// span is a string: in the body as it stands, or, when it had escapes and at
// is negative, in the arena from ^at.
type span struct{ at, to int32 }

// reader turns a body into nodes, statement by statement: the one pass of the
// tokenizer, which checks the grammar, UTF-8, surrogates and duplicate names.
type reader struct {
	body   []byte
	source bytes.Buffer
	tokens jsontext.Decoder
	nodes  []node
	arena  []byte // decoded strings that had escapes
	at     int    // in body: behind the last token
	depth  int    // most levels of nesting
	values int    // most nodes
	deep   int32  // the first value nested deeper, -1: none
}

func (r *reader) open(body []byte, depth, values int) {
	r.body, r.at, r.depth, r.values = body, 0, depth, values
	r.source = *bytes.NewBuffer(body)
	r.tokens.Reset(&r.source)
}

// close lets go of the body.
func (r *reader) close() {
	r.body, r.source = nil, bytes.Buffer{}
	r.tokens.Reset(&r.source)
	r.nodes = r.nodes[:0]
}

// token reads one token and returns its kind and where it begins; it ends at
// r.at.
func (r *reader) token() (kind jsontext.Kind, start int, err error) {
	token, err := r.tokens.ReadToken()
	if err != nil {
		return 0, 0, err
	}
	start = r.at
	for start < len(r.body) {
		switch r.body[start] {
		case ' ', '\t', '\r', '\n', ',', ':':
			start++
			continue
		}
		break
	}
	r.at = int(r.tokens.InputOffset())
	return token.Kind(), start, nil
}

// errCrowded is what statement returns when there are more values than the
// most: a node is many times as large as the shortest text of a value.
var errCrowded = errors.New("too many values")

// statement reads the value whose first token has been read into r.nodes.
func (r *reader) statement(kind jsontext.Kind, start int) error {
	r.nodes, r.arena, r.deep = r.nodes[:0], r.arena[:0], -1
	parent, depth := int32(-1), 0
	name, from := span{}, -1
	for {
		switch kind {
		case '}', ']':
			n := &r.nodes[parent]
			n.end, n.next = int32(r.at), int32(len(r.nodes))
			parent = n.parent
			depth--
		default:
			if kind == '"' && from < 0 && parent >= 0 && r.nodes[parent].kind == '{' {
				name, from = r.decoded(start), start
				break
			}
			if from < 0 {
				from = start
			}
			if len(r.nodes) == r.values {
				return errCrowded
			}
			i := int32(len(r.nodes))
			n := node{name: name, start: int32(start), end: int32(r.at), from: int32(from), parent: parent, next: i + 1, kind: kind}
			if parent >= 0 {
				r.nodes[parent].children++
			}
			name, from = span{}, -1
			switch kind {
			case '"':
				n.text = r.decoded(start)
			case '0':
				n.text = span{int32(start), int32(r.at)}
			case '{', '[':
				if depth++; depth > r.depth {
					if r.deep < 0 {
						r.deep = i
					}
					if err := r.skip(); err != nil {
						return err
					}
					n.end = int32(r.at)
					depth--
				} else {
					parent = i
				}
			}
			r.nodes = append(r.nodes, n)
		}
		if parent < 0 {
			return nil
		}
		var err error
		if kind, start, err = r.token(); err != nil {
			return err
		}
	}
}

// skip reads to the end of the object or array just begun.
func (r *reader) skip() error {
	for open := 1; open > 0; {
		kind, _, err := r.token()
		if err != nil {
			return err
		}
		switch kind {
		case '{', '[':
			open++
		case '}', ']':
			open--
		}
	}
	return nil
}

// decoded returns what the string token from start to r.at says.
func (r *reader) decoded(start int) span {
	raw := r.body[start:r.at]
	if bytes.IndexByte(raw, '\\') < 0 {
		return span{int32(start + 1), int32(r.at - 1)}
	}
	begin := len(r.arena)
	r.arena, _ = jsontext.AppendUnquote(r.arena, raw) // the tokenizer has accepted it
	return span{^int32(begin), int32(len(r.arena))}
}

// string returns what s spans. The string aliases the body or the arena and
// must not outlive the decoder's hold on them: what is kept is copied.
func (r *reader) string(s span) string {
	if s.at < 0 {
		return alias(r.arena[^s.at:s.to])
	}
	return alias(r.body[s.at:s.to])
}

// name returns the name of the member n, "" of an element.
func (r *reader) name(n int32) string { return r.string(r.nodes[n].name) }

// text returns what the string n says or how the number n is written.
func (r *reader) text(n int32) string { return r.string(r.nodes[n].text) }

// alias returns b as a string without copying it.
func alias(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// tooLong reports whether offsets of the body would not fit a node.
func tooLong(body []byte) bool { return len(body) > math.MaxInt32 }

// syntaxRule says what is wrong with JSON that the tokenizer refused, and
// where: the pointer is relative to the body, which has end bytes.
func syntaxRule(err error, end int) (rule, pointer string, offset int64) {
	syntax, ok := errors.AsType[*jsontext.SyntacticError](err)
	if !ok {
		return "must be JSON: it ends too early", "", int64(end) // io.EOF
	}
	switch pointer = string(syntax.JSONPointer); {
	case errors.Is(syntax.Err, jsontext.ErrDuplicateName):
		rule = "is there twice; an object must have each name once"
	case errors.Is(syntax.Err, io.ErrUnexpectedEOF):
		rule = "must be JSON: it ends too early"
	default:
		rule = "must be JSON: " + strings.TrimPrefix(syntax.Err.Error(), "jsontext: ")
	}
	return rule, pointer, syntax.ByteOffset
}
