package xapi

import (
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// Bounds of an Accept-Language header: browsers send a dozen tags at most, and
// matching costs time for each.
const (
	acceptLanguageBytes = 1024
	acceptLanguageTags  = 32
)

// ParseAcceptLanguage returns the languages of an Accept-Language header
// (RFC 9110 12.5.4), the most wanted first. What cannot be understood or goes
// beyond the bounds is left out: a wish is no reason to refuse a request, and
// without one any language will do.
func ParseAcceptLanguage(header string) []language.Tag {
	if len(header) > acceptLanguageBytes {
		header = header[:acceptLanguageBytes]
		// The last entry may be cut in half.
		header = header[:max(0, strings.LastIndexByte(header, ','))]
	}
	type wish struct {
		tag     language.Tag
		quality float32
	}
	var wishes []wish
	for entry := range strings.SplitSeq(header, ",") {
		if len(wishes) == acceptLanguageTags {
			break
		}
		// One by one: a single unknown entry must not spoil the others.
		tags, qualities, err := language.ParseAcceptLanguage(strings.TrimSpace(entry))
		if err == nil && len(tags) == 1 {
			wishes = append(wishes, wish{tags[0], qualities[0]})
		}
	}
	slices.SortStableFunc(wishes, func(a, b wish) int {
		switch {
		case a.quality > b.quality:
			return -1
		case a.quality < b.quality:
			return 1
		}
		return 0
	})
	langs := make([]language.Tag, len(wishes))
	for i, w := range wishes {
		langs[i] = w.tag
	}
	return langs
}

// speaker picks the entry of a language map that suits a list of wishes. It
// remembers its choices: in a list of statements most maps have the same keys.
type speaker struct {
	langs  []language.Tag
	names  []string // of langs, for the exact match
	chosen map[string]int
}

func newSpeaker(langs []language.Tag) *speaker {
	s := &speaker{langs: langs, chosen: map[string]int{}}
	for _, l := range langs {
		s.names = append(s.names, l.String())
	}
	return s
}

// choose returns the index of the key to keep. Without a wish, or when none
// comes near, it is the first: the author's own order is the best hint left.
func (s *speaker) choose(keys []string) int {
	if len(s.langs) == 0 || len(keys) < 2 {
		return 0
	}
	joined := strings.Join(keys, "\n")
	if i, ok := s.chosen[joined]; ok {
		return i
	}
	i := s.match(keys)
	const remembered = 1024 // keys come from clients: the memory of one request is bounded
	if len(s.chosen) < remembered {
		s.chosen[joined] = i
	}
	return i
}

func (s *speaker) match(keys []string) int {
	// The matcher canonicalises tags and would not tell "zh-cmn" from "zh";
	// what the client named letter by letter goes first.
	for i, key := range keys {
		if strings.EqualFold(key, s.names[0]) {
			return i
		}
	}
	supported := make([]language.Tag, 0, len(keys))
	index := make([]int, 0, len(keys))
	for i, key := range keys {
		if tag, err := language.Parse(key); err == nil {
			supported, index = append(supported, tag), append(index, i)
		}
	}
	if len(supported) > 0 {
		if _, i, confidence := language.NewMatcher(supported).Match(s.langs...); confidence != language.No {
			return index[i]
		}
	}
	for _, name := range s.names[1:] {
		for i, key := range keys {
			if strings.EqualFold(key, name) {
				return i
			}
		}
	}
	return 0
}
