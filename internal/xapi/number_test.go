package xapi

import (
	"cmp"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// number draws the text of a JSON number of moderate exponent.
func number() *rapid.Generator[string] {
	return rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?`)
}

func TestDecimalsAreExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := number().Draw(t, "a"), number().Draw(t, "b")
		x, _ := new(big.Rat).SetString(a)
		y, _ := new(big.Rat).SetString(b)
		require.Equal(t, x.Cmp(y), compareDecimals(a, b), "%s %s", a, b)
		require.Equal(t, x.Cmp(y) == 0, string(appendDecimal(nil, a)) == string(appendDecimal(nil, b)), "%s %s", a, b)
	})
}

func TestCompareDecimals(t *testing.T) {
	t.Parallel()
	// In ascending order.
	numbers := []string{
		"-1e99999999999999999999", "-2e400", "-1e400", "-1.00000000000000000000001", "-1", "-0.1", "-1e-400",
		"0", "1e-400", "2e-400", "0.1", "0.10000000000000000000001", "1", "1.5", "9", "10", "1e400", "1.1e400", "1e99999999999999999999",
	}
	for i, a := range numbers {
		for k, b := range numbers {
			require.Equal(t, cmp.Compare(i, k), compareDecimals(a, b), "%s %s", a, b)
		}
	}
	require.Zero(t, compareDecimals("-0", "0.0e5"))
	require.Zero(t, compareDecimals("1e400", "10e399"))
	require.Zero(t, compareDecimals("0.1e401", "10e399"))
}

func TestParseLength(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"0": 0, "-0": 0, "0.0": 0, "0e9": 0, "27": 27, "27.00": 27, "2.7e1": 27, "2700e-2": 27, "1e3": 1000, "100": 100, "999999999999999999": 999999999999999999,
	} {
		got, ok := parseLength(text)
		require.True(t, ok, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"-1", "0.5", "27.5", "1e-1", "1e19", "1e99", "1e99999999999999999999", "1e-99999999999999999999", "1" + strings.Repeat("0", 30)} {
		_, ok := parseLength(text)
		require.False(t, ok, text)
	}
}

func TestParseUUID(t *testing.T) {
	t.Parallel()
	id, ok := parseUUID("7CCD3322-e1a5-411A-a67d-6a735c76f119")
	require.True(t, ok)
	require.Equal(t, "7ccd3322-e1a5-411a-a67d-6a735c76f119", id.String())
	for _, s := range []string{
		"", "7ccd3322e1a5411aa67d6a735c76f119", "{7ccd3322-e1a5-411a-a67d-6a735c76f119}", "urn:uuid:7ccd3322-e1a5-411a-a67d-6a735c76f119",
		"7ccd3322-e1a5-411a-a67d-6a735c76f11", "7ccd3322-e1a5-411a-a67d-6a735c76f1190", "7ccd332-2e1a5-411a-a67d-6a735c76f119", "Mccd3322-e1a5-411a-a67d-6a735c76f119",
		"7ccd3322_e1a5_411a_a67d_6a735c76f119", "7ccd3322-e1a5-411a-a67d-6a735c76f11g", " ccd3322-e1a5-411a-a67d-6a735c76f119", "7ccd3322-e1a5-411a-a67d-6a735c76f1é",
	} {
		_, ok := parseUUID(s)
		require.False(t, ok, s)
	}
}
