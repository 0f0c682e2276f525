package httpapi_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

func vocabularyOf(t *tenant.Tenant) string {
	return "/api/v1/tenants/" + t.Slug + "/stores/main/vocabulary"
}

// What is completed is a filter.
func TestAVocabularyCompletesFilters(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	of := o.tenant()
	o.statements(of, adaDid, `{"actor":{"account":{"homePage":"https://hr.example.org","name":"E-4711"},"name":"Bob"},
		"verb":{"id":"http://example.org/passed","display":{"en":"passed","de":"bestanden"}},
		"object":{"id":"http://example.org/b","definition":{"name":{"en":"Forklift safety"},"type":"http://adlnet.gov/expapi/activities/course"}}}`)
	v := o.as(of, exporter)
	list := func(v *visitor, pairs ...string) (m apiv1.Vocabulary) {
		t.Helper()
		require.Eventually(t, func() bool {
			m = read[apiv1.Vocabulary](v.call("GET", vocabularyOf(of)+ask(pairs...), nil, "Accept-Language", "de").is(200))
			return m.Complete
		}, 10*time.Second, 10*time.Millisecond)
		return m
	}
	verbs := list(v, "kind", "verbs", "q", "PASS")
	require.Equal(t, []apiv1.VocabularyItem{{ID: "http://example.org/passed", Name: "bestanden"}}, verbs.Items)
	require.False(t, verbs.Masked)
	activities := list(v, "kind", "activities", "q", "safe")
	require.Len(t, activities.Items, 1)
	require.Equal(t, "Forklift safety", activities.Items[0].Name)
	require.Equal(t, "http://adlnet.gov/expapi/activities/course", *activities.Items[0].Type)
	require.Len(t, list(v, "kind", "activities", "limit", "1").Items, 1)
	people := list(v, "kind", "people", "q", "bob")
	require.Len(t, people.Items, 1)
	require.Equal(t, "E-4711", people.Items[0].ID)
	agent, err := json.Marshal(people.Items[0].Agent)
	require.NoError(t, err)
	require.Len(t, read[apiv1.StatementPage](v.call("GET", statementsOf(of)+ask("agent", string(agent)), nil).is(200)).Items, 1)
	seen := o.events(of, audit.IdentitiesViewed)
	require.Equal(t, `{"looked":"up people","rows":1}`, seen[1].Details)

	looks := o.as(of, analyst)
	masked := list(looks, "kind", "people")
	require.True(t, masked.Masked)
	require.Empty(t, masked.Items)
	require.Len(t, list(looks, "kind", "verbs").Items, 2)
}

func TestAVocabularyIsAskedForRightly(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	of, other := o.tenant(), o.tenant()
	v := o.as(of, analyst)
	for query, place := range map[string]string{
		"": "?kind", ask("kind", "agents"): "?kind", ask("kind", "verbs", "limit", "51"): "?limit", ask("kind", "verbs", "limit", "0"): "?limit",
		ask("kind", "verbs", "q", strings.Repeat("q", 201)): "?q", ask("kind", "verbs", "after", "x"): "?after",
	} {
		require.Equal(t, place, v.call("GET", vocabularyOf(of)+query, nil).is(400).problem().Violations[0].Path, query)
	}
	v.call("GET", vocabularyOf(other)+ask("kind", "verbs"), nil).is(404)
	o.as(of, auditor).call("GET", vocabularyOf(of)+ask("kind", "verbs"), nil).is(403)
	v.call("GET", strings.Replace(vocabularyOf(of), "/main/", "/nothing/", 1)+ask("kind", "verbs"), nil).is(404)
}
