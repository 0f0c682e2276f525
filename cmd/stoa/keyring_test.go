package main

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/keyring"
)

func TestAKeyRingIsMadeRotatedAndListed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "keyring.json")
	x := &terminal{t: t, sh: &shell{environ: []string{"STOA_KEYRING=" + file}, devFile: filepath.Join(t.TempDir(), "dev.env"), now: time.Now}}
	keys := func(line string) []keyring.Key {
		out, err := x.run(line + " --output json")
		require.NoError(t, err, out)
		var list struct{ Keys []keyring.Key }
		require.NoError(t, json.Unmarshal([]byte(out), &list))
		return list.Keys
	}
	_, err := x.run("keyring list")
	require.Equal(t, fault.NotFound, fault.KindOf(err))
	require.Len(t, keys("keyring create"), 3)
	_, err = x.run("keyring create")
	require.Equal(t, fault.Conflict, fault.KindOf(err))
	before := keys("keyring list")

	after := keys("keyring rotate secrets seals")
	require.Len(t, after, 5)
	require.Equal(t, before[2], after[4], "pseudonyms stay")
	require.Equal(t, []any{"kept", "in use"}, []any{after[0].Status, after[1].Status})
	require.Equal(t, before[0].ID, after[0].ID)
	require.Len(t, keys("keyring rotate"), 8)
	_, err = x.run("keyring rotate stores")
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	require.Regexp(t, `(?m)^PURPOSE +KEY +STATUS +CREATED\nsecrets +[0-9a-f]{8} +kept +20`, x.table("keyring list"))

	x.sh.environ = nil
	_, err = x.run("keyring list")
	require.ErrorContains(t, err, "STOA_KEYRING is needed")
}
