package xapi

import (
	"crypto/sha1"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// ETag returns the entity tag of a document: the SHA-1 of its bytes in quoted
// lowercase hexadecimal, as xAPI 1.0.3 Communication 3.1 prescribes. It is no
// secret and no proof: SHA-1 will do.
func ETag(body []byte) string {
	sum := sha1.Sum(body)
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

// Precondition decides whether a PUT, POST or DELETE may change a document.
// exists and etag tell what is there; ifMatch and ifNoneMatch are the headers,
// "" for absent, several lines joined by commas. The errors:
//
//   - PreconditionFailed: If-Match names nothing that is there, or
//     If-None-Match something that is (RFC 9110 13.1.1, 13.1.2);
//   - Conflict: a PUT without either would overwrite a profile, or under V2
//     any document (xAPI 1.0.3 Communication 3.1, xAPI 2.0 4.1.4).
//
// A DELETE of a whole State context has no one document: exists is false, so
// that If-Match, which cannot hold, fails.
func Precondition(v Version, method string, kind DocumentKind, exists bool, etag, ifMatch, ifNoneMatch string) error {
	switch {
	case ifMatch != "" && (!exists || !tagListed(ifMatch, etag)):
		return fault.New(fault.PreconditionFailed, "If-Match: the document is not the one named; get it again and use its ETag")
	case ifNoneMatch != "" && exists && tagListed(ifNoneMatch, etag):
		return fault.New(fault.PreconditionFailed, "If-None-Match: there is a document already; get it and use its ETag in If-Match")
	case method == http.MethodPut && exists && ifMatch == "" && ifNoneMatch == "" && (v != V1 || kind != State):
		return fault.New(fault.Conflict, "there is a document already: check its current state, then put again with its ETag in If-Match")
	}
	return nil
}

// NotModified reports whether a GET may be answered without the body, since
// If-None-Match lists the tag of what is there (RFC 9110 13.1.2).
func NotModified(etag, ifNoneMatch string) bool {
	return ifNoneMatch != "" && tagListed(ifNoneMatch, etag)
}

// tagListed reports whether a header, "*" or a list of entity tags, covers
// etag. Tags are compared weakly for If-Match too, against RFC 9110 8.8.3.2: a
// proxy that compresses weakens our tags, and they name bytes, never less.
// Some clients leave out the quotes.
func tagListed(header, etag string) bool {
	if strings.TrimSpace(header) == "*" {
		return true
	}
	etag = strings.Trim(etag, `"`)
	for tag := range strings.SplitSeq(header, ",") {
		tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
		if strings.Trim(tag, `"`) == etag && etag != "" {
			return true
		}
	}
	return false
}
