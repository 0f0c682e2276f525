package xapi_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

const (
	ada   = `{"mbox":"mailto:ada@example.com"}`
	group = `{"objectType":"Group","mbox":"mailto:team@example.com"}`
	did   = `{"id":"https://example.com/verbs/did"}`
	quiz  = `{"id":"https://example.com/quiz"}`
	ref   = `{"objectType":"StatementRef","id":"8f87ccde-bb56-4c2e-ab83-44982ef22df0"}`
)

// statement returns the JSON of a valid statement with members put in place of
// its own or added: `"actor":…` replaces the actor, `"result":…` is added, and
// `"verb"` alone leaves the verb out.
func statement(members ...string) string {
	own := []string{`"actor":` + ada, `"verb":` + did, `"object":` + quiz}
	for _, m := range members {
		name, _, filled := strings.Cut(m, ":")
		placed := false
		for i, o := range own {
			if strings.HasPrefix(o, name+":") {
				own[i], placed = m, true
				if !filled {
					own = append(own[:i], own[i+1:]...)
				}
				break
			}
		}
		if !placed && filled {
			own = append(own, m)
		}
	}
	return "{" + strings.Join(own, ",") + "}"
}

// subStatement is statement as the object of a SubStatement.
func subStatement(members ...string) string {
	return statement(`"object":{"objectType":"SubStatement",` + statement(members...)[1:])
}

// broken is one rule that a statement breaks.
type broken struct{ path, rule, section1, section2 string }

// refusal is a statement and all that is wrong with it, under 1.0.3 and 2.0.
type refusal struct {
	name      string
	statement string
	want      []broken
}

func testRefusals(t *testing.T, cases []refusal) {
	t.Helper()
	for _, c := range cases {
		for _, v := range xapi.Versions {
			t.Run(c.name+" under "+v.String(), func(t *testing.T) {
				t.Parallel()
				var want []fault.Violation
				for _, b := range c.want {
					spec := "xAPI 1.0.3 Data " + b.section1
					if v == xapi.V2 {
						spec = "xAPI 2.0 " + b.section2
					}
					want = append(want, fault.Violation{Path: b.path, Rule: b.rule, Spec: spec})
				}
				require.ElementsMatch(t, want, violations(t, c.statement, v))
			})
		}
	}
}

// violations decodes a body that must be refused, and returns why it was.
func violations(t *testing.T, body string, v xapi.Version) []fault.Violation {
	t.Helper()
	batch, err := xapi.Decode([]byte(body), v, xapi.Limits{})
	require.Error(t, err, body)
	require.Nil(t, batch)
	f, ok := errors.AsType[*fault.Error](err)
	require.True(t, ok)
	require.Equal(t, fault.Invalid, f.Kind)
	return f.Violations
}

// decode decodes one statement that must be accepted.
func decode(t *testing.T, body string, v xapi.Version) xapi.Statement {
	t.Helper()
	batch, err := xapi.Decode([]byte(body), v, xapi.Limits{})
	require.NoError(t, err, body)
	require.Len(t, batch.Statements, 1)
	return batch.Statements[0]
}

func testAccepted(t *testing.T, statements map[string]string) {
	t.Helper()
	for name, body := range statements {
		for _, v := range xapi.Versions {
			t.Run(name+" under "+v.String(), func(t *testing.T) {
				t.Parallel()
				decode(t, body, v)
			})
		}
	}
}

func TestStatementAccepted(t *testing.T) {
	t.Parallel()
	testAccepted(t, map[string]string{
		"the least there is":        statement(),
		"everything":                typical,
		"an id in capitals":         statement(`"id":"7CCD3322-E1A5-411A-A67D-6A735C76F119"`),
		"an id without variant":     statement(`"id":"12345678-1234-5678-1234-567812345678"`),
		"a stored of the client":    statement(`"stored":"2015-03-01T12:00:00Z"`),
		"a timestamp to come":       statement(`"timestamp":"2999-03-01T12:00:00Z"`),
		"a version of 1.0":          statement(`"version":"1.0"`),
		"a version of 1.0.9":        statement(`"version":"1.0.9"`),
		"a version of 1.0.0-rc1":    statement(`"version":"1.0.0-rc1"`),
		"members in another order":  `{"object":` + quiz + `,"verb":` + did + `,"actor":` + ada + `}`,
		"names written in escapes":  `{"\u0061ctor":` + ada + `,"verb":` + did + `,"object":` + quiz + `}`,
		"an open edX course":        statement(`"object":{"id":"course-v1:edX+DemoX+2026"}`),
		"an IRI beyond ASCII":       statement(`"verb":{"id":"http://example.com/فعل/خواندن"}`),
		"empty language maps":       statement(`"verb":{"id":"https://example.com/did","display":{}}`),
		"unknown language tags":     statement(`"verb":{"id":"https://example.com/did","display":{"qqq-Zzzz-QQ-x-any":"did"}}`),
		"a SubStatement":            subStatement(),
		"a future SubStatement":     subStatement(`"timestamp":"2999-03-01T12:00:00Z"`),
		"a SubStatement of a group": subStatement(`"actor":`+group, `"object":`+ref),
	})
}

func TestStatementRefused(t *testing.T) {
	t.Parallel()
	const names = "id, actor, verb, object, result, context, timestamp, stored, authority, version, attachments"
	testRefusals(t, []refusal{
		{"nothing in it", `{}`, []broken{
			{"", `a statement must have the property "actor"`, "2.2", "4.2.1"},
			{"", `a statement must have the property "verb"`, "2.2", "4.2.1"},
			{"", `a statement must have the property "object"`, "2.2", "4.2.1"},
		}},
		{"no actor", statement(`"actor"`), []broken{{"", `a statement must have the property "actor"`, "2.2", "4.2.1"}}},
		{"no verb", statement(`"verb"`), []broken{{"", `a statement must have the property "verb"`, "2.2", "4.2.1"}}},
		{"no object", statement(`"object"`), []broken{{"", `a statement must have the property "object"`, "2.2", "4.2.1"}}},
		{"a string", `"statement"`, []broken{{"", "must be an object, not a string", "2.4", "4.2.2"}}},
		{"null", `null`, []broken{{"", "must not be null: leave the property out; only extensions may hold null", "2.2", "4.2.1"}}},
		{"wrong case", statement(`"Result":{}`), []broken{{"/Result", `"Result" must be written "result": names are case-sensitive`, "2.2", "4.2.1"}}},
		{"unknown property", statement(`"extra":1`), []broken{{"/extra", `"extra" is no property of a statement: it may have ` + names, "2.2", "4.2.1"}}},
		{"a name to escape in a pointer", statement(`"a/b~c":1`), []broken{{"/a~1b~0c", `"a/b~c" is no property of a statement: it may have ` + names, "2.2", "4.2.1"}}},
		{"null in place of an object", statement(`"result":null`), []broken{{"/result", "must not be null: leave the property out; only extensions may hold null", "2.2", "4.2.1"}}},

		{"id no UUID", statement(`"id":"AA97B177-9383-4934-8543-0F91A7A028368"`), []broken{{"/id", `must be a UUID like 6f2c7b1e-3f0a-4c39-9f5b-0c8b3c1f7a11, not "AA97B177-9383-4934-8543-0F91A7A028368"`, "2.4.1", "4.2.4.2"}}},
		{"id in braces", statement(`"id":"{7ccd3322-e1a5-411a-a67d-6a735c76f119}"`), []broken{{"/id", `must be a UUID like 6f2c7b1e-3f0a-4c39-9f5b-0c8b3c1f7a11, not "{7ccd3322-e1a5-411a-a67d-6a735c76f119}"`, "2.4.1", "4.2.4.2"}}},
		{"id a number", statement(`"id":12345`), []broken{{"/id", "must be a string, not a number", "2.4.1", "4.2.4.2"}}},
		{"id nil", statement(`"id":"00000000-0000-0000-0000-000000000000"`), []broken{{"/id", "must not be the nil UUID: it names nothing", "2.4.1", "4.2.4.2"}}},

		{"timestamp no time", statement(`"timestamp":"01/011/2015"`), []broken{{"/timestamp", `must be a timestamp like 2026-03-01T12:30:00.000Z, not "01/011/2015"`, "2.4.7", "4.2.4.2"}}},
		{"timestamp of unknown offset", statement(`"timestamp":"2008-09-15T15:53:00.601-00:00"`), []broken{{"/timestamp", `must be a timestamp like 2026-03-01T12:30:00.000Z, not "2008-09-15T15:53:00.601-00:00"`, "2.4.7", "4.2.4.2"}}},
		{"timestamp a number", statement(`"timestamp":1425211200`), []broken{{"/timestamp", "must be a string, not a number", "2.4.7", "4.2.4.2"}}},
		{"stored no time", statement(`"stored":"today"`), []broken{{"/stored", `must be a timestamp like 2026-03-01T12:30:00.000Z, not "today"`, "2.4.8", "4.2.4.2"}}},
		{"version an object", statement(`"version":{}`), []broken{{"/version", "must be a string, not an object", "2.4.10", "4.2.4.3"}}},

		{"verb a string", statement(`"verb":"did"`), []broken{{"/verb", "must be an object, not a string", "2.4.3", "4.2.2.2"}}},
		{"verb without id", statement(`"verb":{"display":{"en":"did"}}`), []broken{{"/verb", `a verb must have the property "id"`, "2.4.3", "4.2.2.2"}}},
		{"verb no IRI", statement(`"verb":{"id":"did"}`), []broken{{"/verb/id", `must be an IRI with a scheme, like https://example.com/a, not "did"`, "2.4.3", "4.2.2.2"}}},
		{"verb unknown property", statement(`"verb":{"id":"https://example.com/did","name":{}}`), []broken{{"/verb/name", `"name" is no property of a verb: it may have id, display`, "2.4.3", "4.2.2.2"}}},
		{"display a string", statement(`"verb":{"id":"https://example.com/did","display":"did"}`), []broken{{"/verb/display", "must be an object, not a string", "2.4.3", "4.2.2.2"}}},
		{"display of a number", statement(`"verb":{"id":"https://example.com/did","display":{"en":1}}`), []broken{{"/verb/display/en", "must be a string, not a number", "4.2", "4.2.7"}}},
		{"display of null", statement(`"verb":{"id":"https://example.com/did","display":{"en":null}}`), []broken{{"/verb/display/en", "must not be null: leave the property out; only extensions may hold null", "2.2", "4.2.1"}}},
		{"display in no language", statement(`"verb":{"id":"https://example.com/did","display":{"en_US":"did"}}`), []broken{{"/verb/display/en_US", `the key must be a language tag like en or pt-BR, not "en_US"`, "4.2", "4.2.7"}}},
		{"voided an activity", statement(`"verb":{"id":"` + xapi.VoidedVerb + `"}`), []broken{{"/object", "must be a StatementRef, because the verb is " + xapi.VoidedVerb, "2.3.2", "4.2.5"}}},
		{"voided inside an activity", subStatement(`"verb":{"id":"` + xapi.VoidedVerb + `"}`), []broken{{"/object/object", "must be a StatementRef, because the verb is " + xapi.VoidedVerb, "2.3.2", "4.2.5"}}},

		{"several at once", statement(`"id":1`, `"verb":{}`, `"result":{"success":"true"}`), []broken{
			{"/id", "must be a string, not a number", "2.4.1", "4.2.4.2"},
			{"/verb", `a verb must have the property "id"`, "2.4.3", "4.2.2.2"},
			{"/result/success", "must be a boolean, not a string", "2.4.5", "4.2.2.4"},
		}},
	})
}

func TestStatementVersionRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		version string
		v       xapi.Version
		rule    string
	}{
		{"should fail", xapi.V1, `must be 1.0 or begin with 1.0., not "should fail"`},
		{"0.9.9", xapi.V1, `must be 1.0 or begin with 1.0., not "0.9.9"`},
		{"1.1.0", xapi.V1, `must be 1.0 or begin with 1.0., not "1.1.0"`},
		{"1.0.", xapi.V1, `must be 1.0 or begin with 1.0., not "1.0."`},
		{"1.01", xapi.V1, `must be 1.0 or begin with 1.0., not "1.01"`},
		{"2.0.0", xapi.V1, `must be 1.0 or begin with 1.0., not "2.0.0"`},
		{"should fail", xapi.V2, `must be 2.0.0 or another patch version of 1.0 or 2.0, not "should fail"`},
		{"0.9.9", xapi.V2, `must be 2.0.0 or another patch version of 1.0 or 2.0, not "0.9.9"`},
		{"1.1.0", xapi.V2, `must be 2.0.0 or another patch version of 1.0 or 2.0, not "1.1.0"`},
		{"2.1.0", xapi.V2, `must be 2.0.0 or another patch version of 1.0 or 2.0, not "2.1.0"`},
	} {
		t.Run(c.version+" under "+c.v.String(), func(t *testing.T) {
			t.Parallel()
			got := violations(t, statement(`"version":"`+c.version+`"`), c.v)
			require.Len(t, got, 1)
			require.Equal(t, "/version", got[0].Path)
			require.Equal(t, c.rule, got[0].Rule)
		})
	}
	decode(t, statement(`"version":"2.0.0"`), xapi.V2)
	decode(t, statement(`"version":"2.0.1"`), xapi.V2)
}

func TestTimestampsDifferByVersion(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"2026-03-01T12:00:00", "2026-03-01T12:00Z", "20260301T120000Z", "2026-03-01T12:00:00+0100"} {
		decode(t, statement(`"timestamp":"`+at+`"`), xapi.V1)
		require.Len(t, violations(t, statement(`"timestamp":"`+at+`"`), xapi.V2), 1, at)
	}
}

func TestSubStatementRefused(t *testing.T) {
	t.Parallel()
	testRefusals(t, []refusal{
		{"id", subStatement(`"id":"7ccd3322-e1a5-411a-a67d-6a735c76f119"`), []broken{{"/object/id", `a SubStatement must not have "id": leave it out`, "2.4.4.3", "4.2.2.3"}}},
		{"stored", subStatement(`"stored":"2015-03-01T12:00:00Z"`), []broken{{"/object/stored", `a SubStatement must not have "stored": leave it out`, "2.4.4.3", "4.2.2.3"}}},
		{"version", subStatement(`"version":"1.0.0"`), []broken{{"/object/version", `a SubStatement must not have "version": leave it out`, "2.4.4.3", "4.2.2.3"}}},
		{"authority", subStatement(`"authority":` + ada), []broken{{"/object/authority", `a SubStatement must not have "authority": leave it out`, "2.4.4.3", "4.2.2.3"}}},
		{"nested", subStatement(`"object":{"objectType":"SubStatement"}`), []broken{{"/object/object", "a SubStatement must not have a SubStatement as its object", "2.4.4.3", "4.2.2.3"}}},
		{"no actor", subStatement(`"actor"`), []broken{{"/object", `a SubStatement must have the property "actor"`, "2.2", "4.2.1"}}},
		{"no verb", subStatement(`"verb"`), []broken{{"/object", `a SubStatement must have the property "verb"`, "2.2", "4.2.1"}}},
		{"no object", subStatement(`"object"`), []broken{{"/object", `a SubStatement must have the property "object"`, "2.2", "4.2.1"}}},
		{"wrong case", statement(`"object":{"objectType":"substatement"}`), []broken{{"/object/objectType", `must be "Activity", "Agent", "Group", "StatementRef" or "SubStatement", not "substatement"`, "2.4.4", "4.2.2.3"}}},
		{"a faulty agent", subStatement(`"actor":{}`), []broken{{"/object/actor", "an Agent must have one of mbox, mbox_sha1sum, openid, account", "2.4.2.3", "4.2.2.1"}}},
		{"unknown property", subStatement(`"Actor":1`), []broken{{"/object/Actor", `"Actor" must be written "actor": names are case-sensitive`, "2.2", "4.2.1"}}},
		{"a timestamp that is none", subStatement(`"timestamp":"soon"`), []broken{{"/object/timestamp", `must be a timestamp like 2026-03-01T12:30:00.000Z, not "soon"`, "2.4.7", "4.2.4.2"}}},
	})
}
