package httpapi

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// An answer shorter than this gains nothing by compression.
const compressFrom = 1 << 10

// encoder takes the body of an answer and keeps it compressed until the end,
// so that its length is told, to a HEAD too. An answer of ours is one page or
// one document: what is kept is small.
type encoder interface {
	io.Writer
	// finish returns the compressed body; release gives its memory back.
	finish() (body []byte, release func())
}

// encoderFor decides whether the answer that x begins is compressed, and says
// so in its headers. The entity tag stays: it names a document, not its bytes
// on the way.
func (a *API) encoderFor(x *exchange, status int) encoder {
	h := x.Header()
	if !compressible(h.Get("Content-Type")) || h.Get("Content-Encoding") != "" || status == http.StatusNotModified {
		return nil
	}
	h.Add("Vary", "Accept-Encoding")
	length, err := strconv.Atoi(h.Get("Content-Length"))
	if err != nil || length < compressFrom { // unknown: written in pieces, perhaps without end
		return nil
	}
	name := chooseEncoding(x.request.Header.Get("Accept-Encoding"))
	if name == "" {
		return nil
	}
	h.Set("Content-Encoding", name)
	h.Del("Content-Length")
	pool := pools[name]
	p := pool.Get().(*pooled)
	p.buffer.Reset()
	p.writer.Reset(&p.buffer)
	return p
}

func compressible(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	switch media = strings.ToLower(strings.TrimSpace(media)); {
	case media == "application/json", media == "application/problem+json":
		return true
	case strings.HasPrefix(media, "text/"):
		return true
	}
	return false
}

// chooseEncoding returns the coding to use for an Accept-Encoding header
// (RFC 9110 12.5.3): that of the greatest weight, zstd before gzip among
// equals, "" for none.
func chooseEncoding(header string) string {
	if header == "" {
		return ""
	}
	weights := map[string]float64{}
	for entry := range strings.SplitSeq(header, ",") {
		name, parameters, _ := strings.Cut(entry, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		if name == "x-gzip" {
			name = "gzip"
		}
		weight := 1.0
		if q, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(parameters)), "q="); ok {
			parsed, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
			if err != nil || parsed < 0 || parsed > 1 {
				continue
			}
			weight = parsed
		}
		weights[name] = weight
	}
	best, bestWeight := "", 0.0
	for _, name := range [...]string{"zstd", "gzip"} {
		weight, named := weights[name]
		if !named {
			// "*" stands for what is not named; browsers mean gzip by it.
			weight = weights["*"]
		}
		if weight > bestWeight {
			best, bestWeight = name, weight
		}
	}
	if identity, named := weights["identity"]; named && identity > bestWeight {
		return ""
	}
	return best
}

// pooled is an encoder that is used again and again: their tables are larger
// than most answers.
type pooled struct {
	buffer bytes.Buffer
	writer interface {
		io.WriteCloser
		Reset(io.Writer)
	}
	pool *sync.Pool
}

// keptBuffer is the most that an idle encoder holds on to.
const keptBuffer = 256 << 10

var pools = func() map[string]*sync.Pool {
	gzips, zstds := &sync.Pool{}, &sync.Pool{}
	gzips.New = func() any {
		w, err := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
		if err != nil {
			panic(err) // the level is a constant
		}
		return &pooled{writer: w, pool: gzips}
	}
	zstds.New = func() any {
		w, err := zstd.NewWriter(io.Discard, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
			zstd.WithWindowSize(256<<10), zstd.WithLowerEncoderMem(true))
		if err != nil {
			panic(err) // the options are constants
		}
		return &pooled{writer: w, pool: zstds}
	}
	return map[string]*sync.Pool{"gzip": gzips, "zstd": zstds}
}()

func (p *pooled) Write(b []byte) (int, error) { return p.writer.Write(b) }

func (p *pooled) finish() ([]byte, func()) {
	_ = p.writer.Close() // into memory: it cannot fail
	return p.buffer.Bytes(), func() {
		if p.buffer.Cap() <= keptBuffer {
			p.pool.Put(p)
		}
	}
}
