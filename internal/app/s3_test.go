//go:build !nocloud

package app

import (
	"bytes"
	"io"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/lrs"
)

// The record store keeps attachments in S3 by the URL that an operator writes.
func TestS3KeepsAttachments(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	backend := s3mem.New()
	require.NoError(t, backend.CreateBucket("attachments"))
	server := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(server.Close)
	bucket, err := OpenBlobs(t.Context(), "s3://attachments?region=us-east-1&s3ForcePathStyle=true&endpoint="+url.QueryEscape(server.URL))
	require.NoError(t, err)
	t.Cleanup(func() { _ = bucket.Close() })
	store := lrs.New(lrs.Config{Blobs: bucket})
	t.Cleanup(store.Close)

	content := bytes.Repeat([]byte("\x00\xffcontent\r\n"), 100_000)
	one, two := lrs.Author{Tenant: 1, Store: 1}, lrs.Author{Tenant: 2, Store: 1}
	for range 2 { // a second time it is there already
		require.NoError(t, store.PutAttachment(t.Context(), one, "abc", bytes.NewReader(content)))
	}
	r, size, err := store.Attachment(t.Context(), 1, 1, "abc")
	require.NoError(t, err)
	got, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	require.True(t, bytes.Equal(content, got))
	require.EqualValues(t, len(content), size)

	_, _, err = store.Attachment(t.Context(), 1, 1, "missing")
	require.True(t, fault.Is(err, fault.NotFound), err)
	_, _, err = store.Attachment(t.Context(), 2, 1, "abc")
	require.True(t, fault.Is(err, fault.NotFound), "another tenant has not put it: %v", err)

	// A reader that fails leaves nothing behind.
	broken := io.MultiReader(bytes.NewReader(content), failing{})
	require.ErrorIs(t, store.PutAttachment(t.Context(), two, "half", broken), io.ErrUnexpectedEOF)
	_, _, err = store.Attachment(t.Context(), 2, 1, "half")
	require.True(t, fault.Is(err, fault.NotFound), err)

	// The server goes away mid-way: nothing is acknowledged.
	gone := io.MultiReader(bytes.NewReader(content), closing(server.CloseClientConnections, server.Close))
	err = store.PutAttachment(t.Context(), two, "gone", gone)
	require.True(t, fault.Is(err, fault.Unavailable), err)
	_, _, err = store.Attachment(t.Context(), 1, 1, "abc")
	require.True(t, fault.Is(err, fault.Unavailable), err)
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// closing is the end of contents, before which fns are called.
func closing(fns ...func()) io.Reader {
	return readerFunc(func([]byte) (int, error) {
		for _, fn := range fns {
			fn()
		}
		return 0, io.EOF
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
