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

// chooseLanguage returns the index of the key of a language map that suits
// the wishes best. Without a wish, or when none comes near, it is the first:
// the author's own order is the best hint left.
func chooseLanguage(wishes []language.Tag, keys []string) int {
	if len(wishes) == 0 {
		return 0
	}
	exactly := func(wish language.Tag) int {
		return slices.IndexFunc(keys, func(key string) bool { return strings.EqualFold(key, wish.String()) })
	}
	// The matcher canonicalises tags and would not tell "zh-cmn" from "zh";
	// what the client named letter by letter goes first.
	if i := exactly(wishes[0]); i >= 0 {
		return i
	}
	supported := make([]language.Tag, 0, len(keys))
	index := make([]int, 0, len(keys))
	for i, key := range keys {
		if tag, err := language.Parse(key); err == nil {
			supported, index = append(supported, tag), append(index, i)
		}
	}
	if len(supported) > 0 {
		if _, i, confidence := language.NewMatcher(supported).Match(wishes...); confidence != language.No {
			return index[i]
		}
	}
	for _, wish := range wishes[1:] {
		if i := exactly(wish); i >= 0 {
			return i
		}
	}
	return 0
}
