package xapi

import (
	"bytes"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"mime"
	"mime/multipart"
	"strings"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// HashHeader names the content of an attachment part. Its spelling is that of
// the specification: clients compare it letter by letter.
const HashHeader = "X-Experience-API-Hash"

// MultipartLimits bound a multipart request. Zero is the default.
type MultipartLimits struct {
	Statements int64 // bytes of the first part; default 16 MiB
	Attachment int64 // bytes of each other part; default 64 MiB
	Parts      int   // how many other parts; default 1000
}

func (l MultipartLimits) orDefault() MultipartLimits {
	if l.Statements == 0 {
		l.Statements = 16 << 20
	}
	if l.Attachment == 0 {
		l.Attachment = 64 << 20
	}
	if l.Parts == 0 {
		l.Parts = 1000
	}
	return l
}

// MultipartReader reads a multipart/mixed statements request as it streams in:
// first the statements, then, once they are decoded, the contents of their
// attachments (xAPI 1.0.3 Communication 1.5.2, xAPI 2.0 4.1.3).
//
//	r, err := NewMultipartReader(contentType, body, limits)
//	text, err := r.Statements()
//	batch, err := Decode(text, …)
//	for r.Expect(batch); ; { part, err := r.Next(); … io.Copy(blob, part) }
type MultipartReader struct {
	parts    *multipart.Reader
	source   *source
	limits   MultipartLimits
	count    int
	part     *Part
	expected *contents
}

// NewMultipartReader returns a reader of body. It is Invalid when contentType
// is not multipart/mixed with a boundary.
func NewMultipartReader(contentType string, body io.Reader, l MultipartLimits) (*MultipartReader, error) {
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil || media != "multipart/mixed" {
		return nil, fault.New(fault.Invalid, "Content-Type %q is not multipart/mixed", abbreviate(contentType))
	}
	boundary := params["boundary"]
	if boundary == "" || len(boundary) > 70 {
		return nil, fault.New(fault.Invalid, "Content-Type multipart/mixed needs a boundary of 1 to 70 characters")
	}
	src := &source{r: body}
	r := &MultipartReader{parts: multipart.NewReader(src, boundary), source: src, limits: l.orDefault()}
	r.Expect(&Batch{})
	return r, nil
}

// source remembers why reading the request's body failed: that is the
// connection's or a limit's reason, not a fault in what was sent.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// wrong turns a failure to read into the fault it is.
func (r *MultipartReader) wrong(err error) error {
	if r.source.err != nil {
		return r.source.err
	}
	return fault.Wrap(fault.Invalid, err, "the body is not multipart/mixed as announced, or ends early")
}

// Statements returns the content of the first part, which must be
// application/json: to be called first, once. Errors are Invalid, TooLarge, or
// whatever reading the body gave.
func (r *MultipartReader) Statements() ([]byte, error) {
	part, err := r.parts.NextRawPart()
	if err != nil {
		return nil, r.wrong(err)
	}
	if media, _, err := mime.ParseMediaType(part.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return nil, fault.New(fault.Invalid, "the first part must be the statements, with Content-Type application/json")
	}
	switch strings.ToLower(part.Header.Get("Content-Transfer-Encoding")) {
	case "", "7bit", "8bit", "binary":
	default:
		return nil, fault.New(fault.Invalid, "the first part must not be encoded: Content-Transfer-Encoding is binary or absent")
	}
	var text bytes.Buffer
	n, err := io.Copy(&text, io.LimitReader(part, r.limits.Statements+1))
	switch {
	case err != nil:
		return nil, r.wrong(err)
	case n > r.limits.Statements:
		return nil, fault.New(fault.TooLarge, "the statements are larger than %d bytes", r.limits.Statements)
	}
	return text.Bytes(), nil
}

// Expect tells the attachments that the statements declare: parts are matched
// against these by their hash alone. To be called once, before Next; without
// it no part is expected at all.
func (r *MultipartReader) Expect(b *Batch) {
	r.expected = contentsOf(b)
}

// Next returns the next content, each hash once: further copies are verified
// and passed over. After the last it returns io.EOF, provided that every
// attachment without a fileUrl had its part; else Invalid. A part that no
// statement declares is Invalid, and so is one without its headers.
// What is left unread of the previous part is read and verified first.
func (r *MultipartReader) Next() (*Part, error) {
	for {
		if r.part != nil {
			if _, err := io.Copy(io.Discard, r.part); err != nil {
				return nil, err
			}
			r.part = nil
		}
		raw, err := r.parts.NextRawPart()
		if errors.Is(err, io.EOF) && r.source.err == nil {
			if err := r.expected.missing(); err != nil {
				return nil, err
			}
			return nil, io.EOF
		}
		if err != nil {
			return nil, r.wrong(err)
		}
		if r.count++; r.count > r.limits.Parts {
			return nil, fault.New(fault.TooLarge, "more than %d attachments", r.limits.Parts)
		}
		if r.part, err = r.open(raw); err != nil {
			return nil, err
		}
		if r.expected.receive(r.part.SHA2) {
			return r.part, nil
		}
	}
}

// open checks the headers of an attachment part.
func (r *MultipartReader) open(raw *multipart.Part) (*Part, error) {
	header := raw.Header
	sha2 := strings.ToLower(header.Get(HashHeader))
	switch {
	case sha2 == "":
		return nil, fault.New(fault.Invalid, "part %d has no %s", r.count, HashHeader)
	case !strings.EqualFold(header.Get("Content-Transfer-Encoding"), "binary"):
		return nil, fault.New(fault.Invalid, "part %d needs Content-Transfer-Encoding: binary", r.count)
	case header.Get("Content-Type") == "":
		return nil, fault.New(fault.Invalid, "part %d has no Content-Type", r.count)
	case !r.expected.declared(sha2):
		return nil, fault.New(fault.Invalid, "no statement declares an attachment with the sha2 %q of part %d", abbreviate(sha2), r.count)
	}
	digest := digestFor(sha2)
	if digest == nil {
		return nil, fault.New(fault.Invalid, "the sha2 %q of part %d is no SHA-2 in hexadecimal", abbreviate(sha2), r.count)
	}
	return &Part{SHA2: sha2, ContentType: header.Get("Content-Type"), reader: r, body: raw, digest: digest, number: r.count}, nil
}

// Part is the content of one attachment. Reading it to its end verifies it:
// only io.EOF says that it is what its hash promises. It is valid until the
// next call of Next.
type Part struct {
	SHA2        string // lowercase hexadecimal
	ContentType string // as sent

	reader *MultipartReader
	body   io.Reader
	digest hash.Hash
	number int
	size   int64
}

// Read reads the content. Beyond the errors of the body there are Invalid, at
// the end of a content that does not have the hash announced, and TooLarge.
func (p *Part) Read(b []byte) (int, error) {
	n, err := p.body.Read(b)
	p.digest.Write(b[:n])
	p.size += int64(n)
	switch {
	case p.size > p.reader.limits.Attachment:
		return n, fault.New(fault.TooLarge, "part %d is larger than %d bytes", p.number, p.reader.limits.Attachment)
	case err == io.EOF:
		if hex.EncodeToString(p.digest.Sum(nil)) != p.SHA2 {
			return n, fault.New(fault.Invalid, "the content of part %d does not have the hash of its %s", p.number, HashHeader)
		}
		return n, io.EOF
	case err != nil:
		return n, p.reader.wrong(err)
	}
	return n, nil
}
