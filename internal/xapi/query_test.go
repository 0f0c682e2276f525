package xapi_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

const (
	someID = "7e5a1d1e-5c3c-4f0a-9d0d-0f3a3a1f0001"
	ann    = `{"mbox":"mailto:ann@example.org"}`
)

func TestParseQuery(t *testing.T) {
	t.Parallel()
	id := uuid.MustParse(someID)
	for query, want := range map[string]xapi.Query{
		"":                      {},
		"statementId=" + someID: {StatementID: id},
		"statementId=" + strings.ToUpper(someID) + "&format=ids&attachments=true": {StatementID: id, Format: xapi.FormatIDs, Attachments: true},
		"voidedStatementId=" + someID:                 {VoidedStatementID: id},
		"agent=" + url.QueryEscape(ann):               {Agent: "mbox:mailto:ann@example.org"},
		"verb=http://example.org/v":                   {Verb: "http://example.org/v"},
		"activity=course-v1:edX%2BDemoX":              {Activity: "course-v1:edX+DemoX"},
		"registration=" + someID:                      {Registration: id},
		"related_activities=true&related_agents=true": {RelatedActivities: true, RelatedAgents: true},
		"related_agents=false&ascending=false":        {},
		"related_agents=True&ascending=False":         {RelatedAgents: true}, // TinCanPython
		"since=2026-01-02T03:04:05.123456Z":           {Since: time.Date(2026, 1, 2, 3, 4, 5, 123456000, time.UTC)},
		"until=2026-01-02T03:04:05%2B01:00":           {Until: time.Date(2026, 1, 2, 2, 4, 5, 0, time.UTC)},
		"until=2026-01-02T03:04:05+01:00":             {Until: time.Date(2026, 1, 2, 2, 4, 5, 0, time.UTC)}, // the plus not escaped
		"limit=0":                                     {},
		"limit=25":                                    {Limit: 25},
		"limit=99999999999999999999":                  {Limit: 1<<31 - 1},
		"format=exact":                                {},
		"format=canonical&ascending=true":             {Format: xapi.FormatCanonical, Ascending: true},
		"until=0001-01-01T00:00:00Z":                  {Until: time.Time{}.Add(1)}, // given, so no "none"
	} {
		for _, v := range xapi.Versions {
			values, err := url.ParseQuery(query)
			require.NoError(t, err)
			got, err := xapi.ParseQuery(values, v)
			require.NoError(t, err, query)
			require.Equal(t, want, *got, query)
			require.Equal(t, want.StatementID != uuid.Nil || want.VoidedStatementID != uuid.Nil, got.Single(), query)
		}
	}
}

func TestParseQueryRefuses(t *testing.T) {
	t.Parallel()
	queries := []string{
		"foo=1", "StatementId=" + someID, "statementid=" + someID, "Agent=" + url.QueryEscape(ann), "relatedAgents=true", "LIMIT=1",
		"statementId=", "statementId=1", "statementId={" + someID + "}", "statementId=" + strings.ReplaceAll(someID, "-", ""),
		"statementId=" + uuid.Nil.String(), "registration=" + uuid.Nil.String(), "registration=true",
		"verb=", "verb=did", "activity=x", "verb=http://example.org/%00", "activity=http://example.org/%ff",
		"agent=", "agent=ann", "agent=" + url.QueryEscape(`[object Object]`),
		"since=yesterday", "since=", "until=2026-01-02T03:04:05-00:00", "since=2026-01-02", "until=9999-12-31T23:59:59-01:00", "since=0000-01-01T00:00:00Z",
		"limit=-1", "limit=1.0", "limit=ten", "limit=", "limit=%201", "limit=0x1",
		"format=Exact", "format=full", "format=",
		"attachments=yes", "attachments=tRUE", "attachments=1", "ascending=", "related_agents=TRUE",
		"verb=http://example.org/a&verb=http://example.org/b", "limit=1&limit=1",
		"statementId=" + someID + "&voidedStatementId=" + someID,
	}
	for _, id := range []string{"statementId", "voidedStatementId"} {
		for _, other := range []string{
			"agent=" + url.QueryEscape(ann), "verb=http://example.org/v", "activity=http://example.org/a", "registration=" + someID,
			"related_activities=true", "related_agents=false", "since=2026-01-02T03:04:05Z", "until=2026-01-02T03:04:05Z", "limit=1", "ascending=true",
		} {
			queries = append(queries, id+"="+someID+"&"+other)
		}
	}
	for _, query := range queries {
		for _, v := range xapi.Versions {
			values, err := url.ParseQuery(query)
			require.NoError(t, err)
			_, err = xapi.ParseQuery(values, v)
			require.True(t, fault.Is(err, fault.Invalid), "%s: %v", query, err)
		}
	}
}

func TestQueryValuesRoundTrip(t *testing.T) {
	t.Parallel()
	flag := rapid.Bool()
	id := rapid.Custom(func(t *rapid.T) uuid.UUID {
		if !flag.Draw(t, "given") {
			return uuid.Nil
		}
		id, err := uuid.FromBytes(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		require.NoError(t, err)
		return id
	})
	moment := rapid.Custom(func(t *rapid.T) time.Time {
		if !flag.Draw(t, "given") {
			return time.Time{}
		}
		return time.Unix(rapid.Int64Range(-62135596800, 253402300799).Draw(t, "seconds"), rapid.Int64Range(1, 999_999_999).Draw(t, "nanoseconds")).UTC()
	})
	iri := rapid.SampledFrom([]string{"", "http://example.org/ä?b=c&d#e", "urn:x:+%20", "course-v1:a+b", "tag:example.org,2026:x"})
	agent := rapid.SampledFrom([]string{
		"", "mbox:mailto:a+b@example.org", "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709",
		"openid:http://a.example.org/?x=%22y%22&z=+", "account:http://h.example.org\n\"n\\ä 😀\nsecond line",
	})
	rapid.Check(t, func(t *rapid.T) {
		want := xapi.Query{
			Agent: agent.Draw(t, "agent"), Verb: iri.Draw(t, "verb"), Activity: iri.Draw(t, "activity"), Registration: id.Draw(t, "registration"),
			RelatedActivities: flag.Draw(t, "related_activities"), RelatedAgents: flag.Draw(t, "related_agents"),
			Since: moment.Draw(t, "since"), Until: moment.Draw(t, "until"), Limit: rapid.IntRange(0, 1<<31-1).Draw(t, "limit"), Ascending: flag.Draw(t, "ascending"),
		}
		if flag.Draw(t, "single") {
			want = xapi.Query{}
			if want.StatementID = id.Draw(t, "statementId"); want.StatementID == uuid.Nil {
				want.VoidedStatementID = id.Draw(t, "voidedStatementId")
			}
		}
		want.Format = xapi.Format(rapid.IntRange(0, 2).Draw(t, "format"))
		want.Attachments = flag.Draw(t, "attachments")
		values, err := url.ParseQuery(want.Values().Encode())
		require.NoError(t, err)
		got, err := xapi.ParseQuery(values, xapi.V2)
		require.NoError(t, err)
		require.Equal(t, want, *got)
	})
}

func FuzzParseQuery(f *testing.F) {
	f.Add("statementId="+someID+"&format=ids", byte(1))
	f.Add("agent="+url.QueryEscape(`{"account":{"homePage":"http://h.example.org","name":"a\u0000\nb"}}`)+"&related_agents=true&limit=3", byte(2))
	f.Add("since=2026-01-02T03:04:05.123456789Z&until=2026-01-02 03:04:05+01:00&ascending=true&verb=a:b&activity=c:d", byte(1))
	f.Fuzz(func(t *testing.T, query string, version byte) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		v := xapi.Versions[version%2]
		q, err := xapi.ParseQuery(values, v)
		if err != nil {
			require.Equal(t, fault.Invalid, fault.KindOf(err))
			return
		}
		again, err := xapi.ParseQuery(q.Values(), v)
		require.NoError(t, err)
		require.Equal(t, q, again)
	})
}
