// Package id makes the names of things that people and programs refer to:
// random numbers, so that nobody can count or guess them, and their one
// spelling. It holds no data.
package id

import (
	"crypto/rand"
	"math/big"
	"strings"
)

// Digits is Crockford's base 32 in lower case: without i, l, o and u.
const Digits = "0123456789abcdefghjkmnpqrstvwxyz"

// Length is how many characters a Text has.
const Length = 8

// Max is the greatest id: 40 bits are enough to be unique in a tenant, and
// exact in a JSON number.
const Max = 1<<(5*Length) - 1

// New returns a random number from 1 to Max.
func New() int64 {
	n, _ := rand.Int(rand.Reader, big.NewInt(Max)) // never fails: the program ends instead
	return n.Int64() + 1
}

// Text returns the spelling of an id, e.g. h4k2m9q0.
func Text(n int64) string {
	var text [Length]byte
	for i := Length - 1; i >= 0; i-- {
		text[i] = Digits[n&31]
		n >>= 5
	}
	return string(text[:])
}

// Parse undoes Text; false for everything that it never returns.
func Parse(text string) (n int64, ok bool) {
	if len(text) != Length {
		return 0, false
	}
	for i := range len(text) {
		d := strings.IndexByte(Digits, text[i])
		if d < 0 {
			return 0, false
		}
		n = n<<5 | int64(d)
	}
	return n, n > 0
}
