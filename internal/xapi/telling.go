package xapi

import (
	"encoding/hex"
	"iter"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// telling is what gives somebody of a statement away.
type telling struct {
	parts []string // in lower case, NFC, wherever they stand
	words []string // of two or three letters: only when they stand alone, in NFC
}

// remember takes in the member of an agent that is called member.
func (t *telling) remember(member string, value []byte) {
	switch member {
	case "name":
		name := norm.NFC.String(string(unquote(value)))
		t.part(name)
		for word := range words(name) {
			t.word(word)
		}
	case "mbox":
		address := strings.TrimPrefix(string(unquote(value)), "mailto:")
		t.part(address)
		local, _, _ := strings.Cut(address, "@")
		t.word(local)
	case "mbox_sha1sum", "openid":
		t.part(string(unquote(value)))
	case "account":
		t.part(string(unquote(find(value, "name"))))
	}
}

// word is part for a part of a name or address. A short one is looked for
// as a whole word in its own spelling: in small letters or within a word it is
// the language's ("an", "ada" in "adapt").
func (t *telling) word(word string) {
	switch {
	case utf8.RuneCountInString(word) >= 4:
		t.part(word)
	case len(word) >= 2:
		t.words = append(t.words, word)
	}
}

func (t *telling) part(text string) {
	if text = strings.ToLower(norm.NFC.String(text)); len(text) >= 2 {
		t.parts = append(t.parts, text)
	}
}

// in reports whether text holds an address or something of somebody in the
// statement, also if it is percent-encoded, wholly or here and there.
func (t *telling) in(text string) bool {
	plain := norm.NFC.String(text)
	for range 4 { // encoded twice is the most that was ever seen
		lower := strings.ToLower(plain)
		if strings.Contains(lower, "@") {
			return true
		}
		for _, part := range t.parts {
			if strings.Contains(lower, part) {
				return true
			}
		}
		for word := range words(plain) {
			if slices.Contains(t.words, word) {
				return true
			}
		}
		decoded := unescape(plain)
		if decoded == plain {
			return false
		}
		plain = norm.NFC.String(decoded)
	}
	return true // encoded more often than anybody has a reason to
}

func words(text string) iter.Seq[string] {
	return strings.FieldsFuncSeq(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) })
}

// unescape decodes every percent-encoded octet of text and leaves a percent
// sign that encodes nothing ("100%") where it is.
func unescape(text string) string {
	if !strings.Contains(text, "%") {
		return text
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			if octet, err := hex.DecodeString(text[i+1 : i+3]); err == nil {
				out = append(out, octet[0])
				i += 2
				continue
			}
		}
		out = append(out, text[i])
	}
	return string(out)
}

// HoldsAddress reports whether text holds an address for which Mask hides it,
// whoever it belongs to.
func HoldsAddress(text string) bool { return (&telling{}).in(text) }
