package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

func statementsOf(t *tenant.Tenant) string {
	return "/api/v1/tenants/" + t.Slug + "/stores/main/statements"
}

func documentsOf(t *tenant.Tenant) string {
	return "/api/v1/tenants/" + t.Slug + "/stores/main/documents"
}

func ask(pairs ...string) string {
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return "?" + values.Encode()
}

// read is the body of an answer as a model.
func read[T any](a answer) (model T) {
	a.t.Helper()
	require.NoError(a.t, json.Unmarshal(a.body, &model), "%s", a.body)
	return model
}

const ada, bob = `{"mbox":"mailto:ada@example.org"}`, `{"mbox":"mailto:bob@example.org"}`

func TestStatementsAreFoundByWhatXAPIFilters(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	of := o.tenant()
	ids := o.statements(of, adaDid,
		`{"actor":`+bob+`,"verb":{"id":"http://example.org/did","display":{"en":"did","de":"tat"}},"object":{"id":"http://example.org/b"},
			"result":{"score":{"scaled":0.125},"success":true,"duration":"PT5S"}}`)
	v := o.as(of, exporter)
	for query, want := range map[string]int{
		"": 2, ask("agent", ada): 1, ask("verb", "http://example.org/did"): 2, ask("activity", "http://example.org/b"): 1,
		ask("registration", "7e5a1d1e-5c3c-4f0a-9d0d-0f3a3a1f0002"): 1, ask("since", "2999-01-01T00:00:00Z"): 0, ask("limit", "1"): 1,
		ask("score", "<0.2"): 1, ask("score", ">0.125"): 0, ask("score", ">=0.125,<=0.125", "success", "true"): 1, ask("success", "false"): 0,
		ask("completion", "true"): 0, ask("agent", ada, "score", "<1"): 0,
		ask("agent", ada, "related_agents", "true"): 1, ask("activity", "http://example.org/a", "related_activities", "true", "ascending", "true"): 1,
	} {
		require.Len(t, read[apiv1.StatementPage](v.call("GET", statementsOf(of)+query, nil).is(200)).Items, want, query)
	}
	page := read[apiv1.StatementPage](v.call("GET", statementsOf(of)+ask("agent", bob), nil, "Accept-Language", "de").is(200))
	row := page.Items[0]
	require.True(t, page.Identities)
	require.Equal(t, "tat", row.Verb.Display)
	require.Equal(t, "mailto:bob@example.org", row.Actor.Name)
	require.InDelta(t, 0.125, *row.Result.Scaled, 0)
	detail := v.call("GET", statementsOf(of)+"/"+ids[1], nil).is(200)
	require.Contains(t, string(detail.body), `"scaled":0.125`)
	require.Len(t, read[apiv1.StatementPage](v.call("GET", statementsOf(of)+ask("ascending", "true"), nil)).Items, 2)
}

func TestWhatIsAskedWronglyIsToldWhere(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	of := o.tenant()
	v := o.as(of, admin)
	for query, place := range map[string]string{
		ask("agent", "{"): "?agent", ask("agent", `{"mbox":"ada"}`): "?agent/mbox", ask("verb", "did"): "?verb", ask("activity", "x y"): "?activity",
		ask("registration", "1"): "?registration", ask("since", "yesterday"): "?since", ask("limit", "101"): "?limit", ask("limit", "0"): "?limit",
		ask("score", "0.8"): "?score", ask("score", "<2"): "?score", ask("score", "<0.1,<0.2,<0.3"): "?score", ask("success", "maybe"): "?success", ask("completion", "1"): "?completion",
		ask("ascending", "yes"): "?ascending", ask("after", "AAAA"): "?after", ask("relatedAgents", "true"): "?relatedAgents",
		ask("agent", `{"account":{"homePage":"https://pseudonym.stoa.invalid","name":"aaaa"}}`): "?agent", "?verb=a&verb=b": "?verb",
	} {
		p := v.call("GET", statementsOf(of)+query, nil).is(400).problem()
		require.Len(t, p.Violations, 1, query)
		require.Equal(t, place, p.Violations[0].Path, query)
	}
	for query, place := range map[string]string{
		ask("kind", "x"): "?kind", ask("kind", "state", "agent", ada): "?activity", ask("kind", "agent-profile"): "?agent",
		ask("kind", "agent-profile", "agent", ada, "activity", "http://example.org/a"):                                              "?activity",
		ask("kind", "activity-profile", "activity", "http://example.org/a", "registration", "7e5a1d1e-5c3c-4f0a-9d0d-0f3a3a1f0002"): "?registration",
	} {
		require.Equal(t, place, v.call("GET", documentsOf(of)+query, nil).is(400).problem().Violations[0].Path, query)
	}
	long := ask("kind", "agent-profile", "agent", ada, "id", strings.Repeat("i", 3000))
	require.Equal(t, "?id", v.call("GET", documentsOf(of)+"/content"+long, nil).is(400).problem().Violations[0].Path)
	id := o.statements(of, adaDid)[0]
	require.Equal(t, "/reason", v.call("POST", statementsOf(of)+"/"+id+"/void", `{"reason":"no"}`).is(400).problem().Violations[0].Path)
	v.call("GET", statementsOf(of)+"/not-a-uuid", nil).is(404)
}

func TestACursorGoesWithItsQueryAndPerson(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	of, other := o.tenant(), o.tenant()
	o.statements(of, adaDid, adaDid, adaDid)
	v := o.as(of, exporter)
	seen := map[string]bool{}
	query := ask("agent", ada, "limit", "1")
	next := ""
	for range 4 {
		page := read[apiv1.StatementPage](v.call("GET", statementsOf(of)+query+"&after="+next, nil).is(200))
		for _, s := range page.Items {
			seen[s.ID.String()] = true
		}
		if next = page.Next; next == "" {
			break
		}
		require.NotContains(t, next, "ada")
	}
	require.Len(t, seen, 3)
	first := read[apiv1.StatementPage](v.call("GET", statementsOf(of)+query, nil).is(200)).Next
	refused := func(v *visitor, path string) {
		t.Helper()
		require.Equal(t, "?after", v.call("GET", path, nil).is(400).problem().Violations[0].Path)
	}
	refused(v, statementsOf(of)+ask("agent", bob, "limit", "1", "after", first))
	refused(v, statementsOf(of)+ask("after", first))
	refused(v, statementsOf(of)+ask("agent", ada, "limit", "1", "score", "<1", "after", first))
	refused(o.as(of, exporter), statementsOf(of)+query+"&after="+first)
	refused(o.as(other, exporter), statementsOf(other)+query+"&after="+first)
	for i := range len(first) {
		flipped := []byte(first)
		if flipped[i] ^= 1; flipped[i] == '=' || flipped[i] == '.' {
			continue
		}
		refused(v, statementsOf(of)+query+"&after="+url.QueryEscape(string(flipped)))
	}
}

func TestVoidingNamesThePersonAndTheConsole(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	of := o.tenant()
	ids := o.statements(of, adaDid, adaDid)
	v := o.as(of, admin)
	v.call("GET", statementsOf(of)+"/"+ids[0]+"/voided-by", nil).is(404)
	var group sync.WaitGroup // two first uses at once: one key
	for _, id := range ids {
		group.Go(func() { v.call("POST", statementsOf(of)+"/"+id+"/void", `{"reason":"sent twice"}`).is(201) })
	}
	group.Wait()
	v.call("POST", statementsOf(of)+"/"+ids[0]+"/void", `{"reason":"sent twice"}`).is(409)
	detail := read[apiv1.StatementDetail](v.call("GET", statementsOf(of)+"/"+ids[0]+"/voided-by", nil).is(200))
	text, err := json.Marshal(detail.Statement)
	require.NoError(t, err)
	require.Contains(t, string(text), `"name":"`+authz.Subject(v.member)+`"`)
	require.Contains(t, string(text), "sent twice")
	require.True(t, read[apiv1.StatementDetail](v.call("GET", statementsOf(of)+"/"+ids[0], nil).is(200)).Row.Voided)

	var console []apiv1.Key
	for _, k := range read[apiv1.KeyPage](v.call("GET", "/api/v1/tenants/"+of.Slug+"/keys", nil).is(200)).Items {
		if k.CreatedBy == "system:console" {
			console = append(console, k)
		}
	}
	require.Len(t, console, 1)
	require.Empty(t, console[0].Secrets)
	authority, err := json.Marshal(detail.Statement["authority"])
	require.NoError(t, err)
	require.Contains(t, string(authority), console[0].User)
	v.call("POST", "/api/v1/tenants/"+of.Slug+"/keys/"+console[0].User+"/rotate", `{}`).is(409)
	voided := o.events(of, audit.StatementVoided)
	require.Len(t, voided, 2)
	require.Contains(t, voided[0].Details, "sent twice")
}

func TestDocumentsAreLookedAtByWhoMaySeePeople(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	of, other := o.tenant(), o.tenant()
	w := o.writer(of)
	for i := range 3 {
		w.xapi("PUT", "activities/state"+ask("activityId", "http://example.org/a", "agent", ada, "stateId", fmt.Sprint("s", i)), "application/json", `{"page":3}`)
	}
	w.xapi("PUT", "agents/profile"+ask("agent", ada, "profileId", "picture"), "application/octet-stream", "\xff\xfe")
	w.xapi("PUT", "activities/profile"+ask("activityId", "http://example.org/a", "profileId", "large"), "text/plain", strings.Repeat("x", 1<<20+1))
	v := o.as(of, privacy)
	state := ask("kind", "state", "activity", "http://example.org/a", "agent", ada)
	var ids []string
	for next := ""; ; {
		page := read[apiv1.DocumentPage](v.call("GET", documentsOf(of)+state+"&limit=2"+next, nil).is(200))
		for _, d := range page.Items {
			ids = append(ids, d.ID)
			require.EqualValues(t, 10, d.Size)
		}
		if page.Next == "" {
			break
		}
		next = "&after=" + page.Next
	}
	require.Equal(t, []string{"s0", "s1", "s2"}, ids)
	text := read[apiv1.DocumentContent](v.call("GET", documentsOf(of)+"/content"+state+"&id=s1", nil).is(200))
	require.JSONEq(t, `{"page":3}`, *text.Text)
	bytes := read[apiv1.DocumentContent](v.call("GET", documentsOf(of)+"/content"+ask("kind", "agent-profile", "agent", ada, "id", "picture"), nil).is(200))
	require.Equal(t, "//4=", *bytes.Base64)
	v.call("GET", documentsOf(of)+"/content"+state+"&id=none", nil).is(404)
	v.call("GET", documentsOf(of)+"/content"+ask("kind", "activity-profile", "activity", "http://example.org/a", "id", "large"), nil).is(413)
	looks := o.events(of, audit.DocumentsViewed)
	require.Len(t, looks, 4)
	for _, l := range looks {
		require.NotContains(t, l.Details, "ada@")
		require.NotContains(t, l.Details, "picture")
	}
	// documents.view alone is not enough.
	o.in(of.ID, func(tx *postgres.Tx) error {
		_, err := authz.CreateRole(tx, authz.Trusted, "blind", authz.RoleText{Name: "B", Actions: []authz.Action{authz.StatementsView, authz.DocumentsView}}, time.Now())
		return err
	})
	o.as(of, "blind").call("GET", documentsOf(of)+state, nil).is(403)
	// Another tenant has none, and no other store.
	o.as(other, privacy).call("GET", documentsOf(of)+state, nil).is(404)
	require.Empty(t, read[apiv1.DocumentPage](o.as(other, privacy).call("GET", documentsOf(other)+state, nil).is(200)).Items)
}

func TestTheCapHoldsForManyAtOnce(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	of := o.tenant()
	texts := make([]string, 10)
	for i := range texts {
		texts[i] = adaDid
	}
	o.statements(of, texts...)
	limit := 55
	o.in(of.ID, func(tx *postgres.Tx) error {
		s, err := tenant.GetSettings(tx)
		if err != nil {
			return err
		}
		s.ViewingCap = &limit
		_, err = tenant.UpdateSettings(tx, *s, 0)
		return err
	})
	v := o.as(of, analyst)
	var shown, refused atomic.Int64
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			switch got := v.call("GET", statementsOf(of), nil); got.status {
			case http.StatusOK:
				shown.Add(int64(len(read[apiv1.StatementPage](got).Items)))
			case http.StatusTooManyRequests:
				refused.Add(1)
				require.NotEmpty(t, got.header.Get("Retry-After"))
				require.Contains(t, got.problem().Detail, "export")
			default:
				t.Errorf("status %d: %s", got.status, got.body)
			}
		})
	}
	group.Wait()
	require.EqualValues(t, 50, shown.Load())
	require.EqualValues(t, 15, refused.Load())
	require.Equal(t, 3, read[apiv1.StatementPage](v.call("GET", statementsOf(of)+"?limit=2", nil).is(200)).Remaining)
	require.Len(t, o.events(of, audit.StatementsViewed), 6)
	o.as(of, analyst).call("GET", statementsOf(of), nil).is(200)
	// A token of the same person does not begin anew.
	o.withToken(of, v.member, authz.StatementsView).call("GET", statementsOf(of), nil).is(429)
}

// Of every route here, what belongs to another tenant is not told from what is not there.
func TestStatementsAndLogsOfOtherTenantsDoNotExist(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own, other := o.tenant(), o.tenant()
	theirs, event, stream := o.statements(other, adaDid)[0], o.events(other)[0].Ref(), o.auditStream(other)
	v := o.as(own, admin)
	same := func(method, one, two string, body any) {
		t.Helper()
		a, b := v.call(method, one, body, "If-Match", "*").is(404), v.call(method, two, body, "If-Match", "*").is(404)
		require.Equal(t, strings.ReplaceAll(string(a.body), a.problem().RequestID, ""), strings.ReplaceAll(string(b.body), b.problem().RequestID, ""), one)
	}
	const none = "7e5a1d1e-5c3c-4f0a-9d0d-0f3a3a1f0001"
	for _, rest := range []string{"", "/related", "/voided-by"} {
		same("GET", statementsOf(own)+"/"+theirs+rest, statementsOf(own)+"/"+none+rest, nil)
		same("GET", statementsOf(other)+"/"+theirs+rest, "/api/v1/tenants/nothing-here/stores/main/statements/"+none+rest, nil)
	}
	same("POST", statementsOf(own)+"/"+theirs+"/void", statementsOf(own)+"/"+none+"/void", `{"reason":"because"}`)
	log := "/api/v1/tenants/" + own.Slug + "/audit"
	for _, rest := range []string{"", "/proof"} {
		same("GET", log+"/events/"+event+rest, log+"/events/zzzzzzzz"+rest, nil)
	}
	same("GET", log+"/streams/"+stream, log+"/streams/zzzzzzzz", nil)
	same("PATCH", log+"/streams/"+stream, log+"/streams/zzzzzzzz", `{"name":"N"}`)
	same("DELETE", log+"/streams/"+stream, log+"/streams/zzzzzzzz", nil)
	same("POST", log+"/streams/"+stream+"/rotate", log+"/streams/zzzzzzzz/rotate", nil)
	for _, path := range []string{"", "/export?format=csv", "/streams"} {
		same("GET", "/api/v1/tenants/"+other.Slug+"/audit"+path, "/api/v1/tenants/nothing-here/audit"+path, nil)
	}
}
