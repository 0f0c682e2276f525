package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/secret"
)

func TestTextNeverShowsItself(t *testing.T) {
	t.Parallel()
	hidden := secret.New("hunter2")
	holder := struct{ Password secret.Text }{hidden}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		fmt.Fprintf(&out, verb+" "+verb+" "+verb+"\n", hidden, &hidden, holder)
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "a", hidden, "b", holder, "c", &hidden)
	slog.New(slog.NewTextHandler(&out, nil)).Info("m", "a", hidden, "b", holder, "c", &hidden)
	for _, v := range []any{hidden, &hidden, holder, map[string]any{"k": hidden}} {
		require.NoError(t, json.NewEncoder(&out).Encode(v))
	}
	require.NotContains(t, out.String(), "hunter2")
	require.NotContains(t, out.String(), fmt.Sprintf("%x", "hunter2"))
	require.Contains(t, out.String(), "[redacted]")
	require.Equal(t, "hunter2", hidden.Reveal())
}

func TestTextIsReadFromConfiguration(t *testing.T) {
	t.Parallel()
	var read secret.Text
	require.True(t, read.IsZero())
	require.NoError(t, read.UnmarshalText([]byte("hunter2")))
	require.False(t, read.IsZero())
	require.Equal(t, "hunter2", read.Reveal())
}
