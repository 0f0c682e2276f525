package xapi_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

func TestNegotiate(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]xapi.Version{
		"1.0":    xapi.V1,
		"1.0.0":  xapi.V1,
		"1.0.3":  xapi.V1,
		"1.0.12": xapi.V1,
		"2.0":    xapi.V2,
		"2.0.0":  xapi.V2,
		"2.0.21": xapi.V2,
	} {
		got, err := xapi.Negotiate(header)
		require.NoError(t, err, header)
		require.Equal(t, want, got, header)
	}
}

func TestNegotiateRefuses(t *testing.T) {
	t.Parallel()
	for _, header := range []string{
		"", "0.9", "0.95", "1", "1.", "1.0.", "1.0.x", "1.00", "1.1", "1.1.0", "1.0 ", " 1.0", "1.0,2.0",
		"2", "2.00", "2.0.0-beta", "2.0.1+build", "1.0.3.4", "1.0.3.", "1.0.3, 1.0.3", "2.0.1234567890", "2.1", "2.1.0", "20.0", "3.0.0", "v2.0.0", "latest", "1.0.3\r\nX: y",
	} {
		_, err := xapi.Negotiate(header)
		require.True(t, fault.Is(err, fault.Invalid), "%q: %v", header, err)
	}
}

func TestVersionString(t *testing.T) {
	t.Parallel()
	require.Equal(t, "1.0.3", xapi.V1.String())
	require.Equal(t, "2.0.0", xapi.V2.String())
	require.Empty(t, xapi.Version(0).String())
	for _, v := range xapi.Versions {
		got, err := xapi.Negotiate(v.String())
		require.NoError(t, err)
		require.Equal(t, v, got)
	}
}

func TestAbout(t *testing.T) {
	t.Parallel()
	require.JSONEq(t, `{"version":["1.0.3","2.0.0"]}`, string(xapi.About()))
}
