package audit

import (
	"encoding/binary"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"
)

// A term is what events are found by: a word of their text, or the whole value
// of one field. Its first byte says which.
const (
	termText   = 't'
	termActor  = 'a'
	termType   = 'y'
	termKind   = 'k'
	termTarget = 'i'
	termResult = 'o'
	termVisit  = 's' // the session
)

func hashTerm(kind byte, value string) int64 {
	var d xxhash.Digest
	d.Reset()
	_, _ = d.Write([]byte{kind})
	_, _ = d.WriteString(value)
	return int64(d.Sum64())
}

const (
	wordMax  = 100  // bytes; a longer word is found by its parts only
	wordsMax = 2000 // of an event
)

// terms returns the hashes of everything that l is found by, without an order;
// one may come twice.
func (l *Line) terms(into []int64) []int64 {
	into = append(into, hashTerm(termActor, l.Actor.ID), hashTerm(termType, string(l.Type)))
	if l.Target.Kind != "" {
		into = append(into, hashTerm(termKind, l.Target.Kind))
	}
	if l.Target.ID != "" {
		into = append(into, hashTerm(termTarget, l.Target.ID))
	}
	if l.Session != "" {
		into = append(into, hashTerm(termVisit, l.Session))
	}
	if l.Outcome != Success {
		into = append(into, hashTerm(termResult, string(l.Outcome)))
	}
	n := len(into)
	l.words(func(word string) bool {
		into = append(into, hashTerm(termText, word))
		return len(into)-n < wordsMax
	})
	return into
}

// words gives every word of l's text to found, until that returns false.
func (l *Line) words(found func(string) bool) {
	for _, text := range [...]string{
		l.Actor.Name, l.Actor.ID, string(l.Type), l.Target.Name, l.Target.ID, l.Target.Kind, l.Address, plain(l.Details),
	} {
		if !wordsOf(text, found) {
			return
		}
	}
}

// wordsOf splits text into words: runs of letters, digits and what joins them
// (ann.smith@example.com, session.signed_in, 192.0.2.1), in lower case. A run is
// a word as a whole and in its parts: ann.smith, example.com, ann, smith …
func wordsOf(text string, found func(string) bool) bool {
	text = strings.ToLower(text)
	for len(text) > 0 {
		start := strings.IndexFunc(text, isWord)
		if start < 0 {
			return true
		}
		text = text[start:]
		stop := strings.IndexFunc(text, func(r rune) bool { return !isWord(r) && !isJoin(r) })
		if stop < 0 {
			stop = len(text)
		}
		run := strings.TrimRightFunc(text[:stop], isJoin)
		if !parts(run, joins, true, found) {
			return false
		}
		text = text[stop:]
	}
	return true
}

// joins are what may stand within a word, the loosest first.
const joins = "@:/.-_"

func isJoin(r rune) bool { return r < utf8.RuneSelf && strings.IndexByte(joins, byte(r)) >= 0 }

func isWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || '0' <= r && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

// parts gives run to found, and what it consists of.
func parts(run, at string, whole bool, found func(string) bool) bool {
	run = strings.TrimFunc(run, isJoin)
	if len(run) <= wordMax && (len(run) > 1 || whole && run != "") && !found(run) {
		return false
	}
	for i := range len(at) {
		if strings.IndexByte(run, at[i]) < 0 {
			continue
		}
		for part := range strings.SplitSeq(run, at[i:i+1]) {
			if !parts(part, at[i+1:], false, found) {
				return false
			}
		}
		return true
	}
	return true
}

// query returns the words that an event must have for text to be found in it.
func query(text string) (words []string) {
	text = strings.ToLower(text)
	for _, run := range strings.FieldsFunc(text, func(r rune) bool { return !isWord(r) && !isJoin(r) }) {
		if run = strings.TrimFunc(run, isJoin); run != "" {
			words = append(words, run)
		}
	}
	return words
}

// plain undoes the escapes of JSON; what was escaped and is no character becomes a space.
func plain(text string) string {
	if strings.IndexByte(text, '\\') < 0 {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] != '\\':
			b.WriteByte(text[i])
		case i+5 < len(text) && text[i+1] == 'u':
			n, err := strconv.ParseUint(text[i+2:i+6], 16, 16)
			if err != nil || n == 0 {
				n = ' '
			}
			b.WriteRune(rune(n))
			i += 5
		default:
			b.WriteByte(' ')
			i++
		}
	}
	return b.String()
}

// appendIDs appends ids, ascending, as varints: the first, then the gaps.
func appendIDs(b []byte, ids []int64) []byte {
	var before int64
	for _, id := range ids {
		b = binary.AppendUvarint(b, uint64(id-before))
		before = id
	}
	return b
}

// readIDs undoes appendIDs. What is no list ends early.
func readIDs(into []int64, b []byte) []int64 {
	var id int64
	for len(b) > 0 {
		gap, n := binary.Uvarint(b)
		if n <= 0 {
			return into
		}
		id += int64(gap)
		into = append(into, id)
		b = b[n:]
	}
	return into
}
