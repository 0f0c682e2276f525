package xapi_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

const oauth = `{"objectType":"Group","member":[{"account":{"homePage":"https://example.com/oauth/token","name":"consumer"}},` + ada + `]}`

func TestAgentAccepted(t *testing.T) {
	t.Parallel()
	accepted := map[string]string{}
	for name, agent := range map[string]string{
		"mbox":             `{"mbox":"mailto:ada@example.com"}`,
		"mbox_sha1sum":     `{"mbox_sha1sum":"cd9b00a5611f94eaa7b1661edab976068e364975"}`,
		"openid":           `{"openid":"https://ada.example.com/"}`,
		"account":          `{"account":{"homePage":"https://example.com","name":"ada"}}`,
		"with a type":      `{"objectType":"Agent","name":"Ada","mbox":"mailto:ada@example.com"}`,
		"name with a NUL":  `{"name":"\u0000","mbox":"mailto:ada@example.com"}`,
		"group":            `{"objectType":"Group","mbox":"mailto:team@example.com"}`,
		"group of members": `{"objectType":"Group","name":"team","openid":"https://team.example.com","member":[` + ada + `]}`,
		"group of nobody":  `{"objectType":"Group","openid":"https://team.example.com","member":[]}`,
		"anonymous group":  `{"member":[` + ada + `,{"objectType":"Agent","openid":"https://b.example.com"}],"objectType":"Group"}`,
	} {
		accepted["actor: "+name] = statement(`"actor":` + agent)
		accepted["instructor: "+name] = statement(`"context":{"instructor":` + agent + `}`)
		accepted["actor inside: "+name] = subStatement(`"actor":` + agent)
		if strings.Contains(agent, `"objectType":"Group"`) {
			accepted["team: "+name] = statement(`"context":{"team":` + agent + `}`)
			accepted["team inside: "+name] = subStatement(`"context":{"team":` + agent + `}`)
		} else {
			accepted["authority: "+name] = statement(`"authority":` + agent)
		}
		if strings.Contains(agent, `"objectType"`) {
			accepted["object: "+name] = statement(`"object":` + agent)
			accepted["object inside: "+name] = subStatement(`"object":` + agent)
		}
	}
	accepted["authority: OAuth"] = statement(`"authority":` + oauth)
	testAccepted(t, accepted)
}

// places are where agents stand in a statement; "team" takes Groups only.
var places = []struct {
	name, path string
	put        func(agent string) string
}{
	{"actor", "/actor", func(a string) string { return statement(`"actor":` + a) }},
	{"object", "/object", func(a string) string { return statement(`"object":` + a) }},
	{"authority", "/authority", func(a string) string { return statement(`"authority":` + a) }},
	{"instructor", "/context/instructor", func(a string) string { return statement(`"context":{"instructor":` + a + `}`) }},
	{"team", "/context/team", func(a string) string { return statement(`"context":{"team":` + a + `}`) }},
	{"actor inside", "/object/actor", func(a string) string { return subStatement(`"actor":` + a) }},
	{"object inside", "/object/object", func(a string) string { return subStatement(`"object":` + a) }},
	{"instructor inside", "/object/context/instructor", func(a string) string { return subStatement(`"context":{"instructor":` + a + `}`) }},
	{"team inside", "/object/context/team", func(a string) string { return subStatement(`"context":{"team":` + a + `}`) }},
}

func TestAgentRefusedWhereverItStands(t *testing.T) {
	t.Parallel()
	const (
		mbox    = `"mbox":"mailto:ada@example.com"`
		sha1    = `"mbox_sha1sum":"cd9b00a5611f94eaa7b1661edab976068e364975"`
		openid  = `"openid":"https://ada.example.com/"`
		account = `"account":{"homePage":"https://example.com","name":"ada"}`
	)
	type agentCase struct {
		name, members string
		want          broken // path below the agent
	}
	cases := []agentCase{
		{"mbox no IRI", `"mbox":"ada@example.com"`, broken{"/mbox", `must be mailto: and an address, like mailto:ada@example.com, not "ada@example.com"`, "2.4.2.3", "4.2.2.1"}},
		{"mbox no address", `"mbox":"mailto:should.fail.com"`, broken{"/mbox", `must be mailto: and an address, like mailto:ada@example.com, not "mailto:should.fail.com"`, "2.4.2.3", "4.2.2.1"}},
		{"mbox a number", `"mbox":1`, broken{"/mbox", "must be a string, not a number", "2.4.2.3", "4.2.2.1"}},
		{"mbox_sha1sum short", `"mbox_sha1sum":"cd9b"`, broken{"/mbox_sha1sum", `must be a SHA-1 sum of 40 hexadecimal digits, not "cd9b"`, "2.4.2.3", "4.2.2.1"}},
		{"mbox_sha1sum no hex", `"mbox_sha1sum":"` + strings.Repeat("g", 40) + `"`, broken{"/mbox_sha1sum", `must be a SHA-1 sum of 40 hexadecimal digits, not "` + strings.Repeat("g", 40) + `"`, "2.4.2.3", "4.2.2.1"}},
		{"mbox_sha1sum an object", `"mbox_sha1sum":{}`, broken{"/mbox_sha1sum", "must be a string, not an object", "2.4.2.3", "4.2.2.1"}},
		{"openid no URI", `"openid":"ab=c://should.fail.com"`, broken{"/openid", `must be a URI with a scheme, like https://ada.example.com/, not "ab=c://should.fail.com"`, "2.4.2.3", "4.2.2.1"}},
		{"account a string", `"account":"ada"`, broken{"/account", "must be an object, not a string", "2.4.2.4", "4.2.2.1"}},
		{"account without homePage", `"account":{"name":"ada"}`, broken{"/account", `an account must have the property "homePage"`, "2.4.2.4", "4.2.2.1"}},
		{"account without name", `"account":{"homePage":"https://example.com"}`, broken{"/account", `an account must have the property "name"`, "2.4.2.4", "4.2.2.1"}},
		{"homePage no IRL", `"account":{"homePage":"example.com","name":"ada"}`, broken{"/account/homePage", `must be an IRL with a scheme, like https://example.com/a, not "example.com"`, "2.4.2.4", "4.2.2.1"}},
		{"account name a number", `"account":{"homePage":"https://example.com","name":7}`, broken{"/account/name", "must be a string, not a number", "2.4.2.4", "4.2.2.1"}},
		{"account unknown property", `"account":{"homePage":"https://example.com","name":"ada","homepage":1}`, broken{"/account/homepage", `"homepage" must be written "homePage": names are case-sensitive`, "2.2", "4.2.1"}},
		{"account null", `"account":null`, broken{"/account", "must not be null: leave the property out; only extensions may hold null", "2.2", "4.2.1"}},
	}
	pairs := map[string]string{
		"mbox and sha1": mbox + "," + sha1, "mbox and openid": mbox + "," + openid, "mbox and account": mbox + "," + account,
		"sha1 and openid": sha1 + "," + openid, "sha1 and account": account + "," + sha1, "openid and account": openid + "," + account,
	}
	for name, members := range pairs {
		cases = append(cases, agentCase{name, members, broken{"", "%s must have one identifier, not 2: keep one of mbox, mbox_sha1sum, openid, account", "2.4.2.3", "4.2.2.1"}})
	}
	var refusals []refusal
	for _, place := range places {
		for _, c := range cases {
			for objectType, what := range map[string]string{"Agent": "an Agent", "Group": "a Group"} {
				if objectType == "Agent" && strings.HasPrefix(place.name, "team") || objectType == "Group" && place.name == "authority" {
					continue
				}
				want := c.want
				want.path, want.rule = place.path+want.path, strings.Replace(want.rule, "%s", what, 1)
				refusals = append(refusals, refusal{
					place.name + " " + objectType + ": " + c.name,
					place.put(`{"objectType":"` + objectType + `",` + c.members + `}`),
					[]broken{want},
				})
			}
		}
	}
	testRefusals(t, refusals)
}

func TestAgentRefused(t *testing.T) {
	t.Parallel()
	const anonymous = "a Group without mbox, mbox_sha1sum, openid or account must list its members in member"
	actor := func(a string) string { return statement(`"actor":` + a) }
	testRefusals(t, []refusal{
		{"a string", actor(`"ada"`), []broken{{"/actor", "must be an object, not a string", "2.4.2.1", "4.2.2.1"}}},
		{"an array", actor(`[]`), []broken{{"/actor", "must be an object, not an array", "2.4.2.1", "4.2.2.1"}}},
		{"nobody", actor(`{}`), []broken{{"/actor", "an Agent must have one of mbox, mbox_sha1sum, openid, account", "2.4.2.3", "4.2.2.1"}}},
		{"a name alone", actor(`{"name":"Ada"}`), []broken{{"/actor", "an Agent must have one of mbox, mbox_sha1sum, openid, account", "2.4.2.3", "4.2.2.1"}}},
		{"a name of a number", actor(`{"name":1,"mbox":"mailto:ada@example.com"}`), []broken{{"/actor/name", "must be a string, not a number", "2.4.2.1", "4.2.2.1"}}},
		{"wrong case of a type", actor(`{"objectType":"agent","mbox":"mailto:ada@example.com"}`), []broken{{"/actor/objectType", `must be "Agent" or "Group", not "agent"`, "2.4.2.1", "4.2.2.1"}}},
		{"a type that is none", actor(`{"objectType":1,"mbox":"mailto:ada@example.com"}`), []broken{{"/actor/objectType", "must be a string, not a number", "2.4.2.1", "4.2.2.1"}}},
		{"unknown property", actor(`{"mbox":"mailto:ada@example.com","email":""}`), []broken{{"/actor/email", `"email" is no property of an Agent: it may have objectType, name, mbox, mbox_sha1sum, openid, account`, "2.4.2.1", "4.2.2.1"}}},
		{"an Agent with members", actor(`{"mbox":"mailto:ada@example.com","member":[]}`), []broken{{"/actor/member", `"member" is no property of an Agent: it may have objectType, name, mbox, mbox_sha1sum, openid, account`, "2.4.2.1", "4.2.2.1"}}},
		{"three identifiers", actor(`{"mbox":"mailto:ada@example.com","openid":"x:y","account":{"homePage":"x:y","name":""}}`), []broken{{"/actor", "an Agent must have one identifier, not 3: keep one of mbox, mbox_sha1sum, openid, account", "2.4.2.3", "4.2.2.1"}}},

		{"a Group of nothing", actor(`{"objectType":"Group"}`), []broken{{"/actor", anonymous, "2.4.2.2", "4.2.2.1"}}},
		{"an anonymous Group of nobody", actor(`{"objectType":"Group","member":[]}`), []broken{{"/actor", anonymous, "2.4.2.2", "4.2.2.1"}}},
		{"members no array", actor(`{"objectType":"Group","member":` + ada + `}`), []broken{{"/actor/member", "must be an array, not an object", "2.4.2.2", "4.2.2.1"}}},
		{"a member that is a Group", actor(`{"objectType":"Group","member":[` + ada + `,` + group + `]}`), []broken{{"/actor/member/1", "must be an Agent: a Group is not allowed here", "2.4.2.2", "4.2.2.1"}}},
		{"a member of an identified Group that is one", actor(`{"objectType":"Group","openid":"x:y","member":[` + group + `]}`), []broken{{"/actor/member/0", "must be an Agent: a Group is not allowed here", "2.4.2.2", "4.2.2.1"}}},
		{"a faulty member", actor(`{"objectType":"Group","member":[{"mbox":"ada"}]}`), []broken{{"/actor/member/0/mbox", `must be mailto: and an address, like mailto:ada@example.com, not "ada"`, "2.4.2.3", "4.2.2.1"}}},
		{"a null member", actor(`{"objectType":"Group","member":[null]}`), []broken{{"/actor/member/0", "must not be null: leave the property out; only extensions may hold null", "2.2", "4.2.1"}}},

		{"a team that is an Agent", statement(`"context":{"team":{"objectType":"Agent","mbox":"mailto:ada@example.com"}}`), []broken{{"/context/team", `must be a Group, with the objectType "Group"`, "2.4.2.2", "4.2.2.1"}}},
		{"a team of one Agent", statement(`"context":{"team":` + ada + `}`), []broken{{"/context/team", `must be a Group, with the objectType "Group"`, "2.4.2.2", "4.2.2.1"}}},
	})
}

func TestAuthorityRefused(t *testing.T) {
	t.Parallel()
	authority := func(a string) string { return statement(`"authority":` + a) }
	const identified = "an authority must be an Agent, or a Group without identifier of the application and its user (OAuth)"
	testRefusals(t, []refusal{
		{"an identified Group", authority(group), []broken{{"/authority/mbox", identified, "2.4.9", "4.2.4.2"}}},
		{"an identified Group of two", authority(`{"account":{"homePage":"x:y","name":"z"},` + oauth[1:]), []broken{{"/authority/account", identified, "2.4.9", "4.2.4.2"}}},
		{"one member", authority(`{"objectType":"Group","member":[` + ada + `]}`), []broken{{"/authority/member", "an authority that is a Group must have two members (OAuth), not 1", "2.4.9", "4.2.4.2"}}},
		{"three members", authority(`{"objectType":"Group","member":[` + ada + `,` + ada + `,` + ada + `]}`), []broken{{"/authority/member", "an authority that is a Group must have two members (OAuth), not 3", "2.4.9", "4.2.4.2"}}},
		{"no application", authority(`{"objectType":"Group","member":[` + ada + `,` + ada + `]}`), []broken{{"/authority/member", "one member of an authority that is a Group must be identified by account: the application (OAuth)", "2.4.9", "4.2.4.2"}}},
		{"no members", authority(`{"objectType":"Group"}`), []broken{{"/authority", "a Group without mbox, mbox_sha1sum, openid or account must list its members in member", "2.4.2.2", "4.2.2.1"}}},
		{"beside another fault", statement(`"id":1`, `"authority":`+group), []broken{
			{"/id", "must be a string, not a number", "2.4.1", "4.2.4.2"},
			{"/authority/mbox", identified, "2.4.9", "4.2.4.2"},
		}},
	})
}

func TestParseAgent(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		`{"mbox":"mailto:Ada@Example.COM"}`:                                                      "mbox:mailto:Ada@example.com",
		`{"mbox_sha1sum":"CD9B00A5611F94EAA7B1661EDAB976068E364975"}`:                            "sha1:cd9b00a5611f94eaa7b1661edab976068e364975",
		` {"openid":"https://Ada.example.com/"} `:                                                "openid:https://Ada.example.com/",
		`{"objectType":"Agent","account":{"name":"a\nda","homePage":"https://example.com/"}}`:    "account:https://example.com/\na\nda",
		`{"objectType":"Group","mbox":"mailto:team@example.com","member":[{"openid":"x:y"}]}`:    "mbox:mailto:team@example.com",
		`{"account":{"homePage":"https://example.com/","name":"\u0000\ud83d\ude00"},"name":"x"}`: "account:https://example.com/\n\x00😀",
	} {
		got, err := xapi.ParseAgent([]byte(agent), xapi.V1)
		require.NoError(t, err, agent)
		require.Equal(t, want, got)
		// A statement says the same of its actor.
		require.Equal(t, want, decode(t, statement(`"actor":`+agent), xapi.V2).Actor)
	}
	for agent, want := range map[string]string{
		``:                  "invalid: an agent must be a JSON object: EOF",
		`{`:                 "invalid: an agent must be a JSON object: jsontext: unexpected EOF after offset 1",
		`null`:              "invalid: this is no agent of xAPI 1.0.3 (statement 0 : must not be null: leave the property out; only extensions may hold null; 1 in all)",
		`{}`:                "invalid: this is no agent of xAPI 1.0.3 (statement 0 : an Agent must have one of mbox, mbox_sha1sum, openid, account; 1 in all)",
		`{"openid":"x:y"}}`: "invalid: an agent must be a JSON object: jsontext: invalid character '}' at start of value after offset 16",
		`{"openid":"x:y"}1`: "invalid: an agent must be a JSON object: something follows it",
		`{"objectType":"Group","member":[{"openid":"x:y"}]}`: "invalid: an anonymous Group identifies nobody: send an Agent or an identified Group",
	} {
		_, err := xapi.ParseAgent([]byte(agent), xapi.V1)
		require.EqualError(t, err, want, agent)
		require.Equal(t, fault.Invalid, fault.KindOf(err))
	}
}
