//go:build nocloud

package app

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestABuildWithoutCloudsSaysWhichHasThem(t *testing.T) {
	t.Parallel()
	_, err := OpenBlobs(t.Context(), "s3://bucket?region=eu-central-1")
	require.ErrorContains(t, err, "`make build` makes one that has s3://")
}
