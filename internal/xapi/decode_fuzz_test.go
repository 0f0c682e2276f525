package xapi_test

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// FuzzDecode: nothing panics; what is refused says why; what is accepted is
// stored as JSON that says the same when it is read again.
func FuzzDecode(f *testing.F) {
	for _, body := range []string{
		typical, statement(), "[" + statement() + "," + statement() + "]", "[]", "{}", "null", `[{"a":1,"a":2}]`,
		subStatement(`"context":{"contextActivities":{"parent":`+quiz+`}}`, `"result":{"duration":"PT1.001S"}`),
		statement(`"id":"7ccd3322-e1a5-411a-a67d-6a735c76f119"`, `"stored":"2015-03-01T12:00:00Z"`, `"authority":`+oauth),
		statement(`"context":{"contextAgents":[{"objectType":"contextAgent","agent":` + ada + `}],"contextGroups":[]}`),
		statement(`"actor":` + people("g", "a", "b")), attachment("", ""),
		result(`{"score":{"scaled":1e0,"raw":1,"min":0.0,"max":1e99999999999999999999},"extensions":{"x:y":[null,{"\u0000":"\ud83d\ude00"}]}}`),
		defined(`{"interactionType":"matching","source":[{"id":"a"}],"target":[{"id":"b","description":{"en":""}}]}`),
		statement(`"verb":{"id":"`+xapi.VoidedVerb+`"}`, `"object":`+ref, `"timestamp":"2026-03-01T12:00:00.5+01:00"`),
	} {
		f.Add([]byte(body), true)
		f.Add([]byte(body), false)
	}
	f.Fuzz(func(t *testing.T, body []byte, second bool) {
		v := xapi.V1
		if second {
			v = xapi.V2
		}
		batch, err := xapi.Decode(body, v, xapi.Limits{Depth: 20})
		if err != nil {
			require.Equal(t, fault.Invalid, fault.KindOf(err))
			require.NotEmpty(t, err.(*fault.Error).Violations) //nolint:errorlint // Decode says it returns one
			return
		}
		for _, s := range batch.Statements {
			require.True(t, jsontext.Value(s.Text).IsValid(), "%s", s.Text)
			again, err := xapi.Decode(s.Text, v, xapi.Limits{Depth: 21}) // an activity may be in an array now
			require.NoError(t, err, "%s", s.Text)
			require.Len(t, again.Statements, 1)
			got := again.Statements[0]
			require.Equal(t, uuid.Nil, got.ID)
			got.ID = s.ID
			require.Equal(t, s, got)

			indexed, err := xapi.TermsOf(s.Text)
			require.NoError(t, err)
			indexed.ID, indexed.Text, indexed.Hash = s.ID, s.Text, s.Hash
			require.Equal(t, s, indexed)
		}
	})
}
