package xapi

import (
	"strings"
	"time"
)

// instant is a point in time as exactly as its text gives it.
type instant struct {
	time     time.Time // UTC, truncated to nanoseconds
	fraction string    // the digits of the second's fraction, no trailing zeros
}

// ParseTimestamp returns the point in time that s names, in UTC and truncated
// to nanoseconds; false when s is no timestamp under v.
//
// Under 2.0 a timestamp is one of RFC 3339. Under 1.0.3 it is a combined date
// and time of ISO 8601, calendar dates only, extended or basic (Data 4.5):
// seconds, the minutes of an offset and the offset itself may be missing; no
// offset is UTC. Under both the unknown offset -00:00 is refused, a fraction
// begins with a point, not a comma, and the year is 0 to 9999 in UTC too.
func ParseTimestamp(s string, v Version) (time.Time, bool) {
	at, ok := parseInstant(s, v)
	return at.time, ok
}

func parseInstant(s string, v Version) (at instant, ok bool) {
	strict := v != V1
	year, ok := cutNumber(&s, 4)
	if !ok || s == "" {
		return at, false
	}
	extended := s[0] == '-'
	if strict && !extended {
		return at, false
	}
	var part [4]int // month, day, hour, minute
	for i, mark := range [4]byte{'-', '-', 'T', ':'} {
		switch {
		case mark == 'T':
			if s == "" || s[0] != 'T' && s[0] != 't' {
				return at, false
			}
			s = s[1:]
		case extended:
			if s == "" || s[0] != mark {
				return at, false
			}
			s = s[1:]
		}
		if part[i], ok = cutNumber(&s, 2); !ok {
			return at, false
		}
	}
	second, s, ok := cutSecond(s, extended, strict)
	if !ok {
		return at, false
	}
	if s, at.fraction, ok = cutFraction(s); !ok || second < 0 && at.fraction != "" {
		return at, false
	}
	offset, ok := parseOffset(s, strict)
	if !ok {
		return at, false
	}
	leap := second == 60
	if leap {
		second = 59
	}
	second = max(second, 0)
	month, day, hour, minute := time.Month(part[0]), part[1], part[2], part[3]
	if hour > 23 || minute > 59 || second > 59 {
		return at, false
	}
	t := time.Date(year, month, day, hour, minute, second, 0, time.UTC)
	if t.Month() != month || t.Day() != day {
		return at, false // time.Date carries 31 April over into May
	}
	t = t.Add(-offset)
	if leap {
		// A leap second is the last of a day in UTC, and no other.
		if t.Hour() != 23 || t.Minute() != 59 {
			return at, false
		}
		t = t.Add(time.Second)
	}
	if t.Year() < 0 || t.Year() > 9999 {
		return at, false // in UTC, which 2.0 answers in, it has no four digits for the year
	}
	at.time = t.Add(nanoseconds(at.fraction))
	at.fraction = strings.TrimRight(at.fraction, "0")
	return at, true
}

// cutSecond cuts ":ss" or "ss" off s; -1 when there are no seconds.
func cutSecond(s string, extended, strict bool) (second int, rest string, ok bool) {
	switch {
	case extended && s != "" && s[0] == ':':
		s = s[1:]
	case !extended && s != "" && s[0] >= '0' && s[0] <= '9':
	default:
		return -1, s, !strict
	}
	second, ok = cutNumber(&s, 2)
	return second, s, ok
}

// cutFraction cuts ".digits" off s; "" when there is none.
func cutFraction(s string) (rest, fraction string, ok bool) {
	if s == "" || s[0] != '.' {
		return s, "", true
	}
	n := 1
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return s[n:], s[1:n], n > 1
}

// parseOffset reads "Z", ±hh:mm and, unless strict, ±hhmm, ±hh and "".
func parseOffset(s string, strict bool) (offset time.Duration, ok bool) {
	switch {
	case s == "Z" || s == "z":
		return 0, true
	case s == "":
		return 0, !strict
	case s[0] != '+' && s[0] != '-':
		return 0, false
	}
	west := s[0] == '-'
	s = s[1:]
	hour, ok := cutNumber(&s, 2)
	if !ok || hour > 23 {
		return 0, false
	}
	minute := 0
	if s != "" {
		if s[0] == ':' {
			s = s[1:]
		} else if strict {
			return 0, false
		}
		if minute, ok = cutNumber(&s, 2); !ok || minute > 59 {
			return 0, false
		}
	} else if strict {
		return 0, false
	}
	if s != "" || west && hour == 0 && minute == 0 {
		return 0, false
	}
	offset = time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute
	if west {
		offset = -offset
	}
	return offset, true
}

// cutNumber cuts exactly n digits off s.
func cutNumber(s *string, n int) (value int, ok bool) {
	if len(*s) < n {
		return 0, false
	}
	for i := range n {
		c := (*s)[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		value = value*10 + int(c-'0')
	}
	*s = (*s)[n:]
	return value, true
}

// nanoseconds reads the digits of a fraction, the tenth and later left out.
func nanoseconds(fraction string) (n time.Duration) {
	for i := range 9 {
		n *= 10
		if i < len(fraction) {
			n += time.Duration(fraction[i] - '0')
		}
	}
	return n
}
