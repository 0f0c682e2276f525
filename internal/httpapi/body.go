package httpapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"golang.org/x/sync/semaphore"

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
	source   io.ReadCloser // of net/http
	control  *http.ResponseController
	began    time.Time
	deadline time.Time
	read     int64 // bytes as they came
	limit    int64
	unzipped *gzip.Reader // nil: not compressed
	given    int64        // bytes handed out, if compressed
}

// openBody returns the body of x's request, no more than limit bytes of it,
// compressed or not. Nothing has been read before: a refused request costs no
// upload.
func (x *exchange) openBody(limit int64) (io.Reader, error) {
	r := x.request
	if r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	b := &bodyReader{source: r.Body, control: http.NewResponseController(x.ResponseWriter), began: time.Now(), limit: limit}
	x.body = b
	switch encoding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))); encoding {
	case "", "identity":
		return b, nil
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(readerFunc(b.compressed))
		if err != nil {
			return nil, b.fault(err)
		}
		b.unzipped = z
		return b, nil
	default:
		return nil, fault.New(fault.Invalid, "Content-Encoding %q is not understood here: send gzip, or none", encoding[:min(len(encoding), 32)])
	}
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
		_ = b.control.SetReadDeadline(due) // where there are no deadlines the server's own has to do
	}
	n, err := b.source.Read(p)
	if b.read += int64(n); b.read > b.limit {
		return 0, tooLarge(b.limit)
	}
	if err == io.EOF {
		b.relax()
	}
	return n, err
}

// relax takes the deadline off: after a body, net/http goes on reading to
// notice that the client leaves, and a deadline would look like that.
func (b *bodyReader) relax() {
	if !b.deadline.IsZero() {
		b.deadline = time.Time{}
		_ = b.control.SetReadDeadline(time.Time{})
	}
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

// readBody returns the whole body. The memory for it is taken from that of the
// process and given back when the exchange ends.
func (x *exchange) readBody(limit int64) ([]byte, error) {
	reader, err := x.openBody(limit)
	if err != nil {
		return nil, err
	}
	expected := x.request.ContentLength
	if err := x.reserve(expected, limit); err != nil {
		return nil, err
	}
	// What the header announces is believed up to a point only.
	const believed = 1 << 20
	var buffer bytes.Buffer
	if expected > 0 {
		buffer.Grow(int(min(expected, believed)) + bytes.MinRead)
	}
	if _, err := buffer.ReadFrom(reader); err != nil {
		return nil, err
	}
	return buffer.Bytes(), nil
}

// memory bounds the bytes of bodies that all requests hold together.
type memory struct {
	total int64
	free  *semaphore.Weighted
}

func newMemory(total int64) *memory { return &memory{total, semaphore.NewWeighted(total)} }

const (
	memoryWait = 10 * time.Second
	memoryFree = 64 << 10 // a body this small does not count

	parseTogether = 8 << 20 // bytes of bodies; one that is larger is alone
)

// reserve takes memory for a body: as announced, or if that says little, the limit.
func (x *exchange) reserve(announced, limit int64) error {
	size := announced
	if size < 0 || x.body.unzipped != nil {
		size = limit
	}
	if size <= memoryFree {
		return nil
	}
	size = min(size, x.api.memory.total)
	ctx, cancel := context.WithTimeout(x.context(), memoryWait)
	defer cancel()
	if err := x.api.memory.free.Acquire(ctx, size); err != nil {
		return fault.Wrap(fault.Unavailable, err, "too many large requests are under way; send this one again")
	}
	x.reserved += size
	return nil
}

// parse runs fn, which takes bodies of size bytes apart: that may need memory of
// many times their size (58 times for a body of the smallest values). So no
// more than parseTogether bytes are worked at together; the others wait.
func (x *exchange) parse(size int, fn func() error) error {
	if size > memoryFree {
		weight := min(int64(size), parseTogether)
		if err := x.api.parsing.Acquire(x.context(), weight); err != nil {
			return fault.Wrap(fault.Unavailable, err, "the request ended while others were worked at; send it again")
		}
		defer x.api.parsing.Release(weight)
	}
	return fn()
}

// releaseBody gives the memory back; nothing of the body may be used any more.
func (x *exchange) releaseBody() {
	if x.body != nil {
		x.body.relax()
	}
	if x.reserved > 0 {
		x.api.memory.free.Release(x.reserved)
		x.reserved = 0
	}
}
