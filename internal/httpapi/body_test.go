package httpapi

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// deadlines notes what it is told.
type deadlines struct {
	http.ResponseWriter
	read []time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.read = append(d.read, t)
	return nil
}

// An upload has as long as its bytes are worth, and no deadline stays behind.
func TestABodyMustKeepItsPace(t *testing.T) {
	t.Parallel()
	a := edge(t, io.Discard).(*API)
	d := &deadlines{ResponseWriter: httptest.NewRecorder()}
	x := &exchange{ResponseWriter: d, api: a}
	x.request = httptest.NewRequest(http.MethodPost, "/", strings.NewReader(strings.Repeat("x", 100*readPace)))
	body, err := x.readBody(1 << 20)
	require.NoError(t, err)
	require.Len(t, body, 100*readPace)
	require.GreaterOrEqual(t, len(d.read), 3)
	require.WithinDuration(t, time.Now().Add(readGrace), d.read[0], 5*time.Second)
	last := d.read[len(d.read)-2]
	require.Greater(t, last.Sub(d.read[0]), 30*time.Second, "what has come buys time")
	require.Less(t, last.Sub(d.read[0]), 101*time.Second)
	require.True(t, d.read[len(d.read)-1].IsZero(), "net/http goes on reading")
	x.sends = true
	x.WriteHeader(http.StatusOK)
	require.True(t, d.read[len(d.read)-1].IsZero(), "nothing of it is to come")
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

func TestABodyThatStopsIsTheClientsFault(t *testing.T) {
	t.Parallel()
	a := edge(t, io.Discard).(*API)
	for _, cause := range []error{os.ErrDeadlineExceeded, io.ErrUnexpectedEOF, errors.New("reset")} {
		x := &exchange{ResponseWriter: httptest.NewRecorder(), api: a}
		x.request = httptest.NewRequest(http.MethodPost, "/", broken{cause})
		_, err := x.readBody(1000)
		require.True(t, fault.Is(err, fault.Invalid), "%v", err)
	}
}
