package authn

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

// opaque returns 256 random bits for a cookie or a parameter: 43 characters.
func opaque() string {
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // never fails: the program ends instead
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// isOpaque reports whether text could be of opaque, so that nobody chooses keys of Redis.
func isOpaque(text string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	return err == nil && len(raw) == 32
}

// hashed is what is kept of an opaque value: whoever reads Redis cannot use it.
func hashed(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
