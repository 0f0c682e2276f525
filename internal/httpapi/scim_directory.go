package httpapi

import (
	"encoding/json"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/stoa-lrs/stoa/internal/authn"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/ratelimit"
	"github.com/stoa-lrs/stoa/internal/scim"
)

const scimPrefix = "/scim/v2/"

// isSCIM reports whether path speaks SCIM: with its media type, its errors, and
// to the tenant's directory only.
func isSCIM(path string) bool { return strings.HasPrefix(path, scimPrefix) }

// scimRoutes are for the directory of a tenant (RFC 7644).
func (a *API) scimRoutes() []route {
	const (
		get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete

		of     = scimPrefix + ":tenant"
		users  = of + "/Users"
		groups = of + "/Groups"
	)
	return []route{
		{get, users, authz.SCIM, a.listSCIMUsers, ofDirectory},
		{post, users, authz.SCIM, a.createSCIMUser, ofDirectory},
		{get, users + "/:id", authz.SCIM, a.getSCIMUser, ofDirectory},
		{put, users + "/:id", authz.SCIM, a.replaceSCIMUser, ofDirectory},
		{patch, users + "/:id", authz.SCIM, a.patchSCIMUser, ofDirectory},
		{del, users + "/:id", authz.SCIM, a.deleteSCIMUser, ofDirectory},

		{get, groups, authz.SCIM, a.listSCIMGroups, ofDirectory},
		{post, groups, authz.SCIM, a.createSCIMGroup, ofDirectory},
		{get, groups + "/:id", authz.SCIM, a.getSCIMGroup, ofDirectory},
		{put, groups + "/:id", authz.SCIM, a.replaceSCIMGroup, ofDirectory},
		{patch, groups + "/:id", authz.SCIM, a.patchSCIMGroup, ofDirectory},
		{del, groups + "/:id", authz.SCIM, a.deleteSCIMGroup, ofDirectory},

		{get, of + "/ServiceProviderConfig", authz.SCIM, a.getSCIMConfig, ofDirectory},
		{get, of + "/ResourceTypes", authz.SCIM, a.getSCIMResourceTypes, ofDirectory},
		{get, of + "/Schemas", authz.SCIM, a.getSCIMSchemas, ofDirectory},
	}
}

// admitDirectory is admit for SCIM: by the token of the directory of the tenant
// that the path names, and nothing else. A cookie is not looked at, so no page
// of another site can make a browser do anything here. Another tenant's token
// is told what an unknown one is told. The directory holds nothing in the
// tenant's policies: what its token is for is all it may do.
func (a *API) admitDirectory(x *exchange, r route) error {
	kind, token, _ := strings.Cut(x.request.Header.Get("Authorization"), " ")
	if !strings.EqualFold(kind, "Bearer") {
		return fault.New(fault.Unauthenticated, "send the directory's token as Authorization: Bearer")
	}
	p, err := a.console.Tokens.Bearer(x.context(), strings.TrimSpace(token))
	if err != nil {
		return err
	}
	if !p.SCIM() || p.Slug != x.gin.Param("tenant") || !slices.Contains(p.Only, r.action) {
		return fault.New(fault.Unauthenticated, "the access token is not valid")
	}
	x.caller = &caller{person: p, people: []*authn.Person{p}, tenant: p.Tenant}
	x.as(p, x.from())
	if err := a.charge(x, ratelimit.Request{Tenant: p.Tenant, Key: -p.Token, Requests: 1}); err != nil {
		return err
	}
	if x.query, err = parameters(x.request); err != nil {
		return err
	}
	return a.console.description.check(x, r)
}

// directoryURL is where the directory of a tenant finds SCIM.
func (a *API) directoryURL(slug string) string { return a.console.public(scimPrefix + slug) }

// scimURL is that of the exchange's tenant.
func (x *exchange) scimURL() string { return x.api.directoryURL(x.gin.Param("tenant")) }

// answerSCIM writes a resource or a list.
func (x *exchange) answerSCIM(status int, model any) error {
	body, err := json.Marshal(model)
	if err != nil {
		return err
	}
	x.send(status, scim.MediaType, body)
	return nil
}

// answerResource writes one resource: with its place, and its version in the
// header too; 304 to who has that version.
func (x *exchange) answerResource(status int, m *scim.Meta, model any) error {
	h := x.Header()
	h.Set("Etag", m.Version)
	if status == http.StatusCreated {
		h.Set("Location", m.Location)
	}
	if x.request.Method == http.MethodGet && x.request.Header.Get("If-None-Match") == m.Version {
		x.writer().WriteHeader(http.StatusNotModified)
		return nil
	}
	return x.answerSCIM(status, model)
}

// scimProblem writes p as SCIM has errors (RFC 7644 3.12).
func (x *exchange) scimProblem(err error, p problem) {
	b := scim.Problem(err, p.Status)
	b.Detail = p.Detail
	if places, ok := p.Violations.([]place); ok {
		for _, at := range places {
			b.Detail += "; " + at.Path + ": " + at.Rule
		}
	}
	h := x.Header()
	h.Del("Etag")
	if p.Status == http.StatusUnauthorized {
		h.Set("Www-Authenticate", `Bearer realm="Stoa"`)
	}
	if err := x.answerSCIM(p.Status, b); err != nil { // texts only: it cannot
		panic(err)
	}
}

// receiveSCIM reads the body of x and makes of it what parse does.
func receiveSCIM[T any](x *exchange, parse func([]byte) (T, error)) (made T, err error) {
	if !declares(x.request, scim.MediaType, "application/json") {
		return made, &refusal{http.StatusUnsupportedMediaType, "unsupported_media_type", "send the body as " + scim.MediaType + ", in UTF-8"}
	}
	body, err := x.readBody(maxJSON)
	if err != nil {
		return made, err
	}
	err = x.parse(len(body), func() error {
		made, err = parse(body)
		return err
	})
	return made, err
}

// declares reports whether the body of r is said to be of one of these types,
// in UTF-8.
func declares(r *http.Request, kinds ...string) bool {
	kind, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := parameters["charset"]
	return err == nil && slices.Contains(kinds, kind) && (charset == "" || strings.EqualFold(charset, "utf-8"))
}

// scimID reads the id in the path.
func (x *exchange) scimID(kind string) (int64, error) {
	n, ok := id.Parse(x.gin.Param("id"))
	if !ok {
		return 0, fault.New(fault.NotFound, "there is no such %s", kind)
	}
	return n, nil
}

// scimVersion returns the version that the directory has seen, 0 when it does
// not say: the protocol leaves it the choice (RFC 7644 3.14).
func (x *exchange) scimVersion() (int64, error) {
	header := strings.TrimSpace(x.request.Header.Get("If-Match"))
	if header == "" || header == "*" {
		return 0, nil
	}
	text := strings.Trim(strings.TrimPrefix(header, "W/"), `"`)
	version, err := strconv.ParseInt(text, 10, 64)
	if err != nil || version < 1 || scim.ETag(version) != header && scim.ETag(version) != "W/"+header {
		return 0, fault.New(fault.PreconditionFailed, "it has changed meanwhile: read it again")
	}
	return version, nil
}

// scimQuery reads what a list is asked for.
func (x *exchange) scimQuery() (*scim.Filter, scim.Page, error) {
	page, err := scim.ParsePage(x.query.Get("startIndex"), x.query.Get("count"))
	if err != nil || x.query.Get("filter") == "" {
		return nil, page, err
	}
	f, err := scim.ParseFilter(x.query.Get("filter"))
	return f, page, err
}

func (a *API) getSCIMConfig(x *exchange) error {
	return x.answerSCIM(http.StatusOK, scim.ServiceProviderConfig(x.scimURL()))
}

func (a *API) getSCIMResourceTypes(x *exchange) error {
	return x.answerSCIM(http.StatusOK, wholeList(scim.ResourceTypes(x.scimURL())))
}

func (a *API) getSCIMSchemas(x *exchange) error {
	return x.answerSCIM(http.StatusOK, wholeList(scim.Schemas(x.scimURL())))
}

func wholeList[T any](items []T) scim.List[T] {
	return scim.NewList(items, len(items), scim.Page{Start: 1})
}
