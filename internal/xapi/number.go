package xapi

import (
	"cmp"
	"math"
	"strconv"
	"strings"
)

// decimal is the exact value of a JSON number: ±0.digits × 10^exponent.
type decimal struct {
	negative bool
	whole    string // digits before the point, no leading zeros
	fraction string // digits behind the point, no trailing zeros
	exponent int64  // as written
	huge     string // the exponent's digits when they do not fit, with its sign
}

// parseDecimal takes a JSON number apart; it never builds the number, so
// 1e999999999 costs no more than 1. The text must be a JSON number.
func parseDecimal(s string) (d decimal) {
	if s[0] == '-' {
		d.negative, s = true, s[1:]
	}
	mantissa := s
	if e := strings.IndexAny(s, "eE"); e >= 0 {
		mantissa = s[:e]
		d.exponent, d.huge = parseExponent(s[e+1:])
	}
	d.whole, d.fraction, _ = strings.Cut(mantissa, ".")
	d.whole = strings.TrimLeft(d.whole, "0")
	d.fraction = strings.TrimRight(d.fraction, "0")
	return d
}

// parseExponent returns the exponent, or its normalised text when it has more
// than 17 digits: too many to add the number of digits to without care.
func parseExponent(s string) (exponent int64, huge string) {
	negative := s[0] == '-'
	if s[0] == '-' || s[0] == '+' {
		s = s[1:]
	}
	s = strings.TrimLeft(s, "0")
	if len(s) > 17 {
		if negative {
			return -math.MaxInt64 / 2, "-" + s
		}
		return math.MaxInt64 / 2, "+" + s
	}
	for _, c := range []byte(s) {
		exponent = exponent*10 + int64(c-'0')
	}
	if negative {
		exponent = -exponent
	}
	return exponent, ""
}

// normal returns the significant digits, without zeros at either end, in two
// parts, and the power of ten of the first: d is ±0.digits × 10^power.
// Zero has no digits.
func (d decimal) normal() (head, tail string, power int64) {
	head, tail, power = d.whole, d.fraction, d.exponent+int64(len(d.whole))
	if head == "" {
		zeros := len(tail)
		tail = strings.TrimLeft(tail, "0")
		power -= int64(zeros - len(tail))
	}
	if tail == "" {
		head = strings.TrimRight(head, "0")
	}
	return head, tail, power
}

// appendDecimal appends a text that is the same for equal numbers, and for
// those only: 1, 1.0, 10e-1 and 1E0 are one. Exponents of more than 17 digits
// are compared by their own text, not across different places of the point.
func appendDecimal(dst []byte, s string) []byte {
	d := parseDecimal(s)
	head, tail, power := d.normal()
	if head == "" && tail == "" {
		return append(dst, '0')
	}
	if d.negative {
		dst = append(dst, '-')
	}
	dst = append(append(dst, head...), tail...)
	dst = append(dst, 'e')
	if d.huge != "" {
		dst = append(dst, d.huge...)
		power -= d.exponent
		dst = append(dst, 'p')
	}
	return strconv.AppendInt(dst, power, 10)
}

// compareDecimals returns -1, 0 or 1 as the JSON number a is less than, equal
// to or greater than b.
func compareDecimals(a, b string) int {
	if a == b {
		return 0
	}
	// Rounding keeps order: only numbers that round to one float are compared
	// digit by digit.
	f, _ := strconv.ParseFloat(a, 64)
	g, _ := strconv.ParseFloat(b, 64)
	if f != g {
		return cmp.Compare(f, g)
	}
	x, y := parseDecimal(a), parseDecimal(b)
	xHead, xTail, xPower := x.normal()
	yHead, yTail, yPower := y.normal()
	xSign, ySign := sign(x, xHead+xTail), sign(y, yHead+yTail)
	switch {
	case xSign != ySign:
		return cmp.Compare(xSign, ySign)
	case xSign == 0:
		return 0
	case xPower != yPower:
		return cmp.Compare(xPower, yPower) * xSign
	}
	return strings.Compare(xHead+xTail, yHead+yTail) * xSign
}

func sign(d decimal, digits string) int {
	switch {
	case digits == "":
		return 0
	case d.negative:
		return -1
	}
	return 1
}
