package httpapi

import (
	"net/http"
	"slices"
	"strings"
)

// cors lets scripts of other origins use xAPI: courses run in browsers. No
// cookie means anything to these resources and credentials are never allowed,
// so that by default every origin may ask: what it needs is a key.
type cors struct {
	all     bool     // every origin
	origins []string // these, if not all
}

// The headers of CORS, the same for every xAPI resource.
var (
	corsMethods = "GET, HEAD, POST, PUT, DELETE, OPTIONS"
	corsAllow   = strings.Join([]string{
		"Authorization", "Content-Type", "Content-Encoding", "Content-Length", "Accept", "Accept-Language",
		"If-Match", "If-None-Match", "X-Experience-API-Version", "X-Experience-API-Hash",
		"X-Requested-With", "X-Request-Id", "Traceparent", "Tracestate",
	}, ", ")
	corsExpose = strings.Join([]string{
		"ETag", "Last-Modified", "Content-Length", "X-Experience-API-Version", "X-Experience-API-Consistent-Through",
		"X-Experience-API-Hash", "Retry-After", "RateLimit", "RateLimit-Policy", "X-Request-Id", "WWW-Authenticate",
	}, ", ")
)

// newCORS returns the rules for the given origins; "*" is every one.
func newCORS(origins []string) cors {
	return cors{slices.Contains(origins, "*"), origins}
}

// apply sets the headers of any answer, and reports whether r is a preflight
// or another OPTIONS, which is thereby answered except for its status. It
// comes before authentication: a preflight carries no key.
func (c cors) apply(h http.Header, r *http.Request) (answered bool) {
	origin := r.Header.Get("Origin")
	allowed := "*"
	if !c.all {
		h.Add("Vary", "Origin")
		allowed = ""
		if slices.Contains(c.origins, origin) {
			allowed = origin
		}
	}
	if allowed != "" {
		h.Set("Access-Control-Allow-Origin", allowed)
		h.Set("Access-Control-Expose-Headers", corsExpose)
	}
	if r.Method != http.MethodOptions {
		return false
	}
	h.Set("Allow", corsMethods)
	if allowed != "" {
		h.Set("Access-Control-Allow-Methods", corsMethods)
		h.Set("Access-Control-Allow-Headers", corsAllow)
		h.Set("Access-Control-Max-Age", "7200")
	}
	return true
}
