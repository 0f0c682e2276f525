package lrs

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gocloud.dev/blob/fileblob"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// What a directory keeps is flushed before it is acknowledged: the contents
// while they have a temporary name, then the directories that name them, also
// for whoever finds the contents there.
func TestAttachmentsInADirectoryAreFlushed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bucket, err := fileblob.OpenBucket(dir, &fileblob.Options{NoTempDir: true, Metadata: fileblob.MetadataDontWrite})
	require.NoError(t, err)
	t.Cleanup(func() { _ = bucket.Close() })
	store := filepath.Join(dir, "t1", "s2")
	file := filepath.Join(store, "abc")

	var flushed []string
	failAt := ""
	r := &LRS{blobs: bucket, sync: func(f *os.File) error {
		if f.Name() == failAt || failAt == "contents" {
			return errors.New("no space left")
		}
		name := f.Name()
		if info, err := f.Stat(); err != nil || !info.IsDir() {
			require.NoError(t, err)
			require.NoFileExists(t, file, "contents are flushed before they have their name")
			require.EqualValues(t, len("contents"), info.Size(), "all of them")
			name = "contents"
		} else if name == store {
			require.FileExists(t, file, "the name is flushed when it is there")
		}
		flushed = append(flushed, name)
		return f.Sync()
	}}
	put := func() error {
		flushed = nil
		return r.PutAttachment(t.Context(), Author{Tenant: 1, Store: 2}, "abc", strings.NewReader("contents"))
	}

	failAt = "contents"
	require.True(t, fault.Is(put(), fault.Unavailable))
	require.NoFileExists(t, file)
	failAt = store
	require.True(t, fault.Is(put(), fault.Unavailable), "the name may be lost")
	require.True(t, fault.Is(put(), fault.Unavailable), "also for who finds it there")
	failAt = ""
	directories := []string{store, filepath.Dir(store), dir}
	require.NoError(t, put())
	require.Equal(t, directories, flushed)
	require.NoError(t, os.Remove(file))
	require.NoError(t, put())
	require.Equal(t, append([]string{"contents"}, directories...), flushed)
}
