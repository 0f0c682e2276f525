package xapi_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// thorough is a set of statements that use every property there is.
func thorough() []string {
	definition := func(more string) string {
		return `{"name":{"en":"A"},"description":{"en":"B"},"type":"x:y","moreInfo":"x:y","extensions":{"x:y":1},` + more + `}`
	}
	activity := func(more string) string {
		return `{"objectType":"Activity","id":"x:y","definition":` + definition(more) + `}`
	}
	agent := func(identifier string) string { return `{"objectType":"Agent","name":"A",` + identifier + `}` }
	group := func(identifier string) string {
		return `{"objectType":"Group","name":"G",` + identifier + `"member":[` + agent(`"openid":"x:y"`) + `]}`
	}
	const account = `"account":{"homePage":"x:y","name":"A"}`
	context := `{"registration":"ec531277-b57b-4c15-8d91-d292c5b2b8f7","instructor":` + agent(account) + `,"team":` + group(``) + `,` +
		`"contextActivities":{"parent":[` + activity(`"interactionType":"choice","choices":[{"id":"a","description":{"en":"A"}}]`) + `],` +
		`"grouping":[` + activity(`"interactionType":"likert","scale":[{"id":"a","description":{"en":"A"}}]`) + `],` +
		`"category":[` + activity(`"interactionType":"matching","source":[{"id":"a"}],"target":[{"id":"a"}]`) + `],` +
		`"other":[` + activity(`"interactionType":"performance","steps":[{"id":"a"}]`) + `]},` +
		`"language":"en","statement":` + ref + `,"extensions":{"x:y":1}`
	about := context + `,"revision":"1","platform":"A"}`
	context += "}"
	result := `{"score":{"scaled":0.5,"raw":5,"min":0,"max":10},"success":true,"completion":false,"response":"A","duration":"PT1S","extensions":{"x:y":1}}`
	attachments := `[{"usageType":"x:y","display":{"en":"A"},"description":{"en":"B"},"contentType":"text/plain","length":1,"sha2":"` + digest + `","fileUrl":"x:y"}]`
	body := func(actor, object, context string) string {
		return `"actor":` + actor + `,"verb":{"id":"x:y","display":{"en":"did"}},"object":` + object + `,"result":` + result + `,"context":` + context +
			`,"timestamp":"2026-03-01T12:00:00Z","attachments":` + attachments + `}`
	}
	outer := `{"id":"7ccd3322-e1a5-411a-a67d-6a735c76f119","stored":"2026-03-01T12:00:00Z","version":"1.0.0",`
	return []string{
		outer + `"authority":` + agent(account) + `,` + body(agent(`"mbox":"mailto:ada@example.com"`), activity(`"interactionType":"sequencing","correctResponsesPattern":["a"],"choices":[{"id":"a"}]`), about),
		outer + `"authority":` + oauth + `,` + body(group(`"mbox_sha1sum":"cd9b00a5611f94eaa7b1661edab976068e364975",`), group(`"openid":"x:y",`), context),
		outer + body(group(``), ref, context),
		outer + body(agent(account), `{"objectType":"SubStatement",`+body(group(account+`,`), activity(`"interactionType":"other"`), about), context),
		outer + body(agent(account), `{"objectType":"SubStatement",`+body(agent(`"openid":"x:y"`), agent(account), context), context),
	}
}

// spot is a value in a JSON document: its pointer, what holds it, and its name
// there ("" of an element).
type spot struct {
	pointer, name string
	value         any
	holder        string // the pointer of what holds it
	members       map[string]any
	elements      []any
	index         int
}

// put puts a value under a name in place of what is there under another.
func (s spot) put(old, name string, value any) {
	if s.members == nil {
		s.elements[s.index] = value
		return
	}
	delete(s.members, old)
	s.members[name] = value
}

// spots returns all values below v, those inside extensions left out.
func spots(pointer string, v any) (all []spot) {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			at := pointer + "/" + name
			all = append(all, spot{pointer: at, name: name, value: value, holder: pointer, members: v})
			if name != "extensions" {
				all = append(all, spots(at, value)...)
			}
		}
	case []any:
		for i, value := range v {
			at := pointer + "/" + strconv.Itoa(i)
			all = append(all, spot{pointer: at, value: value, holder: pointer, elements: v, index: i})
			all = append(all, spots(at, value)...)
		}
	}
	return all
}

// everySpot changes the name and the value of every spot of every thorough
// statement in turn, unless change says not to, and hands the violations of
// the changed statement to check.
func everySpot(t *testing.T, change func(spot) (name string, value any, ok bool), check func(t *testing.T, s spot, got []fault.Violation)) {
	t.Helper()
	for _, text := range thorough() {
		for _, v := range xapi.Versions {
			decode(t, text, v)
			var tree map[string]any
			require.NoError(t, json.Unmarshal([]byte(text), &tree), text)
			all := spots("", tree)
			require.Greater(t, len(all), 80)
			for _, s := range all {
				name, value, ok := change(s)
				if !ok {
					continue
				}
				s.put(s.name, name, value)
				body, err := json.Marshal(tree)
				require.NoError(t, err)
				check(t, s, violations(t, string(body), v))
				s.put(name, s.name, s.value)
			}
		}
	}
}

func TestNullIsRefusedEverywhere(t *testing.T) {
	t.Parallel()
	everySpot(t, func(s spot) (string, any, bool) {
		return s.name, nil, true
	}, func(t *testing.T, s spot, got []fault.Violation) {
		require.True(t, slices.ContainsFunc(got, func(v fault.Violation) bool {
			return v.Path == s.pointer && v.Rule == "must not be null: leave the property out; only extensions may hold null"
		}), "%s: %v", s.pointer, got)
	})
}

func TestWrongTypesAreRefusedEverywhere(t *testing.T) {
	t.Parallel()
	for _, wrong := range []any{"", 1.5, true, []any{1.0}, map[string]any{"a": 1.0}} {
		everySpot(t, func(s spot) (string, any, bool) {
			// Some strings may be empty, and some arrays and objects are of no
			// other shape: what is wrong must be of another type.
			if kindOf(s.value) == kindOf(wrong) {
				return "", nil, false
			}
			// A single activity may stand for an array of them.
			if _, object := wrong.(map[string]any); object && strings.Contains(s.holder, "contextActivities") && kindOf(s.value) == "array" {
				return "", nil, false
			}
			return s.name, wrong, true
		}, func(t *testing.T, s spot, got []fault.Violation) {
			require.True(t, slices.ContainsFunc(got, func(v fault.Violation) bool {
				return v.Path == s.pointer && strings.HasPrefix(v.Rule, "must be ") && strings.Contains(v.Rule, ", not a")
			}), "%s %v: %v", s.pointer, wrong, got)
		})
	}
}

func kindOf(v any) string {
	switch v.(type) {
	case string:
		return "string"
	case float64:
		return "number"
	case bool:
		return "boolean"
	case []any:
		return "array"
	}
	return "object"
}

func TestEveryNameIsCaseSensitive(t *testing.T) {
	t.Parallel()
	everySpot(t, func(s spot) (string, any, bool) {
		if s.name == "" || s.name == "en" {
			return "", nil, false // language tags may be of any case
		}
		return strings.ToUpper(s.name), s.value, true
	}, func(t *testing.T, s spot, got []fault.Violation) {
		at := s.holder + "/" + strings.ToUpper(s.name)
		require.True(t, slices.ContainsFunc(got, func(v fault.Violation) bool {
			return v.Path == at && (strings.HasSuffix(v.Rule, "names are case-sensitive") || strings.Contains(v.Rule, "is no property of"))
		}), "%s: %v", s.pointer, got)
	})
}

func TestEveryObjectRefusesMore(t *testing.T) {
	t.Parallel()
	everySpot(t, func(s spot) (string, any, bool) {
		members, ok := s.value.(map[string]any)
		if !ok {
			return "", nil, false
		}
		members = maps.Clone(members)
		members["more to come"] = "A"
		return s.name, members, true
	}, func(t *testing.T, s spot, got []fault.Violation) {
		require.True(t, slices.ContainsFunc(got, func(v fault.Violation) bool {
			return v.Path == s.pointer+"/more to come"
		}), "%s: %v", s.pointer, got)
	})
}

func TestEveryObjectTypeIsCaseSensitive(t *testing.T) {
	t.Parallel()
	everySpot(t, func(s spot) (string, any, bool) {
		if s.name != "objectType" {
			return "", nil, false
		}
		return s.name, strings.ToLower(s.value.(string)), true
	}, func(t *testing.T, s spot, got []fault.Violation) {
		require.True(t, slices.ContainsFunc(got, func(v fault.Violation) bool {
			return v.Path == s.pointer && strings.HasPrefix(v.Rule, "must be ")
		}), "%s: %v", s.pointer, got)
	})
}

func TestEveryFormatRefusesTheEmptyString(t *testing.T) {
	t.Parallel()
	free := map[string]bool{"en": true, "name": true, "response": true, "revision": true, "platform": true}
	everySpot(t, func(s spot) (string, any, bool) {
		// Names, texts and the ids of components have no format.
		if _, ok := s.value.(string); !ok || free[s.name] || s.name == "" || strings.Contains(s.holder, "/choices/") ||
			strings.Contains(s.holder, "/scale/") || strings.Contains(s.holder, "/source/") || strings.Contains(s.holder, "/target/") || strings.Contains(s.holder, "/steps/") {
			return "", nil, false
		}
		return s.name, "", true
	}, func(t *testing.T, s spot, got []fault.Violation) {
		require.True(t, slices.ContainsFunc(got, func(v fault.Violation) bool {
			return v.Path == s.pointer && strings.HasSuffix(v.Rule, `not ""`)
		}), "%s: %v", s.pointer, got)
	})
}
