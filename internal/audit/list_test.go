package audit_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// TestListIsWhatTheFilterSays compares every answer with a walk through all
// events: some are in segments, some only sealed, some not even that.
func TestListIsWhatTheFilterSays(t *testing.T) {
	t.Parallel()
	w := setup(t)
	r := rand.New(rand.NewPCG(1, 2))
	types := []audit.Type{audit.KeyCreated, audit.SignedIn, audit.StatementsViewed, audit.AccessDenied}
	outcomes := []audit.Outcome{audit.Success, audit.Success, audit.Success, audit.Denied, audit.Failure}
	words := []string{"alpha", "beta", "gamma", "ann.smith@example.com", "10.0.0.7", "Ünïcode", "x-y_z"}
	write := func(n int) {
		for at := 0; at < n; at += 50 {
			s := ann
			s.Actor.ID = fmt.Sprintf("member:%d", r.IntN(5))
			s.Actor.Name = words[r.IntN(len(words))]
			s.Session = []string{"", "visit1", "visit2", "visit3"}[r.IntN(4)]
			require.NoError(t, w.db.Tenant(audit.With(t.Context(), s), w.mine, func(tx *postgres.Tx) error {
				for range 50 {
					e := audit.Event{
						Type: types[r.IntN(len(types))], Outcome: outcomes[r.IntN(len(outcomes))],
						Target:  audit.Target{Kind: []string{"key", "member", ""}[r.IntN(3)], ID: fmt.Sprint("t", r.IntN(30)), Name: words[r.IntN(len(words))]},
						Details: map[string]any{"reason": words[r.IntN(len(words))] + " <" + words[r.IntN(len(words))] + ">", "rows": r.IntN(100)},
					}
					if err := audit.Record(tx, e); err != nil {
						return err
					}
				}
				return nil
			}))
		}
	}
	s := w.sealing()
	for range 4 {
		write(1100)
		require.NoError(t, s.Round(t.Context()))
	}
	require.GreaterOrEqual(t, w.number(`select count(*) from audit_segments`), int64(3))
	write(300)
	require.NoError(t, s.Round(t.Context()))
	write(100)
	all := everything(w)
	require.Len(t, all, 4800)
	require.True(t, slices.IsSortedFunc(all, func(a, b audit.Line) int { return b.At.Compare(a.At) }), "newest first")

	rapid.Check(t, func(rt *rapid.T) {
		var f audit.Filter
		maybe := func(name string) bool { return rapid.IntRange(0, 3).Draw(rt, name) == 0 }
		if maybe("actor") {
			f.Actor = fmt.Sprintf("member:%d", rapid.IntRange(0, 6).Draw(rt, "actor id"))
		}
		if maybe("types") {
			f.Types = rapid.SliceOfNDistinct(rapid.SampledFrom(types), 1, 3, func(t audit.Type) audit.Type { return t }).Draw(rt, "type")
		}
		if maybe("kind") {
			f.TargetKind = rapid.SampledFrom([]string{"key", "member", "store"}).Draw(rt, "kind")
		}
		if maybe("target") {
			f.Target = fmt.Sprint("t", rapid.IntRange(0, 33).Draw(rt, "target id"))
		}
		if maybe("session") {
			f.Session = rapid.SampledFrom([]string{"visit1", "visit2", "visit3", "visit"}).Draw(rt, "session id")
		}
		if maybe("outcomes") {
			f.Outcomes = rapid.SliceOfNDistinct(rapid.SampledFrom(outcomes), 1, 2, func(o audit.Outcome) audit.Outcome { return o }).Draw(rt, "outcome")
		}
		if maybe("from") {
			f.From = all[rapid.IntRange(0, len(all)-1).Draw(rt, "from index")].At
		}
		if maybe("to") {
			f.To = all[rapid.IntRange(0, len(all)-1).Draw(rt, "to index")].At
		}
		if maybe("text") {
			f.Text = strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{
				"ALPHA", "beta", "gamma", "example.com", "smith", "10.0.0.7", "ünïcode", "y_z", "nowhere", "signed_in", "t7",
			}), 1, 2).Draw(rt, "words"), " ")
		}
		limit := rapid.SampledFrom([]int{1, 10, 100, 1000}).Draw(rt, "limit")
		var want, got []int64
		for i := range all {
			if fulfils(&all[i], f) {
				want = append(want, all[i].ID)
			}
		}
		err := w.db.TenantRead(t.Context(), w.mine, func(tx *postgres.Tx) error {
			page := audit.Page{Limit: limit}
			for range 20 { // pages; the first twenty tell enough
				lines, next, err := audit.List(tx, f, page)
				if err != nil {
					return err
				}
				if len(lines) > limit {
					rt.Fatalf("a page of %d", len(lines))
				}
				for i := range lines {
					got = append(got, lines[i].ID)
				}
				if page.After = next; next == "" {
					break
				}
			}
			if page.After != "" {
				want = want[:min(len(got), len(want))]
			}
			return nil
		})
		require.NoError(rt, err)
		require.Equal(rt, want, got, "%+v", f)
	})
}

func everything(w *world) []audit.Line {
	var all []audit.Line
	require.NoError(w.t, w.db.TenantRead(w.t.Context(), w.mine, func(tx *postgres.Tx) error {
		page := audit.Page{Limit: 1000}
		for {
			lines, next, err := audit.List(tx, audit.Filter{}, page)
			all = append(all, lines...)
			if page.After = next; next == "" || err != nil {
				return err
			}
		}
	}))
	return all
}

// fulfils is a second opinion: it knows nothing of words but the characters around them.
func fulfils(l *audit.Line, f audit.Filter) bool {
	text := strings.ToLower(strings.Join([]string{
		l.Actor.Name, l.Actor.ID, string(l.Type), l.Target.Name, l.Target.ID, l.Target.Kind, l.Address,
		strings.NewReplacer(`\u003c`, " ", `\u003e`, " ").Replace(l.Details),
	}, "\n"))
	for _, word := range strings.Fields(strings.ToLower(f.Text)) {
		found := false
		for rest := text; ; {
			i := strings.Index(rest, word)
			if i < 0 {
				break
			}
			before, after := rest[:i], rest[i+len(word):]
			if boundary(before, true) && boundary(after, false) {
				found = true
			}
			rest = rest[i+1:]
		}
		if !found {
			return false
		}
	}
	return (f.Actor == "" || l.Actor.ID == f.Actor) && (f.Session == "" || l.Session == f.Session) && (len(f.Types) == 0 || slices.Contains(f.Types, l.Type)) &&
		(f.TargetKind == "" || l.Target.Kind == f.TargetKind) && (f.Target == "" || l.Target.ID == f.Target) &&
		(len(f.Outcomes) == 0 || slices.Contains(f.Outcomes, l.Outcome)) &&
		(f.From.IsZero() || !l.At.Before(f.From)) && (f.To.IsZero() || l.At.Before(f.To))
}

// boundary reports whether a word may begin, or end, there.
func boundary(text string, end bool) bool {
	if text == "" {
		return true
	}
	c := text[0]
	if end {
		c = text[len(text)-1]
	}
	return c < 0x80 && !('a' <= c && c <= 'z') && !('0' <= c && c <= '9')
}

func TestAFilterThatCannotBeMeantIsInvalid(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for name, c := range map[string]struct {
		f audit.Filter
		p audit.Page
	}{
		"type":     {f: audit.Filter{Types: []audit.Type{"nothing.happened"}}},
		"outcome":  {f: audit.Filter{Outcomes: []audit.Outcome{"maybe"}}},
		"no word":  {f: audit.Filter{Text: "…"}},
		"words":    {f: audit.Filter{Text: strings.Repeat("a ", 11)}},
		"long":     {f: audit.Filter{Actor: strings.Repeat("a", 401)}},
		"session":  {f: audit.Filter{Session: strings.Repeat("a", 401)}},
		"cursor":   {p: audit.Page{After: "nonsense"}},
		"cursor 2": {p: audit.Page{After: "______________________"}},
	} {
		err := w.try(w.mine, func(tx *postgres.Tx) error {
			_, _, err := audit.List(tx, c.f, c.p)
			return err
		})
		require.Equal(t, fault.Invalid, fault.KindOf(err), name)
	}
}

func TestALateEventIsFoundOnceItIsSealed(t *testing.T) {
	t.Parallel()
	w := setup(t)
	s := w.sealing(func(c *audit.SealerConfig) { c.Late = time.Minute })
	conn := w.intruder // a transaction that stays open for a while
	w.force(`begin`)
	w.force(`insert into audit_events (tenant_id, actor_kind, actor_id, actor_name, action, target_kind, target_id, target_name, outcome, address, user_agent, session, request_id, details)
		values ($1, 'member', 'member:late', 'Late', 'key.created', 'key', 'late', '', 'success', '', '', '', '', '{}')`, w.mine.Tenant())
	w.record(w.mine, 1500)
	require.NoError(t, s.Round(t.Context()))
	require.EqualValues(t, 1, w.numberElsewhere(`select count(*) from audit_segments`))
	require.Empty(t, w.list(w.mine, audit.Filter{Actor: "member:late"}))
	_, err := conn.Exec(t.Context(), `commit`)
	require.NoError(t, err)
	for range 5 { // of five rounds one looks for what came late
		require.NoError(t, s.Round(t.Context()))
	}
	require.Len(t, w.list(w.mine, audit.Filter{Actor: "member:late"}), 1)
	require.Len(t, w.list(w.mine, audit.Filter{Actor: "member:late", Text: "late key"}), 1)
	r := w.verify()
	require.True(t, r.OK, "%+v", r.Findings)
	require.EqualValues(t, 1501, r.Events)
}
