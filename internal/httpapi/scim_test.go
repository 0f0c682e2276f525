package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/apiv1"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/scim"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

func init() { openapi3filter.RegisterBodyDecoder(scim.MediaType, openapi3filter.JSONBodyDecoder) }

// directory is that of one tenant.
type directory struct {
	*visitor
	base string
}

// directory makes a token as an admin does.
func (o *office) directory(of *tenant.Tenant) *directory {
	o.t.Helper()
	var issued apiv1.IssuedScimToken
	o.as(of, admin).call("POST", "/api/v1/tenants/"+of.Slug+"/scim-tokens", apiv1.NewScimToken{Name: "Entra ID", ExpiresAt: time.Now().Add(time.Hour)}).
		is(http.StatusCreated).json(&issued)
	require.Equal(o.t, public+"/scim/v2/"+of.Slug, issued.BaseURL)
	return &directory{&visitor{o: o, bearer: issued.Secret}, strings.TrimPrefix(issued.BaseURL, public)}
}

func (d *directory) call(method, path string, body any, pairs ...string) answer {
	d.o.t.Helper()
	got := d.visitor.call(method, d.base+path, body, append([]string{"Content-Type", "application/scim+json; charset=utf-8"}, pairs...)...)
	if len(got.body) > 0 {
		require.Equal(d.o.t, scim.MediaType, got.header.Get("Content-Type"))
	}
	return got
}

// scimError requires the body of an error.
func (a answer) scimError(status int, scimType string) scim.ErrorBody {
	a.t.Helper()
	a.is(status)
	require.Equal(a.t, scim.MediaType, a.header.Get("Content-Type"))
	var e scim.ErrorBody
	a.json(&e)
	require.Equal(a.t, []string{"urn:ietf:params:scim:api:messages:2.0:Error"}, e.Schemas)
	require.Equal(a.t, fmt.Sprint(status), e.Status)
	require.Equal(a.t, scimType, e.Type)
	require.NotEmpty(a.t, e.Detail)
	return e
}

func (a answer) user() *scim.User {
	a.t.Helper()
	var u scim.User
	a.json(&u)
	require.Equal(a.t, u.Meta.Version, a.header.Get("Etag"))
	return &u
}

func (a answer) group() *scim.Group {
	a.t.Helper()
	var g scim.Group
	a.json(&g)
	return &g
}

func filter(text string) string { return "?" + values("filter", text).Encode() }

// The requests of Microsoft's "Develop and plan provisioning for a SCIM endpoint
// in Microsoft Entra ID", in the order of a first cycle and of later ones.
func TestEntraProvisions(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own := o.tenant()
	d := o.directory(own)
	o.in(own.ID, func(tx *postgres.Tx) error {
		_, err := tenant.AddMapping(tx, "lrs-auditors", authz.Auditor, 0, time.Now())
		return err
	})
	var none scim.List[scim.User]
	d.call("GET", "/Users"+filter(`userName eq "ada@acme.example"`), nil).is(http.StatusOK).json(&none)
	require.Zero(t, none.Total)
	require.NotNil(t, none.Items)

	made := d.call("POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
		"externalId":"0a21f0f2","userName":"ada@acme.example","active":true,"displayName":"Ada Lovelace",
		"emails":[{"primary":true,"type":"work","value":"Ada@Acme.example"}],"meta":{"resourceType":"User"},
		"name":{"formatted":"Ada Lovelace","familyName":"Lovelace","givenName":"Ada"},"roles":[]}`).is(http.StatusCreated)
	ada := made.user()
	require.Equal(t, public+d.base+"/Users/"+ada.ID, made.header.Get("Location"))
	require.Equal(t, made.header.Get("Location"), ada.Meta.Location)
	require.Equal(t, "0a21f0f2", ada.ExternalID)
	require.Equal(t, "uniqueness", d.call("POST", "/Users", `{"userName":"ADA@acme.example"}`).scimError(http.StatusConflict, "uniqueness").Type)
	got := d.call("GET", "/Users/"+ada.ID, nil).is(http.StatusOK).user()
	require.Equal(t, ada, got)
	require.Empty(t, d.call("GET", "/Users/"+ada.ID, nil, "If-None-Match", ada.Meta.Version).is(http.StatusNotModified).body)
	for _, f := range []string{`userName eq "ADA@acme.example"`, `externalId eq "0a21f0f2"`, `emails[type eq "work"].value eq "ada@acme.example"`} {
		var list scim.List[scim.User]
		answer := d.call("GET", "/Users"+filter(f), nil)
		if answer.status == http.StatusBadRequest {
			answer.scimError(http.StatusBadRequest, "invalidFilter")
			continue
		}
		answer.is(http.StatusOK).json(&list)
		require.Equal(t, 1, list.Total, f)
		require.Equal(t, ada.ID, list.Items[0].ID)
	}

	changed := d.call("PATCH", "/Users/"+ada.ID, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[
		{"op":"Replace","path":"emails[type eq \"work\"].value","value":"ada.l@acme.example"},{"op":"Replace","path":"name.familyName","value":"King"}]}`).
		is(http.StatusOK).user()
	require.Equal(t, "ada.l@acme.example", changed.Address())
	require.NotEqual(t, ada.Meta.Version, changed.Meta.Version)
	d.call("PATCH", "/Users/"+ada.ID, `{"Operations":[{"op":"Replace","path":"displayName","value":"X"}]}`, "If-Match", ada.Meta.Version).
		scimError(http.StatusPreconditionFailed, "")

	group := d.call("POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"externalId":"8aa1a0c0","displayName":"lrs-auditors","meta":{"resourceType":"Group"}}`).
		is(http.StatusCreated).group()
	list := scim.List[scim.Group]{}
	d.call("GET", "/Groups?"+values("excludedAttributes", "members", "filter", `displayName eq "lrs-auditors"`).Encode(), nil).is(http.StatusOK).json(&list)
	require.Equal(t, 1, list.Total)

	member := o.signedIn(o.sessions, own, mustID(t, ada.ID))
	audit := "/api/v1/tenants/" + own.Slug + "/members"
	member.call("GET", audit, nil).is(http.StatusForbidden)
	patched := d.call("PATCH", "/Groups/"+group.ID, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
		"Operations":[{"op":"Add","path":"members","value":[{"$ref":null,"value":"`+ada.ID+`"}]}]}`).is(http.StatusNoContent)
	member.call("GET", audit, nil).is(http.StatusOK)
	with := d.call("GET", "/Groups/"+group.ID, nil).is(http.StatusOK)
	require.Equal(t, patched.header.Get("Etag"), with.header.Get("Etag"))
	require.Equal(t, []scim.Ref{{Value: ada.ID, Display: "Ada Lovelace", Ref: ada.Meta.Location, Type: "User"}}, with.group().Members)
	require.Empty(t, d.call("GET", "/Groups/"+group.ID+"?excludedAttributes=members", nil).is(http.StatusOK).group().Members)
	require.Empty(t, d.call("GET", "/Groups/"+group.ID+"?attributes=displayName", nil).is(http.StatusOK).group().Members)
	require.Equal(t, "lrs-auditors", d.call("GET", "/Users/"+ada.ID, nil).is(http.StatusOK).user().Groups[0].Display)
	d.call("PATCH", "/Groups/"+group.ID, `{"Operations":[{"op":"Remove","path":"members","value":[{"value":"`+ada.ID+`"}]}]}`).is(http.StatusNoContent)
	member.call("GET", audit, nil).is(http.StatusForbidden)

	require.False(t, d.call("PATCH", "/Users/"+ada.ID, `{"Operations":[{"op":"Replace","path":"active","value":"False"}]}`).is(http.StatusOK).user().IsActive())
	member.call("GET", "/api/v1/me", nil).is(http.StatusUnauthorized)
	require.True(t, d.call("PATCH", "/Users/"+ada.ID, `{"Operations":[{"op":"Replace","path":"active","value":"True"}]}`).is(http.StatusOK).user().IsActive())
	member.call("GET", "/api/v1/me", nil).is(http.StatusUnauthorized) // what was ended stays so
	d.call("DELETE", "/Groups/"+group.ID, nil).is(http.StatusNoContent)
	d.call("DELETE", "/Users/"+ada.ID, nil).is(http.StatusNoContent)
	d.call("GET", "/Users/"+ada.ID, nil).scimError(http.StatusNotFound, "")
	d.call("DELETE", "/Groups/"+group.ID, nil).scimError(http.StatusNotFound, "")
}

func mustID(t *testing.T, text string) int64 {
	t.Helper()
	n, ok := id.Parse(text)
	require.True(t, ok)
	return n
}

// The requests of Okta's "SCIM 2.0 protocol reference".
func TestOktaProvisions(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	d := o.directory(o.tenant())
	var list scim.List[scim.User]
	d.call("GET", "/Users"+filter(`userName eq "test.user@okta.local"`)+"&startIndex=1&count=100", nil).is(http.StatusOK).json(&list)
	require.Zero(t, list.Total)
	u := d.call("POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"test.user@okta.local",
		"name":{"givenName":"Test","familyName":"User"},"emails":[{"primary":true,"value":"test.user@okta.local","type":"work"}],
		"displayName":"Test User","locale":"en-US","externalId":"00ujl29u0le5T6Aj10h7","groups":[],"password":"1mz050nq","active":true}`).
		is(http.StatusCreated).user()
	put := d.call("PUT", "/Users/"+u.ID, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"`+u.ID+`","userName":"test.user@okta.local",
		"name":{"givenName":"Another","middleName":"","familyName":"User"},"emails":[{"primary":true,"value":"test.user@okta.local","type":"work"}],
		"active":true,"groups":[],"meta":{"resourceType":"User"}}`).is(http.StatusOK).user()
	require.Equal(t, "Another", put.Name.GivenName)
	require.False(t, d.call("PATCH", "/Users/"+u.ID, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","value":{"active":false}}]}`).
		is(http.StatusOK).user().IsActive())

	g := d.call("POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Test SCIMv2","members":[]}`).is(http.StatusCreated).group()
	d.call("PATCH", "/Groups/"+g.ID, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[
		{"op":"replace","value":{"id":"`+g.ID+`","displayName":"Renamed"}},{"op":"add","path":"members","value":[{"value":"`+u.ID+`","display":"test.user@okta.local"}]}]}`).
		is(http.StatusNoContent)
	got := d.call("GET", "/Groups/"+g.ID, nil).is(http.StatusOK).group()
	require.Equal(t, "Renamed", got.DisplayName)
	require.Len(t, got.Members, 1)
	d.call("PATCH", "/Groups/"+g.ID, `{"Operations":[{"op":"remove","path":"members[value eq \"`+u.ID+`\"]"}]}`).is(http.StatusNoContent)
	require.Empty(t, d.call("PUT", "/Groups/"+g.ID, `{"displayName":"Renamed again"}`).is(http.StatusOK).group().Members)

	var groups scim.List[scim.Group]
	d.call("GET", "/Groups?startIndex=1&count=100", nil).is(http.StatusOK).json(&groups)
	require.Equal(t, 1, groups.Total)
	require.Equal(t, "Renamed again", groups.Items[0].DisplayName)
	for path, kind := range map[string]string{"/ServiceProviderConfig": "ServiceProviderConfig", "/ResourceTypes": "ListResponse", "/Schemas": "ListResponse"} {
		require.Contains(t, string(d.call("GET", path, nil).is(http.StatusOK).body), kind)
	}
}

func TestSCIMPagesAndBounds(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	d := o.directory(o.tenant())
	for i := range 5 {
		d.call("POST", "/Users", fmt.Sprintf(`{"userName":"u%d@acme.example"}`, i)).is(http.StatusCreated)
	}
	seen := map[string]bool{}
	for start := 1; start <= 5; start += 2 {
		var list scim.List[scim.User]
		d.call("GET", fmt.Sprintf("/Users?startIndex=%d&count=2", start), nil).is(http.StatusOK).json(&list)
		require.Equal(t, 5, list.Total)
		require.Equal(t, start, list.Start)
		require.Equal(t, len(list.Items), list.Count)
		for _, u := range list.Items {
			seen[u.ID] = true
		}
	}
	require.Len(t, seen, 5)
	for query, count := range map[string]int{"count=0": 0, "count=-1": 0, "startIndex=0&count=100000": 5, "startIndex=-3": 5, "startIndex=6": 0} {
		var list scim.List[scim.User]
		d.call("GET", "/Users?"+query, nil).is(http.StatusOK).json(&list)
		require.Len(t, list.Items, count, query)
		require.Equal(t, 5, list.Total)
	}
	for _, c := range []struct {
		method, path, body string
		status             int
		scimType           string
	}{
		{"GET", "/Users?count=many", "", 400, ""},
		{"GET", "/Users?count=1&count=2", "", 400, ""},
		{"GET", "/Users" + filter("userName co \"a\""), "", 400, "invalidFilter"},
		{"GET", "/Users" + filter("password eq \"a\""), "", 400, "invalidFilter"},
		{"GET", "/Users" + filter(strings.Repeat("(", 1000)), "", 400, "invalidFilter"},
		{"GET", "/Groups" + filter("userName eq \"a\""), "", 400, "invalidFilter"},
		{"GET", "/Users/none", "", 404, ""},
		{"GET", "/Users/aaaaaaaa", "", 404, ""},
		{"GET", "/Groups/aaaaaaaa", "", 404, ""},
		{"POST", "/Users", `{"userName":"not an address"}`, 400, "invalidValue"},
		{"POST", "/Users", `{}`, 400, "invalidValue"},
		{"POST", "/Users", `{`, 400, "invalidSyntax"},
		{"POST", "/Users", `[]`, 400, "invalidSyntax"},
		{"POST", "/Users", `{"userName":"` + strings.Repeat("a", 1<<20) + `"}`, 413, ""},
		{"PUT", "/Users/aaaaaaaa", `{"userName":"a@acme.example"}`, 404, ""},
		{"PATCH", "/Users/aaaaaaaa", `{"Operations":[]}`, 400, "invalidSyntax"},
		{"PATCH", "/Users/aaaaaaaa", `{"Operations":[{"op":"remove"}]}`, 400, "noTarget"},
		{"PATCH", "/Users/aaaaaaaa", `{"Operations":[{"op":"replace","path":"active","value":false}]}`, 404, ""},
		{"DELETE", "/Users/aaaaaaaa", "", 404, ""},
		{"POST", "/Groups", `{"displayName":""}`, 400, "invalidValue"},
		{"POST", "/Groups", `{"displayName":"G","members":[{"value":"aaaaaaaa"}]}`, 400, "invalidValue"},
		{"PUT", "/Groups/aaaaaaaa", `{"displayName":"G"}`, 404, ""},
		{"PATCH", "/Groups/aaaaaaaa", `{"Operations":[{"op":"add","path":"members","value":"x"}]}`, 404, ""},
		{"DELETE", "/Groups/aaaaaaaa", "", 404, ""},
	} {
		var body any
		if c.body != "" {
			body = c.body
		}
		d.call(c.method, c.path, body).scimError(c.status, c.scimType)
	}
	d.visitor.call("POST", d.base+"/Users", `{"userName":"x@acme.example"}`, "Content-Type", "text/plain").scimError(http.StatusUnsupportedMediaType, "")
	d.call("DELETE", "/Users/aaaaaaaa", nil, "If-Match", `"x"`).scimError(http.StatusPreconditionFailed, "")
}

// Every route × everybody who is not the tenant's directory: all of them are
// told the same as with a token that was made up.
func TestSCIMMatrix(t *testing.T) {
	t.Parallel()
	o := setupOffice(t)
	own, other := o.tenant(), o.tenant()
	person := o.as(own, admin)
	permitted, err := o.policies.Permitted(t.Context(), own.ID, authz.Subject(person.member), nil)
	require.NoError(t, err)
	key, password := o.key(own)
	d, stranger, revoked := o.directory(own), o.directory(other), o.directory(own)
	var tokens apiv1.ScimTokenPage
	address := "/api/v1/tenants/" + own.Slug + "/scim-tokens"
	person.call("GET", address, nil).is(http.StatusOK).json(&tokens)
	require.Len(t, tokens.Items, 2)
	for _, item := range tokens.Items {
		if strings.Contains(revoked.bearer, "-"+item.ID+"_") {
			person.call("DELETE", address+"/"+item.ID, nil).is(http.StatusNoContent)
		}
	}
	entered := o.as(o.platform, authz.Operator)
	others := map[string]*visitor{
		"nobody": {o: o}, "an admin's session": person, "an operator": entered, "an API key": {o: o, user: key, password: password},
		"an admin's token": o.withToken(own, person.member, permitted[0]...), "another tenant's directory": stranger.visitor,
		"a revoked token": revoked.visitor, "an invented token": {o: o, bearer: "stoa_scim_1-aaaaaaaa_" + strings.Repeat("A", 43)},
	}
	routes := 0
	texts := map[string]string{}
	for _, l := range o.api.ConsoleLines() {
		if !strings.HasPrefix(l.Path, "/scim/") {
			require.NotEqual(t, authz.SCIM, l.Action)
			continue
		}
		routes++
		require.Equal(t, authz.SCIM, l.Action)
		path := strings.NewReplacer("/scim/v2/:tenant", "", ":id", "aaaaaaaa").Replace(l.Path)
		var body any
		if l.Method == http.MethodPost || l.Method == http.MethodPut || l.Method == http.MethodPatch {
			body = `{"userName":"s` + l.Method + `@acme.example","displayName":"S","Operations":[{"op":"replace","path":"active","value":true}]}`
		}
		for who, v := range others {
			got := v.call(l.Method, d.base+path, body)
			texts[who] = got.scimError(http.StatusUnauthorized, "").Detail
			require.Equal(t, `Bearer realm="Stoa"`, got.header.Get("Www-Authenticate"), who)
		}
		want := map[bool]int{true: http.StatusNotFound, false: http.StatusOK}[strings.Contains(path, "aaaaaaaa")]
		if l.Method == http.MethodPost {
			want = http.StatusCreated
		}
		d.call(l.Method, path, body).is(want)
	}
	require.Equal(t, 15, routes)
	require.Equal(t, texts["an invented token"], texts["another tenant's directory"])
	require.Equal(t, texts["an invented token"], texts["an admin's token"])
	d.visitor.call("GET", "/api/v1/me", nil).is(http.StatusUnauthorized)
	d.visitor.call("GET", "/api/v1/tenants/"+own.Slug+"/members", nil).is(http.StatusUnauthorized)
	require.NotContains(t, o.log.String(), "stoa_scim_")
}
