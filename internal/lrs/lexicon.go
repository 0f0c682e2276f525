package lrs

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stoa-lrs/stoa/internal/xapi"
)

// LexiconKind says what an entry of the lexicon is.
type LexiconKind int16

// The kinds of entry.
const (
	LexiconVerbs      LexiconKind = 1
	LexiconActivities LexiconKind = 2 // that are the object of a statement
	LexiconPeople     LexiconKind = 3 // that are the actor of one: agents and identified groups
)

// LexiconEntry is one verb, activity or person of a store, as the newest
// statement that names it does.
type LexiconEntry struct {
	Value string // IRI, or the identity of a person in the form of xapi
	Names []byte // a language map; of a person one text in "und"; empty: none
	Type  string // of an activity, IRI; "" none
	Open  bool   // value and names are seen by who sees pseudonyms, too
	kind  LexiconKind
	key   int64
}

// Bounds of an entry: a longer value is no entry, and of names the rest is left out.
const (
	longestValue   = 4000 // bytes
	mostLanguages  = 8
	longestName    = 200 // characters
	mostStarts     = 24  // words of an entry
	mostNameStarts = 8   // of them, of one name
	longestStart   = 80  // bytes
)

// lexiconEntries are what s, a statement with this text, has for the lexicon.
func lexiconEntries(store int64, s *xapi.Statement, text []byte) ([]LexiconEntry, error) {
	masked, err := xapi.Mask(nil, text, func(string) (string, string, error) { return "x", "x", nil })
	if err != nil {
		return nil, err
	}
	names, seen := xapi.NamesOf(text), xapi.NamesOf(masked)
	same := func(a, b []byte) bool { return string(a) == string(b) }
	all := []LexiconEntry{{
		Value: s.Verb, Names: bounded(names.VerbDisplay), Open: same(names.VerbID, seen.VerbID) && same(names.VerbDisplay, seen.VerbDisplay),
		kind: LexiconVerbs, key: hashKey(store, kindVerb, s.Verb),
	}}
	if s.Activity != "" {
		all = append(all, LexiconEntry{
			Value: s.Activity, Names: bounded(names.ActivityName), Type: xapi.Unquote(names.ActivityType),
			Open: same(names.ActivityID, seen.ActivityID) && same(names.ActivityName, seen.ActivityName) && same(names.ActivityType, seen.ActivityType),
			kind: LexiconActivities, key: hashKey(store, kindActivity, s.Activity),
		})
	}
	if s.Actor != "" {
		e := LexiconEntry{Value: s.Actor, kind: LexiconPeople, key: hashKey(store, kindActor, s.Actor)}
		if name := xapi.Unquote(names.ActorName); name != "" {
			e.Names = languageMap([]string{"und"}, []string{name})
		}
		all = append(all, e)
	}
	kept := all[:0]
	for _, e := range all {
		if len(e.Value) > longestValue || len(e.Type) > longestValue || strings.Contains(e.Value+e.Type, "\x00") {
			continue
		}
		kept = append(kept, e)
	}
	return kept, nil
}

// bounded is a language map without what is too much.
func bounded(raw []byte) []byte {
	languages, texts := xapi.LanguageMap(raw)
	n := min(len(texts), mostLanguages)
	return languageMap(languages[:n], texts[:n])
}

// languageMap writes one in the given order; empty, if it says nothing.
func languageMap(languages, texts []string) []byte {
	var b []byte
	for i, text := range texts {
		text = strings.TrimSpace(strings.ReplaceAll(text, "\x00", ""))
		if letters := []rune(text); len(letters) > longestName {
			text = string(letters[:longestName])
		}
		if text == "" {
			continue
		}
		separator := byte(',')
		if b == nil {
			separator = '{'
		}
		language, _ := json.Marshal(languages[i]) // of strings it never fails
		quoted, _ := json.Marshal(text)
		b = append(append(append(append(b, separator), language...), ':'), quoted...)
	}
	if b != nil {
		b = append(b, '}')
	}
	return b
}

// ID is how people write e's value: of a person the address, or the account's name.
func (e *LexiconEntry) ID() string {
	if e.kind != LexiconPeople {
		return e.Value
	}
	kind, id, _ := strings.Cut(e.Value, ":")
	switch kind {
	case "mbox":
		return strings.TrimPrefix(id, "mailto:")
	case "account":
		if _, name, ok := strings.Cut(id, "\n"); ok {
			return name
		}
	}
	return id
}

// texts are e's names in all languages.
func (e *LexiconEntry) texts() []string {
	_, texts := xapi.LanguageMap(e.Names)
	return texts
}

// starts returns the texts that an entry is found by, each once: from the
// beginning of each word on, of its names, and of its value where segments begin.
func (e *LexiconEntry) starts() []string {
	var all []string
	seen := map[string]bool{}
	add := func(text string, most int) {
		for _, start := range wordStarts(folded(text)) {
			if start = cut(start); most > 0 && len(all) < mostStarts && !seen[start] {
				seen[start] = true
				all = append(all, start)
				most--
			}
		}
	}
	for _, name := range e.texts() {
		add(name, min(mostNameStarts, mostStarts/2-len(all))) // the other half is for the value
	}
	id := folded(e.ID())
	if id = cut(id); id != "" && !seen[id] {
		seen[id] = true
		all = append(all, id)
	}
	last := wordStarts(folded(e.ID())) // what is last in an IRI tells most
	for i := len(last) - 1; i >= 0; i-- {
		add(last[i], 1)
	}
	return all
}

// folded is text as it is compared: in lower case, with single spaces.
func folded(text string) string { return strings.Join(strings.Fields(strings.ToLower(text)), " ") }

// cut is the beginning of text that fits into the index.
func cut(text string) string {
	if len(text) <= longestStart {
		return text
	}
	n := longestStart
	for !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// wordStarts returns text from each place where a word begins: a letter or
// digit after something else.
func wordStarts(text string) (starts []string) {
	inside := false
	for i, c := range text {
		word := unicode.IsLetter(c) || unicode.IsDigit(c) || unicode.IsMark(c)
		if word && !inside {
			starts = append(starts, text[i:])
		}
		inside = word
	}
	return starts
}
