package xapi_test

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/language"

	"github.com/stoa-lrs/stoa/internal/xapi"
)

// full has every place that a format speaks of, and traps: members in unusual
// order, escaped names, members of extensions that are called like those.
const full = `{
	"id":"7e5a1d1e-5c3c-4f0a-9d0d-0f3a3a1f0001",
	"actor":{"name":"Ann","mbox":"mailto:ann@example.org","objectType":"Agent"},
	"v\u0065rb":{"display":{"en-US":"did","en-GB":"did, old chap"},"id":"http://example.org/did"},
	"object":{
		"actor":{"member":[{"name":"Bob","openid":"http://bob.example.org/"},{"account":{"name":"c","homePage":"http://h.example.org"},"name":"Cy"}],"objectType":"Group","name":"Team"},
		"verb":{"id":"http://example.org/saw","display":{"de":"sah"}},
		"object":{"id":"http://example.org/a","objectType":"Activity","definition":{
			"name":{"de":"Ä","en":"A"},"description":{"fr":"f","de":"d"},"type":"http://example.org/t",
			"interactionType":"choice","correctResponsesPattern":["a"],
			"choices":[{"id":"a","description":{"en":"one","de":"eins"}},{"id":"b"}],
			"extensions":{"http://example.org/name":{"name":{"en":"x","de":"y"}}}}},
		"context":{"contextActivities":{"parent":[{"id":"http://example.org/p","definition":{"name":{"en":"P","de":"Q"}}}]}},
		"objectType":"SubStatement"},
	"context":{
		"instructor":{"mbox_sha1sum":"da39a3ee5e6b4b0d3255bfef95601890afd80709","name":"I"},
		"team":{"objectType":"Group","name":"T","mbox":"mailto:t@example.org","member":[{"mbox":"mailto:u@example.org"}]},
		"contextActivities":{"grouping":{"id":"http://example.org/g","definition":{"name":{"en":"G","de":"H"}}}},
		"contextAgents":[{"objectType":"contextAgent","agent":{"name":"X","mbox":"mailto:x@example.org"},"relevantTypes":["http://example.org/r"]}],
		"contextGroups":[{"objectType":"contextGroup","group":{"objectType":"Group","name":"Y","mbox":"mailto:y@example.org"}}],
		"extensions":{"http://example.org/e":{"actor":{"name":"kept","mbox":"kept"}}}},
	"attachments":[{"usageType":"http://example.org/u","display":{"en":"D","de":"E"},"description":{"en":"F","de":"G"},"contentType":"text/plain","length":1.0,"sha2":"00"}],
	"authority":{"objectType":"Agent","name":"Au","account":{"homePage":"http://h.example.org","name":"au"}},
	"result":{"score":{"raw":1e2}},
	"stored":"2026-01-02T03:04:05.000000Z"
}`

func TestFormatExactKeepsEveryByte(t *testing.T) {
	t.Parallel()
	got, err := xapi.FormatStatement([]byte("before "), []byte(full), xapi.FormatExact, nil)
	require.NoError(t, err)
	require.Equal(t, "before "+full, string(got))
}

func TestFormatIDs(t *testing.T) {
	t.Parallel()
	got, err := xapi.FormatStatement(nil, []byte(full), xapi.FormatIDs, []language.Tag{language.German})
	require.NoError(t, err)
	require.JSONEq(t, `{
	"id":"7e5a1d1e-5c3c-4f0a-9d0d-0f3a3a1f0001",
	"actor":{"mbox":"mailto:ann@example.org","objectType":"Agent"},
	"verb":{"id":"http://example.org/did"},
	"object":{
		"actor":{"member":[{"openid":"http://bob.example.org/"},{"account":{"name":"c","homePage":"http://h.example.org"}}],"objectType":"Group"},
		"verb":{"id":"http://example.org/saw"},
		"object":{"id":"http://example.org/a"},
		"context":{"contextActivities":{"parent":[{"id":"http://example.org/p"}]}},
		"objectType":"SubStatement"},
	"context":{
		"instructor":{"mbox_sha1sum":"da39a3ee5e6b4b0d3255bfef95601890afd80709"},
		"team":{"objectType":"Group","mbox":"mailto:t@example.org"},
		"contextActivities":{"grouping":{"id":"http://example.org/g"}},
		"contextAgents":[{"objectType":"contextAgent","agent":{"mbox":"mailto:x@example.org"},"relevantTypes":["http://example.org/r"]}],
		"contextGroups":[{"objectType":"contextGroup","group":{"objectType":"Group","mbox":"mailto:y@example.org"}}],
		"extensions":{"http://example.org/e":{"actor":{"name":"kept","mbox":"kept"}}}},
	"attachments":[{"usageType":"http://example.org/u","display":{"en":"D","de":"E"},"description":{"en":"F","de":"G"},"contentType":"text/plain","length":1.0,"sha2":"00"}],
	"authority":{"objectType":"Agent","account":{"homePage":"http://h.example.org","name":"au"}},
	"result":{"score":{"raw":1e2}},
	"stored":"2026-01-02T03:04:05.000000Z"
}`, string(got))
	require.Contains(t, string(got), `1e2`, "numbers keep their text")
}

func TestFormatCanonical(t *testing.T) {
	t.Parallel()
	got, err := xapi.FormatStatement(nil, []byte(full), xapi.FormatCanonical, []language.Tag{language.German, language.BritishEnglish})
	require.NoError(t, err)
	want := full
	for old, chosen := range map[string]string{
		`{"en-US":"did","en-GB":"did, old chap"}`: `{"en-GB":"did, old chap"}`,
		`"name":{"de":"Ä","en":"A"}`:              `"name":{"de":"Ä"}`,
		`{"fr":"f","de":"d"}`:                     `{"de":"d"}`,
		`{"en":"one","de":"eins"}`:                `{"de":"eins"}`,
		`{"en":"P","de":"Q"}`:                     `{"de":"Q"}`,
		`{"en":"G","de":"H"}`:                     `{"de":"H"}`,
		`{"en":"D","de":"E"}`:                     `{"de":"E"}`,
		`{"en":"F","de":"G"}`:                     `{"de":"G"}`,
	} {
		require.Contains(t, want, old)
		want = strings.Replace(want, old, chosen, 1)
	}
	require.JSONEq(t, want, string(got))
}

func TestFormatCanonicalChoosesALanguage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ langs, keys, want string }{
		{"", "fr,en", "fr"},                        // no wish: the author's first
		{"ja", "fr,en", "fr"},                      // nothing near
		{"*", "fr,en", "fr"},                       //
		{"en-GB", "en-US,en-GB", "en-GB"},          // exact
		{"EN-gb", "en-US,en-gb", "en-gb"},          // in any letter case
		{"en-AU", "fr,en-US", "en-US"},             // near
		{"en", "fr,en-US", "en-US"},                // a range covers its parts
		{"de-CH", "fr,de", "de"},                   // the general one will do
		{"fr;q=0.5,de", "fr,de", "de"},             // by quality
		{"ja,fr;q=0.1", "en,fr", "fr"},             // second wish
		{"zh-TW", "zh-Hans,zh-Hant", "zh-Hant"},    // scripts
		{"x-klingon", "en,x-klingon", "x-klingon"}, // private use, letter by letter
		{"de", "e_n,de", "de"},                     // a key that is no tag is passed over
	} {
		var m []string
		for key := range strings.SplitSeq(c.keys, ",") {
			m = append(m, `"`+key+`":"text"`)
		}
		text := `{"verb":{"id":"http://example.org/v","display":{` + strings.Join(m, ",") + `}}}`
		got, err := xapi.FormatStatement(nil, []byte(text), xapi.FormatCanonical, xapi.ParseAcceptLanguage(c.langs))
		require.NoError(t, err)
		require.Equal(t, `{"verb":{"id":"http://example.org/v","display":{"`+c.want+`":"text"}}}`, string(got), "%+v", c)
	}
}

func TestFormatterRemembersWithoutMixingUp(t *testing.T) {
	t.Parallel()
	f := xapi.NewFormatter(xapi.FormatCanonical, []language.Tag{language.German})
	var got []byte
	for _, m := range []string{`{"en":"1","de":"2"}`, `{"de":"3","en":"4"}`, `{"en":"5","de":"6"}`, `{}`, `{"en":"7"}`} {
		var err error
		got, err = f.Append(got, []byte(`{"verb":{"display":`+m+`}}`))
		require.NoError(t, err)
	}
	require.Equal(t, `{"verb":{"display":{"de":"2"}}}{"verb":{"display":{"de":"3"}}}{"verb":{"display":{"de":"6"}}}`+
		`{"verb":{"display":{}}}{"verb":{"display":{"en":"7"}}}`, string(got))
}

func TestFormatRefusesWhatIsNoStatement(t *testing.T) {
	t.Parallel()
	for _, text := range []string{``, `7`, `"x"`, `{"verb"`, `{"verb":`, `{"verb":{"id":"x}}`, `{"verb":7}`, `{7:8}`} {
		for _, f := range []xapi.Format{xapi.FormatIDs, xapi.FormatCanonical} {
			got, err := xapi.FormatStatement([]byte("before"), []byte(text), f, nil)
			if err == nil {
				require.Equal(t, "before"+text, string(got))
				continue
			}
			require.Equal(t, "before", string(got), text)
		}
	}
}

func FuzzFormatStatement(f *testing.F) {
	f.Add([]byte(full), byte(1), "de")
	f.Add([]byte(`{"verb":{"display":{"en":"\ud83d\ude00","de":"\\"}}}`), byte(2), "de;q=0.5")
	f.Fuzz(func(t *testing.T, text []byte, format byte, header string) {
		got, err := xapi.FormatStatement(nil, text, xapi.Format(format%3), xapi.ParseAcceptLanguage(header))
		if err == nil && jsontext.Value(text).IsValid() {
			require.True(t, jsontext.Value(got).IsValid(), "%s\n%s", text, got)
			again, err := xapi.FormatStatement(nil, got, xapi.Format(format%3), xapi.ParseAcceptLanguage(header))
			require.NoError(t, err)
			require.Equal(t, string(got), string(again), "formatting twice changes nothing more")
		}
	})
}

func TestFormatsOfWhatWasDecoded(t *testing.T) {
	t.Parallel()
	sent := strings.NewReplacer(`"sha2":"00"`, `"sha2":"`+sum("hello")+`","fileUrl":"http://example.org/f"`, `"length":1.0`, `"length":1`).Replace(full)
	batch, err := xapi.Decode([]byte(sent), xapi.V2, xapi.Limits{})
	require.NoError(t, err)
	was := batch.Statements[0]
	exact := envelope.Append(nil, was.Text, xapi.V2)
	for _, f := range []xapi.Format{xapi.FormatExact, xapi.FormatIDs, xapi.FormatCanonical} {
		text, err := xapi.FormatStatement(nil, exact, f, []language.Tag{language.German})
		require.NoError(t, err)
		batch, err := xapi.Decode(text, xapi.V2, xapi.Limits{})
		require.NoError(t, err, "what is returned in %s can be sent again", f)
		is := batch.Statements[0]
		require.Equal(t, was.Actor, is.Actor)
		require.Equal(t, was.Verb, is.Verb)
		require.Equal(t, was.Activity, is.Activity)
		require.Equal(t, envelope.ID, is.ID)
		require.Equal(t, envelope.Stored, is.Timestamp.In(envelope.Stored.Location()))
	}
}
