package xapi

import (
	"crypto/rand"
	"io"
	"strings"
)

// MultipartWriter writes a multipart/mixed answer: statements and the contents
// of their attachments. mime/multipart will not do: it respells
// X-Experience-API-Hash and puts a line break after the last boundary, and
// real clients stumble over either.
type MultipartWriter struct {
	w        io.Writer
	boundary string
	err      error
}

// NewMultipartWriter returns a writer with a boundary of its own, which nobody
// who chose the contents could have foreseen.
func NewMultipartWriter(w io.Writer) *MultipartWriter {
	return &MultipartWriter{w: w, boundary: "stoa-" + rand.Text()}
}

// ContentType is the header of the whole: the boundary comes last and
// unquoted, since clients split it off at "boundary=".
func (m *MultipartWriter) ContentType() string {
	return "multipart/mixed; boundary=" + m.boundary
}

// Statements writes the first part, a statement or a StatementResult: to be
// called first, once.
func (m *MultipartWriter) Statements(text []byte) error {
	m.write("--" + m.boundary + "\r\nContent-Type: application/json\r\n\r\n")
	if m.err == nil {
		_, m.err = m.w.Write(text)
	}
	return m.err
}

// Attachment writes one content, copied from r. contentType is what the
// statement says; anything that is no header value becomes
// application/octet-stream.
func (m *MultipartWriter) Attachment(sha2, contentType string, r io.Reader) error {
	if !headerValue(contentType) {
		contentType = "application/octet-stream"
	}
	m.write("\r\n--" + m.boundary +
		"\r\nContent-Type: " + contentType +
		"\r\nContent-Transfer-Encoding: binary" +
		"\r\n" + HashHeader + ": " + sha2 + "\r\n\r\n")
	if m.err == nil {
		_, m.err = io.Copy(m.w, r)
	}
	return m.err
}

// Close writes the last boundary, and nothing after it. It does not close the
// writer below. After any error the answer is never closed: a reader must not
// take it for complete.
func (m *MultipartWriter) Close() error {
	m.write("\r\n--" + m.boundary + "--")
	return m.err
}

func (m *MultipartWriter) write(s string) {
	if m.err == nil {
		_, m.err = io.WriteString(m.w, s)
	}
}

// headerValue reports whether s may stand in a header: statements are written
// by clients, and a line break would let them write headers and parts too.
func headerValue(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}
