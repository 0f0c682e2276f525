package xapi_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/xapi"
)

func context(c string) string { return statement(`"context":` + c) }

func TestContextAccepted(t *testing.T) {
	t.Parallel()
	accepted := map[string]string{}
	for name, c := range map[string]string{
		"empty":              `{}`,
		"registration":       `{"registration":"EC531277-B57B-4C15-8D91-D292C5B2B8F7"}`,
		"nil registration":   `{"registration":"00000000-0000-0000-0000-000000000000"}`,
		"revision, platform": `{"revision":"rev_10_3_2","platform":""}`,
		"language":           `{"language":"tlh"}`,
		"statement":          `{"statement":` + ref + `}`,
		"no activities":      `{"contextActivities":{}}`,
		"empty lists":        `{"contextActivities":{"parent":[],"other":[]}}`,
		"single activities":  `{"contextActivities":{"parent":` + quiz + `,"grouping":` + quiz + `,"category":` + quiz + `,"other":` + quiz + `}}`,
		"many activities":    `{"contextActivities":{"parent":[` + quiz + `,{"objectType":"Activity","id":"x:y","definition":{}}]}}`,
		"extensions":         `{"extensions":{"http://example.com/ex":null}}`,
	} {
		accepted[name] = context(c)
		accepted[name+" inside"] = subStatement(`"context":` + c)
	}
	testAccepted(t, accepted)
}

func TestContextRefused(t *testing.T) {
	t.Parallel()
	const slots = "parent, grouping, category, other"
	cases := []struct {
		name, context string
		want          broken // path below the context
	}{
		{"a string", `"there"`, broken{"", "must be an object, not a string", "2.4.6", "4.2.2.5"}},
		{"registration no UUID", `{"registration":"should fail"}`, broken{"/registration", `must be a UUID like 6f2c7b1e-3f0a-4c39-9f5b-0c8b3c1f7a11, not "should fail"`, "2.4.6", "4.2.2.5"}},
		{"registration an object", `{"registration":{}}`, broken{"/registration", "must be a string, not an object", "2.4.6", "4.2.2.5"}},
		{"instructor a string", `{"instructor":"ada"}`, broken{"/instructor", "must be an object, not a string", "2.4.2.1", "4.2.2.1"}},
		{"team a string", `{"team":"us"}`, broken{"/team", "must be an object, not a string", "2.4.2.1", "4.2.2.1"}},
		{"revision a number", `{"revision":12345}`, broken{"/revision", "must be a string, not a number", "2.4.6", "4.2.2.5"}},
		{"platform an object", `{"platform":{}}`, broken{"/platform", "must be a string, not an object", "2.4.6", "4.2.2.5"}},
		{"language a number", `{"language":12345}`, broken{"/language", "must be a string, not a number", "2.4.6", "4.2.2.5"}},
		{"language none", `{"language":"en_US"}`, broken{"/language", `must be a language tag like en or pt-BR, not "en_US"`, "2.4.6", "4.2.2.5"}},
		{"statement without type", `{"statement":{"id":"8f87ccde-bb56-4c2e-ab83-44982ef22df0"}}`, broken{"/statement", `a StatementRef must have the property "objectType"`, "2.4.4.3", "4.2.2.3"}},
		{"statement of another type", `{"statement":{"objectType":"Activity","id":"8f87ccde-bb56-4c2e-ab83-44982ef22df0"}}`, broken{"/statement/objectType", `must be "StatementRef", not "Activity"`, "2.4.4.3", "4.2.2.3"}},
		{"statement no UUID", `{"statement":{"objectType":"StatementRef","id":"x"}}`, broken{"/statement/id", `must be a UUID like 6f2c7b1e-3f0a-4c39-9f5b-0c8b3c1f7a11, not "x"`, "2.4.4.3", "4.2.2.3"}},
		{"extension without scheme", `{"extensions":{"should fail":true}}`, broken{"/extensions/should fail", `the key must be an IRI with a scheme, not "should fail"`, "4.1", "4.2.7"}},
		{"activities a string", `{"contextActivities":"x:y"}`, broken{"/contextActivities", "must be an object, not a string", "2.4.6.2", "4.2.2.5"}},
		{"activities an array", `{"contextActivities":[]}`, broken{"/contextActivities", "must be an object, not an array", "2.4.6.2", "4.2.2.5"}},
		{"activities elsewhere", `{"contextActivities":{"consequences":` + quiz + `}}`, broken{"/contextActivities/consequences", `"consequences" is no property of contextActivities: it may have ` + slots, "2.4.6.2", "4.2.2.5"}},
		{"parent a string", `{"contextActivities":{"parent":"x:y"}}`, broken{"/contextActivities/parent", "must be an array, not a string", "2.4.6.2", "4.2.2.5"}},
		{"parent null", `{"contextActivities":{"parent":null}}`, broken{"/contextActivities/parent", "must not be null: leave the property out; only extensions may hold null", "2.2", "4.2.1"}},
		{"parent an agent", `{"contextActivities":{"parent":{"objectType":"Agent","id":"x:y"}}}`, broken{"/contextActivities/parent/objectType", `must be "Activity", not "Agent"`, "2.4.4.1", "4.2.2.3"}},
		{"the second parent without id", `{"contextActivities":{"parent":[` + quiz + `,{}]}}`, broken{"/contextActivities/parent/1", `an Activity must have the property "id"`, "2.4.4.1", "4.2.2.3"}},
	}
	var refusals []refusal
	for _, c := range cases {
		out, in := c.want, c.want
		out.path, in.path = "/context"+out.path, "/object/context"+in.path
		refusals = append(
			refusals,
			refusal{c.name, context(c.context), []broken{out}},
			refusal{c.name + " inside", subStatement(`"context":` + c.context), []broken{in}},
		)
	}
	for name, object := range map[string]string{"agent": `{"objectType":"Agent","mbox":"mailto:ada@example.com"}`, "group": group, "StatementRef": ref} {
		for _, property := range []string{"revision", "platform"} {
			rule := property + " must be left out when the object is not an Activity"
			refusals = append(
				refusals,
				refusal{property + " of " + name, statement(`"context":{"`+property+`":"x"}`, `"object":`+object), []broken{{"/context/" + property, rule, "2.4.6", "4.2.2.5"}}},
				refusal{property + " of " + name + " inside", subStatement(`"context":{"`+property+`":"x"}`, `"object":`+object), []broken{{"/object/context/" + property, rule, "2.4.6", "4.2.2.5"}}},
			)
		}
	}
	refusals = append(refusals, refusal{
		"revision of a SubStatement",
		statement(`"context":{"revision":"x"}`, `"object":{"objectType":"SubStatement","actor":`+ada+`,"verb":`+did+`,"object":`+quiz+`,"context":{"revision":"x"}}`),
		[]broken{{"/context/revision", "revision must be left out when the object is not an Activity", "2.4.6", "4.2.2.5"}},
	})
	testRefusals(t, refusals)
}

func TestRegistrationIsIndexed(t *testing.T) {
	t.Parallel()
	s := decode(t, context(`{"registration":"EC531277-B57B-4C15-8D91-D292C5B2B8F7"}`), xapi.V1)
	require.Equal(t, uuid.MustParse("ec531277-b57b-4c15-8d91-d292c5b2b8f7"), s.Registration)
	require.Equal(t, uuid.Nil, decode(t, statement(), xapi.V1).Registration)
	require.Equal(t, uuid.Nil, decode(t, subStatement(`"context":{"registration":"ec531277-b57b-4c15-8d91-d292c5b2b8f7"}`), xapi.V1).Registration)
}

func TestContextAgentsAreOfVersion2(t *testing.T) {
	t.Parallel()
	agents := `{"contextAgents":[{"objectType":"contextAgent","agent":` + ada + `,"relevantTypes":["https://example.com/mentor"]},{"objectType":"contextAgent","agent":{"objectType":"Agent","openid":"x:y"}}]}`
	groups := `{"contextGroups":[{"objectType":"contextGroup","group":{"objectType":"Group","member":[` + ada + `]},"relevantTypes":["x:y","x:z"]}]}`
	for _, c := range []string{agents, groups, `{"contextAgents":[],"contextGroups":[]}`} {
		decode(t, context(c), xapi.V2)
		decode(t, subStatement(`"context":`+c), xapi.V2)
	}
	const names = "registration, instructor, team, contextActivities, revision, platform, language, statement, extensions"
	require.Equal(t, `"contextAgents" is no property of a context: it may have `+names, violations(t, context(agents), xapi.V1)[0].Rule)
	require.Equal(t, `"contextGroups" is no property of a context: it may have `+names, violations(t, context(groups), xapi.V1)[0].Rule)
	require.Equal(t, `"extra" is no property of a context: it may have `+names+", contextAgents, contextGroups", violations(t, context(`{"extra":1}`), xapi.V2)[0].Rule)
}

func TestContextAgentsRefused(t *testing.T) {
	t.Parallel()
	const typed = `{"objectType":"contextAgent","agent":` + ada
	for _, c := range []struct{ name, context, path, rule string }{
		{"no array", `{"contextAgents":` + typed + `}}`, "/contextAgents", "must be an array, not an object"},
		{"of strings", `{"contextAgents":["ada"]}`, "/contextAgents/0", "must be an object, not a string"},
		{"wrong type", `{"contextAgents":[{"objectType":"Should fail","agent":` + ada + `}]}`, "/contextAgents/0/objectType", `must be "contextAgent", not "Should fail"`},
		{"no type", `{"contextAgents":[{"agent":` + ada + `}]}`, "/contextAgents/0", `a contextAgent must have the property "objectType"`},
		{"no agent", `{"contextAgents":[{"objectType":"contextAgent"}]}`, "/contextAgents/0", `a contextAgent must have the property "agent"`},
		{"a faulty agent", `{"contextAgents":[{"objectType":"contextAgent","agent":{}}]}`, "/contextAgents/0/agent", "an Agent must have one of mbox, mbox_sha1sum, openid, account"},
		{"a group for agent", `{"contextAgents":[{"objectType":"contextAgent","agent":` + group + `}]}`, "/contextAgents/0/agent", "must be an Agent: a Group is not allowed here"},
		{"no relevant type", `{"contextAgents":[` + typed + `,"relevantTypes":[]}]}`, "/contextAgents/0/relevantTypes", "must not be empty: list the IRIs of types, or leave it out"},
		{"relevant types a string", `{"contextAgents":[` + typed + `,"relevantTypes":"x:y"}]}`, "/contextAgents/0/relevantTypes", "must be an array, not a string"},
		{"relevant type no IRI", `{"contextAgents":[` + typed + `,"relevantTypes":["x:y","abc"]}]}`, "/contextAgents/0/relevantTypes/1", `must be an IRI with a scheme, like https://example.com/a, not "abc"`},
		{"unknown property", `{"contextAgents":[` + typed + `,"group":{}}]}`, "/contextAgents/0/group", `"group" is no property of a contextAgent: it may have objectType, agent, relevantTypes`},
		{"null", `{"contextAgents":null}`, "/contextAgents", "must not be null: leave the property out; only extensions may hold null"},
		{"group, wrong type", `{"contextGroups":[{"objectType":"contextAgent","group":` + group + `}]}`, "/contextGroups/0/objectType", `must be "contextGroup", not "contextAgent"`},
		{"an agent for group", `{"contextGroups":[{"objectType":"contextGroup","group":` + ada + `}]}`, "/contextGroups/0/group", `must be a Group, with the objectType "Group"`},
		{"a faulty group", `{"contextGroups":[{"objectType":"contextGroup","group":{"objectType":"Group"}}]}`, "/contextGroups/0/group", "a Group without mbox, mbox_sha1sum, openid or account must list its members in member"},
		{"group, no relevant type", `{"contextGroups":[{"objectType":"contextGroup","group":` + group + `,"relevantTypes":[]}]}`, "/contextGroups/0/relevantTypes", "must not be empty: list the IRIs of types, or leave it out"},
		{"members beside a group", `{"contextGroups":[{"objectType":"contextGroup","group":` + group + `,"member":[]}]}`, "/contextGroups/0/member", `"member" is no property of a contextGroup: it may have objectType, group, relevantTypes`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := violations(t, context(c.context), xapi.V2)
			require.Len(t, got, 1)
			require.Equal(t, "/context"+c.path, got[0].Path)
			require.Equal(t, c.rule, got[0].Rule)
			got = violations(t, subStatement(`"context":`+c.context), xapi.V2)
			require.Len(t, got, 1)
			require.Equal(t, "/object/context"+c.path, got[0].Path)
		})
	}
}
