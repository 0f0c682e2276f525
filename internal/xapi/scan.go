package xapi

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// scan steps through the members of one JSON object, or the elements of one
// array, without decoding them. It reads text that Decode has accepted, again
// and again on every page of results, and trusts that text to be JSON: it
// checks just enough never to leave it. Values are slices of the text.
type scan struct {
	text   []byte
	at     int
	object bool
	broken bool

	key   []byte // of a member: its name as written, quotes included
	value []byte
}

// scanOf returns a scan of the object or array that raw is. Of any other value
// it has nothing to tell.
func scanOf(raw []byte) scan {
	s := scan{text: raw}
	s.space()
	switch s.peek() {
	case '{':
		s.object = true
		s.at++
	case '[':
		s.at++
	default:
		s.at = len(raw)
	}
	return s
}

// next goes to the next member or element, and returns false after the last.
func (s *scan) next() bool {
	s.space()
	if s.peek() == ',' {
		s.at++
		s.space()
	}
	switch s.peek() {
	case 0, '}', ']':
		return false
	}
	if s.object {
		start := s.at
		if s.peek() != '"' {
			return s.fail()
		}
		s.string()
		s.key = s.text[start:s.at]
		s.space()
		if s.peek() != ':' {
			return s.fail()
		}
		s.at++
		s.space()
	}
	start := s.at
	s.skip()
	s.value = s.text[start:s.at]
	if len(s.value) == 0 {
		return s.fail()
	}
	return !s.broken
}

// name returns the name of the member at hand, without escapes.
func (s *scan) name() []byte {
	name := s.key[1 : len(s.key)-1]
	if bytes.IndexByte(name, '\\') >= 0 {
		return unquote(s.key)
	}
	return name
}

// unquote returns what a JSON string says, nil of anything else.
func unquote(raw []byte) []byte {
	if len(raw) < 2 || raw[0] != '"' {
		return nil
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1]
	}
	text, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		return nil
	}
	return text
}

// find returns the value of the member called name, nil when there is none.
func find(object []byte, name string) []byte {
	s := scanOf(object)
	for s.object && s.next() {
		if string(s.name()) == name {
			return s.value
		}
	}
	return nil
}

func (s *scan) fail() bool {
	s.broken = true
	s.at = len(s.text)
	return false
}

func (s *scan) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

func (s *scan) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return
		}
	}
}

// string moves past the string that begins here.
func (s *scan) string() {
	for i := s.at + 1; ; {
		n := bytes.IndexByte(s.text[min(i, len(s.text)):], '"')
		if n < 0 {
			s.fail()
			return
		}
		end := i + n
		slashes := 0
		for k := end - 1; k >= i && s.text[k] == '\\'; k-- {
			slashes++
		}
		i = end + 1
		if slashes%2 == 0 {
			s.at = i
			return
		}
	}
}

// skip moves past the value that begins here.
func (s *scan) skip() {
	for depth := 0; s.at < len(s.text); {
		switch s.text[s.at] {
		case '"':
			s.string()
		case '{', '[':
			depth++
			s.at++
			continue
		case '}', ']':
			if depth--; depth < 0 {
				s.fail()
				return
			}
			s.at++
		default:
			s.at++
			if depth > 0 || s.at < len(s.text) && !ends(s.text[s.at]) {
				continue
			}
		}
		if depth == 0 {
			return
		}
	}
}

// ends reports whether c ends a number or a literal.
func ends(c byte) bool {
	switch c {
	case ',', '}', ']', ' ', '\t', '\r', '\n':
		return true
	}
	return false
}
