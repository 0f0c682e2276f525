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
			"no_tmp_dir":    "true", // a file is renamed into its place: not across file systems
			"metadata":      "skip", // no second file beside each
			"dir_file_mode": "448",  // 0700
		} {
			if !query.Has(name) {
				query.Set(name, value)
			}
		}
		u.RawQuery = query.Encode()
	}
	bucket, err := blob.OpenBucket(ctx, u.String())
	if err != nil {
		return nil, fmt.Errorf("blob URL: %w", err)
	}
	return bucket, nil
}
