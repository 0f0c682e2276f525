package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"gocloud.dev/blob"
	"golang.org/x/sync/semaphore"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/authn"
	"github.com/stoa-lrs/stoa/internal/lrs"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/ratelimit"
	"github.com/stoa-lrs/stoa/internal/usage"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// Config is what the API is made of. All pointers are needed that do not say otherwise.
type Config struct {
	DB      *postgres.DB
	LRS     *lrs.LRS
	Authn   *authn.Authenticator
	Limiter *ratelimit.Limiter
	Logger  *slog.Logger
	Metrics *Metrics

	// MoreKeys sign links to more results, by the version of the server's
	// secret that they come from; MoreVersion signs new ones.
	MoreKeys    map[int16][]byte
	MoreVersion int16

	// BasePath is what a proxy in front takes off the path of requests: it
	// stands before the links we return. "" or "/path".
	BasePath       string
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed; nil: nobody's
	CORSOrigins    []string       // whose scripts may call; "*" is every one
	Limits         Limits         // zero fields: see Limits

	Uses    *audit.Uses  // what API keys are used for; nil: nobody counts
	Meter   *usage.Meter // of requests and reads; nil: nobody counts
	Anchors *blob.Bucket // where seals of the audit log are anchored; nil: nowhere

	Console Console // the zero Console answers nothing under /admin, /api, /auth and /docs
}

// API answers every request of one process. It is safe for concurrent use.
type API struct {
	Config
	engine   *gin.Engine
	more     *moreTokens
	cors     cors
	memory   *memory
	parsing  *semaphore.Weighted // see exchange.parse
	through  *through
	console  *console // nil: none
	auditing *auditing
	draining atomic.Bool
}

// New checks the routes and returns the API.
func New(c Config) (*API, error) {
	if c.MoreKeys[c.MoreVersion] == nil {
		return nil, errors.New("no key of the current version for links to more results")
	}
	c.Limits = c.Limits.orDefaults()
	a := &API{
		Config: c, more: &moreTokens{c.MoreKeys, c.MoreVersion}, cors: newCORS(c.CORSOrigins), through: newThrough(),
		memory: newMemory(c.Limits.BodyMemory), parsing: semaphore.NewWeighted(parseTogether), auditing: newAuditing(c.Console.Clock),
	}
	if c.Console.Policies != nil {
		var err error
		if a.console, err = newConsole(c.Console, c.BasePath); err != nil {
			return nil, err
		}
	}
	gin.SetMode(gin.ReleaseMode)
	a.engine = gin.New()
	a.engine.HandleMethodNotAllowed = true
	a.engine.RedirectTrailingSlash = false // a redirected POST loses its body with many clients
	a.engine.RemoveExtraSlash = true       // endpoints configured with and without a slash at the end
	a.engine.ForwardedByClientIP = false   // see remoteAddress
	if err := a.mount(a.routes()); err != nil {
		return nil, err
	}
	a.engine.NoRoute(func(g *gin.Context) { a.unrouted(g, http.StatusNotFound) })
	a.engine.NoMethod(func(g *gin.Context) { a.unrouted(g, http.StatusMethodNotAllowed) })
	return a, nil
}

// Drain makes /readyz say that no new requests should come: those that come
// are still answered.
func (a *API) Drain() { a.draining.Store(true) }

const xapiPrefix = "/xapi"

// isXAPI reports whether the rules of xAPI hold for path.
func isXAPI(path string) bool {
	rest, ok := strings.CutPrefix(path, xapiPrefix)
	return ok && (rest == "" || rest[0] == '/')
}

// ServeHTTP is what happens to every request, whatever its path.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r, ok := onePath(r)
	x := &exchange{ResponseWriter: w, api: a, began: time.Now(), id: requestID(r.Header.Get(requestIDHeader))}
	x.request = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x))
	x.remote = remoteAddress(r, a.TrustedProxies)
	x.sends = r.ContentLength != 0
	a.Metrics.inFlight.Inc()
	defer a.finish(x)

	h := w.Header()
	h.Set(requestIDHeader, x.id)
	h.Set("X-Content-Type-Options", "nosniff")
	a.onlyTLS(h, r)
	if isXAPI(r.URL.Path) {
		x.version = xapi.V2
		if v, err := negotiate(r); err == nil {
			x.version = v
		}
		h.Set(xapi.VersionHeader, x.version.String())
	}
	switch {
	case !ok:
		secure(h)
		x.unknown()
		return
	case !isXAPI(r.URL.Path):
		secure(h)
	default:
		if a.cors.apply(h, r) {
			x.route = "(preflight)"
			x.WriteHeader(http.StatusNoContent)
			return
		}
		if err := a.alternate(x); err != nil {
			x.route = "(alternate)"
			x.fail(err)
			return
		}
	}
	a.engine.ServeHTTP(x, x.request)
}

// negotiate returns the version that r asks for. Several headers ask for none:
// which of them a proxy on the way has read, nobody knows.
func negotiate(r *http.Request) (xapi.Version, error) {
	return xapi.Negotiate(strings.Join(r.Header.Values(xapi.VersionHeader), ", "))
}

// unrouted answers what the table does not know. gin has set Allow for a 405.
func (a *API) unrouted(g *gin.Context, status int) {
	x := exchangeOf(g.Request.Context())
	x.gin = g
	if status == http.StatusMethodNotAllowed {
		x.route, x.code = "(method)", "method_not_allowed"
		x.problem(problem{Status: status, Code: x.code, Detail: g.Request.Method + " is not possible here; the header Allow lists what is"})
		return
	}
	x.unknown()
}

func (x *exchange) unknown() {
	x.route, x.code = "(unknown)", "not_found"
	x.problem(problem{Status: http.StatusNotFound, Code: x.code, Detail: "there is no such resource"})
}
