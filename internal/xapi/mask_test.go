package xapi_test

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/xapi"
)

func pseudonym(identity string) (account, name string, err error) {
	const digits = "abcdefghijklmnopqrstuvwxyz"
	n := 0
	for _, c := range identity {
		n = (n*31 + int(c)) % 17576
	}
	name = string([]byte{digits[n%26], digits[n/26%26], digits[n/676]})
	return "p" + name, "Learner " + strings.ToUpper(name), nil
}

const personal = `{"id":"7e5a1d1e-5c3c-4f0a-9d0d-0f3a3a1f0001","version":"1.0.0","stored":"2026-01-01T00:00:00Z","timestamp":"2026-01-01T00:00:00Z",
"unknown":"Lovelace","authority":{"objectType":"Agent","account":{"homePage":"https://lrs.example.com","name":"1-k"}},
"actor":{"objectType":"Group","name":"Analytical Engineers","member":[{"name":"Ada Lovelace","mbox":"mailto:Ada.Byron@example.org"},{"account":{"homePage":"http://hr.example.org","name":"E-4711"},"name":"Charles Babbage"}]},
"verb":{"id":"http://adlnet.gov/expapi/verbs/completed","display":{"en":"completed","de":"von LOVELACE abgeschlossen"}},
"object":{"objectType":"SubStatement","actor":{"openid":"http://turing.example.org/"},"verb":{"id":"http://example.org/did"},
  "object":{"id":"http://example.org/people/ada%2Ebyron%40example.org/home","definition":{"name":{"en":"Forklift safety","fr":"for 4711 and e-4711"},"extensions":{"http://example.org/badge":4711}}},
  "result":{"response":"I am Ada","extensions":{"http://example.org/ada.byron":"x"}}},
"result":{"score":{"scaled":0.92},"success":true,"duration":"PT4M","response":"Grace Hopper","extensions":{"http://example.org/x":{"deep":["Hopper"]},"http://example.org/late":true}},
"context":{"registration":"7e5a1d1e-5c3c-4f0a-9d0d-0f3a3a1f0002","instructor":{"mbox_sha1sum":"da39a3ee5e6b4b0d3255bfef95601890afd80709","name":"Grace Hopper"},
  "platform":"hr for Hopper","language":"en","contextActivities":{"parent":[{"id":"http://example.org/course"}]},
  "contextAgents":[{"objectType":"contextAgent","agent":{"mbox":"mailto:kj@example.org","name":"Katherine Johnson"},"relevantTypes":["http://example.org/t"]}],
  "extensions":{"http://example.org/employee":"E-4711"}},
"attachments":[{"usageType":"http://example.org/u","display":{"en":"Babbage's photo"},"contentType":"image/png","length":3,"sha2":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","fileUrl":"http://files.example.org/x"}]}`

func TestMaskLeavesNobodyRecognisable(t *testing.T) {
	t.Parallel()
	out, err := xapi.Mask(nil, []byte(personal), pseudonym)
	require.NoError(t, err)
	require.True(t, jsontext.Value(out).IsValid(), "%s", out)
	lower := strings.ToLower(string(out))
	for _, secret := range []string{
		"ada", "lovelace", "byron", "babbage", "charles", "4711", "turing", "grace", "hopper", "da39a3", "katherine", "johnson",
		"kj@", "@", "%40", "engineers", "unknown", "files.example.org", "hr.example.org",
	} {
		require.NotContains(t, lower, secret)
	}
	for _, kept := range []string{
		`"id":"7e5a1d1e-5c3c-4f0a-9d0d-0f3a3a1f0001"`, `"scaled":0.92`, `"success":true`, `"duration":"PT4M"`, `"en":"completed"`,
		`"name":"1-k"`, `"Forklift safety"`, `"http://example.org/late":true`, `"registration"`, `"http://example.org/course"`, `"length":3`,
		`"objectType":"SubStatement"`, xapi.PseudonymHome,
	} {
		require.Contains(t, string(out), kept)
	}
	// A masked statement has the same shape: it is a statement, and its people can be told apart.
	require.Equal(t, 5, strings.Count(string(out), `"homePage":"`+xapi.PseudonymHome+`"`))
	masked, err := xapi.TermsOf(out)
	require.NoError(t, err)
	original, err := xapi.TermsOf([]byte(personal))
	require.NoError(t, err)
	require.Len(t, masked.Terms, len(original.Terms))
}

func TestMaskIsTheSameForOnePerson(t *testing.T) {
	t.Parallel()
	one, err := xapi.Mask(nil, []byte(`{"actor":{"mbox":"mailto:a@example.org","name":"A"},"verb":{"id":"http://x.org/v"},"object":{"objectType":"StatementRef","id":"7e5a1d1e-5c3c-4f0a-9d0d-0f3a3a1f0001"}}`), pseudonym)
	require.NoError(t, err)
	two, err := xapi.Mask(nil, []byte(`{"actor":{"objectType":"Agent","mbox":"mailto:a@EXAMPLE.org"},"verb":{"id":"http://x.org/v"},"object":{"id":"7e5a1d1e-5c3c-4f0a-9d0d-0f3a3a1f0001","objectType":"StatementRef"}}`), pseudonym)
	require.NoError(t, err)
	require.Equal(t, xapi.ActorOf(one), xapi.ActorOf(two))
	require.Contains(t, string(one), `"id":"7e5a1d1e-5c3c-4f0a-9d0d-0f3a3a1f0001"`)
}

// Every spelling of a name is hidden, and what only looks like one is not.
func TestMaskKnowsNamesInAllSpellings(t *testing.T) {
	t.Parallel()
	for text, hidden := range map[string]bool{
		"100% ada%40example.org":                true,
		"%zz by %41da":                          true,
		"w%2525C3%2525A4chter":                  true,
		"for W\u00e4chter":                      true,
		"for Wa\u0308chter":                     true,
		"for Wa\u0308CHTER":                     true,
		"Ada's course":                          true,
		"by Li":                                 true,
		"adapt to Lisbon":                       false,
		"score of 100%":                         false,
		"50%25 of %2541":                        false,
		"http://example.org/a%2Fb":              false,
		"http://example.org/?q=%2525252541%2A%": true, // encoded too often to look into
	} {
		out, err := xapi.Mask(nil, []byte(`{"actor":{"mbox":"mailto:a.b@example.org","name":"Ada Li Wächter"},"verb":{"id":"http://x.org/v"},"object":{"id":"http://x.org/o","definition":{"name":{"en":"`+text+`"}}}}`), pseudonym)
		require.NoError(t, err)
		require.Equal(t, hidden, !strings.Contains(string(out), text), "%s: %s", text, out)
	}
}

// Whatever Decode accepts is masked into JSON that holds no address and none of its agents' names.
func FuzzMask(f *testing.F) {
	f.Add([]byte(personal))
	f.Fuzz(func(t *testing.T, body []byte) {
		b, err := xapi.Decode(body, xapi.V2, xapi.Limits{})
		if err != nil {
			return
		}
		for _, s := range b.Statements {
			out, err := xapi.Mask(nil, s.Text, pseudonym)
			require.NoError(t, err)
			require.True(t, jsontext.Value(out).IsValid(jsontext.AllowDuplicateNames(true)), "%s", out)
			require.NotContains(t, string(out), "@")
		}
	})
}
