package lrs

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/xapi"
)

// TestResultsAreFoundPieceByPiece walks through a store with a clock that is
// always over the budget: each request looks at one piece. The pages together
// are what a plain reading finds, each statement once.
func TestResultsAreFoundPieceByPiece(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a := f.author()
	m := &model{rnd: rand.New(rand.NewPCG(7, 7)), authors: []Author{a, f.key(a)}, byID: map[uuid.UUID]*entry{}, results: true}
	m.store(f, 1400)
	v := f.view(a)
	v.Cap = 0
	at := time.Now()
	hasty := f.LRS
	hasty.now = func() time.Time {
		at = at.Add(viewTime)
		return at
	}
	yes, no := true, false
	wanted := []Results{
		{Success: &no},
		{Success: &yes, Completion: &yes},
		{Score: []ScoreBound{{"<", 0.8}}},
		{Score: []ScoreBound{{">=", 0.8}}},
		{Score: []ScoreBound{{">", -0.5}, {"<", 0.8}}},
		{Score: []ScoreBound{{"=", 0.5}}},
		{},
		{Score: []ScoreBound{{"<=", -0.5}}, Success: &no},
	}
	short, empty := 0, 0
	for i := range 160 {
		q, _ := m.query(read(a))
		results := wanted[i%len(wanted)]
		want := []uuid.UUID{}
		for _, id := range m.find(read(a), &q) {
			if m.byID[id].wanted(results) {
				want = append(want, id)
			}
		}
		got := []uuid.UUID{}
		for after := Cursor(0); ; {
			page, err := hasty.ViewStatements(t.Context(), v, &q, results, after)
			require.NoError(t, err)
			for _, s := range page.Statements {
				got = append(got, s.ID)
			}
			if !page.Reached.IsZero() {
				short++
				require.Equal(t, page.Reached.UnixMicro(), int64(page.Next))
				require.LessOrEqual(t, len(page.Statements), q.Limit)
				if len(page.Statements) == 0 {
					empty++
				}
			}
			if page.Next == 0 {
				break
			}
			require.NotEqual(t, after, page.Next, "each request gets on")
			after = page.Next
		}
		require.Equal(t, want, got, "%s %s", q.Values().Encode(), results)
	}
	require.Greater(t, short, 50)
	require.Positive(t, empty)
}

// wanted is a second opinion.
func (e *entry) wanted(r Results) bool {
	for _, b := range r.Score {
		if e.Scaled == nil {
			return false
		}
		in := map[string]bool{"<": *e.Scaled < b.Value, "<=": *e.Scaled <= b.Value, ">": *e.Scaled > b.Value, ">=": *e.Scaled >= b.Value, "=": *e.Scaled == b.Value}
		if !in[b.Than] {
			return false
		}
	}
	is := func(wanted, has *bool) bool { return wanted == nil || has != nil && *has == *wanted }
	return is(r.Success, e.Success) && is(r.Completion, e.Completion)
}

func TestScoresAreRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]ScoreBound{
		"<0.8": {{"<", 0.8}}, ">=0.5,<0.8": {{">=", 0.5}, {"<", 0.8}}, "=1": {{"=", 1}}, ">-0.25": {{">", -0.25}}, "<=1e-1": {{"<=", 0.1}},
	} {
		got, ok := ParseScore(text)
		require.True(t, ok, text)
		require.Equal(t, want, got, text)
		again, ok := ParseScore(Results{Score: got}.String())
		require.True(t, ok)
		require.Equal(t, want, again)
	}
	for _, text := range []string{"", "0.8", "<", "<>1", "==1", "<80", "<nan", "<inf", "<0.8,", "<1,<1,<1", "<0.8 ", "=<1", "<0." + string(make([]byte, 30))} {
		_, ok := ParseScore(text)
		require.False(t, ok, text)
	}
}

// The log says by which results somebody looked.
func TestTheLogTellsOfResults(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a := f.author()
	f.put(a, adaDid)
	no := false
	_, err := f.ViewStatements(t.Context(), f.view(a), &xapi.Query{}, Results{Score: []ScoreBound{{"<", 0.5}}, Success: &no}, 0)
	require.NoError(t, err)
	require.Equal(t, []string{`statements.viewed success {"query":{"result":"\u003c0.5,success=false"},"rows":0}`}, f.looked(a.Tenant))
}
