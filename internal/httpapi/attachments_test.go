package httpapi_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/app"
)

func sha2(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

// attached is a statement with an attachment of that hash; fileURL may be "".
func attached(id, hash, fileURL string) string {
	if fileURL != "" {
		fileURL = fmt.Sprintf(`,"fileUrl":%q`, fileURL)
	}
	return strings.TrimSuffix(statement(id, "did"), "}") + fmt.Sprintf(
		`,"attachments":[{"usageType":"https://example.com/usage","display":{"en":"A"},"contentType":"application/x-thing","length":1,"sha2":%q%s}]}`, hash, fileURL)
}

// mixed is a multipart/mixed request.
func mixed(statements string, contents ...string) request {
	var b bytes.Buffer
	b.WriteString("--xyz\r\nContent-Type: application/json\r\n\r\n" + statements)
	for _, c := range contents {
		b.WriteString("\r\n--xyz\r\nContent-Type: application/x-thing\r\nContent-Transfer-Encoding: binary\r\nX-Experience-API-Hash: " + sha2(c) + "\r\n\r\n" + c)
	}
	b.WriteString("\r\n--xyz--\r\n")
	return request{method: "POST", path: "statements", body: b.String(), header: header("Content-Type", "multipart/mixed; boundary=xyz")}
}

// parts reads an answer as a client does.
func (a answer) parts() (statements string, contents map[string]string) {
	a.t.Helper()
	_, params, err := mime.ParseMediaType(a.is(http.StatusOK).header.Get("Content-Type"))
	require.NoError(a.t, err)
	require.True(a.t, bytes.HasSuffix(a.body, []byte("--"+params["boundary"]+"--")), "the answer ends exactly there")
	require.True(a.t, strings.HasSuffix(a.header.Get("Content-Type"), "; boundary="+params["boundary"]), "last and unquoted")
	r := multipart.NewReader(bytes.NewReader(a.body), params["boundary"])
	contents = map[string]string{}
	for {
		part, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return statements, contents
		}
		require.NoError(a.t, err)
		text, err := io.ReadAll(part)
		require.NoError(a.t, err)
		if hash := part.Header.Get("X-Experience-API-Hash"); hash != "" {
			require.Equal(a.t, "application/x-thing", part.Header.Get("Content-Type"))
			require.Equal(a.t, "binary", part.Header.Get("Content-Transfer-Encoding"))
			contents[hash] = string(text)
			continue
		}
		statements = string(text)
	}
}

func TestAttachmentsComeBackByteForByte(t *testing.T) {
	t.Parallel()
	s := setup(t)
	c := s.client()
	binary := "\x00\xff\r\n--xy\r\n" + strings.Repeat("\xfe", 70_000)
	one, two := uuid.NewString(), uuid.NewString()
	c.do(mixed("["+attached(one, sha2(binary), "")+","+attached(two, sha2("text"), "")+"]", binary, "text")).is(http.StatusOK)

	text, contents := c.do(request{path: "statements", query: values("statementId", one, "attachments", "true")}).parts()
	require.Contains(t, text, one)
	require.Equal(t, map[string]string{sha2(binary): binary}, contents)

	page := c.do(request{path: "statements", query: values("attachments", "true")})
	text, contents = page.parts()
	require.Contains(t, text, `"more":""`)
	require.Len(t, contents, 2)
	require.Contains(t, string(page.body), "X-Experience-API-Hash: ", "spelled as clients look for it")

	// The link keeps the wish for attachments.
	text, _ = c.do(request{path: "statements", query: values("attachments", "true", "limit", "1")}).parts()
	_, link, _ := strings.Cut(text, `"more":"`)
	text, contents = c.do(follow(t, strings.TrimSuffix(link, `"}`))).parts()
	require.Contains(t, text, one)
	require.Len(t, contents, 1)

	head := c.do(request{method: "HEAD", path: "statements", query: values("attachments", "true")}).is(http.StatusOK)
	require.True(t, strings.HasPrefix(head.header.Get("Content-Type"), "multipart/mixed; boundary="))

	// Without the wish it is plain JSON; without attachments multipart all the same.
	require.Equal(t, "application/json", c.do(request{path: "statements"}).header.Get("Content-Type"))
	_, contents = s.client().do(request{path: "statements", query: values("attachments", "true")}).parts()
	require.Empty(t, contents)
}

func TestPartsMustBeWhatTheStatementsDeclare(t *testing.T) {
	t.Parallel()
	s := setup(t)
	c := s.client()
	whole := attached("", sha2("text"), "")
	good := mixed(whole, "text")
	for name, bad := range map[string]request{
		"missing part":    mixed(whole),
		"undeclared part": mixed(whole, "text", "more"),
		"wrong content":   {method: "POST", path: "statements", header: good.header, body: strings.Replace(good.body, "\r\n\r\ntext", "\r\n\r\ntext!", 1)},
		"no hash":         {method: "POST", path: "statements", header: good.header, body: strings.Replace(good.body, "X-Experience-API-Hash", "X-Hash", 1)},
		"not binary":      {method: "POST", path: "statements", header: good.header, body: strings.Replace(good.body, "binary", "base64", 1)},
		"cut off":         {method: "POST", path: "statements", header: good.header, body: good.body[:len(good.body)-12]},
		"as JSON":         {method: "POST", path: "statements", body: whole},
	} {
		require.Equal(t, http.StatusBadRequest, c.do(bad).status, name)
	}
	require.Empty(t, c.do(request{path: "statements"}).result().Statements)
	c.do(good).is(http.StatusOK)
	c.do(request{method: "POST", path: "statements", body: attached("", sha2("elsewhere"), "https://example.com/file")}).is(http.StatusOK)
	c.do(mixed(statement("", "did"))).is(http.StatusOK)
}

// Knowing a hash is not having the content.
func TestAttachmentsStayInTheirStore(t *testing.T) {
	t.Parallel()
	s := setup(t)
	c, stranger := s.client(), s.client()
	hash := sha2("secret")
	c.do(mixed(attached("", hash, ""), "secret")).is(http.StatusOK)

	stranger.do(request{method: "POST", path: "statements", body: attached("", hash, "https://example.com/f")}).is(http.StatusOK)
	_, contents := stranger.do(request{path: "statements", query: values("attachments", "true")}).parts()
	require.Empty(t, contents)

	mine := s.key(c, "statements/write", "statements/read/mine")
	mine.do(request{method: "POST", path: "statements", body: attached("", hash, "https://example.com/f")}).is(http.StatusOK)
	_, contents = mine.do(request{path: "statements", query: values("attachments", "true")}).parts()
	require.Empty(t, contents)
	mine.do(mixed(attached("", sha2("own"), ""), "own")).is(http.StatusOK)
	_, contents = mine.do(request{path: "statements", query: values("attachments", "true")}).parts()
	require.Equal(t, map[string]string{sha2("own"): "own"}, contents)
}

func TestAttachmentsAreBounded(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *app.Config) { c.Limits.Attachment, c.Limits.Attachments = 1000, 3000 })
	c := s.client()
	large := strings.Repeat("x", 1001)
	require.Equal(t, "too_large", c.do(mixed(attached("", sha2(large), ""), large)).is(http.StatusRequestEntityTooLarge).problem().Code)
	several := []string{strings.Repeat("1", 999), strings.Repeat("2", 999), strings.Repeat("3", 999)}
	batch := []string{}
	for _, one := range several {
		batch = append(batch, attached("", sha2(one), ""))
	}
	c.do(mixed("["+strings.Join(batch, ",")+"]", several...)).is(http.StatusRequestEntityTooLarge)
	c.do(mixed(batch[0], several[0])).is(http.StatusOK)
}

// A signature must hold, and must be there to be checked.
func TestSignaturesAreVerified(t *testing.T) {
	t.Parallel()
	s := setup(t)
	c := s.client()
	signed := func(hash, contentType, fileURL string) string {
		text := attached("", hash, fileURL)
		text = strings.Replace(text, "https://example.com/usage", "http://adlnet.gov/expapi/attachments/signature", 1)
		return strings.Replace(text, "application/x-thing", contentType, 1)
	}
	jws := "eyJhbGciOiJub25lIn0.e30."
	for name, r := range map[string]request{
		"no JWS":       mixed(signed(sha2("nonsense"), "application/octet-stream", ""), "nonsense"),
		"no algorithm": mixed(signed(sha2(jws), "application/octet-stream", ""), jws),
		"wrong type":   mixed(signed(sha2(jws), "text/plain", ""), jws),
		"not sent":     {method: "POST", path: "statements", body: signed(sha2(jws), "application/octet-stream", "https://example.com/f")},
		"not in parts": mixed(signed(sha2(jws), "application/octet-stream", "https://example.com/f")),
	} {
		p := c.do(r).is(http.StatusBadRequest).problem()
		require.NotEmpty(t, p.Violations, name)
	}
}
