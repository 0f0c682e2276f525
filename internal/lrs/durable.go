package lrs

import (
	"context"
	"io"
	"os"
	"path/filepath"

	"gocloud.dev/blob"
)

// A cloud acknowledges an object when it is durable. A directory does not:
// fileblob leaves both the file and its name to the operating system, and a
// statement must not be acknowledged whose attachment a power failure takes.

// written is the file behind a writer of a directory's bucket; other backends
// have none, and nothing of it does anything.
type written struct {
	file *os.File
	sync func(*os.File) error
}

// note is a blob.WriterOptions.BeforeWrite.
func (w *written) note(as func(any) bool) error {
	as(&w.file)
	return nil
}

// contents makes what was written durable; the file still has a temporary name.
func (w *written) contents() error {
	if w.file == nil {
		return nil
	}
	return w.sync(w.file)
}

// name makes durable that the file is there: fileblob has closed and renamed it
// within its directory.
func (w *written) name() error {
	if w.file == nil {
		return nil
	}
	// <bucket>/t<tenant>/s<store>: each may be new in the one above.
	dir := filepath.Dir(w.file.Name())
	for range 3 {
		if err := w.syncDirectory(dir); err != nil {
			return err
		}
		dir = filepath.Dir(dir)
	}
	return nil
}

func (w *written) syncDirectory(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }() // nothing was written through it
	return w.sync(d)
}

// existing does for contents that somebody else has written what name does:
// their writer may not have come to that yet, or has failed in it.
func (w *written) existing(ctx context.Context, bucket *blob.Bucket, key string) error {
	r, err := bucket.NewReader(ctx, key, nil)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }() // nothing was read
	var under io.Reader
	if r.As(&under) {
		w.file, _ = under.(*os.File)
	}
	return w.name()
}
