package xapi

import (
	"math"
	"strings"
)

// interval is a duration of ISO 8601:2004 4.4.3.2.
type interval struct {
	milliseconds int64 // rounded down, at most math.MaxInt64
	fraction     int   // offset of the mark before the fraction of the seconds, 0: none
}

// unit is one designator of a duration and its length in milliseconds.
//
// The calendar's units have no length of their own. For reports a year is 365
// days and a month 30; whoever wants to compare exactly has the text.
type unit struct {
	designator   byte
	milliseconds int64
}

const (
	msSecond = 1000
	msMinute = 60 * msSecond
	msHour   = 60 * msMinute
	msDay    = 24 * msHour
)

var (
	weekUnits = [...]unit{{'W', 7 * msDay}}
	dateUnits = [...]unit{{'Y', 365 * msDay}, {'M', 30 * msDay}, {'D', msDay}}
	timeUnits = [...]unit{{'H', msHour}, {'M', msMinute}, {'S', msSecond}}
)

// ParseDuration returns the length of the ISO 8601 duration s in milliseconds,
// rounded down, a year taken as 365 days and a month as 30; false when s is
// none. PnW stands alone, the last part alone may have a fraction, and the
// alternative format (P0003-06-04T12:00:00) is none (xAPI 1.0.3 Data 4.6).
// What exceeds an int64 is math.MaxInt64.
func ParseDuration(s string) (milliseconds int64, ok bool) {
	d, ok := parseInterval(s)
	if !ok {
		return 0, false
	}
	return d.milliseconds, true
}

func parseInterval(s string) (d interval, ok bool) {
	rest, ok := strings.CutPrefix(s, "P")
	if !ok || rest == "" {
		return d, false
	}
	units := dateUnits[:]
	if s[len(s)-1] == 'W' {
		units = weekUnits[:]
	}
	for inTime := false; rest != ""; {
		if rest[0] == 'T' {
			if inTime {
				return d, false
			}
			inTime, units, rest = true, timeUnits[:], rest[1:]
		}
		whole, fraction := cutDigits(&rest), ""
		if whole == "" || rest == "" {
			return d, false
		}
		if rest[0] == '.' || rest[0] == ',' {
			if inTime {
				d.fraction = len(s) - len(rest)
			}
			rest = rest[1:]
			if fraction = cutDigits(&rest); fraction == "" || len(rest) != 1 {
				return d, false
			}
		}
		for len(units) > 0 && units[0].designator != rest[0] {
			units = units[1:]
		}
		if len(units) == 0 {
			return d, false
		}
		d.milliseconds = addPart(d.milliseconds, whole, fraction, units[0].milliseconds)
		if rest[0] != 'S' {
			d.fraction = 0
		}
		units, rest = units[1:], rest[1:]
	}
	return d, true
}

// cutDigits cuts the digits that s begins with.
func cutDigits(s *string) string {
	n := 0
	for n < len(*s) && (*s)[n] >= '0' && (*s)[n] <= '9' {
		n++
	}
	head := (*s)[:n]
	*s = (*s)[n:]
	return head
}

// addPart returns total and whole.fraction units, in milliseconds.
func addPart(total int64, whole, fraction string, milliseconds int64) int64 {
	n := int64(0)
	for _, c := range []byte(whole) {
		if n > (math.MaxInt64-9)/10 {
			return math.MaxInt64
		}
		n = n*10 + int64(c-'0')
	}
	if n > math.MaxInt64/milliseconds {
		return math.MaxInt64
	}
	n *= milliseconds
	// Longer fractions than this change no millisecond of a year, whose
	// length times 10^8 still fits.
	part, scale := int64(0), int64(1)
	for i := 0; i < len(fraction) && i < 8; i++ {
		part, scale = part*10+int64(fraction[i]-'0'), scale*10
	}
	n += part * milliseconds / scale
	if n < 0 || total > math.MaxInt64-n {
		return math.MaxInt64
	}
	return total + n
}
