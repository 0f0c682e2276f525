package xapi

import (
	"mime"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// UnconditionalCreate judges a PUT with neither If-Match nor If-None-Match of a
// document that is not there yet. Under V1 it is Invalid for a profile in JSON:
// clients must say there what they expect to find (xAPI 1.0.3 Communication
// 3.1, conformance requirements XAPI-00273 and XAPI-00287), and one that does
// not care can POST, which merges.
//
// Everything else is created. A profile of any other type has no POST to fall
// back on, and widespread clients put it without a header; State and V2 ask for
// nothing. What exists already is [Precondition]'s business.
func UnconditionalCreate(v Version, kind DocumentKind, contentType string) error {
	media, _, _ := mime.ParseMediaType(contentType) // "" for what is none
	if v != V1 || kind == State || media != "application/json" {
		return nil
	}
	return fault.New(fault.Invalid, "a PUT of a profile says what it expects to find: send If-None-Match: * to create it, or If-Match with the ETag to replace it")
}
