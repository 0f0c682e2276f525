package httpapi

import (
	"bytes"
	"errors"
	"io"
	"mime"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

// signatureBytes is the most that a signature may be long: it holds its
// statement and a few certificates.
const signatureBytes = 4 << 20

// receive reads the statements of x: decoded, valid, within their rate, signed
// as they say, with the contents of their attachments stored. Contents have no
// effect until a statement that names them is.
func (a *API) receive(x *exchange) (*xapi.Batch, error) {
	contentType := x.request.Header.Get("Content-Type")
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil && media == "" {
		return nil, errStatementsType()
	}
	var batch *xapi.Batch
	switch media {
	case "application/json":
		batch, err = a.receiveJSON(x)
	case "multipart/mixed":
		batch, err = a.receiveMultipart(x, contentType)
	default:
		return nil, errStatementsType()
	}
	if err != nil {
		return nil, err
	}
	if !x.mayDefine() {
		for i := range batch.Statements {
			batch.Statements[i].Definitions = nil
		}
	}
	return batch, nil
}

func errStatementsType() error {
	return fault.New(fault.Invalid, "statements come with Content-Type application/json, or multipart/mixed with their attachments")
}

func (a *API) receiveJSON(x *exchange) (*xapi.Batch, error) {
	body, err := x.readBody(a.Limits.Body)
	if err != nil {
		return nil, err
	}
	batch, err := a.decode(x, body)
	if err != nil {
		return nil, err
	}
	if err := xapi.RequireFileURLs(batch); err != nil {
		return nil, err
	}
	return batch, signaturesOf(batch).missing()
}

func (a *API) receiveMultipart(x *exchange, contentType string) (*xapi.Batch, error) {
	body, err := x.openBody(a.Limits.Attachments, a.Limits.Body)
	if err != nil {
		return nil, err
	}
	reader, err := xapi.NewMultipartReader(contentType, body, xapi.MultipartLimits{Statements: a.Limits.Body, Attachment: a.Limits.Attachment})
	if err != nil {
		return nil, err
	}
	text, err := reader.Statements()
	if err != nil {
		return nil, err
	}
	batch, err := a.decode(x, text)
	if err != nil {
		return nil, err
	}
	reader.Expect(batch)
	signatures := signaturesOf(batch)
	for {
		part, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return batch, signatures.missing()
		}
		if err != nil {
			return nil, err
		}
		if err := a.receivePart(x, batch, signatures, part); err != nil {
			return nil, err
		}
	}
}

// receivePart stores the content of one attachment, and verifies it when it
// is a signature.
func (a *API) receivePart(x *exchange, batch *xapi.Batch, signatures signatures, part *xapi.Part) error {
	signed := signatures[part.SHA2]
	var content io.Reader = part
	if len(signed) > 0 {
		jws, err := io.ReadAll(io.LimitReader(part, signatureBytes))
		if err != nil {
			return err
		}
		for _, s := range signed {
			// The statement is decoded anew, and its payload too.
			if err := x.parse(len(jws), func() error { return verify(batch, s, x.version, jws) }); err != nil {
				return err
			}
		}
		delete(signatures, part.SHA2)
		content = io.MultiReader(bytes.NewReader(jws), part) // to its end: that verifies the hash
	}
	return a.LRS.PutAttachment(x.context(), x.author(), part.SHA2, content)
}

// decode decodes and charges the statements.
func (a *API) decode(x *exchange, text []byte) (*xapi.Batch, error) {
	var batch *xapi.Batch
	err := x.parse(len(text), func() (err error) {
		batch, err = xapi.Decode(text, x.version, xapi.Limits{Statements: a.Limits.Statements, Depth: a.Limits.Depth})
		return err
	})
	if err != nil {
		return nil, err
	}
	x.statements = len(batch.Statements)
	if err := a.limitStatements(x, len(batch.Statements)); err != nil {
		return nil, err
	}
	return batch, nil
}

// signatures are the attachments that sign a statement, by hash.
type signatures map[string][]signature

type signature struct {
	statement  int
	attachment xapi.Attachment
}

func signaturesOf(batch *xapi.Batch) signatures {
	var all signatures
	for i := range batch.Statements {
		for _, at := range batch.Statements[i].Signatures() {
			if all == nil {
				all = signatures{}
			}
			all[at.SHA2] = append(all[at.SHA2], signature{i, at})
		}
	}
	return all
}

// missing is Invalid when the content of a signature has not come: what it
// says cannot be taken for true.
func (s signatures) missing() error {
	if len(s) == 0 {
		return nil
	}
	f := fault.New(fault.Invalid, "a signature has no content")
	for _, all := range s {
		for _, one := range all {
			f.Violations = append(f.Violations, fault.Violation{
				Statement: one.statement, Path: "/attachments", Spec: "xAPI 1.0.3 Data 2.6",
				Rule: "the signature with sha2 " + one.attachment.SHA2 + " must come as a part of a multipart/mixed request",
			})
		}
	}
	return f
}

// verify checks one signature and says which statement it is about.
func verify(batch *xapi.Batch, s signature, v xapi.Version, jws []byte) error {
	err := xapi.VerifySignature(&batch.Statements[s.statement], v, s.attachment, jws)
	if f, ok := errors.AsType[*fault.Error](err); ok {
		for i := range f.Violations {
			f.Violations[i].Statement = s.statement
		}
	}
	return err
}
