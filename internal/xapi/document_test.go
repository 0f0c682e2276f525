package xapi_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

var (
	inActivity = "activityId=http://example.org/a"
	ofAnn      = "agent=" + url.QueryEscape(ann)
	ofAGroup   = "agent=" + url.QueryEscape(`{"objectType":"Group","mbox":"mailto:team@example.org"}`)
	ofNobody   = "agent=" + url.QueryEscape(`{"objectType":"Group","member":[`+ann+`]}`)
	registered = "registration=" + someID
	recently   = "since=2026-01-02T03:04:05Z"
)

const annIdentity = "mbox:mailto:ann@example.org"

func TestParseDocumentQuery(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		kind    xapi.DocumentKind
		methods string
		query   []string
		want    xapi.DocumentQuery
	}{
		{xapi.State, "GET HEAD PUT POST DELETE", []string{inActivity, ofAnn, "stateId=s"}, xapi.DocumentQuery{Activity: "http://example.org/a", Agent: annIdentity, ID: "s"}},
		{xapi.State, "GET HEAD PUT POST DELETE", []string{inActivity, ofAnn, "stateId=%20s/%C3%A4&", registered}, xapi.DocumentQuery{Activity: "http://example.org/a", Agent: annIdentity, ID: " s/ä", Registration: uuid.MustParse(someID)}},
		{xapi.State, "GET PUT", []string{inActivity, ofAGroup, "stateId=s"}, xapi.DocumentQuery{Activity: "http://example.org/a", Agent: "mbox:mailto:team@example.org", ID: "s"}},
		{xapi.State, "GET HEAD DELETE", []string{inActivity, ofAnn, registered}, xapi.DocumentQuery{Activity: "http://example.org/a", Agent: annIdentity, Registration: uuid.MustParse(someID)}},
		{xapi.State, "GET HEAD", []string{inActivity, ofAnn, recently}, xapi.DocumentQuery{Activity: "http://example.org/a", Agent: annIdentity, Since: since}},
		{xapi.ActivityProfile, "GET HEAD PUT POST DELETE", []string{inActivity, "profileId=p"}, xapi.DocumentQuery{Activity: "http://example.org/a", ID: "p"}},
		{xapi.ActivityProfile, "GET HEAD", []string{inActivity, recently}, xapi.DocumentQuery{Activity: "http://example.org/a", Since: since}},
		{xapi.AgentProfile, "GET HEAD PUT POST DELETE", []string{ofAnn, "profileId=p"}, xapi.DocumentQuery{Agent: annIdentity, ID: "p"}},
		{xapi.AgentProfile, "GET HEAD", []string{ofAnn}, xapi.DocumentQuery{Agent: annIdentity}},
	} {
		for method := range strings.FieldsSeq(c.methods) {
			for _, v := range xapi.Versions {
				values, err := url.ParseQuery(strings.Join(c.query, "&"))
				require.NoError(t, err)
				got, err := xapi.ParseDocumentQuery(c.kind, method, values, v)
				require.NoError(t, err, "%s %s", method, c.query)
				c.want.Kind = c.kind
				require.Equal(t, c.want, *got)
			}
		}
	}
}

func TestParseDocumentQueryRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind    xapi.DocumentKind
		methods string
		query   []string
	}{
		{xapi.State, "GET HEAD PUT POST DELETE", []string{ofAnn, "stateId=s"}},
		{xapi.State, "GET HEAD PUT POST DELETE", []string{inActivity, "stateId=s"}},
		{xapi.State, "PUT POST", []string{inActivity, ofAnn}},
		{xapi.State, "GET PUT POST DELETE", []string{inActivity, ofAnn, "stateId="}},
		{xapi.State, "GET PUT POST DELETE", []string{inActivity, ofAnn, "stateId=a%00b"}},
		{xapi.State, "GET PUT POST DELETE", []string{inActivity, ofAnn, "stateId=%ff"}},
		{xapi.State, "GET PUT POST DELETE", []string{inActivity, ofAnn, "stateId=a&stateId=a"}},
		{xapi.State, "GET PUT POST DELETE", []string{inActivity, ofAnn, "stateid=s"}},
		{xapi.State, "GET PUT POST DELETE", []string{inActivity, ofAnn, "stateId=s", "profileId=p"}},
		{xapi.State, "GET PUT POST DELETE", []string{inActivity, ofAnn, "stateId=s", "registration=true"}},
		{xapi.State, "GET PUT POST DELETE", []string{inActivity, ofAnn, "stateId=s", recently}},
		{xapi.State, "DELETE", []string{inActivity, ofAnn, recently}},
		{xapi.State, "GET", []string{inActivity, ofAnn, "since=true"}},
		{xapi.State, "GET PUT POST DELETE", []string{"activityId=a", ofAnn, "stateId=s"}},
		{xapi.State, "GET PUT POST DELETE", []string{inActivity, ofNobody, "stateId=s"}},
		{xapi.State, "GET PUT POST DELETE", []string{inActivity, "agent={}", "stateId=s"}},
		{xapi.State, "GET PUT POST DELETE", []string{inActivity, ofAnn + "{", "stateId=s"}},
		{xapi.ActivityProfile, "GET PUT POST DELETE", []string{"profileId=p"}},
		{xapi.ActivityProfile, "PUT POST DELETE", []string{inActivity}},
		{xapi.ActivityProfile, "GET PUT POST DELETE", []string{inActivity, "profileId=p", ofAnn}},
		{xapi.ActivityProfile, "GET PUT POST DELETE", []string{inActivity, "profileId=p", registered}},
		{xapi.AgentProfile, "GET PUT POST DELETE", []string{"profileId=p"}},
		{xapi.AgentProfile, "PUT POST DELETE", []string{ofAnn}},
		{xapi.AgentProfile, "GET PUT POST DELETE", []string{ofAGroup, "profileId=p"}},
		{xapi.AgentProfile, "GET PUT POST DELETE", []string{ofAnn, "profileId=p", inActivity}},
	} {
		for method := range strings.FieldsSeq(c.methods) {
			values, err := url.ParseQuery(strings.Join(c.query, "&"))
			require.NoError(t, err)
			_, err = xapi.ParseDocumentQuery(c.kind, method, values, xapi.V1)
			require.True(t, fault.Is(err, fault.Invalid), "%s %s: %v", method, c.query, err)
		}
	}
}

func TestParseActivityQuery(t *testing.T) {
	t.Parallel()
	iri, err := xapi.ParseActivityQuery(url.Values{"activityId": {"block-v1:a+b"}}, xapi.V2)
	require.NoError(t, err)
	require.Equal(t, "block-v1:a+b", iri)
	for _, query := range []string{"", "activityId=", "activityId=x", "ActivityId=http://example.org/a", inActivity + "&" + ofAnn} {
		values, err := url.ParseQuery(query)
		require.NoError(t, err)
		_, err = xapi.ParseActivityQuery(values, xapi.V2)
		require.True(t, fault.Is(err, fault.Invalid), "%s: %v", query, err)
	}
}

func TestParsePersonQuery(t *testing.T) {
	t.Parallel()
	agent, err := xapi.ParsePersonQuery(url.Values{"agent": {`{"n\u0061me":"A\u006en","mbox":"mailto:ann@Example.org"}`}}, xapi.V2)
	require.NoError(t, err)
	require.Equal(t, xapi.AgentParam{Identity: annIdentity, Name: "Ann"}, agent)
	for _, query := range []string{
		"", "agent=", "agent=x", "agent=[]", "agent=null", "Agent=" + url.QueryEscape(ann), ofAGroup, ofNobody, ofAnn + "&" + inActivity,
		"agent=" + url.QueryEscape(ann+ann), "agent=" + url.QueryEscape(`{"mbox":"ann@example.org"}`), "agent=" + url.QueryEscape(`{"mbox":"mailto:ann@example.org","x":1}`),
		"agent=" + url.QueryEscape(`{"mbox":"mailto:ann@example.org","openid":"http://example.org/"}`), "agent=" + url.QueryEscape(`{"name":"Ann"}`),
	} {
		values, err := url.ParseQuery(query)
		require.NoError(t, err)
		_, err = xapi.ParsePersonQuery(values, xapi.V2)
		require.True(t, fault.Is(err, fault.Invalid), "%s: %v", query, err)
	}
}

func jsonDocument(body string) xapi.Document {
	return xapi.Document{ContentType: "application/json", Body: []byte(body)}
}

func TestMergeDocuments(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ old, posted, want string }{
		{`{"x":"foo","y":"bar"}`, `{"x":"bash","z":"faz"}`, `{"x":"bash","y":"bar","z":"faz"}`},
		{`{"x":{"a":1,"b":2}}`, `{"x":{"c":3}}`, `{"x":{"c":3}}`},
		{`{"x":1}`, `{"x":null}`, `{"x":null}`},
		{`{}`, `{}`, `{}`},
		{`{}`, `{"a":1.0}`, `{"a":1.0}`},
		{` { "a" : 1e2 , "b" : 12345678901234567890123 } `, "\n{ \"c\": 0.10 }", `{"a":1e2,"b":12345678901234567890123,"c":0.10}`},
		{`{"\u0061":1}`, `{"a":2}`, `{"\u0061":2}`},
		{`{"a":1}`, `{"\u0061":2,"\u00e4":3}`, `{"a":2,"\u00e4":3}`},
		{`{"":"\u0000"}`, `{"b":"\"}"}`, `{"":"\u0000","b":"\"}"}`},
	} {
		old := jsonDocument(c.old)
		old.ContentType = "Application/JSON; charset=utf-8"
		got, err := xapi.MergeDocuments(&old, jsonDocument(c.posted))
		require.NoError(t, err)
		require.Equal(t, xapi.Document{ContentType: "application/json", Body: []byte(c.want)}, got)
	}
}

func TestMergeDocumentsWithNoneThere(t *testing.T) {
	t.Parallel()
	posted := xapi.Document{ContentType: "application/json; charset=utf-8", Body: []byte(` {"a": 1 }`)}
	got, err := xapi.MergeDocuments(nil, posted)
	require.NoError(t, err)
	require.Equal(t, posted, got, "stored as it came")
}

func TestMergeDocumentsRefuses(t *testing.T) {
	t.Parallel()
	good := jsonDocument(`{"a":1}`)
	for _, bad := range []xapi.Document{
		{},
		{"", []byte(`{}`)},
		{"text/plain", []byte(`{}`)},
		{"not/json", []byte("abc")},
		{"application/json", nil},
		{"application/octet-stream", []byte(`{}`)},
		{"application/jsonx", []byte(`{}`)},
		{"application/json;;", []byte(`{}{`)},
		jsonDocument(`[]`), jsonDocument(`1`), jsonDocument(`null`), jsonDocument(`"{}"`), jsonDocument(`{"a":1}{`), jsonDocument(`{"a":1,}`),
		jsonDocument(`{"a":1,"a":2}`), jsonDocument("{\"a\":\"\xff\"}"), jsonDocument(`{"a":"\ud800"}`), jsonDocument("\ufeff{}"),
	} {
		for _, err := range []error{
			func() error { _, err := xapi.MergeDocuments(nil, bad); return err }(),
			func() error { _, err := xapi.MergeDocuments(&good, bad); return err }(),
			func() error { _, err := xapi.MergeDocuments(&bad, good); return err }(),
		} {
			require.True(t, fault.Is(err, fault.Invalid), "%q: %v", bad, err)
		}
	}
}

func TestMergeDocumentsIsThatOfMaps(t *testing.T) {
	t.Parallel()
	object := rapid.Map(rapid.MapOf(rapid.SampledFrom([]string{"a", "b", "ä", "", "\n"}), anyValue(2)), func(members map[string]string) string {
		var text []string
		for name, value := range members {
			quoted, _ := jsontext.AppendQuote(nil, name)
			text = append(text, string(quoted)+":"+value)
		}
		return "{" + strings.Join(text, ",") + "}"
	})
	rapid.Check(t, func(t *rapid.T) {
		old, posted := jsonDocument(object.Draw(t, "old")), jsonDocument(object.Draw(t, "posted"))
		got, err := xapi.MergeDocuments(&old, posted)
		require.NoError(t, err)
		want := map[string]json.RawMessage{}
		require.NoError(t, json.Unmarshal(old.Body, &want))
		require.NoError(t, json.Unmarshal(posted.Body, &want))
		merged := map[string]json.RawMessage{}
		require.NoError(t, json.Unmarshal(got.Body, &merged))
		require.Equal(t, want, merged)
	})
}

func FuzzMergeDocuments(f *testing.F) {
	f.Add([]byte(`{"x":"foo","y":[{"a":"\\\""}]}`), []byte(` { "x" : 1e2 , "\u0079" : {} } `))
	f.Fuzz(func(t *testing.T, old, posted []byte) {
		was := jsonDocument(string(old))
		got, err := xapi.MergeDocuments(&was, jsonDocument(string(posted)))
		if err != nil {
			require.Equal(t, fault.Invalid, fault.KindOf(err))
			return
		}
		require.True(t, jsontext.Value(got.Body).IsValid(), "%s", got.Body)
		again, err := xapi.MergeDocuments(&got, jsonDocument(string(posted)))
		require.NoError(t, err)
		require.Equal(t, string(got.Body), string(again.Body), "posting twice changes nothing more")
	})
}

func TestETag(t *testing.T) {
	t.Parallel()
	require.Equal(t, `"aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"`, xapi.ETag([]byte("hello")))
	require.Equal(t, `"da39a3ee5e6b4b0d3255bfef95601890afd80709"`, xapi.ETag(nil))
}

func TestPrecondition(t *testing.T) {
	t.Parallel()
	const (
		pass = fault.Internal // none
		is   = `"aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"`
		was  = `"da39a3ee5e6b4b0d3255bfef95601890afd80709"`
	)
	failed := fault.PreconditionFailed
	for _, c := range []struct {
		ifMatch, ifNoneMatch string
		there, absent        fault.Kind // of PUT, POST and DELETE alike
	}{
		{is, "", pass, failed},
		{was, "", failed, failed},
		{"*", "", pass, failed},
		{" * ", "", pass, failed},
		{was + ", " + is, "", pass, failed},
		{was + `, "x"`, "", failed, failed},
		{"W/" + is, "", pass, failed},
		{strings.Trim(is, `"`), "", pass, failed},
		{`""`, "", failed, failed},
		{`"*"`, "", failed, failed},
		{",", "", failed, failed},
		{"", "*", failed, pass},
		{"", is, failed, pass},
		{"", was, pass, pass},
		{"", was + ",W/" + is, failed, pass},
		{is, was, pass, failed},
		{is, "*", failed, failed},
	} {
		for _, v := range xapi.Versions {
			for _, kind := range []xapi.DocumentKind{xapi.State, xapi.ActivityProfile, xapi.AgentProfile} {
				for _, method := range []string{http.MethodPut, http.MethodPost, http.MethodDelete} {
					check := func(want fault.Kind, exists bool, etag string) {
						err := xapi.Precondition(v, method, kind, exists, etag, c.ifMatch, c.ifNoneMatch)
						require.Equal(t, want == pass, err == nil, "%s %d %s %+v exists=%t: %v", v, kind, method, c, exists, err)
						require.Equal(t, want, fault.KindOf(err))
					}
					check(c.there, true, is)
					check(c.absent, false, "")
				}
			}
		}
	}
}

func TestPreconditionWithoutHeaders(t *testing.T) {
	t.Parallel()
	for _, v := range xapi.Versions {
		for _, kind := range []xapi.DocumentKind{xapi.State, xapi.ActivityProfile, xapi.AgentProfile} {
			for _, method := range []string{http.MethodPut, http.MethodPost, http.MethodDelete} {
				require.NoError(t, xapi.Precondition(v, method, kind, false, "", "", ""), "the first one creates it")
				err := xapi.Precondition(v, method, kind, true, xapi.ETag(nil), "", "")
				if method == http.MethodPut && (kind != xapi.State || v == xapi.V2) {
					require.True(t, fault.Is(err, fault.Conflict), "%v", err)
					require.ErrorContains(t, err, "check its current state")
					require.ErrorContains(t, err, "If-Match")
					continue
				}
				require.NoError(t, err, "%s %d %s", v, kind, method)
			}
		}
	}
}

func TestNotModified(t *testing.T) {
	t.Parallel()
	etag := xapi.ETag([]byte("hello"))
	require.True(t, xapi.NotModified(etag, etag))
	require.True(t, xapi.NotModified(etag, "*"))
	require.False(t, xapi.NotModified(etag, ""))
	require.False(t, xapi.NotModified(etag, xapi.ETag(nil)))
}
