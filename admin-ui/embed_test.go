package adminui

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func get(t *testing.T, h http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w
}

func site() http.Handler {
	return handler(fstest.MapFS{
		"index.html":        {Data: []byte(`<script nonce="STOA_NONCE"></script>`)},
		"assets/_a-1234.js": {Data: []byte("let a")},
		"stoa.svg":          {Data: []byte("<svg/>")},
	})
}

func TestPageCarriesItsOwnNonce(t *testing.T) {
	t.Parallel()
	h, seen := site(), map[string]bool{}
	for _, path := range []string{"/admin", "/admin/", "/admin/index.html", "/admin/t/acme/keys"} {
		w := get(t, h, path)
		require.Equal(t, http.StatusOK, w.Code, path)
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"), path)
		found := regexp.MustCompile(`nonce="([A-Z2-7]{26})"`).FindStringSubmatch(w.Body.String())
		require.NotNil(t, found, "%s: %s", path, w.Body)
		require.Contains(t, w.Header().Get("Content-Security-Policy"), "script-src 'self' 'nonce-"+found[1]+"'")
		require.False(t, seen[found[1]], "a nonce was given twice")
		seen[found[1]] = true
	}
}

func TestFilesAreKeptByTheBrowser(t *testing.T) {
	t.Parallel()
	h := site()
	w := get(t, h, "/admin/assets/_a-1234.js")
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "let a", w.Body.String())
	require.Contains(t, w.Header().Get("Cache-Control"), "immutable")
	require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
	require.NotContains(t, get(t, h, "/admin/stoa.svg").Header().Get("Cache-Control"), "immutable")
}

func TestGoneFileIsNotThePage(t *testing.T) {
	t.Parallel()
	require.Equal(t, http.StatusNotFound, get(t, site(), "/admin/assets/old-9999.js").Code)
}

func TestOnlyReading(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	site().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/admin/", nil))
	require.Equal(t, http.StatusMethodNotAllowed, w.Code)
	require.Equal(t, "GET, HEAD", w.Header().Get("Allow"))
}

func TestBinaryWithoutTheConsoleSaysSo(t *testing.T) {
	t.Parallel()
	w := get(t, handler(fstest.MapFS{"robots.txt": {}}), "/admin/")
	require.Equal(t, http.StatusNotFound, w.Code)
	require.Equal(t, unbuilt+"\n", w.Body.String())
}
