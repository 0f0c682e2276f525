package xapi_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

func person(name string) string { return `{"mbox":"mailto:` + name + `@example.com"}` }

func people(identity string, names ...string) string {
	g := `{"objectType":"Group","member":[`
	for i, n := range names {
		if i > 0 {
			g += ","
		}
		g += person(n)
	}
	g += "]"
	if identity != "" {
		g += `,"openid":"x:` + identity + `"`
	}
	return g + "}"
}

func agentTerm(kind xapi.TermKind, names ...string) (terms []xapi.Term) {
	for _, n := range names {
		terms = append(terms, xapi.Term{Kind: kind, Value: "mbox:mailto:" + n + "@example.com"})
	}
	return terms
}

func TestTerms(t *testing.T) {
	t.Parallel()
	const agent, related, activity = xapi.TermAgent, xapi.TermRelatedAgent, xapi.TermRelatedActivity
	join := func(lists ...[]xapi.Term) (all []xapi.Term) {
		for _, l := range lists {
			all = append(all, l...)
		}
		return all
	}
	object := func(a string) string { return `"object":{"objectType":"Agent",` + a[1:] }
	for _, c := range []struct {
		name, statement, actor, activity string
		want                             []xapi.Term
	}{
		{"an agent and an activity", statement(), "mbox:mailto:ada@example.com", "https://example.com/quiz", nil},
		{"an actor of members", statement(`"actor":` + people("team", "b", "a")), "openid:x:team", "https://example.com/quiz", agentTerm(agent, "a", "b")},
		{"an anonymous actor", statement(`"actor":` + people("", "b", "a", "b")), "", "https://example.com/quiz", agentTerm(agent, "a", "b")},
		{"an object that is an agent", statement(object(person("b"))), "mbox:mailto:ada@example.com", "", agentTerm(agent, "b")},
		{"an object that is the actor", statement(object(person("ada"))), "mbox:mailto:ada@example.com", "", nil},
		{
			"an object that is a group", statement(`"object":` + people("team", "c")), "mbox:mailto:ada@example.com", "",
			join(agentTerm(agent, "c"), []xapi.Term{{Kind: agent, Value: "openid:x:team"}}),
		},
		{
			"instructor and team", statement(`"context":{"instructor":` + people("teachers", "d", "e") + `,"team":` + people("", "f", "ada") + `}`), "mbox:mailto:ada@example.com", "https://example.com/quiz",
			join(agentTerm(related, "d", "e", "f"), []xapi.Term{{Kind: related, Value: "openid:x:teachers"}}),
		},
		{"an instructor who is the object too", statement(object(person("b")), `"context":{"instructor":`+person("b")+`}`), "mbox:mailto:ada@example.com", "", agentTerm(agent, "b")},
		{
			"context agents and groups", statement(`"context":{"contextAgents":[{"objectType":"contextAgent","agent":` + person("g") + `}],"contextGroups":[{"objectType":"contextGroup","group":` + people("club", "h") + `}]}`), "mbox:mailto:ada@example.com", "https://example.com/quiz",
			join(agentTerm(related, "g", "h"), []xapi.Term{{Kind: related, Value: "openid:x:club"}}),
		},
		{
			"context activities", statement(`"context":{"contextActivities":{"parent":{"id":"x:p"},"grouping":[{"id":"x:g"},{"id":"x:p"}],"category":[{"id":"x:c"}],"other":[{"id":"x:o"},` + quiz + `]}}`), "mbox:mailto:ada@example.com", "https://example.com/quiz",
			[]xapi.Term{{Kind: activity, Value: "x:c"}, {Kind: activity, Value: "x:g"}, {Kind: activity, Value: "x:o"}, {Kind: activity, Value: "x:p"}},
		},
		{
			"everything in a SubStatement", statement(
				`"object":{"objectType":"SubStatement","actor":` + people("them", "i") + `,"verb":` + did + `,"object":{"id":"x:in"},"context":{"instructor":` + person("j") + `,"team":` + people("", "k") + `,"contextActivities":{"parent":[{"id":"x:q"}]}}}`), "mbox:mailto:ada@example.com", "",
			join(agentTerm(related, "i", "j", "k"), []xapi.Term{{Kind: related, Value: "openid:x:them"}, {Kind: activity, Value: "x:in"}, {Kind: activity, Value: "x:q"}}),
		},
		{"an agent in a SubStatement", subStatement(object(person("l")), `"actor":`+person("m")), "mbox:mailto:ada@example.com", "", agentTerm(related, "l", "m")},
		{"an authority is no term", statement(`"authority":` + person("n")), "mbox:mailto:ada@example.com", "https://example.com/quiz", nil},
		{"an identity in escapes", statement(`"actor":{"mbox":"mailto:\u0061da@EXAMPLE.com"}`), "mbox:mailto:ada@example.com", "https://example.com/quiz", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := decode(t, c.statement, xapi.V2)
			require.Equal(t, c.actor, s.Actor)
			require.Equal(t, "https://example.com/verbs/did", s.Verb)
			require.Equal(t, c.activity, s.Activity)
			require.Equal(t, c.want, s.Terms)
		})
	}
}

func TestTargetAndVoids(t *testing.T) {
	t.Parallel()
	id := uuid.MustParse("8f87ccde-bb56-4c2e-ab83-44982ef22df0")
	const voided = `"verb":{"id":"` + xapi.VoidedVerb + `"}`
	for _, c := range []struct {
		name, statement string
		target          uuid.UUID
		voids           bool
	}{
		{"about an activity", statement(), uuid.Nil, false},
		{"about a statement", statement(`"object":` + ref), id, false},
		{"voiding", statement(`"object":`+ref, voided), id, true},
		{"about a statement, inside", subStatement(`"object":` + ref), uuid.Nil, false},
		{"voiding, inside", subStatement(`"object":`+ref, voided), uuid.Nil, false},
		{"in the context of a statement", statement(`"context":{"statement":` + ref + `}`), uuid.Nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := decode(t, c.statement, xapi.V1)
			require.Equal(t, c.target, s.Target)
			require.Equal(t, c.voids, s.Voids)
		})
	}
}

func TestModuleAndCourse(t *testing.T) {
	t.Parallel()
	a := func(id, typ string) string {
		if typ == "" {
			return `{"id":"x:` + id + `"}`
		}
		return `{"id":"x:` + id + `","definition":{"type":"http://adlnet.gov/expapi/activities/` + typ + `"}}`
	}
	for _, c := range []struct{ name, object, activities, module, course string }{
		{"nothing known", a("o", ""), ``, "", ""},
		{"a course itself", a("o", "course"), ``, "", "x:o"},
		{"a course with a parent", a("o", "course"), `"parent":` + a("p", ""), "x:p", ""},
		{"a module itself", a("o", "module"), `"grouping":` + a("g", ""), "x:o", "x:g"},
		{"a lesson itself", a("o", "lesson"), `"parent":` + a("p", "module"), "x:o", ""},
		{"a parent", a("o", ""), `"parent":` + a("p", ""), "x:p", ""},
		{"two parents", a("o", ""), `"parent":[` + a("p", "") + `,` + a("q", "") + `]`, "x:p", ""},
		{"a parent that is a module", a("o", ""), `"parent":[` + a("p", "") + `,` + a("q", "lesson") + `]`, "x:q", ""},
		{"a grouping that is a module", a("o", ""), `"parent":` + a("p", "") + `,"grouping":[` + a("g", "module") + `,` + a("h", "") + `]`, "x:g", "x:h"},
		{"the last grouping", a("o", ""), `"grouping":[` + a("g", "") + `,` + a("h", "") + `]`, "", "x:h"},
		{"a grouping that is a course", a("o", ""), `"parent":` + a("p", "course") + `,"grouping":[` + a("g", "course") + `,` + a("h", "") + `]`, "x:p", "x:g"},
		{"a parent that is a course", a("o", ""), `"parent":` + a("p", "course") + `,"grouping":` + a("g", ""), "x:p", "x:p"},
		{"a category that is a course", a("o", ""), `"category":` + a("c", "course") + `,"other":` + a("d", "course"), "", "x:c"},
		{"a course in a grouping", a("o", "course"), `"grouping":` + a("g", ""), "", "x:g"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := decode(t, statement(`"object":`+c.object, `"context":{"contextActivities":{`+c.activities+`}}`), xapi.V1)
			require.Equal(t, c.module, s.Module)
			require.Equal(t, c.course, s.Course)
		})
	}
	t.Run("what a SubStatement is about", func(t *testing.T) {
		t.Parallel()
		s := decode(t, subStatement(`"object":`+a("o", "course"), `"context":{"contextActivities":{"parent":`+a("p", "module")+`}}`), xapi.V1)
		require.Empty(t, s.Module)
		require.Empty(t, s.Course)
	})
}

func TestTermsOfReadsWhatIsStored(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		typical,
		statement(),
		statement(`"timestamp":"2026-03-01T12:00:00"`), // of 1.0.3 only
		statement(`"object":` + ref),
		statement(`"verb":{"id":"`+xapi.VoidedVerb+`"}`, `"object":`+ref),
		statement(`"actor":` + people("", "a", "b")),
		subStatement(`"context":{"contextActivities":{"parent":` + quiz + `}}`),
		attachment("", ""),
		result(`{"score":{"scaled":-0.5},"success":false,"duration":"P1D"}`),
	} {
		want := decode(t, body, xapi.V1)
		got, err := xapi.TermsOf(want.Text)
		require.NoError(t, err)
		want.ID, want.Text, want.Hash = uuid.Nil, nil, [16]byte{}
		require.Equal(t, want, got)

		// What is added on the way out changes nothing but the id.
		out := append([]byte(`{"id":"7ccd3322-e1a5-411a-a67d-6a735c76f119","stored":"2026-03-01T12:00:00Z","authority":`+oauth+`,`), decode(t, body, xapi.V1).Text[1:]...)
		got, err = xapi.TermsOf(out)
		require.NoError(t, err)
		got.ID = uuid.Nil
		require.Equal(t, want, got)
	}
}

func TestTermsOfRefusesWhatIsNoObject(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "{", "7", `"x"`, "[]", "null", `{"a":1,"a":2}`} {
		_, err := xapi.TermsOf([]byte(text))
		require.Equal(t, fault.Internal, fault.KindOf(err), text)
		require.ErrorContains(t, err, "a stored statement is unreadable")
	}
	// What has no meaning has no terms.
	s, err := xapi.TermsOf([]byte(`{"actor":1,"verb":[],"object":7,"context":"","result":[],"attachments":3,"authority":{"objectType":"Group"}}`))
	require.NoError(t, err)
	require.Equal(t, xapi.Statement{Duration: -1}, s)
}
