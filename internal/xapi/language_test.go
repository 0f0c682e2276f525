package xapi_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/language"

	"github.com/stoa-lrs/stoa/internal/xapi"
)

func TestParseAcceptLanguage(t *testing.T) {
	t.Parallel()
	for header, want := range map[string][]string{
		"":                            {},
		"de":                          {"de"},
		"de-CH, en;q=0.7, fr;q=0.9":   {"de-CH", "fr", "en"},
		"en;q=0.5,de;q=0.5":           {"en", "de"},
		"en;q=0":                      {},
		"nonsense!!, en-US":           {"en-US"},
		"en;q=broken, fr":             {"fr"},
		"*":                           {"mul"},
		"de, de-DE;q=0.9, *;q=0.1,,,": {"de", "de-DE", "mul"},
	} {
		got := []string{}
		for _, tag := range xapi.ParseAcceptLanguage(header) {
			got = append(got, tag.String())
		}
		require.Equal(t, want, got, header)
	}
}

func TestParseAcceptLanguageIsBounded(t *testing.T) {
	t.Parallel()
	require.Len(t, xapi.ParseAcceptLanguage(strings.Repeat("en,", 100_000)), 32)
	require.Empty(t, xapi.ParseAcceptLanguage(strings.Repeat("-", 100_000)))
	require.Empty(t, xapi.ParseAcceptLanguage(strings.Repeat("a", 1025)))
	// The tag that is cut in half is left out, not misread.
	require.Equal(t, []language.Tag{language.German},
		xapi.ParseAcceptLanguage("de,"+strings.Repeat("-", 1018)+",en-GB"))
}
