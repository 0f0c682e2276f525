package httpapi

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"path"
	"slices"
	"strings"

	adminui "github.com/stoa-lrs/stoa/admin-ui"
	"github.com/stoa-lrs/stoa/internal/fault"
)

// docsFiles are the page that shows the description: made here once at the
// start, so that it needs no script to be read and no library to be trusted.
//
//go:embed docs/page.html docs/docs.css docs/docs.js
var docsFiles embed.FS

type docsOperation struct {
	ID          string `json:"operationId"`
	Tags        []string
	Summary     string
	Description string
	Action      string `json:"x-stoa-action"`
	Parameters  []struct {
		Ref string `json:"$ref"`
	}
	RequestBody struct {
		Content map[string]struct{ Schema jsonSchema }
	}
	Responses map[string]struct {
		Ref         string `json:"$ref"`
		Description string
	}

	Method, Path string
	Inputs       []docsParameter
	Body         string // example, indented
	Model        string
	Statuses     []string
}

type docsParameter struct {
	Name, In, Description string
	Required              bool
}

type docsTag struct {
	Name, Description string
	Operations        []*docsOperation
}

// docsPage renders the description.
func docsPage(text []byte) ([]byte, error) {
	var doc struct {
		Info       struct{ Title, Description string }
		Tags       []*docsTag
		Paths      map[string]map[string]json.RawMessage
		Components struct {
			Parameters map[string]docsParameter
			Schemas    map[string]struct{ Example json.RawMessage }
		}
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	for p, item := range doc.Paths {
		var shared struct {
			Parameters []struct {
				Ref string `json:"$ref"`
			}
		}
		if raw, ok := item["parameters"]; ok {
			if err := json.Unmarshal(raw, &shared.Parameters); err != nil {
				return nil, err
			}
		}
		for method, raw := range item {
			if method == "parameters" {
				continue
			}
			o := &docsOperation{Method: strings.ToUpper(method), Path: p}
			if err := json.Unmarshal(raw, o); err != nil {
				return nil, err
			}
			for _, ref := range append(slices.Clone(shared.Parameters), o.Parameters...) {
				o.Inputs = append(o.Inputs, doc.Components.Parameters[path.Base(ref.Ref)])
			}
			for _, content := range o.RequestBody.Content {
				o.Model = path.Base(content.Schema.Ref)
				var b bytes.Buffer
				if json.Indent(&b, doc.Components.Schemas[o.Model].Example, "", "  ") == nil {
					o.Body = b.String()
				}
			}
			for status := range o.Responses {
				o.Statuses = append(o.Statuses, status)
			}
			slices.Sort(o.Statuses)
			for _, t := range doc.Tags {
				if slices.Contains(o.Tags, t.Name) {
					t.Operations = append(t.Operations, o)
				}
			}
		}
	}
	for _, t := range doc.Tags {
		slices.SortFunc(t.Operations, func(a, b *docsOperation) int {
			if c := strings.Compare(a.Path, b.Path); c != 0 {
				return c
			}
			return strings.Compare(a.Method, b.Method)
		})
	}
	page, err := template.New("page.html").Funcs(template.FuncMap{"prose": prose}).ParseFS(docsFiles, "docs/page.html")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = page.Execute(&b, doc)
	return b.Bytes(), err
}

var marks = strings.NewReplacer("**", "\x00b", "`", "\x00c")

// prose is what the description says, where it marks words as Markdown does:
// **bold** and `code`. Nothing else of it is used.
func prose(text string) template.HTML {
	opened := map[byte]bool{}
	parts := strings.Split(marks.Replace(text), "\x00")
	out := template.HTMLEscapeString(parts[0])
	for _, part := range parts[1:] {
		tag := map[byte]string{'b': "strong", 'c': "code"}[part[0]]
		if opened[part[0]] {
			tag = "/" + tag
		}
		opened[part[0]] = !opened[part[0]]
		out += "<" + tag + ">" + template.HTMLEscapeString(part[1:])
	}
	return template.HTML(out)
}

// home is where a sign-in ends that was to lead nowhere else, and a sign-out.
func (a *API) home(x *exchange) error { return x.seeOther(a.BasePath + adminui.Path + "/") }

// admin hands out the console's files. What they show, they ask /api/v1 for.
func (a *API) admin(x *exchange) error {
	a.console.pages.ServeHTTP(x, x.request)
	return nil
}

// docs shows the description for people to read and try.
func (a *API) docs(x *exchange) error {
	x.send(http.StatusOK, "text/html; charset=utf-8", a.console.docs)
	return nil
}

func (a *API) docsFile(x *exchange) error {
	name, kinds := x.gin.Param("file"), map[string]string{"docs.css": "text/css; charset=utf-8", "docs.js": "text/javascript; charset=utf-8"}
	if kinds[name] == "" {
		return fault.New(fault.NotFound, "there is no such resource")
	}
	content, err := docsFiles.ReadFile("docs/" + name)
	if err != nil {
		return err
	}
	x.send(http.StatusOK, kinds[name], content)
	return nil
}
