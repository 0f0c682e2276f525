package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/sample"
)

// secretive is a statement with somebody in every place that has room for one.
const secretive = `{"id":"7e5a1d1e-5c3c-4f0a-9d0d-0f3a3a1f0009","actor":{"mbox":"mailto:grace.hopper@navy.example","name":"Grace Hopper"},
	"verb":{"id":"http://example.org/did","display":{"en":"was seen by grace.hopper@navy.example"}},
	"object":{"id":"http://example.org/people/grace.hopper%40navy.example","definition":{"name":{"en":"Portfolio of Grace Hopper"},
		"description":{"en":"mail grace.hopper@navy.example"},"extensions":{"http://example.org/ssn":"SSN-55512"}}},
	"result":{"response":"My name is Grace Hopper, SSN-55512","extensions":{"http://example.org/ssn":"SSN-55512"}},
	"context":{"registration":"7e5a1d1e-5c3c-4f0a-9d0d-0f3a3a1f0003","instructor":{"account":{"homePage":"https://hr.example","name":"emp-77141"},"name":"Alan Turing"},
		"team":{"objectType":"Group","name":"Bletchley","member":[{"openid":"https://id.example/turing"},{"mbox_sha1sum":"ebd31e95054c018b10727ccffd2ef2ec3a016ee9"}]},
		"extensions":{"http://example.org/ssn":"SSN-55512","http://example.org/who":{"name":"emp-77141"}}}}`

var secrets = []string{
	"hopper", "navy.example", "grace", "turing", "77141", "bletchley", "ssn-55512", "ebd31e95054c018b10727ccffd2ef2ec3a016ee9", "id.example", "hr.example",
	"ada@example.org", "bob@example.org", "mailto:",
}

// Whoever may not see who people are, finds nobody on any route, in no header,
// and in no error.
func TestAnAnalystObtainsNoIdentity(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	of := o.tenant()
	names := append([]string{}, secrets...)
	texts := []string{secretive, adaDid}
	for _, s := range sample.New(7, sample.Options{}).Statements(60) {
		texts = append(texts, string(s))
		var actor struct {
			Actor struct {
				Name, Mbox string
				Account    struct{ Name string }
			}
		}
		require.NoError(t, json.Unmarshal(s, &actor))
		for _, name := range []string{actor.Actor.Name, strings.TrimPrefix(actor.Actor.Mbox, "mailto:"), actor.Actor.Account.Name} {
			if len(name) >= 4 {
				names = append(names, strings.ToLower(name))
			}
		}
	}
	ids := o.statements(of, texts...)
	w := o.writer(of)
	w.xapi("PUT", "agents/profile"+ask("agent", ada, "profileId", "grace hopper"), "text/plain", "SSN-55512")
	o.as(of, admin).call("POST", statementsOf(of)+"/"+ids[1]+"/void", `{"reason":"grace hopper asked for it"}`).is(201)
	o.seal()

	a := o.as(of, analyst)
	checked := 0
	look := func(method, path string, body any) answer {
		t.Helper()
		got := a.call(method, path, body, "If-Match", "*")
		require.Less(t, got.status, 500)
		text := strings.ToLower(string(got.body) + fmt.Sprint(got.header))
		for _, name := range names {
			require.NotContains(t, text, name, "%s %s", method, path)
		}
		checked++
		return got
	}
	next := ""
	var pseudonym string
	for {
		page := read[apiv1.StatementPage](look("GET", statementsOf(of)+"?limit=20"+next, nil).is(200))
		require.False(t, page.Identities)
		for _, s := range page.Items {
			require.True(t, s.Actor.Pseudonym)
			agent, err := json.Marshal(s.Actor.Agent)
			require.NoError(t, err)
			if s.ID.String() == ids[0] {
				pseudonym = string(agent)
			}
		}
		if page.Next == "" {
			break
		}
		next = "&after=" + page.Next
	}
	for _, id := range ids {
		look("GET", statementsOf(of)+"/"+id, nil).is(200)
	}
	for _, id := range ids[:8] {
		look("GET", statementsOf(of)+"/"+id+"/related", nil).is(200)
	}
	look("GET", statementsOf(of)+"/"+ids[1]+"/voided-by", nil).is(200)
	found := read[apiv1.StatementPage](look("GET", statementsOf(of)+ask("agent", pseudonym, "related_agents", "true"), nil).is(200))
	require.NotEmpty(t, found.Items, "a pseudonym works as a filter")

	// Asking by identity is refused, whether there is such a person or not.
	known := a.call("GET", statementsOf(of)+ask("agent", ada), nil).is(403)
	unknown := a.call("GET", statementsOf(of)+ask("agent", `{"mbox":"mailto:nobody@example.org"}`), nil).is(403)
	require.Equal(t, strings.ReplaceAll(string(known.body), known.problem().RequestID, ""), strings.ReplaceAll(string(unknown.body), unknown.problem().RequestID, ""))
	for _, id := range []string{"mailto:ada@example.org", "https://example.org/people/nobody%40example.org"} {
		a.call("GET", statementsOf(of)+ask("activity", id), nil).is(403)
	}
	denied := o.events(of, audit.AccessDenied)
	require.NotEmpty(t, denied)
	require.Contains(t, denied[0].Details, "view_identity")
	require.NotContains(t, denied[0].Details, "mailto")

	// Every other route: whatever it answers, it names nobody.
	for _, l := range o.api.ConsoleLines() {
		if strings.HasPrefix(l.Path, "/docs") || strings.HasPrefix(l.Path, "/scim") || strings.HasPrefix(l.Path, "/auth") || strings.Contains(l.Path, "openapi.json") {
			continue
		}
		path := strings.NewReplacer(":tenant", of.Slug, ":store", "main", ":statement", ids[0], ":key", w.user, ":member", "aaaaaaaa", ":grant", "aaaaaaaa",
			":role", "analyst", ":token", "aaaaaaaa", ":session", "aaaaaaaa", ":event", "aaaaaaaa", ":stream", "aaaaaaaa", ":mapping", "aaaaaaaa",
			":domain", "none.example.com").Replace(l.Path)
		var body any
		if l.Method != http.MethodGet && l.Method != http.MethodDelete {
			body = `{"x":1}`
		}
		look(l.Method, path, body)
	}
	look("GET", documentsOf(of)+ask("kind", "agent-profile", "agent", pseudonym), nil).is(403)
	look("GET", documentsOf(of)+"/content"+ask("kind", "agent-profile", "agent", pseudonym, "id", "grace"), nil).is(403)
	require.Greater(t, checked, 100)

	// Nor does the log tell an auditor.
	log := strings.ToLower(string(o.as(of, auditor).call("GET", "/api/v1/tenants/"+of.Slug+"/audit?limit=1000", nil).is(200).body))
	for _, name := range names {
		if name != "grace" && name != "hopper" { // the admin wrote that, as a reason
			require.NotContains(t, log, name)
		}
	}
}
