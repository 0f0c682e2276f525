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
	return scan{text: raw}.inner()
}

// inner returns a scan of the value that s stands before. When it is through,
// s goes on behind it with leave.
func (s scan) inner() scan {
	in := scan{text: s.text, at: s.at}
	in.space()
	switch in.peek() {
	case '{':
		in.object = true
		in.at++
	case '[':
		in.at++
	default:
		in.at = len(in.text)
	}
	return in
}

// leave moves behind the value whose every member in has seen.
func (s *scan) leave(in *scan) {
	s.broken = s.broken || in.broken
	s.at = min(in.at+1, len(s.text))
}

// next goes to the next member or element and reads it: false after the last.
func (s *scan) next() bool {
	if !s.step() {
		return false
	}
	s.read()
	return !s.broken
}

// read moves behind the value that s stands before and keeps it.
func (s *scan) read() {
	start := s.at
	s.skip()
	s.value = s.text[start:s.at]
	if len(s.value) == 0 {
		s.fail()
	}
}

// step goes to the next member or element, up to its value: false after the last.
func (s *scan) step() bool {
	s.space()
	if s.peek() == ',' {
		s.at++
		s.space()
	}
	switch s.peek() {
	case 0, '}', ']':
		return false
	}
	if !s.object {
		return true
	}
	start := s.at
	if s.peek() != '"' {
		return s.fail()
	}
	if s.at = endOfString(s.text, s.at); s.at < 0 {
		return s.fail()
	}
	s.key = s.text[start:s.at]
	s.space()
	if s.peek() != ':' {
		return s.fail()
	}
	s.at++
	s.space()
	return true
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

// skip moves past the value that begins here.
func (s *scan) skip() {
	if s.at = endOfValue(s.text, s.at); s.at < 0 {
		s.fail()
	}
}

// endOfString returns where the string that begins at i ends, -1 if it does not.
func endOfString(text []byte, i int) int {
	for i++; i < len(text); i++ {
		n := bytes.IndexByte(text[i:], '"')
		if n < 0 {
			return -1
		}
		slashes := i + n
		for slashes > i && text[slashes-1] == '\\' {
			slashes--
		}
		i += n
		if (i-slashes)%2 == 0 {
			return i + 1
		}
	}
	return -1
}

// endOfValue returns where the value that begins at i ends, -1 if it does not.
func endOfValue(text []byte, i int) int {
	for depth := 0; i < len(text); {
		switch text[i] {
		case '"':
			if i = endOfString(text, i); i < 0 {
				return -1
			}
		case '{', '[':
			depth++
			i++
			continue
		case '}', ']':
			if depth--; depth < 0 {
				return -1
			}
			i++
		default:
			i++
			if depth > 0 || i < len(text) && !ends(text[i]) {
				continue
			}
		}
		if depth == 0 {
			return i
		}
	}
	return i
}

// ends reports whether c ends a number or a literal.
func ends(c byte) bool {
	switch c {
	case ',', '}', ']', ' ', '\t', '\r', '\n':
		return true
	}
	return false
}
