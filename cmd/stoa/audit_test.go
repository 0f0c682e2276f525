package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/keyring"
)

func TestTheAuditLogFromTheShell(t *testing.T) {
	t.Parallel()
	x := open(t)
	dir := t.TempDir()
	ring := keyring.Config{File: filepath.Join(dir, "keyring.json")}
	anchors := "file://" + filepath.ToSlash(filepath.Join(dir, "anchors"))
	x.sh.environ = append(x.sh.environ, "STOA_KEYRING="+ring.File, "STOA_REDIS_URL=redis://localhost:1", "STOA_AUDIT_ANCHOR_URL="+anchors)
	do := func(line string) string {
		t.Helper()
		out, err := x.run(line)
		require.NoError(t, err, "%s: %s", line, out)
		return out
	}
	do("keyring create")
	do("tenant create acme --name Acme")
	do("store create acme production --kind production")
	do("key create acme production --name Player")
	signer, err := keyring.Open(t.Context(), ring)
	require.NoError(t, err)
	sealer := audit.NewSealer(audit.SealerConfig{Sealer: x.urls.OpenSealer(t), Signer: signer})
	require.NoError(t, sealer.Round(t.Context()))

	require.Contains(t, do("audit verify acme"), "problems  0")
	var list struct {
		Items []struct{ ID string }
		Next  string
	}
	require.NoError(t, json.Unmarshal([]byte(do("audit list acme --type key.created --from 1d -o json")), &list))
	require.Len(t, list.Items, 1)
	require.Contains(t, do("audit list acme --text player"), "key.created")
	var proof struct {
		Event struct{ ID string }
		Keys  map[string][]byte `json:"public_keys"`
	}
	require.NoError(t, json.Unmarshal([]byte(do("audit proof acme "+list.Items[0].ID)), &proof))
	require.Equal(t, list.Items[0].ID, proof.Event.ID)
	require.Len(t, proof.Keys, 1)
	_, err = x.run("audit proof platform " + list.Items[0].ID)
	require.Equal(t, 3, exitCode(err), "another tenant's event is not there")

	file := filepath.Join(dir, "acme.csv")
	do("audit export acme --format csv --file " + file)
	f, err := os.Open(file)
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	require.Greater(t, len(rows), 3)
	require.Contains(t, do("audit list acme --type audit.exported,audit.verified,audit.viewed"), "shell:")

	for _, line := range []string{"audit list acme --type nothing", "audit list acme --from soon", "audit proof acme x", "audit export acme --format xlsx"} {
		_, err := x.run(line)
		require.Equal(t, 2, exitCode(err), line)
	}

	conn, err := pgx.Connect(t.Context(), x.urls.Owner)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	_, err = conn.Exec(t.Context(), `alter table audit_events no force row level security; update audit_events set actor_name = 'Nobody' where action = 'key.created'`)
	require.NoError(t, err)
	out, err := x.run("audit verify acme")
	require.Equal(t, 4, exitCode(err))
	require.Contains(t, strings.Join(strings.Fields(out), " "), "event_changed event "+list.Items[0].ID)
}
