package httpapi_test

import (
	"encoding/base64"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What is refused is answered though its body does not come, and so is what asks
// for nothing and announces a body. The connection is given up.
func TestNoBodyHoldsTheAnswerBack(t *testing.T) {
	t.Parallel()
	s := setup(t)
	c := s.client()
	authorization := "\r\nAuthorization: Basic " + base64.StdEncoding.EncodeToString([]byte(c.user+":"+c.password))
	for name, r := range map[string]struct{ head, status string }{
		"no key":  {"POST /xapi/statements HTTP/1.1", "401"},
		"about":   {"GET /xapi/about HTTP/1.1", "200"},
		"nothing": {"PUT /nothing HTTP/1.1", "404"},
		"text":    {"POST /xapi/statements HTTP/1.1\r\nContent-Type: text/plain\r\nX-Experience-API-Version: 1.0.3" + authorization, "400"},
		"metrics": {"GET /metrics HTTP/1.1", "200"},
	} {
		for how, length := range map[string]string{"announced": "Content-Length: 100000", "chunked": "Transfer-Encoding: chunked"} {
			t.Run(name+", "+how, func(t *testing.T) {
				t.Parallel()
				conn, err := net.Dial("tcp", strings.TrimPrefix(s.main.URL(), "http://"))
				require.NoError(t, err)
				t.Cleanup(func() { _ = conn.Close() })
				require.NoError(t, conn.SetDeadline(time.Now().Add(2*time.Minute)))
				_, err = io.WriteString(conn, r.head+"\r\nHost: x\r\n"+length+"\r\n\r\n1\r\n{")
				require.NoError(t, err)
				answer, err := io.ReadAll(conn)
				require.NoError(t, err)
				require.Regexp(t, `^HTTP/1\.1 `+r.status+" ", string(answer))
			})
		}
	}
}
