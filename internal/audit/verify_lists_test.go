package audit_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/audit"
)

// lists is a world whose tenants have two segments, and one, and events that are in none yet.
func lists(t *testing.T) *world {
	w := setup(t)
	s := w.sealing()
	for i := range 7 {
		w.record(w.mine, 500)
		if i%2 == 0 {
			w.record(w.theirs, 400)
		}
		require.NoError(t, s.Round(t.Context()))
	}
	require.EqualValues(t, 2, w.number(`select count(*) from audit_segments where tenant_id = $1`, w.mine.Tenant()))
	require.EqualValues(t, 1, w.number(`select count(*) from audit_segments where tenant_id = $1`, w.theirs.Tenant()))
	for _, table := range []string{"audit_segments", "audit_words"} {
		w.force(`create table saved_` + table + ` as table ` + table)
	}
	r := w.verify(laterBy(time.Hour))
	require.Empty(t, r.Findings)
	return w
}

// relist undoes what was done to the lists.
func (w *world) relist() {
	for _, table := range []string{"audit_segments", "audit_words"} {
		w.force(`truncate ` + table)
		w.force(`insert into ` + table + ` table saved_` + table)
	}
}

func TestEveryByteOfTheListsCounts(t *testing.T) {
	t.Parallel()
	w := lists(t)
	const first = `upto = (select min(upto) from audit_segments where tenant_id = $1)`
	const last = `upto = (select max(upto) from audit_segments where tenant_id = $1)`
	const rare = `(segment, word) = (select segment, word from saved_audit_words where tenant_id = $1 order by length(events), segment, word limit 1)`
	const long = `(segment, word) = (select segment, word from saved_audit_words where tenant_id = $1 order by length(events) desc, segment desc, word limit 1)`
	var changes []string
	for _, row := range []string{first, last} {
		changes = append(changes, `delete from audit_segments where tenant_id = $1 and `+row)
		for _, column := range []string{"upto", "total", "last"} {
			changes = append(changes, `update audit_segments set `+column+` = `+column+` + 1 where tenant_id = $1 and `+row,
				`update audit_segments set `+column+` = `+column+` - 1 where tenant_id = $1 and `+row,
				`update audit_segments set `+column+` = `+column+` + 1000000 where tenant_id = $1 and `+row)
		}
		for _, column := range []string{"oldest", "newest", "horizon"} {
			changes = append(changes, `update audit_segments set `+column+` = `+column+` + interval '1 microsecond' where tenant_id = $1 and `+row,
				`update audit_segments set `+column+` = `+column+` - interval '1 microsecond' where tenant_id = $1 and `+row)
		}
	}
	for _, row := range []string{rare, long} {
		changes = append(changes, `delete from audit_words where tenant_id = $1 and `+row,
			`update audit_words set word = word + 1 where tenant_id = $1 and `+row,
			`update audit_words set segment = segment + 1 where tenant_id = $1 and `+row,
			`update audit_words set events = '' where tenant_id = $1 and `+row,
			`update audit_words set events = events || '\x80' where tenant_id = $1 and `+row,
			fmt.Sprintf(`update audit_words set tenant_id = %d, word = word + 1 where tenant_id = $1 and %s`, w.theirs.Tenant(), row))
		for _, bit := range []int{1, 64, 128} {
			changes = append(changes, fmt.Sprintf(`update audit_words set events = set_byte(events, 0, get_byte(events, 0) # %d) where tenant_id = $1 and %s`, bit, row),
				fmt.Sprintf(`update audit_words set events = set_byte(events, length(events) - 1, get_byte(events, length(events) - 1) # %d) where tenant_id = $1 and %s`, bit, row))
		}
	}
	for _, sql := range changes {
		require.EqualValues(t, 1, w.force(sql, w.mine.Tenant()), sql)
		r := w.verify(laterBy(time.Hour))
		require.NotEmpty(t, r.Findings, sql)
		for _, f := range r.Findings {
			require.Contains(t, []audit.Kind{audit.ListsWrong, audit.ListsMissing}, f.Kind, sql)
			require.NotZero(t, f.Seal, sql)
		}
		w.relist()
	}
	require.Empty(t, w.verify(laterBy(time.Hour)).Findings)
}

func TestListsThatWereTakenAwayAreMissed(t *testing.T) {
	t.Parallel()
	w := lists(t)
	for what, c := range map[string]struct {
		sql  []string
		want audit.Kind
	}{
		"the lists":               {[]string{`delete from audit_words where tenant_id = $1`}, audit.ListsWrong},
		"segments and lists":      {[]string{`delete from audit_words where tenant_id = $1`, `delete from audit_segments where tenant_id = $1`}, audit.ListsMissing},
		"some lists of a segment": {[]string{`delete from audit_words where tenant_id = $1 and segment = (select min(upto) from audit_segments where tenant_id = $1) and length(events) < 10`}, audit.ListsWrong},
		"a segment, given to another": {[]string{
			fmt.Sprintf(`update audit_words set tenant_id = %d where tenant_id = $1 and segment = (select max(upto) from audit_segments where tenant_id = $1)`, w.theirs.Tenant()),
			fmt.Sprintf(`update audit_segments set tenant_id = %d where tenant_id = $1 and upto = (select max(upto) from audit_segments where tenant_id = $1)`, w.theirs.Tenant()),
		}, audit.ListsMissing},
		"a segment of another": {[]string{
			`delete from audit_words where tenant_id = $1`, `delete from audit_segments where tenant_id = $1`,
			`update audit_words set tenant_id = $1`, `update audit_segments set tenant_id = $1`,
		}, audit.ListsWrong},
		"a segment made one with the next": {[]string{
			`delete from audit_segments where tenant_id = $1 and upto = (select min(upto) from audit_segments where tenant_id = $1)`,
		}, audit.ListsWrong},
	} {
		for _, sql := range c.sql {
			require.Positive(t, w.force(sql, w.mine.Tenant()), what)
		}
		r := w.verify(laterBy(time.Hour))
		require.NotEmpty(t, r.Findings, what)
		require.Equal(t, c.want, r.Findings[0].Kind, what)
		w.relist()
	}
}

// TestVerifyingAmongWritersRaisesNoAlarm verifies again and again while events
// are recorded, sealed, put into lists, and leave in steps that end within segments.
func TestVerifyingAmongWritersRaisesNoAlarm(t *testing.T) {
	t.Parallel()
	w := setup(t)
	const steps = 12
	for i := range steps {
		w.old(700, 1000-10*i)
	}
	segments := w.number(`select count(*) from audit_segments`)
	require.GreaterOrEqual(t, segments, int64(4))
	retaining := w.sealing(func(c *audit.SealerConfig) { c.Late, c.Notice = 0, time.Nanosecond })
	sealing := w.sealing(func(c *audit.SealerConfig) { c.Late = 0 })

	done := make(chan struct{})
	var others sync.WaitGroup
	defer others.Wait()
	others.Go(func() {
		defer close(done)
		for i := range steps {
			w.keep(1000 - 10*i - 5)
			for range 2 { // announced, then done
				if err := retaining.Retain(t.Context()); err != nil {
					t.Error(err)
				}
			}
			w.record(w.mine, 300)
		}
	})
	others.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			w.record(w.mine, 20)
			if err := sealing.Round(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
	runs, expired := 0, map[int64]bool{}
	for more := true; more; runs++ {
		select {
		case <-done:
			more = false
		default:
		}
		r := w.verify(func(o *audit.VerifyOptions) { o.Notice = time.Nanosecond })
		require.Empty(t, r.Findings)
		expired[r.Expired] = true
	}
	others.Wait()
	require.Greater(t, runs, 3)
	require.Greater(t, len(expired), 2)
	require.Empty(t, w.verify(func(o *audit.VerifyOptions) { o.Notice = time.Nanosecond }).Findings)

	// What is left of a segment whose first events have left still counts.
	first := w.number(`select min(upto) from audit_segments`)
	w.force(`delete from audit_words where segment = $1 and length(events) = (select max(length(events)) from audit_words where segment = $1)`, first)
	r := w.verify(func(o *audit.VerifyOptions) { o.Notice = time.Nanosecond })
	require.Equal(t, []audit.Kind{audit.ListsWrong}, kinds(r))
	require.Equal(t, first, r.Findings[0].Seal)
}
