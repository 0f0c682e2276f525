//go:build !nocloud

package app

// The clouds' own libraries are a third of the build and 40 % of the binary:
// `make run`, which keeps attachments in a directory, does without (nocloud).
import (
	_ "gocloud.dev/blob/azureblob" // azblob://
	_ "gocloud.dev/blob/gcsblob"   // gs://
	_ "gocloud.dev/blob/s3blob"    // s3://
)

const cloudless = false
