package httpapi

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/stoa-lrs/stoa/internal/authn"
	"github.com/stoa-lrs/stoa/internal/authz"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// exchange is one request and its answer: what handlers work with, and what
// the log and the metrics tell afterwards. It is the ResponseWriter that gin
// and the handlers write to, and lives in the request's context.
type exchange struct {
	http.ResponseWriter
	api     *API
	request *http.Request // as routed: rewritten, if it came in the alternate syntax
	gin     *gin.Context  // nil before routing
	id      string
	began   time.Time
	remote  netip.Addr // of the client; zero: unknown

	route     string // template, "" until routed
	action    authz.Action
	version   xapi.Version
	query     url.Values       // set when admitted
	principal *authn.Principal // nil: nobody
	body      *bodyReader      // nil until opened
	caller    *caller          // of the console; nil: nobody
	held      held             // of the memory for bodies
	sends     bool             // a body comes with it

	wroteHeader bool
	bodiless    bool // a HEAD that came as a POST: net/http would send a body
	status      int
	sent        int64 // bytes of the body
	gone        bool  // the client: writing has failed
	allowed     int   // bytes until the deadline for writing is set anew
	encoder     encoder
	statements  int // received or returned
	err         error
	code        string
}

type exchangeKey struct{}

// exchangeOf returns the exchange that ctx belongs to.
func exchangeOf(ctx context.Context) *exchange { return ctx.Value(exchangeKey{}).(*exchange) }

func (x *exchange) context() context.Context { return x.request.Context() }

// WriteHeader begins the answer, once; later calls, as gin makes them, mean nothing.
func (x *exchange) WriteHeader(status int) {
	if x.wroteHeader {
		return
	}
	if status >= 100 && status < 200 {
		x.ResponseWriter.WriteHeader(status)
		return
	}
	x.wroteHeader, x.status = true, status
	x.encoder = x.api.encoderFor(x, status)
	if x.encoder == nil {
		x.begin()
	}
}

// begin sends the header.
func (x *exchange) begin() {
	if x.bodiless {
		x.Header().Set("Content-Length", "0") // of this answer; that of the GET cannot be told on a POST
	}
	x.allow(0)
	x.leaveBody()
	x.ResponseWriter.WriteHeader(x.status)
}

// Write writes a piece of the body.
func (x *exchange) Write(b []byte) (int, error) {
	if !x.wroteHeader {
		x.WriteHeader(http.StatusOK)
	}
	if x.encoder != nil {
		return x.encoder.Write(b)
	}
	return x.write(b)
}

// write sends b.
func (x *exchange) write(b []byte) (int, error) {
	if x.bodiless {
		return len(b), nil
	}
	x.allow(len(b))
	n, err := x.ResponseWriter.Write(b)
	x.sent += int64(n)
	x.gone = x.gone || err != nil
	return n, err
}

// Unwrap is for http.ResponseController.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// A client that does not read its answer at this pace is cut off: it holds memory.
const (
	writeGrace = 30 * time.Second
	writePace  = 16 << 10 // bytes a second
	writeSlice = 64 << 10 // bytes between looks at the clock
)

func (x *exchange) allow(bytes int) {
	if x.allowed -= bytes; x.allowed > 0 {
		return
	}
	x.allowed = writeSlice
	// Not every ResponseWriter has deadlines; then the server's own has to do.
	_ = http.NewResponseController(x.ResponseWriter).SetWriteDeadline(time.Now().Add(writeGrace + time.Duration(max(bytes, writeSlice))*time.Second/writePace))
}

// end sends what an encoder has kept back: now its length is known.
func (x *exchange) end() {
	if x.encoder == nil {
		return
	}
	body, release := x.encoder.finish()
	defer release()
	x.encoder = nil
	x.Header().Set("Content-Length", strconv.Itoa(len(body)))
	x.begin()
	_, _ = x.write(body) // an error here is the client's going away
}

// send writes a whole answer; its body may come in pieces. A HEAD is answered
// as a GET: net/http leaves the body out.
func (x *exchange) send(status int, contentType string, pieces ...[]byte) {
	length := 0
	for _, p := range pieces {
		length += len(p)
	}
	h := x.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(length))
	w := x.writer()
	w.WriteHeader(status)
	for _, p := range pieces {
		if _, err := w.Write(p); err != nil {
			return // the client has gone; the log tells by the number of bytes
		}
	}
}

// sendNothing answers 204.
func (x *exchange) sendNothing() error {
	w := x.writer()
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// sendJSON answers 200 with body.
func (x *exchange) sendJSON(body []byte) error {
	x.send(http.StatusOK, "application/json", body)
	return nil
}

// writer is gin's writer where there is one, so that gin knows it is answered.
func (x *exchange) writer() http.ResponseWriter {
	if x.gin != nil {
		return x.gin.Writer
	}
	return x
}
