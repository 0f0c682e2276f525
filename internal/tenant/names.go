package tenant

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// The same rule stands in the schema: slugs become host names and paths.
var slugShape = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func checkSlug(slug string) error {
	if !slugShape.MatchString(slug) {
		return fault.New(fault.Invalid,
			"the slug %q is not valid: 1 to 63 characters a-z, 0-9 and -, not beginning or ending with -", slug)
	}
	return nil
}

// queryable is text as a query can carry it: what the database cannot hold
// becomes U+FFFD, which stands in no name.
func queryable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

func checkName(name string) error {
	switch n := utf8.RuneCountInString(name); {
	case !utf8.ValidString(name), strings.ContainsFunc(name, unicode.IsControl):
		return fault.New(fault.Invalid, "the name %q is not valid: it must be UTF-8 without control characters", name)
	case strings.TrimSpace(name) != name, n == 0, n > 200:
		return fault.New(fault.Invalid, "the name %q is not valid: 1 to 200 characters, no space at either end", name)
	}
	return nil
}
