package sample_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/sample"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// decode validates every statement by the rules of v.
func decode(t *testing.T, texts [][]byte, v xapi.Version) []xapi.Statement {
	t.Helper()
	all := make([]xapi.Statement, len(texts))
	for i, text := range texts {
		batch, err := xapi.Decode(text, v, xapi.Limits{})
		require.NoError(t, err, "%s", text)
		all[i] = batch.Statements[0]
	}
	return all
}

func TestStatementsAreValid(t *testing.T) {
	t.Parallel()
	texts := sample.New(1, sample.Options{}).Statements(20_000)
	for _, v := range []xapi.Version{xapi.V1, xapi.V2} {
		all := decode(t, texts, v)
		ids := map[uuid.UUID]bool{}
		for _, s := range all {
			require.Equal(t, uuid.Version(4), s.ID.Version())
			require.False(t, ids[s.ID], "an id twice")
			ids[s.ID] = true
		}
	}
}

func TestStatementsHaveTheSpreadOfRealOnes(t *testing.T) {
	t.Parallel()
	const n = 30_000
	texts := sample.New(2, sample.Options{}).Statements(n)
	all := decode(t, texts, xapi.V1)

	sizes := make([]int, n)
	sum := 0
	for i, text := range texts {
		sizes[i] = len(text)
		sum += len(text)
	}
	slices.Sort(sizes)
	t.Logf("bytes: mean %d, least %d, p10 %d, p50 %d, p90 %d, most %d", sum/n, sizes[0], sizes[n/10], sizes[n/2], sizes[n*9/10], sizes[n-1])
	require.InDelta(t, 1550, sum/n, 350)
	require.Greater(t, sizes[n*9/10], sizes[n/10]*5/4)

	actors, verbs, courses, modules := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	registrations := map[uuid.UUID]int{}
	times := map[time.Time]int{}
	var scored, passed, failed, timed, refer, void, attached, weekend int
	seen := map[uuid.UUID]bool{}
	for _, s := range all {
		seen[s.ID] = true
		times[s.Timestamp]++
		actors[s.Actor]++
		verbs[s.Verb]++
		courses[s.Course]++
		modules[s.Module]++
		registrations[s.Registration]++
		if s.Scaled != nil {
			scored++
		}
		if s.Success != nil && *s.Success {
			passed++
		} else if s.Success != nil {
			failed++
		}
		if s.Duration >= 0 {
			timed++
		}
		if s.Target != uuid.Nil {
			refer++
			require.True(t, seen[s.Target], "refers to a statement that has not been made")
		}
		if s.Voids {
			void++
		}
		attached += len(s.Attachments)
		if day := s.Timestamp.Weekday(); day == time.Saturday || day == time.Sunday {
			weekend++
		}
	}
	t.Logf("verbs %v", verbs)
	t.Logf("%d actors, %d courses, %d modules, %d registrations; scored %d, passed %d, failed %d, timed %d, refer %d, void %d, attached %d, weekend %d",
		len(actors), len(courses), len(modules), len(registrations), scored, passed, failed, timed, refer, void, attached, weekend)
	require.InDelta(t, 500, len(actors), 25)
	require.Len(t, courses, 41) // a voiding belongs to none
	require.Len(t, verbs, 20)
	require.Greater(t, len(modules), 120)
	require.Greater(t, len(registrations), n/20)
	require.Greater(t, scored, n/5)
	require.Greater(t, passed, failed)
	require.Greater(t, failed, n/50)
	require.Greater(t, timed, n/5)
	require.Greater(t, refer, n/200)
	require.Positive(t, void)
	require.Less(t, void, refer/10)
	require.Positive(t, attached)
	require.Less(t, weekend, n/10)
	for at, count := range times { // nothing is heaped up at an end
		require.LessOrEqual(t, count, 6, at)
	}
}

func TestTheSameSeedGivesTheSameStatements(t *testing.T) {
	t.Parallel()
	a, b := sample.New(3, sample.Options{}), sample.New(3, sample.Options{})
	require.Equal(t, a.Statements(500), b.Statements(500))
	require.NotEqual(t, sample.New(4, sample.Options{}).Statements(5), sample.New(5, sample.Options{}).Statements(5))
	first, second := a.Next(), a.Next()
	require.NotEqual(t, first, second)
}

func TestOptions(t *testing.T) {
	t.Parallel()
	from := time.Date(2025, time.March, 3, 0, 0, 0, 0, time.UTC)
	to := from.AddDate(0, 0, 20)
	g := sample.New(6, sample.Options{Learners: 7, Courses: 3, From: from, To: to, Organisation: "meridian", WithoutIDs: true})
	actors, courses := map[string]bool{}, map[string]bool{}
	for _, s := range decode(t, g.Statements(3000), xapi.V2) {
		require.Equal(t, uuid.Nil, s.ID)
		require.Equal(t, uuid.Nil, s.Target)
		require.False(t, s.Timestamp.Before(from) || !s.Timestamp.Before(to), "%s", s.Timestamp)
		actors[s.Actor], courses[s.Course] = true, true
	}
	require.Len(t, actors, 7)
	require.Len(t, courses, 3)

	batch, err := xapi.Decode(g.Batch(50), xapi.V1, xapi.Limits{})
	require.NoError(t, err)
	require.Len(t, batch.Statements, 50)
	batch, err = xapi.Decode(g.Batch(0), xapi.V1, xapi.Limits{})
	require.NoError(t, err)
	require.Empty(t, batch.Statements)
}

func BenchmarkNext(b *testing.B) {
	g := sample.New(1, sample.Options{})
	b.ReportAllocs()
	bytes := 0
	for b.Loop() {
		bytes += len(g.Next())
	}
	b.SetBytes(int64(bytes / b.N))
}
