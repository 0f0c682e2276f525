package xapi_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/xapi"
)

const mixed = "multipart/mixed; boundary=-------314159265358979323846"

func sum(content string) string {
	h := sha256.Sum256([]byte(content))
	return hex.EncodeToString(h[:])
}

// declaring returns a batch of one statement with these attachments.
func declaring(attachments ...xapi.Attachment) *xapi.Batch {
	return &xapi.Batch{Statements: []xapi.Statement{{}, {Attachments: attachments}}}
}

type content struct{ sha2, contentType, data string }

// receive reads a whole request, as the statements resource does.
func receive(contentType string, body io.Reader, b *xapi.Batch, l xapi.MultipartLimits) (string, []content, error) {
	r, err := xapi.NewMultipartReader(contentType, body, l)
	if err != nil {
		return "", nil, err
	}
	text, err := r.Statements()
	if err != nil {
		return "", nil, err
	}
	var got []content
	for r.Expect(b); ; {
		part, err := r.Next()
		if errors.Is(err, io.EOF) {
			return string(text), got, nil
		}
		if err != nil {
			return "", nil, err
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return "", nil, err
		}
		got = append(got, content{part.SHA2, part.ContentType, string(data)})
	}
}

// request spells out a body: lines ends are CRLF, @ is a boundary and # the sha2 of "hello".
func request(text string) string {
	return strings.NewReplacer("\n", "\r\n", "@", "---------314159265358979323846", "#", sum("hello")).Replace(text)
}

const (
	statementPart = "@\nContent-Type: application/json\n\n{}\n"
	helloPart     = "@\nContent-Type: text/plain\nContent-Transfer-Encoding: binary\nX-Experience-API-Hash: #\n\nhello\n"
)

func TestMultipartReads(t *testing.T) {
	t.Parallel()
	hello := xapi.Attachment{SHA2: sum("hello")}
	linked := xapi.Attachment{SHA2: sum("elsewhere"), FileURL: "http://example.org/f"}
	one := []content{{sum("hello"), "text/plain", "hello"}}
	for name, c := range map[string]struct {
		contentType, body string
		declared          []xapi.Attachment
		want              []content
	}{
		"no attachment":             {mixed, statementPart + "@--\n", nil, nil},
		"attachments by fileUrl":    {mixed, statementPart + "@--\n", []xapi.Attachment{linked}, nil},
		"one":                       {mixed, statementPart + helloPart + "@--\n", []xapi.Attachment{hello, linked}, one},
		"no line break at the end":  {mixed, statementPart + helloPart + "@--", []xapi.Attachment{hello}, one},
		"declared twice, sent once": {mixed, statementPart + helloPart + "@--", []xapi.Attachment{hello, hello}, one},
		"declared once, sent twice": {mixed, statementPart + helloPart + helloPart + "@--", []xapi.Attachment{hello}, one},
		"preamble and epilogue":     {mixed, "This is MIME\n\n" + statementPart + helloPart + "@--\nThat was MIME", []xapi.Attachment{hello}, one},
		"an empty line first":       {mixed, "\n" + statementPart + helloPart + "@--", []xapi.Attachment{hello}, one},
		"a quoted boundary":         {`Multipart/Mixed; charset=utf-8; boundary="-------314159265358979323846"`, statementPart + helloPart + "@--", []xapi.Attachment{hello}, one},
		"a fileUrl and a part":      {mixed, statementPart + helloPart + "@--", []xapi.Attachment{{SHA2: sum("hello"), FileURL: "http://example.org/f"}}, one},
		"headers in other spellings": {
			mixed, "@\ncontent-type:application/json; charset=UTF-8\nContent-Transfer-Encoding: 8BIT\n\n{}\n" +
				"@\nx-experience-api-hash:" + strings.ToUpper(sum("hello")) + "\nCONTENT-TYPE:text/plain\ncontent-transfer-encoding:Binary\n\nhello\n@--",
			[]xapi.Attachment{hello},
			one,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, body := range []io.Reader{strings.NewReader(request(c.body)), iotest.OneByteReader(strings.NewReader(request(c.body)))} {
				text, got, err := receive(c.contentType, body, declaring(c.declared...), xapi.MultipartLimits{})
				require.NoError(t, err)
				require.Equal(t, "{}", text)
				require.Equal(t, c.want, got)
			}
		})
	}
}

func TestMultipartRefuses(t *testing.T) {
	t.Parallel()
	hello := []xapi.Attachment{{SHA2: sum("hello")}}
	part := func(headers, data string) string { return statementPart + "@\n" + headers + "\n\n" + data + "\n@--" }
	for name, c := range map[string]struct {
		contentType, body string
		kind              fault.Kind
	}{
		"another media type":             {strings.Replace(mixed, "mixed", "form-data", 1), statementPart + helloPart + "@--", fault.Invalid},
		"no media type":                  {"", statementPart + helloPart + "@--", fault.Invalid},
		"no boundary announced":          {"multipart/mixed;", statementPart + helloPart + "@--", fault.Invalid},
		"a boundary too long":            {"multipart/mixed; boundary=" + strings.Repeat("x", 71), statementPart + helloPart + "@--", fault.Invalid},
		"no body":                        {mixed, "", fault.Invalid},
		"no boundary in the body":        {mixed, "Content-Type: application/json\n\n{}", fault.Invalid},
		"another boundary in the body":   {strings.Replace(mixed, "3846", "3847", 1), statementPart + helloPart + "@--", fault.Invalid},
		"no last boundary":               {mixed, statementPart + helloPart, fault.Invalid},
		"cut off in a part":              {mixed, statementPart + helloPart[:len(helloPart)-3], fault.Invalid},
		"cut off in the statements":      {mixed, statementPart[:36], fault.Invalid},
		"nothing but the end":            {mixed, "@--", fault.Invalid},
		"statements not as JSON":         {mixed, strings.Replace(statementPart, "application/json", "text/plain", 1) + helloPart + "@--", fault.Invalid},
		"statements of no type":          {mixed, "@\n\n{}\n" + helloPart + "@--", fault.Invalid},
		"statements in base64":           {mixed, strings.Replace(statementPart, "\n\n", "\nContent-Transfer-Encoding: base64\n\n", 1) + helloPart + "@--", fault.Invalid},
		"statements in a second part":    {mixed, statementPart + statementPart + helloPart + "@--", fault.Invalid},
		"a content missing":              {mixed, statementPart + "@--", fault.Invalid},
		"a content nobody declares":      {mixed, statementPart + helloPart + strings.NewReplacer("#", sum("more"), "hello", "more").Replace(helloPart) + "@--", fault.Invalid},
		"no hash":                        {mixed, part("Content-Type: text/plain\nContent-Transfer-Encoding: binary", "hello"), fault.Invalid},
		"a hash of something else":       {mixed, part("Content-Type: text/plain\nContent-Transfer-Encoding: binary\nX-Experience-API-Hash: #", "hullo"), fault.Invalid},
		"no encoding":                    {mixed, part("Content-Type: text/plain\nX-Experience-API-Hash: #", "hello"), fault.Invalid},
		"base64":                         {mixed, part("Content-Type: text/plain\nContent-Transfer-Encoding: base64\nX-Experience-API-Hash: #", "aGVsbG8="), fault.Invalid},
		"quoted-printable is not undone": {mixed, part("Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\nX-Experience-API-Hash: #", "hello"), fault.Invalid},
		"no type":                        {mixed, part("Content-Transfer-Encoding: binary\nX-Experience-API-Hash: #", "hello"), fault.Invalid},
		"no headers":                     {mixed, part("", "hello"), fault.Invalid},
		"a broken header":                {mixed, part("Content-Type text/plain", "hello"), fault.Invalid},
		"statements too large":           {mixed, strings.Replace(statementPart, "{}", strings.Repeat(" ", 101), 1) + helloPart + "@--", fault.TooLarge},
		"a content too large":            {mixed, part("Content-Type: text/plain\nContent-Transfer-Encoding: binary\nX-Experience-API-Hash: #", strings.Repeat("x", 11)), fault.TooLarge},
		"too many parts":                 {mixed, statementPart + strings.Repeat(helloPart, 4) + "@--", fault.TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := receive(c.contentType, strings.NewReader(request(c.body)), declaring(hello...), xapi.MultipartLimits{Statements: 100, Attachment: 10, Parts: 3})
			require.Error(t, err)
			require.Equal(t, c.kind, fault.KindOf(err), "%v", err)
		})
	}
}

func TestMultipartMissingContentsAreNamedTogether(t *testing.T) {
	t.Parallel()
	b := declaring(xapi.Attachment{SHA2: sum("a")}, xapi.Attachment{SHA2: sum("b"), FileURL: "http://example.org/b"}, xapi.Attachment{SHA2: sum("c")})
	_, _, ofMultipart := receive(mixed, strings.NewReader(request(statementPart+"@--")), b, xapi.MultipartLimits{})
	for _, err := range []error{ofMultipart, xapi.RequireFileURLs(b)} {
		e, ok := errors.AsType[*fault.Error](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, fault.Invalid, e.Kind)
		require.Len(t, e.Violations, 2)
		require.Equal(t, 1, e.Violations[0].Statement)
		require.Contains(t, e.Violations[0].Rule, sum("a"))
		require.Contains(t, e.Violations[1].Rule, sum("c"))
	}
	require.NoError(t, xapi.RequireFileURLs(declaring(xapi.Attachment{FileURL: "http://example.org/b"})))
	require.NoError(t, xapi.RequireFileURLs(declaring()))
}

func TestMultipartKnowsTheWholeSHA2Family(t *testing.T) {
	t.Parallel()
	long, short := sha512.Sum512([]byte("hello")), sha512.Sum384([]byte("hello"))
	for _, sha2 := range []string{hex.EncodeToString(long[:]), hex.EncodeToString(short[:])} {
		body := strings.ReplaceAll(statementPart+helloPart+"@--", "#", sha2)
		_, got, err := receive(mixed, strings.NewReader(request(body)), declaring(xapi.Attachment{SHA2: sha2}), xapi.MultipartLimits{})
		require.NoError(t, err)
		require.Equal(t, []content{{sha2, "text/plain", "hello"}}, got)
	}
	body := strings.ReplaceAll(statementPart+helloPart+"@--", "#", "abcd")
	_, _, err := receive(mixed, strings.NewReader(request(body)), declaring(xapi.Attachment{SHA2: "abcd"}), xapi.MultipartLimits{})
	require.True(t, fault.Is(err, fault.Invalid), "%v", err)
}

func TestMultipartVerifiesWhatIsPassedOver(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		statementPart + strings.Replace(helloPart, "hello", "hullo", 1) + "@--",             // the only copy
		statementPart + helloPart + strings.Replace(helloPart, "hello", "hullo", 1) + "@--", // the second copy
	} {
		r, err := xapi.NewMultipartReader(mixed, strings.NewReader(request(body)), xapi.MultipartLimits{})
		require.NoError(t, err)
		_, err = r.Statements()
		require.NoError(t, err)
		r.Expect(declaring(xapi.Attachment{SHA2: sum("hello")}))
		_, err = r.Next()
		require.NoError(t, err)
		_, err = r.Next() // nobody has read the part
		require.True(t, fault.Is(err, fault.Invalid), "%v", err)
	}
}

func TestMultipartPassesOnWhyTheBodyFailed(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection reset")
	whole := request(statementPart + helloPart + "@--")
	for n := range len(whole) {
		body := io.MultiReader(strings.NewReader(whole[:n]), iotest.ErrReader(broken))
		_, _, err := receive(mixed, body, declaring(xapi.Attachment{SHA2: sum("hello")}), xapi.MultipartLimits{})
		require.ErrorIs(t, err, broken, "after %d bytes", n)
	}
}

func TestMultipartWriterSpellsAsClientsNeed(t *testing.T) {
	t.Parallel()
	var body bytes.Buffer
	w := xapi.NewMultipartWriter(&body)
	boundary, ok := strings.CutPrefix(w.ContentType(), "multipart/mixed; boundary=")
	require.True(t, ok)
	require.Regexp(t, `^[0-9A-Za-z-]{20,70}$`, boundary, "unquoted and last")
	require.NoError(t, w.Statements([]byte(`{"statements":[]}`)))
	require.NoError(t, w.Attachment("00ff", "text/plain; charset=utf-8", strings.NewReader("a\r\n")))
	require.NoError(t, w.Attachment("11ff", "x/y\r\nX-Evil: 1", strings.NewReader("")))
	require.NoError(t, w.Close())
	require.Equal(t, strings.NewReplacer("\n", "\r\n", "@", "--"+boundary).Replace(
		"@\nContent-Type: application/json\n\n"+`{"statements":[]}`+
			"\n@\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: binary\nX-Experience-API-Hash: 00ff\n\na\n"+
			"\n@\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: binary\nX-Experience-API-Hash: 11ff\n\n"+
			"\n@--"), body.String())
	require.NotEqual(t, w.ContentType(), xapi.NewMultipartWriter(&body).ContentType(), "nobody can foresee a boundary")
}

func TestMultipartWriterNeverClosesABrokenAnswer(t *testing.T) {
	t.Parallel()
	broken := errors.New("blob is gone")
	var body bytes.Buffer
	w := xapi.NewMultipartWriter(&body)
	require.NoError(t, w.Statements([]byte("{}")))
	require.ErrorIs(t, w.Attachment("00", "text/plain", io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken))), broken)
	require.ErrorIs(t, w.Close(), broken)
	require.True(t, strings.HasSuffix(body.String(), "half"))
}

func TestMultipartRoundTrip(t *testing.T) {
	t.Parallel()
	// Bytes that look like the framing are as likely as any other.
	chunk := rapid.OneOf(rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
		rapid.SampledFrom([]string{"\r\n", "--", "\r\n--", "\r", "\n", "\x00", "\r\n--stoa-", "--stoa-"}))
	data := rapid.Map(rapid.SliceOfN(chunk, 0, 20), func(chunks []string) string { return strings.Join(chunks, "") })
	rapid.Check(t, func(t *rapid.T) {
		text := data.Draw(t, "statements")
		contents := rapid.SliceOfNDistinct(data, 0, 5, rapid.ID[string]).Draw(t, "contents")
		var body bytes.Buffer
		w := xapi.NewMultipartWriter(&body)
		require.NoError(t, w.Statements([]byte(text)))
		var declared []xapi.Attachment
		var want []content
		for _, c := range contents {
			// What a reader of our own takes as the boundary must not be in the
			// way; nor may the writer's, which is drawn anew each time.
			declared = append(declared, xapi.Attachment{SHA2: sum(c)})
			want = append(want, content{sum(c), "image/png", c})
			require.NoError(t, w.Attachment(sum(c), "image/png", strings.NewReader(c)))
		}
		require.NoError(t, w.Close())
		gotText, got, err := receive(w.ContentType(), &body, declaring(declared...), xapi.MultipartLimits{})
		require.NoError(t, err)
		require.Equal(t, text, gotText)
		require.Equal(t, want, got)
	})
}

func FuzzMultipartReader(f *testing.F) {
	f.Add(mixed, []byte(request(statementPart+helloPart+"@--")))
	f.Add("multipart/mixed; boundary=b", []byte("--b\r\nContent-Type: application/json\r\n\r\n{}\r\n--b--"))
	f.Add(`multipart/mixed; boundary="a b"`, []byte("x\n--a b  \nContent-Type: application/json\n\n[]\n--a b--\ny"))
	hello := []xapi.Attachment{{SHA2: sum("hello")}, {SHA2: sum(""), FileURL: "http://example.org/f"}}
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		limits := xapi.MultipartLimits{Statements: 50, Attachment: 20, Parts: 3}
		text, got, err := receive(contentType, bytes.NewReader(body), declaring(hello...), limits)
		if err != nil {
			require.Contains(t, []fault.Kind{fault.Invalid, fault.TooLarge}, fault.KindOf(err), "%v", err)
			return
		}
		require.LessOrEqual(t, len(text), 50)
		require.True(t, slices.ContainsFunc(got, func(c content) bool { return c.data == "hello" }))
		for _, c := range got {
			require.Equal(t, c.sha2, sum(c.data))
		}
	})
}
