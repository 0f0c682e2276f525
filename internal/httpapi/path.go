package httpapi

import (
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// onePath gives r's path the one spelling that every rule looks at, the router
// and what is decided before it: slashes stand once. It reports false for what
// no client sends, since they take dot segments away (RFC 3986, 5.2.4) and no
// name of ours has control characters: a path that means one thing to one rule
// and another to the next leads around both.
func onePath(r *http.Request) (*http.Request, bool) {
	path := r.URL.Path
	if !utf8.ValidString(path) || strings.ContainsFunc(path, unicode.IsControl) {
		return r, false
	}
	if !strings.Contains(path, "//") && !strings.Contains(path, "/.") {
		return r, true
	}
	var b strings.Builder
	for i, segment := range strings.Split(path, "/") {
		switch {
		case segment == "." || segment == "..":
			return r, false
		case i == 0 || segment != "":
			b.WriteString(segment)
			b.WriteByte('/')
		}
	}
	plain := b.String()
	if !strings.HasSuffix(path, "/") {
		plain = strings.TrimSuffix(plain, "/")
	}
	r = r.WithContext(r.Context())
	r.URL = &url.URL{Path: plain, RawQuery: r.URL.RawQuery}
	return r, true
}
