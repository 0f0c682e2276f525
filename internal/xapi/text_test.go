package xapi_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/xapi"
)

func TestText(t *testing.T) {
	t.Parallel()
	const rest = `"actor":` + ada + `,"verb":` + did + `,"object":` + quiz
	const v1 = `,"version":"1.0.0"}`
	for _, c := range []struct{ name, body, want string }{
		{"version is added", statement(), "{" + rest + v1},
		{"version is kept", statement(`"version":"1.0.2"`), "{" + rest + `,"version":"1.0.2"}`},
		{"id first", `{"id":"7ccd3322-e1a5-411a-a67d-6a735c76f119",` + rest + `}`, "{" + rest + v1},
		{"id last", `{` + rest + `,"id":"7ccd3322-e1a5-411a-a67d-6a735c76f119"}`, "{" + rest + v1},
		{
			"all that the server writes", `{"stored":"2015-03-01T12:00:00Z","actor":` + ada + `,"authority":` + oauth + `,"id":"7ccd3322-e1a5-411a-a67d-6a735c76f119","verb":` + did + `,"object":` + quiz + `}`,
			"{" + rest + v1,
		},
		{"names in escapes", `{"\u0069d":"7ccd3322-e1a5-411a-a67d-6a735c76f119",` + rest + `}`, "{" + rest + v1},
		{
			"white space", " {\n\t\"actor\" : " + ada + " ,\r\n \"verb\":" + did + "\n,\"id\" : \"7ccd3322-e1a5-411a-a67d-6a735c76f119\" , \"object\": {  \"id\" : \"https://example.com/quiz\" } \n} ",
			`{"actor" : ` + ada + `,"verb":` + did + `,"object": {  "id" : "https://example.com/quiz" }` + v1,
		},
		{
			"bytes of strings and numbers", statement(`"result":{"response":"\u0000\u00e9é\/😀\ud83d\ude00","score":{"raw":1.0},"extensions":{"x:y":[1e2,0.10,12345678901234567890123456789012345678901,-0]}}`),
			`{` + rest + `,"result":{"response":"\u0000\u00e9é\/😀\ud83d\ude00","score":{"raw":1.0},"extensions":{"x:y":[1e2,0.10,12345678901234567890123456789012345678901,-0]}}` + v1,
		},
		{
			"an id that is not the statement's", statement(`"result":{"extensions":{"x:y":{"id":1,"stored":2,"authority":3}}}`),
			`{` + rest + `,"result":{"extensions":{"x:y":{"id":1,"stored":2,"authority":3}}}` + v1,
		},
		{
			"single activities", statement(`"context":{"contextActivities":{"parent": ` + quiz + ` ,"grouping":[` + quiz + `],"category":{"id":"x:y","definition":{"name":{"en":"{]"}}}}}`),
			`{` + rest + `,"context":{"contextActivities":{"parent": [` + quiz + `] ,"grouping":[` + quiz + `],"category":[{"id":"x:y","definition":{"name":{"en":"{]"}}}]}}` + v1,
		},
		{
			"single activities inside and out, in any order", `{"context":{"contextActivities":{"other":` + quiz + `}},"object":{"objectType":"SubStatement",` + rest + `,"context":{"contextActivities":{"parent":` + quiz + `}}},"id":"7ccd3322-e1a5-411a-a67d-6a735c76f119","actor":` + ada + `,"verb":` + did + `}`,
			`{"context":{"contextActivities":{"other":[` + quiz + `]}},"object":{"objectType":"SubStatement",` + rest + `,"context":{"contextActivities":{"parent":[` + quiz + `]}}},"actor":` + ada + `,"verb":` + did + v1,
		},
		{"no activities", statement(`"context":{"contextActivities":{}}`), `{` + rest + `,"context":{"contextActivities":{}}` + v1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := decode(t, c.body, xapi.V1)
			require.Equal(t, c.want, string(s.Text))
			require.Equal(t, c.want, string(decode(t, c.want, xapi.V1).Text), "decoded again")
			require.Equal(t, s.Hash, decode(t, c.want, xapi.V1).Hash)
			// In a batch the texts lie side by side.
			batch, err := xapi.Decode([]byte("["+c.want+", "+c.want+"]"), xapi.V1, xapi.Limits{})
			require.NoError(t, err)
			require.Equal(t, c.want, string(batch.Statements[0].Text))
			require.Equal(t, c.want, string(batch.Statements[1].Text))
			_ = append(batch.Statements[0].Text, 'x')
			require.Equal(t, c.want, string(batch.Statements[1].Text), "written over")
		})
	}
	require.Equal(t, "{"+rest+`,"version":"2.0.0"}`, string(decode(t, statement(), xapi.V2).Text))
	require.Equal(t, "{"+rest+`,"version":"1.0.3"}`, string(decode(t, statement(`"version":"1.0.3"`), xapi.V2).Text))
}
