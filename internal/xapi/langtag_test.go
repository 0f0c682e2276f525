package xapi

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/language"
)

func TestValidLanguageTag(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"en", "de", "fil", "tlh", "EN", "en-US", "en-us", "zh-Hant", "zh-Hant-TW", "sr-Latn-RS", "es-419", "sl-rozaj-biske", "de-CH-1901", "sl-IT-nedis",
		"de-CH-x-phonebk", "az-Arab-x-AZE-derbend", "x-whatever", "x-a-b-c", "en-a-myext-b-another", "en-u-ca-buddhist", "ar-a-aaa-b-bbb",
		"zh-cmn-Hans-CN", "zh-yue", "zh-min-nan", "hy-Latn-IT-arevela", "qaa-Qaaa-QM-x-southern", "abcd", "abcde", "abcdefgh", "en-1abc", "und", "mul",
		"i-klingon", "I-KLINGON", "en-GB-oed", "sgn-BE-FR", "art-lojban", "cel-gaulish", "qqq-Zzzz-QQ", "zz",
		"en-t-jp-x-y",
	} {
		require.True(t, validLanguageTag(s), s)
	}
	for _, s := range []string{
		"", "a", "1", "en_US", "en-", "-en", "en--US", "en-US-", "a12345", "a12345678", "something", "12", "e1", "é", "en-é", "en US", " en", "en\n",
		"i-unknown", "x", "x-", "x-123456789", "en-x", "en-x-", "en-u", "en-u-", "en-u-x", "en-u-a", "en-a-bbb-a-ccc", "en-A-bbb-a-ccc",
		"de-1901-1901", "de-rozaj-1901-ROZAJ", "en-US-GB", "en-Latn-Cyrl", "en-12", "en-1234567890", "abcde-abc", "zh-aaa-bbb-ccc-ddd",
		"en-u-ca_b", "en-x-a_b", "en-$", "en-a-$$", "en-US-Latn", strings.Repeat("en-", 100) + "x",
		"en" + strings.Repeat("-abcde", 100), "en" + strings.Repeat("-a1b2c", 100_000),
	} {
		require.False(t, validLanguageTag(s), "%.80q", s)
	}
}

func FuzzValidLanguageTag(f *testing.F) {
	for _, s := range []string{"en-US", "sl-rozaj-biske-1994", "en-a-myext-b-another-x-c", "i-klingon", "zh-cmn-Hans-CN", "en_US"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := validLanguageTag(s)
		if got {
			require.True(t, validLanguageTag(strings.ToUpper(s)) && validLanguageTag(strings.ToLower(s)), "of one case")
		}
		// x/text knows fewer tags, takes underscores, and repeats of
		// extensions; what it takes otherwise must be taken here.
		if _, err := language.Parse(s); err == nil && !got {
			require.True(t, strings.Contains(s, "_") || lenient(s), "x/text takes %q", s)
		}
	})
}

// lenient reports whether x/text takes s although RFC 5646 does not generate it.
func lenient(s string) bool {
	parts := strings.Split(strings.ToLower(s), "-")
	seen := map[string]bool{}
	for _, p := range parts {
		if seen[p] || p == "root" || len(p) == 1 {
			return true
		}
		seen[p] = true
	}
	return s == "" || len(s) > 255
}
