package app

import (
	"context"
	"fmt"
	"net/url"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/fileblob" // file://
	_ "gocloud.dev/blob/memblob"  // mem://
)

// OpenBlobs opens the bucket of attachment contents: file:///directory,
// s3://bucket?region=…, gs://bucket, azblob://container, or mem:// which
// forgets all when the process ends.
func OpenBlobs(ctx context.Context, address string) (*blob.Bucket, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("blob URL: %w", err)
	}
	if u.Scheme == "file" {
		query := u.Query()
		for name, value := range map[string]string{
			"create_dir":    "true",
			"metadata":      "skip", // no second file beside each
			"dir_file_mode": "448",  // 0700
		} {
			if !query.Has(name) {
				query.Set(name, value)
			}
		}
		// A file is renamed within its directory: not across file systems, and lrs
		// finds the directory that has to be durable.
		query.Set("no_tmp_dir", "true")
		u.RawQuery = query.Encode()
	}
	if cloudless && (u.Scheme == "s3" || u.Scheme == "gs" || u.Scheme == "azblob") {
		return nil, fmt.Errorf("blob URL: this build keeps attachments in directories only; `make build` makes one that has %s://", u.Scheme)
	}
	bucket, err := blob.OpenBucket(ctx, u.String())
	if err != nil {
		return nil, fmt.Errorf("blob URL: %w", err)
	}
	return bucket, nil
}
