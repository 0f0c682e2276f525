package xapi

import (
	"strings"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// VersionHeader is the header that every request but those to the about
// resource carries, and every response.
const VersionHeader = "X-Experience-API-Version"

// Version is a set of rules that a request asks for. Its zero value is no
// version: rules are never guessed.
type Version uint8

// The versions spoken on one endpoint.
const (
	V1 Version = iota + 1 // xAPI 1.0.3
	V2                    // xAPI 2.0.0, IEEE 9274.1.1
)

// Versions lists every version spoken, oldest first.
var Versions = [...]Version{V1, V2}

// String returns the latest patch version of v, as the response header carries
// it: "1.0.3" or "2.0.0".
func (v Version) String() string {
	switch v {
	case V1:
		return "1.0.3"
	case V2:
		return "2.0.0"
	}
	return ""
}

// Negotiate returns the version that a request's header asks for. Patch
// versions do not matter: "1.0" and "1.0.<n>" are V1, "2.0" and "2.0.<n>" V2.
// Everything else is Invalid: no header, an older and a newer version, one that
// is not released, several (xAPI 1.0.3 Communication 3.3, xAPI 2.0 4.1.2.2).
func Negotiate(header string) (Version, error) {
	if header == "" {
		return 0, fault.New(fault.Invalid, "the header %s is missing: send 1.0.3 or 2.0.0", VersionHeader)
	}
	for _, v := range Versions {
		minor := v.String()[:len("1.0")]
		rest, ok := strings.CutPrefix(header, minor)
		if ok && (rest == "" || len(rest) > 1 && len(rest) < 10 && rest[0] == '.' && digits(rest[1:])) {
			return v, nil
		}
	}
	return 0, fault.New(fault.Invalid, "version %q is not spoken here: send 1.0.3 or 2.0.0", abbreviate(header))
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// abbreviate keeps what a client sent short enough to be quoted in a message.
func abbreviate(s string) string {
	const most = 120
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
