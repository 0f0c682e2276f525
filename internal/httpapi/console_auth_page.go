package httpapi

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
)

//go:embed console_auth_page.css
var pageStyle string

//go:embed console_auth_page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// page is the form that asks people where they belong. It needs no script.
type page struct {
	Title, ReturnTo string
	Style           template.CSS
}

// showForm answers with the form. It may lead anywhere by https: browsers
// hold to the policy also the redirect that follows, to the provider.
func (x *exchange) showForm(returnTo string) error {
	content := page{"Sign in", returnTo, template.CSS(pageStyle)} // the style is ours, and no input
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, content); err != nil {
		return err
	}
	targets := "'self' https:"
	if x.api.console.Insecure {
		targets += " http://localhost:* http://127.0.0.1:*"
	}
	sum := sha256.Sum256([]byte(pageStyle))
	x.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+
		"'; form-action "+targets+"; base-uri 'none'; frame-ancestors 'none'")
	x.send(http.StatusOK, "text/html; charset=utf-8", b.Bytes())
	return nil
}
