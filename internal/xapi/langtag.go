package xapi

import "strings"

// validLanguageTag reports whether s is a well-formed language tag by the
// grammar of RFC 5646 2.1, of either case. Subtags need not be registered: a
// tag that a newer registry knows must not be refused by an older server.
// language.Parse of x/text refuses those, and takes underscores.
// Beyond 255 characters nothing is a tag: the grammar alone has no end.
func validLanguageTag(s string) bool {
	if len(s) < 2 || len(s) > 255 {
		return false
	}
	rest := s
	first := nextSubtag(&rest)
	switch n := len(first); {
	case n == 1 && lower(first[0]) == 'x':
		return rest != "" && privateUse(rest)
	case n >= 2 && n <= 8 && letters(first):
	default:
		return grandfathered(s)
	}
	return afterLanguage(rest, len(first) <= 3) || grandfathered(s)
}

// afterLanguage checks [extlang] [script] [region] *variant *extension
// [privateuse].
func afterLanguage(rest string, extended bool) bool {
	subtag := nextSubtag(&rest)
	for n := 0; extended && n < 3 && len(subtag) == 3 && letters(subtag); n++ {
		subtag = nextSubtag(&rest)
	}
	if len(subtag) == 4 && letters(subtag) {
		subtag = nextSubtag(&rest)
	}
	if len(subtag) == 2 && letters(subtag) || len(subtag) == 3 && digits(subtag) {
		subtag = nextSubtag(&rest)
	}
	for len(subtag) >= 5 || len(subtag) == 4 && subtag[0] >= '0' && subtag[0] <= '9' {
		if !wellFormedSubtag(subtag) || repeated(rest, subtag) {
			return false
		}
		subtag = nextSubtag(&rest)
	}
	var singletons uint64
	for subtag != "" {
		if len(subtag) != 1 || !wellFormedSubtag(subtag) || rest == "" {
			return false
		}
		c := lower(subtag[0])
		if c == 'x' {
			return privateUse(rest)
		}
		bit := uint64(1) << (c & 63)
		if singletons&bit != 0 {
			return false
		}
		singletons |= bit
		n := 0
		for subtag = nextSubtag(&rest); len(subtag) >= 2; subtag = nextSubtag(&rest) {
			if !wellFormedSubtag(subtag) {
				return false
			}
			n++
		}
		if n == 0 {
			return false
		}
	}
	return rest == ""
}

// repeated reports whether a variant occurs among the variants that follow it.
func repeated(rest, variant string) bool {
	for rest != "" {
		subtag := nextSubtag(&rest)
		if len(subtag) < 4 {
			return false
		}
		if strings.EqualFold(subtag, variant) {
			return true
		}
	}
	return false
}

// privateUse checks 1*("-" (1*8alphanum)) behind the x.
func privateUse(rest string) bool {
	for rest != "" {
		if !wellFormedSubtag(nextSubtag(&rest)) {
			return false
		}
	}
	return true
}

// nextSubtag cuts the part before the next hyphen off rest. An empty subtag
// in the middle of a tag leaves rest not empty, and no rule takes it.
func nextSubtag(rest *string) string {
	subtag, after, found := strings.Cut(*rest, "-")
	if found && after == "" {
		after = "-" // a hyphen at the end: never well-formed
	}
	*rest = after
	return subtag
}

func wellFormedSubtag(s string) bool {
	if len(s) == 0 || len(s) > 8 {
		return false
	}
	for i := range len(s) {
		if !alphanumeric(s[i]) {
			return false
		}
	}
	return true
}

func letters(s string) bool {
	for i := range len(s) {
		if c := lower(s[i]); c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// grandfathered reports whether s is one of the tags of RFC 5646 2.1 that the
// grammar does not generate. The regular ones are generated, and not listed.
func grandfathered(s string) bool {
	for _, tag := range [...]string{
		"en-GB-oed", "i-ami", "i-bnn", "i-default", "i-enochian", "i-hak",
		"i-klingon", "i-lux", "i-mingo", "i-navajo", "i-pwn", "i-tao", "i-tay",
		"i-tsu", "sgn-BE-FR", "sgn-BE-NL", "sgn-CH-DE",
	} {
		if strings.EqualFold(s, tag) {
			return true
		}
	}
	return false
}
