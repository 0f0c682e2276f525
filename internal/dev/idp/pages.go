package idp

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/op"
)

//go:embed page.css
var style string

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// page is what page.html shows.
type page struct {
	Style   template.CSS
	Title   string
	Message string
	Request string
	People  []Person
}

// pages serves the page of people, and the provider for the rest.
func (p *Provider) pages(provider http.Handler, callback func(context.Context, string) string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", provider)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		show(w, http.StatusOK, nil, page{Title: "Demo sign-in", Message: "Go to Stoa and sign in there: it sends you here."})
	})
	mux.HandleFunc("GET /signed-out", func(w http.ResponseWriter, _ *http.Request) {
		show(w, http.StatusOK, nil, page{Title: "Signed out", Message: "You are signed out."})
	})
	mux.HandleFunc("GET /sign-in", func(w http.ResponseWriter, r *http.Request) {
		id := r.URL.Query().Get("request")
		_, client, people, open := p.store.open(id)
		if !open {
			tooLate(w)
			return
		}
		show(w, http.StatusOK, client.RedirectURIs, page{Title: "Sign in to " + client.Name, Request: id, People: people})
	})
	mux.HandleFunc("POST /sign-in", func(w http.ResponseWriter, r *http.Request) {
		id := r.PostFormValue("request")
		if !p.store.signIn(id, r.PostFormValue("person")) {
			tooLate(w)
			return
		}
		http.Redirect(w, r, callback(op.ContextWithIssuer(r.Context(), p.issuer), id), http.StatusSeeOther)
	})
	return http.MaxBytesHandler(http.NewCrossOriginProtection().Handler(mux), 64<<10)
}

func tooLate(w http.ResponseWriter) {
	show(w, http.StatusBadRequest, nil, page{Title: "Too late", Message: "This sign-in has ended. Go back to Stoa and begin again."})
}

// show writes a page. Its form may lead to where the client wants its answer,
// for browsers hold redirects, too, to the policy.
func show(w http.ResponseWriter, status int, redirects []string, content page) {
	sum := sha256.Sum256([]byte(style))
	targets := []string{"'self'"}
	for _, text := range redirects {
		if u, err := url.Parse(text); err == nil {
			targets = append(targets, u.Scheme+"://"+u.Host)
		}
	}
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+
		"'; form-action "+strings.Join(slices.Compact(targets), " ")+"; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin") // the browser's Origin must come with the form
	w.WriteHeader(status)
	content.Style = template.CSS(style) // ours, and no input
	_ = pageTemplate.Execute(w, content)
}
