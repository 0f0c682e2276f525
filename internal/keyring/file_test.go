package keyring_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/keyring"
)

func TestTheFilesAreTheirOwnersOnly(t *testing.T) {
	t.Parallel()
	c, _ := setup(t)
	require.NoError(t, keyring.Rotate(t.Context(), c, day))
	files, err := os.ReadDir(filepath.Dir(c.File))
	require.NoError(t, err)
	var names []string
	for _, f := range files {
		info, err := f.Info()
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode(), f.Name())
		names = append(names, f.Name())
	}
	require.Equal(t, []string{"keyring.json", "keyring.json.key"}, names, "and nothing is left behind")

	require.NoError(t, os.Chmod(c.File+".key", 0o640))
	_, err = keyring.Open(t.Context(), c)
	require.ErrorContains(t, err, "can be read by others")
	require.Equal(t, fault.Invalid, fault.KindOf(err))
}

func TestARingIsNeverOverwritten(t *testing.T) {
	t.Parallel()
	c, _ := setup(t)
	before, err := os.ReadFile(c.File)
	require.NoError(t, err)
	require.Equal(t, fault.Conflict, fault.KindOf(keyring.Create(t.Context(), c, day)))
	after, err := os.ReadFile(c.File)
	require.NoError(t, err)
	require.Equal(t, before, after)

	// One more beside it has a wrapping key of its own; one that is there is used.
	key, err := os.ReadFile(c.File + ".key")
	require.NoError(t, err)
	require.NoError(t, os.Remove(c.File))
	require.NoError(t, keyring.Create(t.Context(), c, day))
	kept, err := os.ReadFile(c.File + ".key")
	require.NoError(t, err)
	require.Equal(t, key, kept)
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	t.Parallel()
	c := keyring.Config{File: filepath.Join(t.TempDir(), "none.json")}
	_, err := keyring.Open(t.Context(), c)
	require.Equal(t, fault.NotFound, fault.KindOf(err))
	require.ErrorContains(t, err, "stoa keyring create")
	require.Equal(t, fault.NotFound, fault.KindOf(keyring.Rotate(t.Context(), c, day)))
	require.Equal(t, fault.Invalid, fault.KindOf(keyring.Create(t.Context(), keyring.Config{File: "/nowhere/at/all"}, day)))

	c, r := setup(t)
	require.Equal(t, fault.Invalid, fault.KindOf(keyring.Rotate(t.Context(), c, day, "billing")))
	cipher, err := r.Encrypt(1, "c", []byte("x"))
	require.NoError(t, err)
	require.NoError(t, os.Remove(c.File))
	_, err = r.Decrypt(1, "c", cipher)
	require.NoError(t, err, "what is known goes on working without the file")
	cipher[1] ^= 1
	_, err = r.Decrypt(1, "c", cipher)
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "whether there is a newer key cannot be said")
}

// file is what the tests change of one.
type file struct {
	Format  string           `json:"format"`
	Version int              `json:"version"`
	DataKey []byte           `json:"data_key"`
	Keysets []map[string]any `json:"keysets"`
}

func TestAChangedFileIsRefused(t *testing.T) {
	t.Parallel()
	c, _ := setup(t)
	whole, err := os.ReadFile(c.File)
	require.NoError(t, err)
	flip := func(text any) string {
		raw, err := base64.StdEncoding.DecodeString(text.(string))
		require.NoError(t, err)
		raw[len(raw)/2] ^= 1
		return base64.StdEncoding.EncodeToString(raw)
	}
	for name, change := range map[string]func(*file){
		"format":       func(f *file) { f.Format = "other" },
		"version":      func(f *file) { f.Version = 2 },
		"data key":     func(f *file) { f.DataKey[len(f.DataKey)/2] ^= 1 },
		"no data key":  func(f *file) { f.DataKey = nil },
		"keyset":       func(f *file) { f.Keysets[1]["keyset"] = flip(f.Keysets[1]["keyset"]) },
		"purpose":      func(f *file) { f.Keysets[0]["purpose"] = "pseudonyms" },
		"swapped":      func(f *file) { f.Keysets[0]["keyset"] = f.Keysets[2]["keyset"] },
		"date":         func(f *file) { f.Keysets[0]["keys"].([]any)[0].(map[string]any)["created_at"] = "2020-01-01T00:00:00Z" },
		"one too few":  func(f *file) { f.Keysets = f.Keysets[:2] },
		"one more key": func(f *file) { f.Keysets[0]["keys"] = append(f.Keysets[0]["keys"].([]any), map[string]any{"id": 7}) },
	} {
		var f file
		decoder := json.NewDecoder(bytes.NewReader(whole))
		decoder.UseNumber()
		require.NoError(t, decoder.Decode(&f))
		change(&f)
		text, err := json.Marshal(f)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(c.File, text, 0o600))
		_, err = keyring.Open(t.Context(), c)
		require.Equal(t, fault.Invalid, fault.KindOf(err), "%s: %v", name, err)
	}
	for _, text := range [][]byte{nil, whole[:len(whole)/2], []byte("[]"), bytes.Repeat([]byte(" "), 2<<20)} {
		require.NoError(t, os.WriteFile(c.File, text, 0o600))
		_, err = keyring.Open(t.Context(), c)
		require.Equal(t, fault.Invalid, fault.KindOf(err))
	}
	require.NoError(t, os.WriteFile(c.File, whole, 0o600))
	open(t, c)
}

func TestAWrappingKeyByURL(t *testing.T) {
	t.Parallel()
	c := byURL(keyring.Config{File: filepath.Join(t.TempDir(), "keyring.json")}, wrapping)
	require.NoError(t, keyring.Create(t.Context(), c, day))
	require.NoFileExists(t, c.File+".key")
	cipher, err := open(t, c).Encrypt(1, "c", []byte("x"))
	require.NoError(t, err)
	require.NoError(t, keyring.Rotate(t.Context(), c, day))
	plain, err := open(t, c).Decrypt(1, "c", cipher)
	require.NoError(t, err)
	require.Equal(t, "x", string(plain))

	other := "base64key://" + base64.URLEncoding.EncodeToString([]byte("swordfishswordfishswordfish12345"))
	key := strings.TrimPrefix(wrapping, "base64key://")
	for _, url := range []string{other, "", "base64key://", wrapping + "?key=1", wrapping + "/x%zz", "http://" + key, "base64key://" + key[1:], key} {
		_, err := keyring.Open(t.Context(), byURL(c, url))
		require.Equal(t, fault.Invalid, fault.KindOf(err), url)
		require.NotContains(t, err.Error(), key[1:], "no key in an error")
		require.NotContains(t, err.Error(), "c3dvcmRmaX")
	}
}

func TestAKMSIsAskedAndItsSilenceIsUnavailable(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"awskms://alias/stoa?region=eu-central-1", "gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k", "azurekeyvault://v.vault.azure.net/keys/k", "hashivault://k", wrapping} {
		require.NoError(t, keyring.CheckKMS(url), url)
	}
	for _, url := range []string{"", "s3://bucket", "base64key://", "base64key://short", "smtp://", "%zz"} {
		require.Equal(t, fault.Invalid, fault.KindOf(keyring.CheckKMS(url)), url)
	}
	// AWS is reached for and, being asked by a context that has ended, does not answer.
	c := byURL(keyring.Config{File: filepath.Join(t.TempDir(), "keyring.json")}, "awskms://alias/stoa?region=eu-central-1")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := keyring.Create(ctx, c, day)
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
	require.NoFileExists(t, c.File)
}
