package xapi_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

func TestDecodeOneAndMany(t *testing.T) {
	t.Parallel()
	one, err := xapi.Decode([]byte(" "+typical+"\n"), xapi.V1, xapi.Limits{})
	require.NoError(t, err)
	require.False(t, one.Array)
	require.Len(t, one.Statements, 1)

	many, err := xapi.Decode([]byte("[ "+typical+" ]"), xapi.V1, xapi.Limits{})
	require.NoError(t, err)
	require.True(t, many.Array)
	require.Equal(t, one.Statements, many.Statements)

	none, err := xapi.Decode([]byte("[]"), xapi.V1, xapi.Limits{})
	require.NoError(t, err)
	require.True(t, none.Array)
	require.Empty(t, none.Statements)

	batch, err := xapi.Decode(typicals(50), xapi.V2, xapi.Limits{})
	require.NoError(t, err)
	require.Len(t, batch.Statements, 50)
	ids := map[uuid.UUID]bool{}
	for _, s := range batch.Statements {
		require.Equal(t, one.Statements[0].Hash, s.Hash)
		ids[s.ID] = true
	}
	require.Len(t, ids, 50)
}

func TestDecodeRefusesBrokenJSON(t *testing.T) {
	t.Parallel()
	good := statement()
	for _, c := range []struct{ name, body, want string }{
		{"nothing", "", "0 : must be JSON: it ends too early (at byte 0)"},
		{"white space", " \n", "0 : must be JSON: it ends too early (at byte 2)"},
		{"an end too early", good[:len(good)-1], fmt.Sprintf("0 : must be JSON: it ends too early (at byte %d)", len(good)-1)},
		{"no JSON", "actor=ada", "0 : must be JSON: invalid character 'a' at start of value (at byte 0)"},
		{"one more value", good + "{}", fmt.Sprintf("0 : must end where its JSON ends: there is more at byte %d", len(good))},
		{"one more bracket", good + "]", fmt.Sprintf("0 : must be JSON: invalid character ']' at start of value (at byte %d)", len(good))},
		{"a name twice", `{"actor":` + ada + `,"actor":` + ada + `}`, "0 /actor: is there twice; an object must have each name once (at byte 43)"},
		{"a name twice in escapes", `{"a":1,"\u0061":2}`, "0 /a: is there twice; an object must have each name once (at byte 7)"},
		{"a name twice in an extension", statement(`"result":{"extensions":{"x:y":{"a":1,"a":2}}}`), "0 /result/extensions/x:y/a: is there twice; an object must have each name once (at byte 169)"},
		{"invalid UTF-8", `{"a":"` + "\xff" + `"}`, "0 /a: must be JSON: invalid UTF-8 (at byte 6)"},
		{"a lone surrogate", `{"a":"\ud800"}`, "0 /a: must be JSON: invalid surrogate pair `\\ud800\"}` in string (at byte 6)"},
		{"a trailing comma", `{"a":1,}`, "0 : must be JSON: invalid character ',' at start of value (at byte 6)"},
		{"in the second of a batch", "[" + good + `,{"actor":x}]`, fmt.Sprintf("1 /actor: must be JSON: invalid character 'x' at start of value (at byte %d)", len(good)+11)},
		{"twice in the second of a batch", "[" + good + `,{"a":{"b":1,"b":2}}]`, fmt.Sprintf("1 /a/b: is there twice; an object must have each name once (at byte %d)", len(good)+14)},
		{"after the batch", "[" + good + "]]", fmt.Sprintf("1 : must be JSON: invalid character ']' at start of value (at byte %d)", len(good)+2)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, v := range violations(t, c.body, xapi.V1) {
				require.Equal(t, "xAPI 1.0.3 Data 2.2", v.Spec)
				got = append(got, fmt.Sprintf("%d %s: %s", v.Statement, v.Path, v.Rule))
			}
			require.Equal(t, []string{c.want}, got)
		})
	}
}

func TestDecodeTellsEveryFaultOfTheBatch(t *testing.T) {
	t.Parallel()
	body := "[" + strings.Join([]string{
		statement(),
		statement(`"verb":{"id":"did"}`, `"result":{"success":1}`),
		statement(`"actor"`),
		statement(),
		`7`,
		statement(`"verb":{"id":"https://example.com/did","display":{"en":null}}`) + " }", // broken JSON ends the list
		statement(`"actor"`),
	}, ",") + "]"
	var got []string
	for _, v := range violations(t, body, xapi.V2) {
		got = append(got, fmt.Sprintf("%d %s", v.Statement, v.Path))
	}
	require.Equal(t, []string{"1 /verb/id", "1 /result/success", "2 ", "4 ", "5 /verb/display/en", "6 "}, got)
}

func TestDecodeRefusesAnIDTwice(t *testing.T) {
	t.Parallel()
	const id = `"id":"7ccd3322-e1a5-411a-a67d-6a735c76f119"`
	body := "[" + statement(id) + "," + statement() + "," + statement() + "," + statement(strings.ToUpper(id[5:]), `"id":"7CCD3322-E1A5-411A-A67D-6A735C76F119"`) + "]"
	require.Equal(t, []fault.Violation{{
		Statement: 3, Path: "/id", Spec: "xAPI 1.0.3 Data 2.4.1",
		Rule: "must not be the id of statement 0 of this batch too: ids are unique",
	}}, violations(t, body, xapi.V1))

	// The next batch knows nothing of it.
	_, err := xapi.Decode([]byte(statement(id)), xapi.V1, xapi.Limits{})
	require.NoError(t, err)
}

func TestDecodeLimits(t *testing.T) {
	t.Parallel()
	refused := func(body string, l xapi.Limits) *fault.Error {
		_, err := xapi.Decode([]byte(body), xapi.V1, l)
		f, ok := errors.AsType[*fault.Error](err)
		require.True(t, ok, "accepted")
		return f
	}
	batch := func(n int, statement string) string {
		return "[" + strings.TrimSuffix(strings.Repeat(statement+",", n), ",") + "]"
	}

	t.Run("statements", func(t *testing.T) {
		t.Parallel()
		_, err := xapi.Decode([]byte(batch(3, statement())), xapi.V1, xapi.Limits{Statements: 3})
		require.NoError(t, err)
		f := refused(batch(4, statement()), xapi.Limits{Statements: 3})
		require.Equal(t, []fault.Violation{{Statement: 3, Rule: "is one too many: a batch must have at most 3 statements", Spec: "xAPI 1.0.3 Data 2.4"}}, f.Violations)
		require.Equal(t, fault.TooLarge, f.Kind)
		require.Equal(t, fault.Invalid, refused(batch(3, `{}`), xapi.Limits{Statements: 3}).Kind)
		require.Len(t, refused(batch(1001, statement()), xapi.Limits{}).Violations, 1)
	})
	t.Run("values", func(t *testing.T) {
		t.Parallel()
		many := func(n int) string {
			return statement(`"result":{"extensions":{"x:1":[` + strings.TrimSuffix(strings.Repeat("0,", n), ",") + `]}}`)
		}
		_, err := xapi.Decode([]byte(batch(2, many(89))), xapi.V1, xapi.Limits{Values: 99}) // with ten others
		require.NoError(t, err)
		f := refused("["+statement()+","+many(90)+","+statement()+"]", xapi.Limits{Values: 99})
		require.Equal(t, []fault.Violation{{Statement: 1, Rule: "has too many values: at most 99 are read; data in bulk belongs in an attachment", Spec: "xAPI 1.0.3 Data 2.4"}}, f.Violations)
		require.Equal(t, fault.TooLarge, f.Kind)
		require.Equal(t, fault.TooLarge, refused(many(1<<18), xapi.Limits{}).Kind)
		// What may be stored can be read, however long.
		_, err = xapi.TermsOf([]byte(many(1 << 18)))
		require.NoError(t, err)
	})
	t.Run("violations", func(t *testing.T) {
		t.Parallel()
		f := refused(batch(5, `{}`), xapi.Limits{Violations: 4})
		require.Len(t, f.Violations, 4)
		require.Equal(t, "the statements break rules of xAPI 1.0.3; the first 4 are listed", f.Message)
		require.Len(t, refused(batch(500, `{}`), xapi.Limits{}).Violations, 100)
		// One statement may not have more either.
		require.Len(t, refused(statement(`"object":{"id":"x:y","a":1,"b":1,"c":1,"d":1}`), xapi.Limits{Violations: 2}).Violations, 2)
	})
	t.Run("depth", func(t *testing.T) {
		t.Parallel()
		deep := func(n int) string {
			return statement(`"result":{"extensions":{"x:y":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}}`)
		}
		// The statement, the result and its extensions are three levels.
		_, err := xapi.Decode([]byte(deep(7)), xapi.V1, xapi.Limits{Depth: 10})
		require.NoError(t, err)
		f := refused(deep(8), xapi.Limits{Depth: 10})
		require.Equal(t, []fault.Violation{{
			Path: "/result/extensions/x:y/0/0/0/0/0/0/0", Spec: "xAPI 1.0.3 Data 2.2",
			Rule: "is nested too deep: at most 10 levels are read",
		}}, f.Violations)
		require.Len(t, refused(deep(62), xapi.Limits{}).Violations, 1)
		_, err = xapi.Decode([]byte(deep(61)), xapi.V1, xapi.Limits{})
		require.NoError(t, err)
		require.Equal(t, fault.Invalid, refused(deep(100_000), xapi.Limits{}).Kind)
	})
	t.Run("a bad statement beside a deep one", func(t *testing.T) {
		t.Parallel()
		f := refused("["+statement(`"object":{"id":"x:y","definition":{"extensions":{"x:y":[[[[1]]]]}}}`)+","+statement(`"actor"`)+"]", xapi.Limits{Depth: 5})
		require.Len(t, f.Violations, 2)
		require.Equal(t, "/object/definition/extensions/x:y/0", f.Violations[0].Path)
		require.Equal(t, 1, f.Violations[1].Statement)
	})
}

func TestDecodeOfManyFaultsIsLinear(t *testing.T) {
	t.Parallel()
	// Were the pointer of each made, or each id compared with all, this would
	// take minutes.
	many := func(element string) string { return strings.TrimSuffix(strings.Repeat(element+",", 120_000), ",") }
	require.Len(t, violations(t, statement(`"actor":{"objectType":"Group","member":[`+many("1")+`]}`), xapi.V1), 100)
	require.Len(t, violations(t, defined(`{"interactionType":"choice","choices":[`+many(`{"id":"a"}`)+`]}`), xapi.V1), 1)
	s := decode(t, statement(`"actor":{"objectType":"Group","member":[`+many(ada)+`]}`), xapi.V1)
	require.Len(t, s.Terms, 1)
}

func TestDecodeKeepsNothingOfAnEarlierBatch(t *testing.T) {
	t.Parallel()
	body := []byte(typical)
	batch, err := xapi.Decode(body, xapi.V1, xapi.Limits{})
	require.NoError(t, err)
	before := batch.Statements[0]
	for range 10 {
		_, err := xapi.Decode(typicals(3), xapi.V2, xapi.Limits{})
		require.NoError(t, err)
	}
	copied := decode(t, typical, xapi.V1)
	require.Equal(t, copied, before)

	// Only definitions share memory with the body.
	clear(body)
	before.Definitions, copied.Definitions = nil, nil
	require.Equal(t, copied, before)
}
