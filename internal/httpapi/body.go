package httpapi

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// A body must arrive at this pace on average, after a grace: slow honest
// uploads do, a client that holds a connection with a byte now and then does not.
const (
	readGrace = 20 * time.Second
	readPace  = 1 << 10 // bytes a second
)

// bodyReader reads the body of a request: bounded, as fast as the pace asks
// for, and decompressed. Its errors are faults.
type bodyReader struct {
	x        *exchange
	source   io.ReadCloser // of net/http
	began    time.Time
	deadline time.Time
	read     int64 // bytes as they came
	ended    bool  // all of it has come
	limit    int64
	unzipped *gzip.Reader // nil: not compressed
	given    int64        // bytes handed out, if compressed
}

// unreadGrace is how long the rest of a body that nobody wants may hold the
// answer back: net/http reads some of it first, so that a client that writes
// before it reads hears why it was refused.
const unreadGrace = 2 * time.Second

// leaveBody is for the moment before the answer: what has not come by now is not
// waited for.
func (x *exchange) leaveBody() {
	if x.sends && (x.body == nil || !x.body.ended) {
		readUntil(x.ResponseWriter, time.Now().Add(unreadGrace))
	}
}

// readUntil sets the deadline for reading from the client; zero is none. Where
// there are no deadlines the server's own have to do.
func readUntil(w http.ResponseWriter, at time.Time) {
	_ = http.NewResponseController(w).SetReadDeadline(at)
}

// bodiesInTime gives every body its first deadline, whoever reads it, or nobody. A
// request without one gets none: it may be answered for longer.
func bodiesInTime(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			readUntil(w, time.Now().Add(readGrace))
		}
		h.ServeHTTP(w, r)
	})
}

// openBody returns the body of x's request, no more than limit bytes of it,
// compressed or not; kept is how many the handler keeps in memory at most, which
// is reserved for it (memory.go). Nothing has been read before: a refused request
// costs no upload.
func (x *exchange) openBody(limit, kept int64) (io.Reader, error) {
	r := x.request
	if r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	b := &bodyReader{x: x, source: r.Body, began: time.Now(), limit: limit}
	x.body = b
	switch encoding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))); encoding {
	case "", "identity":
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(readerFunc(b.compressed))
		if err != nil {
			return nil, b.fault(err)
		}
		b.unzipped = z
	default:
		return nil, fault.New(fault.Invalid, "Content-Encoding %q is not understood here: send gzip, or none", encoding[:min(len(encoding), 32)])
	}
	if err := x.reserve(x.expected(kept)); err != nil {
		return nil, err
	}
	return &growing{x: x, from: b, limit: kept}, nil
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// Read reads the decompressed body.
func (b *bodyReader) Read(p []byte) (int, error) {
	if b.unzipped == nil {
		n, err := b.compressed(p)
		return n, b.fault(err)
	}
	n, err := b.unzipped.Read(p)
	if b.given += int64(n); b.given > b.limit {
		return 0, tooLarge(b.limit)
	}
	return n, b.fault(err)
}

// compressed reads the body as it came.
func (b *bodyReader) compressed(p []byte) (int, error) {
	if due := b.began.Add(readGrace + time.Duration(b.read)*time.Second/readPace); due.Sub(b.deadline) > time.Second {
		b.deadline = due
		readUntil(b.x.ResponseWriter, due)
	}
	n, err := b.source.Read(p)
	if b.read += int64(n); b.read > b.limit {
		return 0, tooLarge(b.limit)
	}
	if err == io.EOF {
		b.ended = true
		// net/http goes on reading to notice that the client leaves, and a deadline would look like that.
		readUntil(b.x.ResponseWriter, time.Time{})
	}
	return n, err
}

// fault says what a failure to read means.
func (b *bodyReader) fault(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fault.Wrap(fault.Invalid, err, "the body came too slowly")
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum):
		return fault.Wrap(fault.Invalid, err, "the body is not gzip as Content-Encoding says")
	}
	return fault.Wrap(fault.Invalid, err, "the body ended before its end, or is not as announced")
}

func tooLarge(limit int64) error {
	return fault.New(fault.TooLarge, "the body is larger than %d bytes, which is the most that is accepted here", limit)
}

// received is how many bytes of body came.
func (x *exchange) received() int64 {
	if x.body == nil {
		return 0
	}
	return x.body.read
}

// readBody returns the whole body.
func (x *exchange) readBody(limit int64) ([]byte, error) {
	reader, err := x.openBody(limit, limit)
	if err != nil {
		return nil, err
	}
	// What the header announces is believed up to a point only.
	const believed = 1 << 20
	var buffer bytes.Buffer
	if expected := x.request.ContentLength; expected > 0 {
		buffer.Grow(int(min(expected, believed)) + bytes.MinRead)
	}
	if _, err := buffer.ReadFrom(reader); err != nil {
		return nil, err
	}
	return buffer.Bytes(), nil
}
