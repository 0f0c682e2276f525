package scim_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/scim"
)

// Bodies are those of the vendors' documentation: Microsoft's "Develop and plan
// provisioning for a SCIM endpoint in Microsoft Entra ID", Okta's "SCIM 2.0
// protocol reference".

const entraCreate = `{
	"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
	"externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
	"userName": "Test_User_ab6490ee-1e48-479e-a20b-2d77186b5dd1",
	"active": true,
	"emails": [{"primary": true, "type": "work", "value": "Test_User_fd0ea19b-0777-472c-9f96-4f70d2226f2e@testuser.com"}],
	"meta": {"resourceType": "User"},
	"name": {"formatted": "givenName familyName", "familyName": "familyName", "givenName": "givenName"},
	"roles": []
}`

const oktaCreate = `{
	"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
	"userName": "test.user@okta.local",
	"name": {"givenName": "Test", "familyName": "User"},
	"emails": [{"primary": true, "value": "test.user@okta.local", "type": "work"}],
	"displayName": "Test User",
	"locale": "en-US",
	"externalId": "00ujl29u0le5T6Aj10h7",
	"groups": [],
	"password": "1mz050nq",
	"active": true
}`

func user(t *testing.T, body string) *scim.User {
	t.Helper()
	u, err := scim.ParseUser([]byte(body))
	require.NoError(t, err)
	return u
}

func patched(t *testing.T, u *scim.User, body string) *scim.User {
	t.Helper()
	operations, err := scim.ParsePatch([]byte(body))
	require.NoError(t, err)
	require.NoError(t, u.Apply(operations))
	return u
}

func TestUsersThatDirectoriesCreate(t *testing.T) {
	t.Parallel()
	entra := user(t, entraCreate)
	require.True(t, entra.IsActive())
	require.Equal(t, "Test_User_fd0ea19b-0777-472c-9f96-4f70d2226f2e@testuser.com", entra.Address())
	require.Equal(t, "givenName familyName", entra.FullName())
	require.Nil(t, entra.Meta, "the server's own")
	okta := user(t, oktaCreate)
	require.Equal(t, "test.user@okta.local", okta.Address())
	require.Equal(t, "Test User", okta.FullName())
	require.Equal(t, "00ujl29u0le5T6Aj10h7", okta.ExternalID)
	text, err := json.Marshal(okta)
	require.NoError(t, err)
	require.NotContains(t, string(text), "1mz050nq", "nobody's password is kept")

	require.Equal(t, "a@b.example", user(t, `{"username": "a@b.example"}`).Address(), "names of attributes are not case exact")
	require.True(t, user(t, `{"userName": "a"}`).IsActive())
	require.False(t, user(t, `{"userName": "a", "active": "False"}`).IsActive())
	require.Equal(t, "w@b.example", user(t, `{"userName": "a", "emails": [{"value":"h@b.example","type":"home"},{"value":"w@b.example","type":"work"}]}`).Address())
	require.Equal(t, "Ada Lovelace", user(t, `{"userName": "a", "name": {"givenName":"Ada","familyName":"Lovelace"}}`).FullName())
}

func TestPatchesOfEntraID(t *testing.T) {
	t.Parallel()
	u := patched(t, user(t, entraCreate), `{
		"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
		"Operations": [
			{"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "updatedEmail@microsoft.com"},
			{"op": "Replace", "path": "name.familyName", "value": "updatedFamilyName"}
		]}`)
	require.Equal(t, "updatedEmail@microsoft.com", u.Address())
	require.Len(t, u.Emails, 1)
	require.Equal(t, "updatedFamilyName", u.Name.FamilyName)
	require.Equal(t, "givenName", u.Name.GivenName)

	require.False(t, patched(t, u, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
		"Operations":[{"op":"Replace","path":"active","value":"False"}]}`).IsActive())
	require.True(t, patched(t, u, `{"Operations":[{"op":"Replace","path":"active","value":"True"}]}`).IsActive())
	require.False(t, patched(t, u, `{"Operations":[{"op":"Replace","path":"active","value":false}]}`).IsActive())

	u = patched(t, user(t, `{"userName":"a"}`), `{"Operations":[
		{"op":"Add","path":"emails[type eq \"work\"].value","value":"new@b.example"},
		{"op":"Add","path":"emails[type eq \"work\"].primary","value":"True"},
		{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department","value":"Sales"},
		{"op":"Add","path":"addresses[type eq \"work\"].country","value":"DE"},
		{"op":"Add","path":"displayName","value":"Ada"},
		{"op":"Replace","value":{"name.givenName":"Ada","externalId":"x"}}]}`)
	require.Equal(t, []scim.Email{{Value: "new@b.example", Type: "work", Primary: true}}, u.Emails)
	require.Equal(t, "Ada", u.DisplayName)
	require.Equal(t, "Ada", u.Name.GivenName)
	require.Equal(t, "x", u.ExternalID)
	u = patched(t, u, `{"Operations":[{"op":"Remove","path":"displayName"},{"op":"Replace","path":"externalId","value":null},{"op":"Remove","path":"emails[type eq \"work\"]"}]}`)
	require.Empty(t, u.DisplayName+u.ExternalID)
	require.Empty(t, u.Emails)
}

func TestPatchesOfOkta(t *testing.T) {
	t.Parallel()
	u := patched(t, user(t, oktaCreate), `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
		"Operations":[{"op":"replace","value":{"active":false}}]}`)
	require.False(t, u.IsActive())
	u = patched(t, u, `{"Operations":[{"op":"replace","value":{"emails":[{"value":"n@b.example","type":"work","primary":true}],"name":{"givenName":"New"}}}]}`)
	require.Equal(t, "n@b.example", u.Address())
	require.Equal(t, &scim.Name{GivenName: "New"}, u.Name)
}

func TestPatchesOfGroups(t *testing.T) {
	t.Parallel()
	g, err := scim.ParseGroup([]byte(`{
		"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group", "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
		"externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159", "displayName": "displayName", "meta": {"resourceType": "Group"}}`))
	require.NoError(t, err)
	ids := func() (all []string) {
		for _, m := range g.Members {
			all = append(all, m.Value)
		}
		return all
	}
	for _, c := range []struct {
		body string
		want []string
	}{
		{`{"Operations":[{"op":"Add","path":"members","value":[{"$ref":null,"value":"f648f8d5ea4e4cd38e9c"},{"value":"b"},{"value":"b"}]}]}`, []string{"f648f8d5ea4e4cd38e9c", "b"}},
		{`{"Operations":[{"op":"Remove","path":"members","value":[{"$ref":null,"value":"f648f8d5ea4e4cd38e9c"}]}]}`, []string{"b"}},
		{`{"Operations":[{"op":"add","path":"members","value":[{"value":"23a35c27-23d3-4c03-b4c5-6443c09e7173","display":"test.user@okta.local"}]}]}`, []string{"b", "23a35c27-23d3-4c03-b4c5-6443c09e7173"}},
		{`{"Operations":[{"op":"remove","path":"members[value eq \"23a35c27-23d3-4c03-b4c5-6443c09e7173\"]"}]}`, []string{"b"}},
		{`{"Operations":[{"op":"remove","path":"members[value eq \"nobody\"]"}]}`, []string{"b"}},
		{`{"Operations":[{"op":"replace","path":"members","value":[{"value":"c"},{"value":"d"}]}]}`, []string{"c", "d"}},
		{`{"Operations":[{"op":"replace","value":{"id":"abf4dd94-a4c0-4f67-89c9-76b03340cb9b","displayName":"Test SCIMv2"}}]}`, []string{"c", "d"}},
		{`{"Operations":[{"op":"add","value":{"members":[{"value":"e"}]}}]}`, []string{"c", "d", "e"}},
		{`{"Operations":[{"op":"remove","path":"members[value eq \"C\" or value eq \"e\"]"},{"op":"add","path":"members","value":[{"value":"c"}]}]}`, []string{"d", "c"}},
		{`{"Operations":[{"op":"remove","path":"members"}]}`, nil},
	} {
		operations, err := scim.ParsePatch([]byte(c.body))
		require.NoError(t, err, c.body)
		require.NoError(t, g.Apply(operations), c.body)
		require.Equal(t, c.want, ids(), c.body)
	}
	require.Equal(t, "Test SCIMv2", g.DisplayName)
	odd, err := scim.ParsePatch([]byte(`{"Operations":[{"op":"remove","path":"members[display eq \"x\"]"}]}`))
	require.NoError(t, err)
	require.Equal(t, fault.Invalid, fault.KindOf(g.Apply(odd)))
}

// The most operations on the largest group cost about what one does: they are
// done while everybody whose permissions change has to wait.
func TestAPatchOfAGroupDoesNotCostTheProduct(t *testing.T) {
	t.Parallel()
	terms := make([]string, 20)
	for i := range terms {
		terms[i] = fmt.Sprintf(`value eq \"none%d\"`, i)
	}
	cost := func(operation string, times int) time.Duration {
		operations, err := scim.ParsePatch([]byte(`{"Operations":[` + strings.TrimSuffix(strings.Repeat(operation+",", times), ",") + `]}`))
		require.NoError(t, err)
		best := time.Hour
		for range 3 {
			g := &scim.Group{DisplayName: "all", Members: make([]scim.Ref, scim.MaxMembers-1)}
			for i := range g.Members {
				g.Members[i].Value = fmt.Sprintf("%08d", i)
			}
			begun := time.Now()
			require.NoError(t, g.Apply(operations))
			best = min(best, time.Since(begun))
		}
		return best
	}
	for _, operation := range []string{
		`{"op":"remove","path":"members[` + strings.Join(terms, " or ") + `]"}`,
		`{"op":"add","path":"members","value":[{"value":"one"}]}`,
		`{"op":"remove","path":"members","value":[{"value":"00000001"}]}`,
	} {
		require.Less(t, cost(operation, 1000), 100*cost(operation, 1), operation)
	}
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	apply := func(body string) error {
		operations, err := scim.ParsePatch([]byte(body))
		if err != nil {
			return err
		}
		return user(t, oktaCreate).Apply(operations)
	}
	parse := func(body string) error { _, err := scim.ParseUser([]byte(body)); return err }
	filter := func(text string) error { _, err := scim.ParseFilter(text); return err }
	for _, c := range []struct {
		err  error
		want string
	}{
		{parse(`{`), "invalidSyntax"},
		{parse(`[]`), "invalidSyntax"},
		{parse(`{}`), "invalidValue"},
		{parse(`{"userName":7}`), "invalidSyntax"},
		{parse(`{"userName":"a\u0000"}`), "invalidValue"},
		{apply(`{}`), "invalidSyntax"},
		{apply(`{"Operations":[{"op":"move","path":"a"}]}`), "invalidSyntax"},
		{apply(`{"Operations":[{"op":"remove"}]}`), "noTarget"},
		{apply(`{"Operations":[{"op":"add","path":"userName"}]}`), "invalidValue"},
		{apply(`{"Operations":[{"op":"remove","path":"userName"}]}`), "invalidValue"},
		{apply(`{"Operations":[{"op":"replace","path":"a b","value":1}]}`), "invalidPath"},
		{apply(`{"Operations":[{"op":"replace","path":"emails[type eq \"work\"","value":1}]}`), "invalidPath"},
		{apply(`{"Operations":[{"op":"replace","path":"emails[type ne \"work\"].value","value":"a"}]}`), "invalidFilter"},
		{filter(``), "invalidFilter"},
		{filter(`userName`), "invalidFilter"},
		{filter(`userName eq`), "invalidFilter"},
		{filter(`userName eq x`), "invalidFilter"},
		{filter(`userName eq "x`), "invalidFilter"},
		{filter(`userName co "x"`), "invalidFilter"},
		{filter(`(userName eq "x"`), "invalidFilter"},
		{filter(`userName eq "x" or`), "invalidFilter"},
		{filter(`userName eq "x" ; drop`), "invalidFilter"},
	} {
		require.Equal(t, fault.Invalid, fault.KindOf(c.err))
		e, ok := errors.AsType[*scim.Error](c.err)
		require.True(t, ok)
		require.Equal(t, c.want, e.Type, c.err.Error())
	}
	body, err := json.Marshal(scim.Problem(filter(`x`), 400))
	require.NoError(t, err)
	require.Contains(t, string(body), `"scimType":"invalidFilter"`)
	require.Contains(t, string(body), `"status":"400"`)
	require.Equal(t, "Internal Server Error", scim.Problem(errors.New("secret"), 500).Detail)
}

func TestFilters(t *testing.T) {
	t.Parallel()
	of := func(values map[string]string) func(string) string {
		return func(name string) string { return values[name] }
	}
	ada := of(map[string]string{"username": "ada", "externalid": "7", "emails.value": "a@b.example", "active": "true", "displayname": `A "b" \`})
	for text, want := range map[string]bool{
		`userName eq "ada"`:                       true,
		`USERNAME EQ "Ada"`:                       true,
		`userName eq "bob"`:                       false,
		`active eq true`:                          true,
		`active eq "true"`:                        true,
		`externalId eq 7`:                         true,
		`userName eq "ada" and externalId eq "8"`: false,
		`userName eq "x" or externalId eq "7"`:    true,
		`userName eq "ada" or userName eq "x" and externalId eq "8"`:   true,
		`(userName eq "ada" or userName eq "x") and externalId eq "8"`: false,
		`emails[type eq "work"].value eq "a@b.example"`:                true,
		`urn:ietf:params:scim:schemas:core:2.0:User:userName eq "ada"`: true,
		`displayName eq "A \"b\" \\"`:                                  true,
	} {
		f, err := scim.ParseFilter(text)
		require.NoError(t, err, text)
		require.Equal(t, want, f.Matches(ada), text)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		start, count string
		want         scim.Page
	}{{"", "", scim.Page{Start: 1, Count: 100}}, {"0", "-1", scim.Page{Start: 1}}, {"5", "1000", scim.Page{Start: 5, Count: 200}}} {
		p, err := scim.ParsePage(c.start, c.count)
		require.NoError(t, err)
		require.Equal(t, c.want, p)
	}
	_, err := scim.ParsePage("one", "")
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	_, err = scim.ParsePage("99999999999999", "")
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	text, err := json.Marshal(scim.NewList[*scim.User](nil, 0, scim.Page{Start: 1}))
	require.NoError(t, err)
	require.JSONEq(t, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"startIndex":1,"itemsPerPage":0,"Resources":[]}`, string(text))
	require.True(t, scim.Excluded("meta, Members", "members"))
	require.False(t, scim.Excluded("", "members"))
}

func TestDiscoveryNamesWhatIsThere(t *testing.T) {
	t.Parallel()
	config, err := json.Marshal(scim.ServiceProviderConfig("https://lrs.example.com/scim/v2/acme"))
	require.NoError(t, err)
	require.Contains(t, string(config), `"patch":{"supported":true}`)
	for _, r := range scim.ResourceTypes("/b") {
		require.Contains(t, []string{scim.UserSchema, scim.GroupSchema}, r.Schema)
	}
	for _, s := range scim.Schemas("/b") {
		require.NotEmpty(t, s.Attributes)
		require.Equal(t, "/b/Schemas/"+s.ID, s.Meta.Location)
	}
}

func FuzzFilter(f *testing.F) {
	for _, text := range []string{`userName eq "a"`, `(a eq "b" or c eq true) and d[e eq "f"].g eq "h"`, `a[b`, `((((`, `a eq "\u0000"`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		filter, err := scim.ParseFilter(text)
		if err != nil {
			require.Equal(t, fault.Invalid, fault.KindOf(err))
			return
		}
		terms := 0
		filter.Matches(func(name string) string {
			require.NotEmpty(t, name)
			require.NotContains(t, name, "\x00")
			terms++
			return ""
		})
		require.LessOrEqual(t, terms, 20)
	})
}

func FuzzPatch(f *testing.F) {
	for _, body := range []string{
		`{"Operations":[{"op":"Replace","path":"active","value":"False"}]}`,
		`{"Operations":[{"op":"replace","value":{"active":false,"emails":{"value":"a@b"}}}]}`,
		`{"Operations":[{"op":"add","path":"members","value":[{"value":"a"}]},{"op":"remove","path":"members[value eq \"a\"]"}]}`,
		`{"Operations":[{"op":"Add","path":"emails[type eq \"work\" and value eq \"x\"].primary","value":"true"}]}`,
		`{"Operations":[{"op":"remove","path":"name"},{"op":"replace","path":"name.formatted","value":"x"}]}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		operations, err := scim.ParsePatch(body)
		if err != nil {
			require.Equal(t, fault.Invalid, fault.KindOf(err))
			return
		}
		u := &scim.User{UserName: "ada", Emails: []scim.Email{{Value: "a@b.example", Type: "work"}}}
		if err := u.Apply(operations); err != nil {
			require.Equal(t, fault.Invalid, fault.KindOf(err))
		} else {
			require.NotEmpty(t, u.UserName)
		}
		g := &scim.Group{DisplayName: "g", Members: []scim.Ref{{Value: "a"}}}
		if err := g.Apply(operations); err != nil {
			require.Equal(t, fault.Invalid, fault.KindOf(err))
		} else {
			require.NotEmpty(t, g.DisplayName)
		}
	})
}
