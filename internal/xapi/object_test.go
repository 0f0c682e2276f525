package xapi_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/xapi"
)

// defined is a statement about an activity with the definition.
func defined(definition string) string {
	return statement(`"object":{"id":"https://example.com/quiz","definition":` + definition + `}`)
}

func TestObjectAccepted(t *testing.T) {
	t.Parallel()
	accepted := map[string]string{
		"an activity":             statement(`"object":{"objectType":"Activity","id":"urn:uuid:8f87ccde-bb56-4c2e-ab83-44982ef22df0"}`),
		"a StatementRef":          statement(`"object":` + ref),
		"a StatementRef voided":   statement(`"verb":{"id":"`+xapi.VoidedVerb+`"}`, `"object":`+ref),
		"a StatementRef inside":   subStatement(`"object":` + ref),
		"type after the members":  statement(`"object":{"id":"8f87ccde-bb56-4c2e-ab83-44982ef22df0","objectType":"StatementRef"}`),
		"an empty definition":     defined(`{}`),
		"a full definition":       defined(`{"name":{"en":"Q","sr-Latn-RS":"P"},"description":{"zh-Hant":"D"},"type":"x:y","moreInfo":"https://example.com/more","extensions":{"x:y":null,"http://example.com/ex":{"a":[null]}}}`),
		"an unused interaction":   defined(`{"interactionType":"other","correctResponsesPattern":[]}`),
		"components without text": defined(`{"interactionType":"likert","scale":[{"id":"1"},{"id":""}]}`),
	}
	for interaction, more := range map[string]string{
		"true-false":   `"correctResponsesPattern":["true"]`,
		"choice":       `"choices":[{"id":"a","description":{"en":"A"}}]`,
		"fill-in":      `"correctResponsesPattern":["Bob's your uncle"]`,
		"long-fill-in": `"correctResponsesPattern":["{case_matters=false}{lang=en}To store"]`,
		"matching":     `"source":[{"id":"a"}],"target":[{"id":"a"}]`,
		"performance":  `"steps":[{"id":"a"}]`,
		"sequencing":   `"choices":[{"id":"a"},{"id":"b"}]`,
		"likert":       `"scale":[{"id":"a"}]`,
		"numeric":      `"correctResponsesPattern":["1[:]4"]`,
		"other":        `"correctResponsesPattern":["(35.937432,-86.868896)"]`,
	} {
		accepted[interaction] = defined(`{"interactionType":"` + interaction + `",` + more + `}`)
		accepted[interaction+" alone"] = defined(`{"interactionType":"` + interaction + `"}`)
	}
	testAccepted(t, accepted)
}

func TestObjectRefused(t *testing.T) {
	t.Parallel()
	const kinds = `must be "Activity", "Agent", "Group", "StatementRef" or "SubStatement", not `
	object := func(o string) string { return statement(`"object":` + o) }
	var cases []refusal
	for _, wrong := range []string{"activity", "agent", "group", "statementRef", "subStatement", ""} {
		cases = append(cases, refusal{
			"type " + wrong, object(`{"objectType":"` + wrong + `","id":"x:y"}`),
			[]broken{{"/object/objectType", kinds + `"` + wrong + `"`, "2.4.4", "4.2.2.3"}},
		})
	}
	testRefusals(t, append(cases, []refusal{
		{"a string", object(`"quiz"`), []broken{{"/object", "must be an object, not a string", "2.4.4", "4.2.2.3"}}},
		{"type null", object(`{"objectType":null,"id":"x:y"}`), []broken{{"/object/objectType", "must not be null: leave the property out; only extensions may hold null", "2.2", "4.2.1"}}},
		{"an activity without id", object(`{"objectType":"Activity"}`), []broken{{"/object", `an Activity must have the property "id"`, "2.4.4.1", "4.2.2.3"}}},
		{"an activity with id no IRI", object(`{"id":"quiz"}`), []broken{{"/object/id", `must be an IRI with a scheme, like https://example.com/a, not "quiz"`, "2.4.4.1", "4.2.2.3"}}},
		{"an activity with a name", object(`{"id":"x:y","name":"quiz"}`), []broken{{"/object/name", `"name" is no property of an Activity: it may have objectType, id, definition`, "2.4.4.1", "4.2.2.3"}}},
		{"an agent without type", object(ada), []broken{
			{"/object/mbox", `"mbox" is no property of an Activity: it may have objectType, id, definition`, "2.4.4.1", "4.2.2.3"},
			{"/object", `an Activity must have the property "id"`, "2.4.4.1", "4.2.2.3"},
		}},
		{"a StatementRef without id", object(`{"objectType":"StatementRef"}`), []broken{{"/object", `a StatementRef must have the property "id"`, "2.4.4.3", "4.2.2.3"}}},
		{"a StatementRef no UUID", object(`{"objectType":"StatementRef","id":"x:y"}`), []broken{{"/object/id", `must be a UUID like 6f2c7b1e-3f0a-4c39-9f5b-0c8b3c1f7a11, not "x:y"`, "2.4.4.3", "4.2.2.3"}}},
		{"a StatementRef to nothing", object(`{"objectType":"StatementRef","id":"00000000-0000-0000-0000-000000000000"}`), []broken{{"/object/id", "must not be the nil UUID: no statement has it", "2.4.4.3", "4.2.2.3"}}},
		{"a StatementRef with a definition", object(`{"objectType":"StatementRef","id":"8f87ccde-bb56-4c2e-ab83-44982ef22df0","definition":{}}`), []broken{{"/object/definition", `"definition" is no property of a StatementRef: it may have objectType, id`, "2.4.4.3", "4.2.2.3"}}},
	}...))
}

func TestDefinitionRefused(t *testing.T) {
	t.Parallel()
	const interactions = "must be one of true-false, choice, fill-in, long-fill-in, matching, performance, sequencing, likert, numeric, other, not "
	const untyped = "a definition with correctResponsesPattern or a list of components must have the interactionType that they belong to"
	testRefusals(t, []refusal{
		{"a string", defined(`"quiz"`), []broken{{"/object/definition", "must be an object, not a string", "2.4.4.1", "4.2.2.3"}}},
		{"a name of a number", defined(`{"name":12345}`), []broken{{"/object/definition/name", "must be an object, not a number", "2.4.4.1", "4.2.2.3"}}},
		{"a name in no language", defined(`{"name":{"something":"Q"}}`), []broken{{"/object/definition/name/something", `the key must be a language tag like en or pt-BR, not "something"`, "4.2", "4.2.7"}}},
		{"a description of a string", defined(`{"description":"Q"}`), []broken{{"/object/definition/description", "must be an object, not a string", "2.4.4.1", "4.2.2.3"}}},
		{"a description of null", defined(`{"description":{"en":null}}`), []broken{{"/object/definition/description/en", "must not be null: leave the property out; only extensions may hold null", "2.2", "4.2.1"}}},
		{"a type no IRI", defined(`{"type":"quiz"}`), []broken{{"/object/definition/type", `must be an IRI with a scheme, like https://example.com/a, not "quiz"`, "2.4.4.1", "4.2.2.3"}}},
		{"moreInfo no IRL", defined(`{"moreInfo":"/more"}`), []broken{{"/object/definition/moreInfo", `must be an IRL with a scheme, like https://example.com/a, not "/more"`, "2.4.4.1", "4.2.2.3"}}},
		{"extensions a string", defined(`{"extensions":"x"}`), []broken{{"/object/definition/extensions", "must be an object, not a string", "2.4.4.1", "4.2.2.3"}}},
		{"an extension without scheme", defined(`{"extensions":{"id":1}}`), []broken{{"/object/definition/extensions/id", `the key must be an IRI with a scheme, not "id"`, "4.1", "4.2.7"}}},
		{"unknown property", defined(`{"url":"x:y"}`), []broken{{"/object/definition/url", `"url" is no property of an activity's definition: it may have name, description, type, moreInfo, extensions, interactionType, correctResponsesPattern, choices, scale, source, target, steps`, "2.4.4.1", "4.2.2.3"}}},
		{"wrong case", defined(`{"moreinfo":"x:y"}`), []broken{{"/object/definition/moreinfo", `"moreinfo" must be written "moreInfo": names are case-sensitive`, "2.2", "4.2.1"}}},

		{"an interaction of a number", defined(`{"interactionType":1}`), []broken{{"/object/definition/interactionType", "must be a string, not a number", "2.4.4.1", "4.2.2.3"}}},
		{"an unknown interaction", defined(`{"interactionType":"should error"}`), []broken{{"/object/definition/interactionType", interactions + `"should error"`, "2.4.4.1", "4.2.2.3"}}},
		{"an interaction in another case", defined(`{"interactionType":"Choice"}`), []broken{{"/object/definition/interactionType", interactions + `"Choice"`, "2.4.4.1", "4.2.2.3"}}},
		{"a pattern without interaction", defined(`{"correctResponsesPattern":[]}`), []broken{{"/object/definition", untyped, "2.4.4.1", "4.2.2.3"}}},
		{"choices without interaction", defined(`{"choices":[]}`), []broken{{"/object/definition", untyped, "2.4.4.1", "4.2.2.3"}}},
		{"scale without interaction", defined(`{"scale":[]}`), []broken{{"/object/definition", untyped, "2.4.4.1", "4.2.2.3"}}},
		{"source without interaction", defined(`{"source":[]}`), []broken{{"/object/definition", untyped, "2.4.4.1", "4.2.2.3"}}},
		{"target without interaction", defined(`{"target":[]}`), []broken{{"/object/definition", untyped, "2.4.4.1", "4.2.2.3"}}},
		{"steps without interaction", defined(`{"steps":[]}`), []broken{{"/object/definition", untyped, "2.4.4.1", "4.2.2.3"}}},
		{"a pattern no array", defined(`{"interactionType":"other","correctResponsesPattern":"a"}`), []broken{{"/object/definition/correctResponsesPattern", "must be an array, not a string", "2.4.4.1", "4.2.2.3"}}},
		{"a pattern of numbers", defined(`{"interactionType":"other","correctResponsesPattern":["1",2]}`), []broken{{"/object/definition/correctResponsesPattern/1", "must be a string, not a number", "2.4.4.1", "4.2.2.3"}}},
		{"a list of another interaction", defined(`{"interactionType":"choice","choices":[],"scale":[],"steps":[]}`), []broken{
			{"/object/definition/scale", `"scale" does not belong to the interactionType "choice": leave it out`, "2.4.4.1", "4.2.2.3"},
			{"/object/definition/steps", `"steps" does not belong to the interactionType "choice": leave it out`, "2.4.4.1", "4.2.2.3"},
		}},
		{"a list that none may have", defined(`{"interactionType":"numeric","choices":[]}`), []broken{{"/object/definition/choices", `"choices" does not belong to the interactionType "numeric": leave it out`, "2.4.4.1", "4.2.2.3"}}},
		{"a list no array", defined(`{"interactionType":"choice","choices":{}}`), []broken{{"/object/definition/choices", "must be an array, not an object", "2.4.4.1", "4.2.2.3"}}},
		{"a component no object", defined(`{"interactionType":"choice","choices":["a"]}`), []broken{{"/object/definition/choices/0", "must be an object, not a string", "2.4.4.1", "4.2.2.3"}}},
		{"a component without id", defined(`{"interactionType":"matching","target":[{"description":{}}]}`), []broken{{"/object/definition/target/0", `an interaction component must have the property "id"`, "2.4.4.1", "4.2.2.3"}}},
		{"a component with a number for id", defined(`{"interactionType":"matching","source":[{"id":1}]}`), []broken{{"/object/definition/source/0/id", "must be a string, not a number", "2.4.4.1", "4.2.2.3"}}},
		{"a component in no language", defined(`{"interactionType":"likert","scale":[{"id":"a","description":{"a12345678":"A"}}]}`), []broken{{"/object/definition/scale/0/description/a12345678", `the key must be a language tag like en or pt-BR, not "a12345678"`, "4.2", "4.2.7"}}},
		{"a component with more", defined(`{"interactionType":"likert","scale":[{"id":"a","text":"A"}]}`), []broken{{"/object/definition/scale/0/text", `"text" is no property of an interaction component: it may have id, description`, "2.4.4.1", "4.2.2.3"}}},
		{"components with one id", defined(`{"interactionType":"choice","choices":[{"id":"a"},{"id":"b"},{"id":"\u0061"}]}`), []broken{{"/object/definition/choices", `the ids of interaction components must be distinct: "a" is there twice`, "2.4.4.1", "4.2.2.3"}}},
	})
}

func TestDefinitionsAreFoundEverywhere(t *testing.T) {
	t.Parallel()
	activity := func(id string) string {
		return `{"id":"` + id + `","definition": {"type":"https://example.com/of/` + id[2:] + `"} }`
	}
	s := decode(t, statement(
		`"object":{"objectType":"SubStatement","actor":`+ada+`,"verb":`+did+`,"object":`+activity("x:1")+`,"context":{"contextActivities":{"other":`+activity("x:2")+`}}}`,
		`"context":{"contextActivities":{"parent":[`+activity("x:3")+`,`+quiz+`,{"id":"x:4","definition":{}}],"grouping":`+activity("x:1")+`}}`,
	), xapi.V1)
	var got []string
	for _, d := range s.Definitions {
		got = append(got, d.IRI+" "+string(d.JSON))
	}
	require.ElementsMatch(t, []string{
		`x:1 {"type":"https://example.com/of/1"}`,
		`x:2 {"type":"https://example.com/of/2"}`,
		`x:3 {"type":"https://example.com/of/3"}`,
		`x:1 {"type":"https://example.com/of/1"}`,
	}, got)
}
