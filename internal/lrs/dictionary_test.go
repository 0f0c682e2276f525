package lrs

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/sample"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

func samplesOf(t *testing.T, texts [][]byte) []sampled {
	t.Helper()
	var all []sampled
	for i, text := range texts {
		b, err := xapi.Decode(text, xapi.V1, xapi.Limits{})
		require.NoError(t, err)
		all = append(all, sampled{uint64(i), b.Statements[0].Text})
	}
	return all
}

// TestVocabularyHoldsNoPersonalData puts words into every place where a
// statement may name a person, and into texts that only two people share.
func TestVocabularyHoldsNoPersonalData(t *testing.T) {
	t.Parallel()
	const statement = `{"actor":{"objectType":"Group","name":"SECRET team name","account":{"homePage":"https://platform.example.com","name":"SECRET-account-1"},
		"member":[{"name":"SECRET member name","mbox":"mailto:SECRET-member@example.com"}]},
		"verb":{"id":"https://example.com/verbs/completed"},
		"object":{"id":"https://example.com/activities/shared","definition":{"name":{"en":"A shared course"}}},
		"result":{"response":"%s"},
		"context":{"instructor":{"name":"SECRET instructor","openid":"https://SECRET.example.com/openid"},
			"team":{"objectType":"Group","member":[{"mbox_sha1sum":"5ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2"}]},
			"extensions":{"https://example.com/extension/shared-name":{"deep":[{"agent":{"mbox":"mailto:SECRET-extension@example.com","name":"SECRET extension"}}]}}}}`
	var texts [][]byte
	for i := range 20 {
		texts = append(texts, fmt.Appendf(nil, statement, fmt.Sprintf("SECRET answer of pair %d", i/2)))
	}
	words := string(vocabulary(samplesOf(t, texts)))
	require.NotContains(t, words, "SECRET")
	require.NotContains(t, words, "5ec2e7")
	for _, shared := range []string{`{"id":"https://example.com/activities/shared","definition":{"name":{"en":"A shared course"}}}`, `"https://platform.example.com"`, `"https://example.com/extension/shared-name"`} {
		require.Contains(t, words, shared)
	}
}

func TestVocabularyOfSamplesNamesNoLearner(t *testing.T) {
	t.Parallel()
	texts := sample.New(7, sample.Options{}).Statements(trainingSamples)
	samples := samplesOf(t, texts)
	words := string(vocabulary(samples))
	require.Greater(t, len(words), leastVocabulary)
	for i := range samples {
		s, err := xapi.TermsOf(samples[i].text)
		require.NoError(t, err)
		if _, name, ok := strings.Cut(s.Actor, ":mailto:"); ok {
			require.NotContains(t, words, name)
		}
		if name := xapi.ActorOf(samples[i].text).Name; name != "" {
			require.NotContains(t, words, name)
		}
	}
}

// TestStoreGetsADictionaryOfItsOwn stores until one is in use, and reads
// everything back through another replica, which has to load it.
func TestStoreGetsADictionaryOfItsOwn(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a := f.author()
	g := sample.New(7, sample.Options{})
	var ids []uuid.UUID
	want := map[uuid.UUID]string{}
	put := func() *xapi.Batch {
		b := batch(t, string(g.Next()))
		got, err := f.Commit(t.Context(), Write{a, b})
		require.NoError(t, err)
		ids = append(ids, got...)
		want[got[0]] = string(b.Statements[0].Text)
		return b
	}
	dicts, err := f.dicts.current(t.Context(), a)
	require.NoError(t, err)
	var before, after int
	for dicts.dictionary.Load().number == commonDict {
		b := put()
		before = len(common.compress(b.Statements[0].Text))
	}
	for range 50 {
		b := put()
		before += len(common.compress(b.Statements[0].Text))
		after += len(dicts.dictionary.Load().compress(b.Statements[0].Text))
	}
	require.Less(t, float64(after), 0.8*float64(before))

	other, in := f.another(), read(a)
	in.Version = xapi.V1 // which returns timestamps as they were sent
	for _, id := range ids {
		rec, err := other.Statement(t.Context(), in, id, false)
		if err != nil { // the samples hold a rare voiding
			rec, err = other.Statement(t.Context(), in, id, true)
		}
		require.NoError(t, err)
		text := want[id]
		require.True(t, strings.HasSuffix(string(rec.JSON), text[1:]), "%s\n%s", rec.JSON, text)
	}
	theirs, err := other.dicts.current(t.Context(), a)
	require.NoError(t, err)
	require.EqualValues(t, ownDicts, theirs.dictionary.Load().number)
}
