package xapi_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

func hashOf(t *testing.T, body string) [16]byte {
	t.Helper()
	return decode(t, body, xapi.V1).Hash
}

func extension(value string) string { return result(`{"extensions":{"x:y":` + value + `}}`) }

func TestHashIsTheSame(t *testing.T) {
	t.Parallel()
	registration := func(id string) string { return context(`{"registration":"` + id + `"}`) }
	at := func(s string) string { return statement(`"timestamp":"` + s + `"`) }
	lasting := func(s string) string { return result(`{"duration":"` + s + `"}`) }
	activities := func(s string) string { return context(`{"contextActivities":{"parent":` + s + `}}`) }
	for _, c := range []struct {
		name   string
		bodies []string
	}{
		{"id", []string{statement(), statement(`"id":"7ccd3322-e1a5-411a-a67d-6a735c76f119"`)}},
		{"stored, authority, version", []string{statement(), statement(`"version":"1.0.0"`), statement(`"version":"1.0.3"`, `"stored":"2015-03-01T12:00:00Z"`, `"authority":`+oauth)}},
		{"timestamps of one instant", []string{at("2026-03-01T12:00:00Z"), at("2026-03-01T13:00:00.000+01:00"), at("2026-03-01T12:00"), at("20260301T120000.0Z"), at("2026-03-01T07:30:00-0430")}},
		{"verb display", []string{statement(), statement(`"verb":{"display":{"en":"did"},"id":"https://example.com/verbs/did"}`)}},
		{"activity definition", []string{statement(), defined(`{}`), defined(`{"name":{"en":"Q"}}`)}},
		{"definition of a context activity", []string{activities(quiz), activities(`{"id":"https://example.com/quiz","definition":{"type":"x:y"}}`)}},
		{"order of members", []string{`{"actor":` + ada + `,"verb":` + did + `,"object":` + quiz + `}`, `{"object":` + quiz + `,"verb":` + did + `,"actor":` + ada + `}`}},
		{"white space", []string{statement(), strings.NewReplacer(":{", " : {\n", "}", "\t}").Replace(statement())}},
		{"escapes", []string{extension(`"é/a\n"`), extension(`"\u00e9\/\u0061\u000a"`)}},
		{"names in escapes", []string{extension(`{"é":1}`), extension(`{"\u00e9":1}`)}},
		{"numbers", []string{extension("100"), extension("100.000"), extension("1e2"), extension("1E+2"), extension("1000e-1"), extension("0.00001e7"), extension("100e0")}},
		{"fractions", []string{extension("0.1"), extension("0.10"), extension("1e-1"), extension("100e-3"), extension("0.01e1")}},
		{"zeros", []string{extension("0"), extension("-0"), extension("0.000"), extension("0e999999999999999999999"), extension("-0.0e-7")}},
		{"great exponents", []string{extension("1e999999999"), extension("10e999999998"), extension("0.1e1000000000")}},
		{"exponents beyond counting", []string{extension("1e99999999999999999999"), extension("1.0e+99999999999999999999"), extension("1e099999999999999999999")}},
		{"durations beyond hundredths", []string{lasting("PT1.23S"), lasting("PT1.239S"), lasting("PT1.2300000S")}},
		{"durations with zeros", []string{lasting("PT1S"), lasting("PT1.0S"), lasting("PT1.00S"), lasting("PT1.004S")}},
		{"case of UUIDs", []string{registration("ec531277-b57b-4c15-8d91-d292c5b2b8f7"), registration("EC531277-B57B-4C15-8D91-D292C5B2B8F7")}},
		{"case of a StatementRef", []string{statement(`"object":` + ref), statement(`"object":` + strings.Replace(ref, "ccde", "CCDE", 1))}},
		{"case of a sum", []string{statement(`"actor":{"mbox_sha1sum":"cd9b00a5611f94eaa7b1661edab976068e364975"}`), statement(`"actor":{"mbox_sha1sum":"CD9B00A5611F94EAA7B1661EDAB976068E364975"}`)}},
		{"case of an attachment's sum", []string{attachment("", ""), attachment(digest, strings.ToLower(digest))}},
		{"case of a domain", []string{statement(`"actor":{"mbox":"mailto:Ada@example.com"}`), statement(`"actor":{"mbox":"mailto:Ada@Example.COM"}`)}},
		{"order of group members", []string{statement(`"actor":` + people("g", "a", "b", "c")), statement(`"actor":` + people("g", "c", "a", "b"))}},
		{"order of team members, inside", []string{subStatement(`"context":{"team":` + people("", "a", "b") + `}`), subStatement(`"context":{"team":` + people("", "b", "a") + `}`)}},
		{"order of context activities", []string{activities(`[{"id":"x:a"},{"id":"x:b"}]`), activities(`[{"id":"x:b"},{"id":"x:a"}]`)}},
		{"a single context activity", []string{activities(quiz), activities(`[` + quiz + `]`)}},
		{"a single context activity, inside", []string{subStatement(`"context":{"contextActivities":{"other":` + quiz + `}}`), subStatement(`"context":{"contextActivities":{"other":[` + quiz + `]}}`)}},
		{"display and definition, inside", []string{subStatement(), subStatement(`"verb":{"id":"https://example.com/verbs/did","display":{}}`, `"object":{"id":"https://example.com/quiz","definition":{"name":{"en":"Q"}}}`)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			want := hashOf(t, c.bodies[0])
			for _, body := range c.bodies[1:] {
				require.Equal(t, want, hashOf(t, body), "%s\n%s", c.bodies[0], body)
			}
			require.Equal(t, want, decode(t, c.bodies[0], xapi.V2).Hash, "under 2.0")
		})
	}
}

func TestUntimedHash(t *testing.T) {
	t.Parallel()
	untimed := func(body string) [16]byte {
		h, err := xapi.UntimedHash(decode(t, body, xapi.V1).Text)
		require.NoError(t, err)
		return h
	}
	want := hashOf(t, subStatement(`"timestamp":"2026-03-01T12:00:00Z"`))
	require.Equal(t, want, untimed(subStatement(`"timestamp":"2026-03-01T12:00:00Z"`)))
	timed := strings.Replace(subStatement(`"timestamp":"2026-03-01T12:00:00Z"`), "{", `{"timestamp":"2026-04-01T12:00:00Z",`, 1)
	require.NotEqual(t, want, hashOf(t, timed))
	require.Equal(t, want, untimed(timed))
	require.NotEqual(t, want, untimed(subStatement()), "a SubStatement's timestamp is its own")

	stored := envelope.Append(nil, decode(t, statement(), xapi.V1).Text, xapi.V1)
	got, err := xapi.UntimedHash(stored)
	require.NoError(t, err)
	require.Equal(t, hashOf(t, statement()), got)
	_, err = xapi.UntimedHash([]byte("{"))
	require.Equal(t, fault.Internal, fault.KindOf(err))
}

func TestHashDiffers(t *testing.T) {
	t.Parallel()
	group := func(members string) string {
		return statement(`"actor":{"objectType":"Group","member":` + members + `}`)
	}
	bodies := map[string]string{
		"plain":                         statement(),
		"another actor":                 statement(`"actor":{"mbox":"mailto:bob@example.com"}`),
		"another case of an actor":      statement(`"actor":{"mbox":"mailto:Ada@example.com"}`),
		"the actor's type":              statement(`"actor":{"objectType":"Agent","mbox":"mailto:ada@example.com"}`),
		"the actor's name":              statement(`"actor":{"name":"Ada","mbox":"mailto:ada@example.com"}`),
		"another verb":                  statement(`"verb":{"id":"https://example.com/verbs/does"}`),
		"another activity":              statement(`"object":{"id":"https://example.com/quiz2"}`),
		"the activity's type":           statement(`"object":{"objectType":"Activity","id":"https://example.com/quiz"}`),
		"a timestamp":                   statement(`"timestamp":"2026-03-01T12:00:00Z"`),
		"a timestamp 1 ns later":        statement(`"timestamp":"2026-03-01T12:00:00.000000001Z"`),
		"a timestamp 0.1 ns later":      statement(`"timestamp":"2026-03-01T12:00:00.0000000001Z"`),
		"an empty result":               result(`{}`),
		"success":                       result(`{"success":true}`),
		"no success":                    result(`{"success":false}`),
		"completion":                    result(`{"completion":true}`),
		"an hour":                       result(`{"duration":"PT1H"}`),
		"60 minutes":                    result(`{"duration":"PT60M"}`),
		"1.23 seconds":                  result(`{"duration":"PT1.23S"}`),
		"1.24 seconds":                  result(`{"duration":"PT1.24S"}`),
		"1.2 seconds":                   result(`{"duration":"PT1.2S"}`),
		"1.25 hours":                    result(`{"duration":"PT1.25H"}`),
		"1.251 hours":                   result(`{"duration":"PT1.251H"}`),
		"the response 1":                result(`{"response":"1"}`),
		"extension 1":                   extension(`1`),
		"extension -1":                  extension(`-1`),
		"extension 10":                  extension(`10`),
		"extension 0.1":                 extension(`0.1`),
		"extension 1 and a hair":        extension(`1.0000000000000000000000000000000000001`),
		"extension 1e99999999999999999": extension(`1e99999999999999999`),
		"a greater one":                 extension(`1e999999999999999999999`),
		"a small one":                   extension(`1e-999999999999999999999`),
		`extension "1"`:                 extension(`"1"`),
		"extension true":                extension(`true`),
		"extension null":                extension(`null`),
		"extension {}":                  extension(`{}`),
		"extension []":                  extension(`[]`),
		"extension [[]]":                extension(`[[]]`),
		"extension [{}]":                extension(`[{}]`),
		"an extension's list":           extension(`[1,2]`),
		"an extension's list, turned":   extension(`[2,1]`),
		"an extension's list in one":    extension(`[12]`),
		"an extension's strings":        extension(`["a","b"]`),
		"an extension's string":         extension(`["ab"]`),
		"an extension's NUL":            extension(`["a\u0000b"]`),
		"an extension's case":           extension(`"A"`),
		"an extension's display":        extension(`{"display":1,"id":2}`),
		"an extension's other display":  extension(`{"display":2,"id":2}`),
		"a group":                       group(`[` + person("a") + `]`),
		"a group of two":                group(`[` + person("a") + `,` + person("b") + `]`),
		"a group of two the same":       group(`[` + person("a") + `,` + person("a") + `]`),
		"no context activities":         context(`{"contextActivities":{}}`),
		"no parent":                     context(`{"contextActivities":{"parent":[]}}`),
		"a parent":                      context(`{"contextActivities":{"parent":[{"id":"x:y"}]}}`),
		"a grouping":                    context(`{"contextActivities":{"grouping":[{"id":"x:y"}]}}`),
		"a reference":                   statement(`"object":` + ref),
		"a reference in context":        context(`{"statement":` + ref + `}`),
		"a SubStatement":                subStatement(),
		"a SubStatement's timestamp":    subStatement(`"timestamp":"2026-03-01T12:00:00Z"`),
		"no attachments":                statement(`"attachments":[]`),
		"an attachment":                 attachment("", ""),
		"another attachment":            attachment("4953", "4954"),
	}
	seen := map[[16]byte]string{}
	for name, body := range bodies {
		h := hashOf(t, body)
		require.Empty(t, seen[h], "%s has the hash of %s", name, seen[h])
		seen[h] = name
	}
}

func TestHashIsInvariant(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := anyStatement().Draw(t, "statement")
		write := func() string {
			var b strings.Builder
			v.write(t, &b)
			return b.String()
		}
		first, second := write(), write()
		a, err := xapi.Decode([]byte(first), xapi.V1, xapi.Limits{})
		require.NoError(t, err, first)
		b, err := xapi.Decode([]byte(second), xapi.V1, xapi.Limits{})
		require.NoError(t, err, second)
		require.Equal(t, a.Statements[0].Hash, b.Statements[0].Hash, "%s\n%s", first, second)
		require.Equal(t, a.Statements[0].Terms, b.Statements[0].Terms)
		require.Equal(t, a.Statements[0].Timestamp, b.Statements[0].Timestamp)
	})
}

func TestTextInItsEnvelopeIsAFixedPoint(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		anyStatement().Draw(t, "statement").write(t, &b)
		first, err := xapi.Decode([]byte(b.String()), xapi.V1, xapi.Limits{})
		require.NoError(t, err)
		want := first.Statements[0]

		batch, err := xapi.Decode(envelope.Append(nil, want.Text, xapi.V1), xapi.V1, xapi.Limits{})
		require.NoError(t, err)
		got := batch.Statements[0]
		require.Equal(t, envelope.ID, got.ID)
		if want.Timestamp.IsZero() {
			// The envelope has added one.
			require.False(t, got.Timestamp.IsZero())
			return
		}
		require.Equal(t, string(want.Text), string(got.Text))
		want.ID = got.ID
		require.Equal(t, want, got)
	})
}
