package xapi

import (
	"strings"
	"unicode/utf8"
)

// validIRI reports whether s is an absolute IRI by the grammar of RFC 3987:
// a scheme, a colon and something after it, of allowed characters only. There
// is one leniency, because real clients send it: square brackets in a query.
// IRLs are held to the same rules: whether an IRI resolves is not syntax.
func validIRI(s string) bool {
	rest := afterScheme(s)
	if rest == 0 || rest == len(s) {
		return false
	}
	return validReference(s[rest:])
}

// validURI reports whether s is an IRI of ASCII characters only (RFC 3986).
func validURI(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return validIRI(s)
}

// afterScheme returns the offset behind "scheme:", 0 when s has no scheme.
func afterScheme(s string) int {
	for i := range len(s) {
		c := s[i]
		switch {
		case c == ':' && i > 0:
			return i + 1
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
		case i > 0 && (c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.'):
		default:
			return 0
		}
	}
	return 0
}

// validReference checks all that follows the scheme.
func validReference(s string) bool {
	const (
		authority = iota
		path
		query
		fragment
	)
	part, i := path, 0
	if strings.HasPrefix(s, "//") {
		part, i = authority, 2
	}
	for i < len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if !validIRIRune(r, part == query) {
				return false
			}
			i += size
			continue
		}
		switch iriClass[c] {
		case iriPlain:
		case iriPercent:
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return false
			}
			i += 2
		case iriBracket:
			if part != authority && part != query {
				return false
			}
		case iriSlash:
			if part == authority {
				part = path
			}
		case iriQuestion:
			if part < query {
				part = query
			}
		case iriHash:
			if part == fragment {
				return false
			}
			part = fragment
		default:
			return false
		}
		i++
	}
	return true
}

// The ASCII characters of an IRI by what they do in it; 0 is not allowed.
const (
	iriPlain = iota + 1
	iriPercent
	iriBracket
	iriSlash
	iriQuestion
	iriHash
)

var iriClass = func() (class [utf8.RuneSelf]byte) {
	for c := range class {
		if alphanumeric(byte(c)) {
			class[c] = iriPlain
		}
	}
	for _, c := range "-._~!$&'()*+,;=:@" {
		class[c] = iriPlain
	}
	class['%'], class['['], class[']'] = iriPercent, iriBracket, iriBracket
	class['/'], class['?'], class['#'] = iriSlash, iriQuestion, iriHash
	return class
}()

// validIRIRune reports whether r is a ucschar of RFC 3987, or in a query an
// iprivate.
func validIRIRune(r rune, private bool) bool {
	switch {
	case r >= 0xA0 && r <= 0xD7FF, r >= 0xF900 && r <= 0xFDCF, r >= 0xFDF0 && r <= 0xFFEF:
		return true
	case r >= 0x10000 && r <= 0xEFFFD:
		return r&0xFFFF <= 0xFFFD && (r < 0xE0000 || r >= 0xE1000)
	case r >= 0xE000 && r <= 0xF8FF, r >= 0xF0000 && r <= 0x10FFFD:
		return private && r&0xFFFF <= 0xFFFD
	}
	return false
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// validMbox reports whether s is "mailto:" and one address. Header fields
// ("?subject=…") and further addresses make a mailto URI, but no mailbox.
func validMbox(s string) bool {
	address, ok := strings.CutPrefix(s, "mailto:")
	at := strings.LastIndexByte(address, '@')
	return ok && at > 0 && validLocalPart(address[:at]) && validDomain(address[at+1:])
}

// validLocalPart takes the atoms and dots of RFC 5322, percent-encoded octets
// (RFC 6068) and letters beyond ASCII (RFC 6531). Where the dots are is not
// looked at: widespread mail systems hand out addresses with two in a row.
func validLocalPart(s string) bool {
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(s[i:])
			if !validIRIRune(r, false) {
				return false
			}
			i += size
			continue
		case alphanumeric(c) || strings.IndexByte("!$&'*+-/=^_`{|}~.", c) >= 0:
		case c == '%':
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return false
			}
			i += 2
		default:
			return false
		}
		i++
	}
	return true
}

// validDomain takes labels joined by dots, or an address literal in brackets.
func validDomain(s string) bool {
	if len(s) > 2 && s[0] == '[' && s[len(s)-1] == ']' {
		for _, c := range []byte(s[1 : len(s)-1]) {
			if !alphanumeric(c) && c != '.' && c != ':' && c != '-' {
				return false
			}
		}
		return true
	}
	label := 0
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(s[i:])
			if !validIRIRune(r, false) {
				return false
			}
			label++
			i += size
			continue
		case c == '.':
			if label == 0 {
				return false
			}
			label = -1
		case !alphanumeric(c) && c != '-' && c != '_':
			return false
		}
		label++
		i++
	}
	return label > 0
}
