package xapi_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/xapi"
)

const (
	aSecond = 1000
	aMinute = 60 * aSecond
	anHour  = 60 * aMinute
	aDay    = 24 * anHour
)

func TestParseDuration(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"PT0S":                         0,
		"P0D":                          0,
		"PT1H0M0.1S":                   anHour + 100,
		"PT4H35M59.14S":                4*anHour + 35*aMinute + 59*aSecond + 140,
		"PT16559.14S":                  16559*aSecond + 140,
		"P3Y1M29DT4H35M59.14S":         (3*365+30+29)*aDay + 4*anHour + 35*aMinute + 59*aSecond + 140,
		"P3Y":                          3 * 365 * aDay,
		"P1M":                          30 * aDay,
		"PT1M":                         aMinute,
		"P4W":                          28 * aDay,
		"P0.5W":                        7 * aDay / 2,
		"P1.5D":                        36 * anHour,
		"P0,5Y":                        365 * aDay / 2,
		"PT1,5H":                       90 * aMinute,
		"PT0.0019S":                    1,
		"PT0.1234567890123456789S":     123,
		"PT007S":                       7 * aSecond,
		"P1DT12H36M0.12567S":           36*anHour + 36*aMinute + 125,
		"P1YT1S":                       365*aDay + aSecond,
		"PT9223372036854775.807S":      math.MaxInt64,
		"PT9223372036854776S":          math.MaxInt64,
		"P99999999999999999999999999Y": math.MaxInt64,
		"P292471208Y292471208M":        math.MaxInt64,
	} {
		got, ok := xapi.ParseDuration(text)
		require.True(t, ok, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{
		"", "P", "PT", "P1", "PT1", "1S", "T1S", "P1S", "PT1D", "P1H", "P1DT", "PT1HT1M", "P1TS", "PTS",
		"PA1H0M0S", "PT1S2M", "PT1M1H", "P1D1Y", "P1M1M", "PT1S1S", "P4W1D", "P1Y4W", "P1DT4W", "P4WT1S", "PT4W", "P1W1W",
		"PT1.5H30M", "P1.5DT1H", "PT1.S", "PT.5S", "PT1.5.5S", "PT1.5", "P.D", "PT1,5,S",
		"-P1D", "+P1D", "P-1D", "PT-1S", "PT1e3S", "p1d", "PT1s", " PT1S", "PT1S ", "PT 1S", "P1Y2M3", "P0003-06-04T12:00:00", "P00030604T120000",
		"should fail", "PT1H/2026-03-01T12:00:00Z",
	} {
		_, ok := xapi.ParseDuration(text)
		require.False(t, ok, text)
	}
}

func FuzzParseDuration(f *testing.F) {
	for _, s := range []string{"P3Y1M29DT4H35M59.14S", "P4W", "PT16559,14S", "PT99999999999999999999S", "P1YT"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		length, ok := xapi.ParseDuration(s)
		if !ok {
			require.Zero(t, length, "a length of what is no duration")
			return
		}
		require.GreaterOrEqual(t, length, int64(0))
		require.Equal(t, byte('P'), s[0])
		// What is accepted stands in a statement, and its hash is of that length.
		require.Equal(t, length, decode(t, result(`{"duration":"`+s+`"}`), xapi.V1).Duration)
	})
}
