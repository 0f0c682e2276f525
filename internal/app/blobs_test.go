package app

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A directory is made where it is missing, holds one file for each content,
// and is found again.
func TestADirectoryKeepsAttachments(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	for i := range 2 {
		bucket, err := OpenBlobs(t.Context(), "file://"+filepath.ToSlash(dir))
		require.NoError(t, err)
		if i == 0 {
			require.NoError(t, bucket.WriteAll(t.Context(), "t1/s2/abc", []byte("content"), nil))
		}
		content, err := bucket.ReadAll(t.Context(), "t1/s2/abc")
		require.NoError(t, err)
		require.Equal(t, "content", string(content))
		require.NoError(t, bucket.Close())
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "*", "*"))
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(dir, "t1", "s2", "abc")}, files)
}

func TestABucketNobodyKnowsIsRefused(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "ftp://example.com", "://"} {
		_, err := OpenBlobs(t.Context(), address)
		require.ErrorContains(t, err, "blob URL", address)
	}
}

func TestThePublicURLTellsThePath(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"": "", "https://example.com": "", "https://example.com/": "", "https://example.com/lrs/": "/lrs", "https://example.com/a%20b/c": "/a%20b/c",
	} {
		got, err := pathOf(address)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}
