package httpapi

import "crypto/rand"

// requestIDHeader carries the id of a request, both ways.
const requestIDHeader = "X-Request-Id"

// requestID returns the id that a proxy in front has given the request, if it
// is fit for logs and headers, else a new one.
func requestID(given string) string {
	if len(given) < 8 || len(given) > 64 {
		return rand.Text()
	}
	for _, c := range []byte(given) {
		switch {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '-', c == '_', c == '.':
		default:
			return rand.Text()
		}
	}
	return given
}
