package lrs

import (
	"context"
	"fmt"
	"io"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/usage"
)

// Attachment contents are addressed by store and SHA-2: they are shared
// within a store, where the same file comes with many statements, and never
// beyond it.

func attachmentPrefix(tenant, store int64) string { return fmt.Sprintf("t%d/s%d/", tenant, store) }

// PutAttachment stores contents under their SHA-2, given in lowercase hex. It is
// done before the statements that name them are committed; contents that no
// statement names do no harm. That contents have this hash is for the reader
// to find out, as xapi.Part does: nothing is kept when it returns an error, and
// that error is returned as it is. When it returns nil, the contents survive a
// power failure.
func (r *LRS) PutAttachment(ctx context.Context, a Author, sha2 string, contents io.Reader) error {
	key := attachmentPrefix(a.Tenant, a.Store) + sha2
	exists, err := r.blobs.Exists(ctx, key)
	if err != nil {
		return blobError(err)
	}
	file := written{sync: r.sync}
	if exists {
		if _, err := io.Copy(io.Discard, contents); err != nil {
			return err
		}
		return blobError(file.existing(ctx, r.blobs, key))
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := r.blobs.NewWriter(ctx, key, &blob.WriterOptions{ContentType: "application/octet-stream", BeforeWrite: file.note})
	if err != nil {
		return blobError(err)
	}
	size, err := io.Copy(w, contents)
	if err != nil {
		cancel() // makes Close throw away what was written
		_ = w.Close()
		return err
	}
	if err := file.contents(); err != nil {
		cancel()
		_ = w.Close()
		return blobError(err)
	}
	if err := w.Close(); err != nil {
		return blobError(err)
	}
	r.meter.Kept(a.Tenant, a.Store, usage.Bytes{Attachments: size})
	return blobError(file.name())
}

// Attachment opens the contents with the given SHA-2, in lowercase hex, and
// tells their length in bytes. NotFound when the store has none.
func (r *LRS) Attachment(ctx context.Context, tenant, store int64, sha2 string) (io.ReadCloser, int64, error) {
	reader, err := r.blobs.NewReader(ctx, attachmentPrefix(tenant, store)+sha2, nil)
	if err != nil {
		return nil, 0, blobError(err)
	}
	return reader, reader.Size(), nil
}

func blobError(err error) error {
	switch {
	case err == nil:
		return nil
	case gcerrors.Code(err) == gcerrors.NotFound:
		return fault.Wrap(fault.NotFound, err, "there is no such attachment")
	}
	return fault.Wrap(fault.Unavailable, err, "attachments cannot be read or written now; send the same request again")
}
