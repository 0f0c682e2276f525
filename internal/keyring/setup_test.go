package keyring_test

import (
	"encoding/base64"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/keyring"
	"github.com/stoa-lrs/stoa/internal/secret"
)

var day = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// wrapping is a local wrapping key as a URL.
var wrapping = "base64key://" + base64.URLEncoding.EncodeToString([]byte("hunter2hunter2hunter2hunter2!!!!"))

// setup returns a new key ring, wrapped by a file beside it.
func setup(t *testing.T) (keyring.Config, *keyring.Ring) {
	t.Helper()
	c := keyring.Config{File: filepath.Join(t.TempDir(), "keyring.json")}
	require.NoError(t, keyring.Create(t.Context(), c, day))
	return c, open(t, c)
}

func open(t *testing.T, c keyring.Config) *keyring.Ring {
	t.Helper()
	r, err := keyring.Open(t.Context(), c)
	require.NoError(t, err)
	return r
}

func byURL(c keyring.Config, url string) keyring.Config {
	c.KMS = secret.New(url)
	return c
}
