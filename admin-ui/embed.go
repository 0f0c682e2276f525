// Package adminui owns the console that people use in a browser: its built files and
// how they are handed out. It never answers anything but those files; what they show
// comes from the console API (internal/apiv1). Its data lives in dist, which
// `npm run build` makes from the TypeScript beside this file.
package adminui

import (
	"crypto/rand"
	"embed"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// Path is where the console lives; the files name each other by it.
const Path = "/admin"

// nonce stands in index.html wherever the page's own nonce belongs (vite.config.ts).
const nonce = "STOA_NONCE"

// all: because a file that begins with _ would be left out, and a route's may. Before
// the first build there is nothing but robots.txt, which is committed for that.
//
//go:embed all:dist
var dist embed.FS

// unbuilt is what a browser gets from a binary that was made without the console.
const unbuilt = "The console is not part of this binary. Build it with: make ui"

// Handler answers GET and HEAD below Path: files by their names, which carry a hash of
// their content and so may be kept for ever, and for everything else the one page, with
// a nonce of its own and kept by nobody.
func Handler() http.Handler {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the directive above names it
	}
	return handler(files)
}

func handler(files fs.FS) http.Handler {
	page, err := fs.ReadFile(files, "index.html")
	built := err == nil
	server := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		head := w.Header()
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Referrer-Policy", "same-origin")
		name := strings.TrimPrefix(path.Clean(strings.TrimPrefix(r.URL.Path, Path)), "/")
		if info, err := fs.Stat(files, name); name != "index.html" && err == nil && info.Mode().IsRegular() {
			if strings.HasPrefix(name, "assets/") {
				head.Set("Cache-Control", "public, max-age=31536000, immutable")
			}
			http.StripPrefix(Path, server).ServeHTTP(w, r)
			return
		}
		if strings.HasPrefix(name, "assets/") {
			// A page from before an update asks for a file that is gone.
			head.Set("Cache-Control", "no-store")
			http.NotFound(w, r)
			return
		}
		head.Set("Cache-Control", "no-store")
		if !built {
			http.Error(w, unbuilt, http.StatusNotFound)
			return
		}
		value := rand.Text()
		head.Set("Content-Type", "text/html; charset=utf-8")
		head.Set("Content-Security-Policy", policy(value))
		if r.Method == http.MethodHead {
			return
		}
		// The connection is gone if it fails; there is nobody to tell.
		_, _ = w.Write([]byte(strings.ReplaceAll(string(page), nonce, value)))
	})
}

// policy is the strictest under which the console runs: nothing from elsewhere, no
// script or style that this page did not bring along.
func policy(value string) string {
	return "default-src 'none'; script-src 'self' 'nonce-" + value + "'; style-src 'self' 'nonce-" + value + "'; " +
		"img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
}
