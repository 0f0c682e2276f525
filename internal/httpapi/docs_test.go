package httpapi

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProseMarksWordsAndEscapesTheRest(t *testing.T) {
	t.Parallel()
	require.EqualValues(t, `<strong>Who asks.</strong> A <code>&lt;b&gt;</code> &amp; more`, prose("**Who asks.** A `<b>` & more"))
	require.EqualValues(t, `plain`, prose("plain"))
}
