package xapi

import "github.com/google/uuid"

// parseUUID reads a UUID in its standard form, 8-4-4-4-12 hexadecimal digits
// of either case (RFC 4122 3). uuid.Parse also takes braces, "urn:uuid:" and
// undashed digits, so the shape is checked first. Version and variant are not
// looked at: the specification's own example has neither.
func parseUUID(s string) (id uuid.UUID, ok bool) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return uuid.Nil, false
	}
	digit := 0
	for i := range len(s) {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			continue
		}
		n := hexValue[s[i]]
		if n > 0xF {
			return uuid.Nil, false
		}
		id[digit/2] = id[digit/2]<<4 | n
		digit++
	}
	return id, true
}

// hexValue is the value of a hexadecimal digit, above 15 for anything else.
var hexValue = func() (value [256]byte) {
	for c := range value {
		value[c] = 0xFF
	}
	for i, c := range "0123456789abcdef" {
		value[c] = byte(i)
	}
	for i, c := range "ABCDEF" {
		value[c] = byte(10 + i)
	}
	return value
}()
