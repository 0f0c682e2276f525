package xapi_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/xapi"
)

func result(r string) string { return statement(`"result":` + r) }

func TestResultAccepted(t *testing.T) {
	t.Parallel()
	accepted := map[string]string{}
	for name, r := range map[string]string{
		"empty":                    `{}`,
		"an empty response":        `{"response":""}`,
		"an empty score":           `{"score":{}}`,
		"scaled 1.0":               `{"score":{"scaled":1.0}}`,
		"scaled -1.0000":           `{"score":{"scaled":-1.0000}}`,
		"scaled 10e-1":             `{"score":{"scaled":10e-1}}`,
		"scaled -0":                `{"score":{"scaled":-0}}`,
		"a digit below 1":          `{"score":{"scaled":0.99999999999999999999999999}}`,
		"raw at the edges":         `{"score":{"raw":0,"min":0.0,"max":1e2}}`,
		"raw at max":               `{"score":{"raw":100.0,"max":100}}`,
		"no points to be had":      `{"score":{"scaled":0,"raw":0.0,"min":0,"max":0}}`,
		"min at max":               `{"score":{"min":100,"max":1e2}}`,
		"raw alone":                `{"score":{"raw":-17.5}}`,
		"huge":                     `{"score":{"raw":1e400,"min":-1e400,"max":2e400}}`,
		"apart beyond a float":     `{"score":{"min":0.1,"max":0.10000000000000000000000001}}`,
		"an empty extension":       `{"extensions":{}}`,
		"extensions of all kinds":  `{"extensions":{"x:1":null,"x:2":"","x:3":{},"x:4":[null],"x:5":12345,"x:6":true,"x:7":{"null":null}}}`,
		"a duration in hundredths": `{"duration":"P1DT12H36M0.12567S"}`,
		"weeks":                    `{"duration":"P4W"}`,
	} {
		accepted[name] = result(r)
		accepted[name+" inside"] = subStatement(`"result":` + r)
	}
	testAccepted(t, accepted)
}

func TestResultRefused(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, result string
		want         broken // path below the result
	}{
		{"a string", `"passed"`, broken{"", "must be an object, not a string", "2.4.5", "4.2.2.4"}},
		{"success a string", `{"success":"true"}`, broken{"/success", "must be a boolean, not a string", "2.4.5", "4.2.2.4"}},
		{"success null", `{"success":null}`, broken{"/success", "must not be null: leave the property out; only extensions may hold null", "2.2", "4.2.1"}},
		{"completion a number", `{"completion":1}`, broken{"/completion", "must be a boolean, not a number", "2.4.5", "4.2.2.4"}},
		{"response a number", `{"response":1}`, broken{"/response", "must be a string, not a number", "2.4.5", "4.2.2.4"}},
		{"response a boolean", `{"response":false}`, broken{"/response", "must be a string, not a boolean", "2.4.5", "4.2.2.4"}},
		{"duration a number", `{"duration":12345}`, broken{"/duration", "must be a string, not a number", "2.4.5", "4.2.2.4"}},
		{"duration none", `{"duration":"PA1H0M0S"}`, broken{"/duration", `must be an ISO 8601 duration like PT1H30M or P2W, not "PA1H0M0S"`, "4.6", "4.2.7"}},
		{"duration of weeks and days", `{"duration":"P4W1D"}`, broken{"/duration", `must be an ISO 8601 duration like PT1H30M or P2W, not "P4W1D"`, "4.6", "4.2.7"}},
		{"extensions a number", `{"extensions":1}`, broken{"/extensions", "must be an object, not a number", "2.4.5", "4.2.2.4"}},
		{"extension without scheme", `{"extensions":{"should fail":true}}`, broken{"/extensions/should fail", `the key must be an IRI with a scheme, not "should fail"`, "4.1", "4.2.7"}},
		{"unknown property", `{"passed":true}`, broken{"/passed", `"passed" is no property of a result: it may have score, success, completion, response, duration, extensions`, "2.4.5", "4.2.2.4"}},
		{"score a number", `{"score":12345}`, broken{"/score", "must be an object, not a number", "2.4.5.1", "4.2.2.4"}},
		{"score with more", `{"score":{"Raw":1}}`, broken{"/score/Raw", `"Raw" must be written "raw": names are case-sensitive`, "2.2", "4.2.1"}},
		{"scaled a string", `{"score":{"scaled":"0.5"}}`, broken{"/score/scaled", "must be a number, not a string", "2.4.5.1", "4.2.2.4"}},
		{"scaled 1.01", `{"score":{"scaled":1.01}}`, broken{"/score/scaled", "must be between -1 and 1, not 1.01", "2.4.5.1", "4.2.2.4"}},
		{"scaled -1.00001", `{"score":{"scaled":-1.00001}}`, broken{"/score/scaled", "must be between -1 and 1, not -1.00001", "2.4.5.1", "4.2.2.4"}},
		{"scaled a hair above 1", `{"score":{"scaled":1.00000000000000000000000001}}`, broken{"/score/scaled", "must be between -1 and 1, not 1.00000000000000000000000001", "2.4.5.1", "4.2.2.4"}},
		{"scaled huge", `{"score":{"scaled":1e999999999}}`, broken{"/score/scaled", "must be between -1 and 1, not 1e999999999", "2.4.5.1", "4.2.2.4"}},
		{"raw above max", `{"score":{"raw":100.01,"min":0,"max":100}}`, broken{"/score/raw", "must not be greater than max (100), but is 100.01", "2.4.5.1", "4.2.2.4"}},
		{"raw below min", `{"score":{"max":100,"min":0,"raw":-1}}`, broken{"/score/raw", "must not be less than min (0), but is -1", "2.4.5.1", "4.2.2.4"}},
		{"min above max", `{"score":{"min":101,"max":100}}`, broken{"/score/min", "must not be greater than max (100), but is 101", "2.4.5.1", "4.2.2.4"}},
		{"min a hair above max", `{"score":{"min":0.00000000000000000000000001,"max":0}}`, broken{"/score/min", "must not be greater than max (0), but is 0.00000000000000000000000001", "2.4.5.1", "4.2.2.4"}},
		{"min above max beyond a float", `{"score":{"max":1e400,"min":2e400}}`, broken{"/score/min", "must not be greater than max (1e400), but is 2e400", "2.4.5.1", "4.2.2.4"}},
		{"raw null", `{"score":{"raw":null}}`, broken{"/score/raw", "must not be null: leave the property out; only extensions may hold null", "2.2", "4.2.1"}},
	}
	var refusals []refusal
	for _, c := range cases {
		out, in := c.want, c.want
		out.path, in.path = "/result"+out.path, "/object/result"+in.path
		refusals = append(
			refusals,
			refusal{c.name, result(c.result), []broken{out}},
			refusal{c.name + " inside", subStatement(`"result":` + c.result), []broken{in}},
		)
	}
	testRefusals(t, refusals)
}

func TestResultIsIndexed(t *testing.T) {
	t.Parallel()
	s := decode(t, result(`{"score":{"scaled":0.850},"success":true,"completion":false,"duration":"PT1M12.345S"}`), xapi.V1)
	require.InDelta(t, 0.85, *s.Scaled, 0)
	require.True(t, *s.Success)
	require.False(t, *s.Completion)
	require.Equal(t, int64(72_345), s.Duration)

	s = decode(t, result(`{"score":{"raw":1},"response":"b"}`), xapi.V1)
	require.Nil(t, s.Scaled)
	require.Nil(t, s.Success)
	require.Nil(t, s.Completion)
	require.Equal(t, int64(-1), s.Duration)

	// What a SubStatement says did not happen.
	s = decode(t, subStatement(`"result":{"score":{"scaled":1},"success":true,"completion":true,"duration":"PT1S"}`), xapi.V1)
	require.Nil(t, s.Scaled)
	require.Nil(t, s.Success)
	require.Nil(t, s.Completion)
	require.Equal(t, int64(-1), s.Duration)
}

func TestScoreOfManyDigitsCostsLittle(t *testing.T) {
	t.Parallel()
	long := "0." + strings.Repeat("9", 1<<20)
	s := decode(t, result(`{"score":{"scaled":`+long+`,"min":-1e-999999999999999999999,"max":1e999999999999999999999}}`), xapi.V1)
	require.InDelta(t, 1, *s.Scaled, 0)
}
