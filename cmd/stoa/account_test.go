package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// found is a statement as the store returns it.
type found struct {
	ID     string
	Stored string
	Result struct{ Response string }
}

// walk returns every statement that query finds, oldest first.
func (a *access) walk(t *testing.T, query url.Values) []found {
	t.Helper()
	query.Set("ascending", "true")
	query.Set("limit", "500")
	base, _ := a.where()
	var all []found
	for path := "/xapi/statements?" + query.Encode(); path != ""; {
		status, _, text, err := a.call(base, http.MethodGet, path, nil, "")
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status, "%s", text)
		var page struct {
			Statements []found
			More       string
		}
		require.NoError(t, json.Unmarshal(text, &page))
		all = append(all, page.Statements...)
		path = page.More
	}
	return all
}

// one asks for the statement that a parameter names; it has to be answered with status.
func (a *access) one(parameter, id string, status int) (f found, err error) {
	base, _ := a.where()
	got, _, text, err := a.call(base, http.MethodGet, "/xapi/statements", url.Values{parameter: {id}}, "")
	switch {
	case err != nil:
		return f, err
	case got != status:
		return f, fmt.Errorf("%s=%s answered %d %s", parameter, id, got, text)
	case status == http.StatusOK:
		return f, json.Unmarshal(text, &f)
	}
	return f, nil
}

// account compares the store with the ledger, when all writers have ended:
//
//   - every statement of an acknowledged request is there, once
//   - any other request is there as a whole or not at all
//   - nothing else is there
//   - each statement is found by its id, and through every filter that it
//     meets, itself or by what it refers to, and through no other
//   - what it says about its activity is known
func (l *ledger) account(t *testing.T) {
	t.Helper()
	require.Empty(t, l.wrong)
	sent, present, gone := map[string]*sentStatement{}, contents{}, contents{}
	for _, r := range l.requests {
		for _, s := range r.statements {
			sent[s.marker] = s
		}
	}
	stored := ""
	for _, f := range l.access.walk(t, url.Values{}) {
		require.Less(t, stored, f.Stored, "stored times ascend, no two are the same")
		stored = f.Stored
		require.NoError(t, present.add(sent[f.Result.Response], f))
	}
	var voids []string
	for _, s := range present {
		if s.verb == voided {
			voids = append(voids, s.target)
		}
	}
	var mu sync.Mutex
	require.NoError(t, all(voids, func(id string) error {
		f, err := l.access.one("voidedStatementId", id, http.StatusOK)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		return gone.add(sent[f.Result.Response], f)
	}))

	accounted := 0
	for _, r := range l.requests {
		there := 0
		for _, s := range r.statements {
			if s.id != "" && (present[s.id] == s || gone[s.id] == s) {
				there++
			}
		}
		if r.acknowledged {
			require.Equal(t, len(r.statements), there, "an acknowledged request is not there; its first statement is %s", r.statements[0].id)
		}
		require.Contains(t, []int{0, len(r.statements)}, there, "a request is there in part; its first statement is %s", r.statements[0].id)
		accounted += there
	}
	require.Len(t, present, accounted-len(gone))

	require.NoError(t, all(slices.Collect(maps.Keys(present)), func(id string) error {
		f, err := l.access.one("statementId", id, http.StatusOK)
		if err == nil && f.Result.Response != present[id].marker {
			err = fmt.Errorf("%s is %v", id, f)
		}
		return err
	}))
	require.NoError(t, all(slices.Collect(maps.Keys(gone)), func(id string) error {
		_, err := l.access.one("statementId", id, http.StatusNotFound)
		return err
	}))
	l.accountFilters(t, present, gone)
	activities := map[string]bool{}
	for _, here := range []contents{present, gone} {
		for _, s := range here {
			if s.target == "" {
				activities[s.activity] = true
			}
		}
	}
	require.NoError(t, all(slices.Collect(maps.Keys(activities)), l.access.defined))
	t.Logf("%d requests, %d acknowledged, attempts: %d lost, %d unavailable; %d statements are there, %d of them voided",
		len(l.requests), l.acknowledged, l.lost, l.unavailable, accounted, len(gone))
}

// defined is an error when what statements say about an activity is not known.
func (a *access) defined(activity string) error {
	base, _ := a.where()
	status, _, text, err := a.call(base, http.MethodGet, "/xapi/activities", url.Values{"activityId": {activity}}, "")
	if err == nil && (status != http.StatusOK || !bytes.Contains(text, []byte("The activity at "+activity))) {
		err = fmt.Errorf("the activity %s is answered %d %s", activity, status, text)
	}
	return err
}

// contents are the statements of a store, by id.
type contents map[string]*sentStatement

// add notes that s, nil if nobody sent it, was found as f.
func (c contents) add(s *sentStatement, f found) error {
	if s == nil {
		return fmt.Errorf("nobody sent %v", f)
	}
	if s.id == "" {
		s.id = f.ID // the server's choice, in an answer that did not arrive
	}
	if s.id != f.ID || c[f.ID] != nil {
		return fmt.Errorf("%s is stored twice: %v", s.id, f)
	}
	c[f.ID] = s
	return nil
}

// all does the same for every id, several at a time.
func all(ids []string, do func(id string) error) error {
	var running sync.WaitGroup
	queue, errs := make(chan string), make([]error, 8)
	for i := range errs {
		running.Go(func() {
			for id := range queue {
				if errs[i] == nil {
					errs[i] = do(id)
				}
			}
		})
	}
	for _, id := range ids {
		queue <- id
	}
	close(queue)
	running.Wait()
	return errors.Join(errs...)
}

// accountFilters asks for every value that statements are found by.
func (l *ledger) accountFilters(t *testing.T, present, gone contents) {
	t.Helper()
	type filter struct {
		query url.Values
		meets func(*sentStatement) bool
	}
	agent := func(name string) string { return `{"mbox":"mailto:` + name + `@example.com"}` }
	filters := map[string]filter{}
	add := func(meets func(*sentStatement) bool, query ...string) {
		v := url.Values{}
		for i := 0; i < len(query); i += 2 {
			v.Set(query[i], query[i+1])
		}
		filters[v.Encode()] = filter{v, meets}
	}
	for _, of := range present {
		add(func(s *sentStatement) bool { return s.actor == of.actor }, "agent", agent(of.actor))
		add(func(s *sentStatement) bool { return s.verb == of.verb }, "verb", of.verb)
		add(func(s *sentStatement) bool { return s.registration == of.registration }, "registration", of.registration)
		add(func(s *sentStatement) bool { return s.instructor == of.instructor }, "agent", agent(of.instructor), "related_agents", "true")
		add(func(s *sentStatement) bool { return s.group == of.group }, "agent", agent(of.group), "related_agents", "true")
		add(func(s *sentStatement) bool { return s.parent == of.parent }, "activity", of.parent, "related_activities", "true")
		add(func(s *sentStatement) bool { return s.actor == of.actor && s.verb == of.verb }, "agent", agent(of.actor), "verb", of.verb)
		if of.target == "" {
			add(func(s *sentStatement) bool { return s.target == "" && s.activity == of.activity }, "activity", of.activity)
		}
	}
	add(func(*sentStatement) bool { return true }, "agent", l.access.authority, "related_agents", "true")
	for query, f := range filters {
		want := []string{}
		for id, s := range present {
			for hops := 0; s != nil && hops < 64; hops++ {
				if f.meets(s) {
					want = append(want, id)
					break
				}
				if next := present[s.target]; next != nil {
					s = next
				} else {
					s = gone[s.target]
				}
			}
		}
		got := []string{}
		for _, statement := range l.access.walk(t, f.query) {
			got = append(got, statement.ID)
		}
		require.NotEmpty(t, want)
		require.ElementsMatch(t, want, got, query)
	}
}
