package httpapi

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

//go:embed console_auth_page.css
var pageStyle string

//go:embed console_auth_page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// page is what people see who are not signed in: the form that asks where they
// belong, or why they could not come in. It needs no script.
type page struct {
	Title, Detail, Next string
	Places              []place // what of the request was wrong
	Form                bool    // asks for a tenant or an address
	Again               bool    // leads to the form
	ReturnTo, RequestID string
	Style               template.CSS
}

// pageFor says what to do about a problem, by its code.
var pageFor = map[string]page{
	"invalid":            {Title: "This sign-in did not work", Again: true},
	"unauthenticated":    {Title: "You are not signed in", Next: "Begin again. If it happens again, ask the people who run your organisation's sign-in.", Again: true},
	"forbidden":          {Title: "You cannot sign in here", Next: "An admin of your organisation can invite you or give you a role."},
	"not_found":          {Title: "No such organisation", Next: "Look at the spelling, or ask an admin of your organisation for the link.", Again: true},
	"method_not_allowed": {Title: "Visit this page", Next: "Follow the link in your browser."},
	"rate_limited":       {Title: "Too many attempts", Next: "Wait a little, then begin again."},
	"unavailable":        {Title: "Not available at the moment", Next: "Nothing is lost. Wait a little, then begin again.", Again: true},
	"internal":           {Title: "Something went wrong here", Next: "Begin again. If it happens again, report the request id.", Again: true},
}

// wantsPage reports whether the answer to an error is for people: on the way of
// a browser, unless it asks for JSON.
func (x *exchange) wantsPage() bool {
	switch x.route {
	case signInPath, callbackPath, recoverPath:
		accept := x.request.Header.Get("Accept")
		return strings.Contains(accept, "text/html") || !strings.Contains(accept, "json")
	}
	return false
}

// problemPage writes p as the whole answer, for people.
func (x *exchange) problemPage(p problem) {
	shown, known := pageFor[p.Code]
	if !known {
		shown = page{Title: http.StatusText(p.Status)}
	}
	first, size := utf8.DecodeRuneInString(p.Detail)
	shown.Detail = string(unicode.ToUpper(first)) + p.Detail[size:] + "."
	shown.Places, _ = p.Violations.([]place)
	if x.route == recoverPath && p.Code == "forbidden" {
		shown.Next = "A recovery link works once, for 15 minutes. Whoever runs this service can make another one."
	}
	if p.Status == http.StatusUnauthorized {
		x.Header().Set("Www-Authenticate", `Bearer realm="Stoa"`)
	}
	if err := x.showPage(p.Status, shown); err != nil {
		x.problem(p)
	}
}

// showPage answers with a page. Its form may lead anywhere by https: browsers
// hold to the policy also the redirect that follows, to the provider.
func (x *exchange) showPage(status int, content page) error {
	content.Style, content.RequestID = template.CSS(pageStyle), x.id // ours, and no input
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, content); err != nil {
		return err
	}
	targets := "'none'"
	if content.Form {
		targets = "'self' https:"
		if x.api.console.Insecure {
			targets += " http://localhost:* http://127.0.0.1:*"
		}
	}
	sum := sha256.Sum256([]byte(pageStyle))
	x.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+
		"'; form-action "+targets+"; base-uri 'none'; frame-ancestors 'none'")
	x.send(status, "text/html; charset=utf-8", b.Bytes())
	return nil
}
