package audit_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

func TestAnExportIsWholeHarmlessAndRecorded(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ctx := audit.With(t.Context(), ann)
	w.record(w.mine, 1200)
	w.record(w.theirs, 3)
	for _, name := range []string{"=cmd|' /C calc'!A0", "+1", "-1", "@x", "\tx", "\rx", "plain, \"quoted\"\nline"} {
		w.in(w.mine, func(tx *postgres.Tx) error {
			return audit.Record(tx, audit.Event{Type: audit.MemberInvited, Target: audit.Target{Kind: "member", ID: "m", Name: name}})
		})
	}
	var b bytes.Buffer
	n, err := audit.Export(ctx, w.db, w.mine, audit.Filter{}, audit.CSV, &b)
	require.NoError(t, err)
	require.Equal(t, 1207, n)
	cells, err := csv.NewReader(&b).ReadAll()
	require.NoError(t, err)
	require.Len(t, cells, 1208)
	for _, row := range cells {
		for _, cell := range row {
			require.False(t, cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r"), cell)
		}
	}
	require.Equal(t, `plain, "quoted"`+"\nline", cells[1][8])

	b.Reset()
	f := audit.Filter{Types: []audit.Type{audit.MemberInvited}}
	n, err = audit.Export(ctx, w.db, w.mine, f, audit.NDJSON, &b)
	require.NoError(t, err)
	require.Equal(t, 7, n)
	for line := range strings.Lines(b.String()) {
		var l map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &l))
		require.Equal(t, "member.invited", l["type"])
	}
	_, err = audit.Export(ctx, w.db, w.mine, f, audit.CSV, broken{})
	require.Error(t, err)
	_, err = audit.Export(ctx, w.db, w.mine, f, "xlsx", &b)
	require.Equal(t, fault.Invalid, fault.KindOf(err))

	told := w.list(w.mine, audit.Filter{Types: []audit.Type{audit.AuditExported}})
	require.Len(t, told, 6)
	require.Equal(t, audit.Failure, told[0].Outcome, "the one that broke off")
	require.JSONEq(t, `{"filter":{"types":["member.invited"],"to":"`+toOf(t, told[2])+`"},"format":"ndjson","stage":"ended","rows":7}`, told[2].Details)
	require.Equal(t, ann.Actor, told[2].Actor)
}

func toOf(t *testing.T, l audit.Line) string {
	t.Helper()
	var d struct{ Filter struct{ To string } }
	require.NoError(t, json.Unmarshal([]byte(l.Details), &d))
	return d.Filter.To
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("gone") }
