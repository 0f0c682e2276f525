package xapi_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/stoa-lrs/stoa/internal/xapi"
)

func TestParseTimestamp(t *testing.T) {
	t.Parallel()
	const both, first, none = 2, 1, 0 // under how many versions it is a timestamp
	for text, want := range map[string]struct {
		versions int
		time     string // RFC 3339, in UTC
	}{
		"2026-03-01T12:30:05Z":                    {both, "2026-03-01T12:30:05Z"},
		"2026-03-01t12:30:05z":                    {both, "2026-03-01T12:30:05Z"},
		"2026-03-01T12:30:05.1Z":                  {both, "2026-03-01T12:30:05.1Z"},
		"2026-03-01T12:30:05.123456789012Z":       {both, "2026-03-01T12:30:05.123456789Z"},
		"2026-03-01T12:30:05+05:30":               {both, "2026-03-01T07:00:05Z"},
		"2026-03-01T12:30:05-05:30":               {both, "2026-03-01T18:00:05Z"},
		"2026-03-01T12:30:05+00:00":               {both, "2026-03-01T12:30:05Z"},
		"2008-09-15T15:53:00.601-07:00":           {both, "2008-09-15T22:53:00.601Z"},
		"2024-02-29T23:59:59Z":                    {both, "2024-02-29T23:59:59Z"},
		"0000-01-01T00:00:00Z":                    {both, "0000-01-01T00:00:00Z"},
		"9999-12-31T23:59:59.5Z":                  {both, "9999-12-31T23:59:59.5Z"},
		"0000-01-01T05:00:00+05:00":               {both, "0000-01-01T00:00:00Z"},
		"2016-12-31T23:59:60Z":                    {both, "2017-01-01T00:00:00Z"},
		"2016-12-31T18:59:60.5-05:00":             {both, "2017-01-01T00:00:00.5Z"},
		"2026-03-01T12:30:05":                     {first, "2026-03-01T12:30:05Z"},
		"2026-03-01T12:30:05.5":                   {first, "2026-03-01T12:30:05.5Z"},
		"2026-03-01T12:30Z":                       {first, "2026-03-01T12:30:00Z"},
		"2026-03-01T12:30+01":                     {first, "2026-03-01T11:30:00Z"},
		"2026-03-01T12:30:05+0130":                {first, "2026-03-01T11:00:05Z"},
		"2026-03-01T12:30:05-01":                  {first, "2026-03-01T13:30:05Z"},
		"20260301T123005Z":                        {first, "2026-03-01T12:30:05Z"},
		"20260301T123005.25+0100":                 {first, "2026-03-01T11:30:05.25Z"},
		"20260301T1230":                           {first, "2026-03-01T12:30:00Z"},
		"":                                        {none, ""},
		"should fail":                             {none, ""},
		"01/011/2015":                             {none, ""},
		"2026-03-01":                              {none, ""},
		"2026-03":                                 {none, ""},
		"2026":                                    {none, ""},
		"2026-":                                   {none, ""},
		"12:30:05Z":                               {none, ""},
		"2026-03-01T":                             {none, ""},
		"2026-03-01T12Z":                          {none, ""},
		"2026-03-01 12:30:05Z":                    {none, ""},
		"2026-03-01T12:30:05,5Z":                  {none, ""},
		"2026-03-01T12:30:05.Z":                   {none, ""},
		"2026-03-01T12:30.5Z":                     {none, ""},
		"2026-03-01T12:30:5Z":                     {none, ""},
		"2026-3-01T12:30:05Z":                     {none, ""},
		"2026-03-01T12:30:05ZZ":                   {none, ""},
		"2026-03-01T12:30:05 Z":                   {none, ""},
		" 2026-03-01T12:30:05Z":                   {none, ""},
		"2026-03-01T12:30:05Z ":                   {none, ""},
		"2026-03-01T12:30:05-00:00":               {none, ""},
		"2026-03-01T12:30:05-0000":                {none, ""},
		"2026-03-01T12:30:05-00":                  {none, ""},
		"2026-03-01T12:30:05+24:00":               {none, ""},
		"2026-03-01T12:30:05+01:60":               {none, ""},
		"2026-03-01T12:30:05+1:00":                {none, ""},
		"2026-03-01T12:30:05+01:0":                {none, ""},
		"2026-03-01T12:30:05+01:":                 {none, ""},
		"2026-03-01T24:00:00Z":                    {none, ""},
		"2026-03-01T12:60:00Z":                    {none, ""},
		"2026-03-01T12:30:61Z":                    {none, ""},
		"2026-03-01T12:30:60Z":                    {none, ""},
		"2026-00-01T12:30:05Z":                    {none, ""},
		"2026-13-01T12:30:05Z":                    {none, ""},
		"2026-02-29T12:30:05Z":                    {none, ""},
		"2026-04-31T12:30:05Z":                    {none, ""},
		"2026-03-00T12:30:05Z":                    {none, ""},
		"2026-W09-7T12:30:05Z":                    {none, ""},
		"2026-060T12:30:05Z":                      {none, ""},
		"+02026-03-01T12:30:05Z":                  {none, ""},
		"9999-12-31T23:59:59-00:01":               {none, ""},
		"9999-12-31T23:59:60Z":                    {none, ""},
		"0000-01-01T00:00:00+00:01":               {none, ""},
		"-0001-03-01T12:30:05Z":                   {none, ""},
		"20260301T12:30:05Z":                      {none, ""},
		"2026-03-01T123005Z":                      {none, ""},
		"２０２６-03-01T12:30:05Z":                    {none, ""},
		"2026-03-01T12:30:05Z[Europe/Copenhagen]": {none, ""},
	} {
		for i, v := range xapi.Versions {
			got, ok := xapi.ParseTimestamp(text, v)
			require.Equal(t, i < want.versions, ok, "%q under %s", text, v)
			if ok {
				require.Equal(t, want.time, got.Format(time.RFC3339Nano))
				require.Equal(t, time.UTC, got.Location())
			}
		}
	}
}

func TestParseTimestampReadsWhatTimeWrites(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := time.UnixMilli(rapid.Int64Range(-62_000_000_000_000, 250_000_000_000_000).Draw(t, "at"))
		for _, v := range xapi.Versions {
			got, ok := xapi.ParseTimestamp(spell(want.UnixMilli(), rapid.IntRange(-1439, 1439).Draw(t, "offset"), 2), v)
			require.True(t, ok)
			require.True(t, want.Equal(got), "%s %s", want, got)
		}
	})
}

func FuzzParseTimestamp(f *testing.F) {
	for _, s := range []string{"2026-03-01T12:30:05Z", "20260301T1230+01", "2016-12-31T23:59:60.5-05:00", "2026-02-30T00:00:00-00:00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		first, ok1 := xapi.ParseTimestamp(s, xapi.V1)
		second, ok2 := xapi.ParseTimestamp(s, xapi.V2)
		if ok2 {
			require.True(t, ok1, "2.0 takes %q, 1.0.3 does not", s)
			require.Equal(t, first, second)
		}
		if ok1 {
			again, ok := xapi.ParseTimestamp(first.Format(time.RFC3339Nano), xapi.V2)
			require.True(t, ok)
			require.Equal(t, first, again)
		}
	})
}
