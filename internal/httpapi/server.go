package httpapi

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"
)

// How long a connection may take. Bodies and answers have limits of their own,
// which look at their pace (body.go, exchange.go): the ones here are the last resort.
const (
	headerTimeout  = 10 * time.Second
	idleTimeout    = 2 * time.Minute
	requestTimeout = 30 * time.Minute
	headerBytes    = 64 << 10 // links to more results carry a whole query
)

// ServerConfig says where to listen.
type ServerConfig struct {
	Listen        string // host:port; port 0 is any that is free
	MetricsListen string // "": /metrics is served with everything else, and there is no pprof
	TLSCert       string // files; "" for plain HTTP. Changed files are read again
	TLSKey        string
	DrainDelay    time.Duration // between "no more requests, please" in /readyz and refusing connections
	DrainTimeout  time.Duration // for requests under way to end; 0 is 30 s
}

// Server serves an API until it is shut down.
type Server struct {
	config  ServerConfig
	api     *API
	servers []*http.Server
	address net.Addr
	metrics net.Addr // nil: the same
	failed  chan error
}

// Serve binds the listeners and begins to serve. It returns at once.
func (a *API) Serve(c ServerConfig) (*Server, error) {
	if c.DrainTimeout <= 0 {
		c.DrainTimeout = 30 * time.Second
	}
	s := &Server{config: c, api: a, failed: make(chan error, 2)}
	var certificates *tls.Config
	if c.TLSCert != "" || c.TLSKey != "" {
		files := &certificate{cert: c.TLSCert, key: c.TLSKey, log: a.Logger, now: time.Now}
		if err := files.load(); err != nil {
			return nil, fmt.Errorf("TLS certificate: %w", err)
		}
		certificates = &tls.Config{GetCertificate: files.get, MinVersion: tls.VersionTLS12}
	}
	main, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return nil, err
	}
	s.address = main.Addr()
	var handler http.Handler = a
	if c.MetricsListen == "" {
		handler = a.front()
	} else {
		side, err := net.Listen("tcp", c.MetricsListen)
		if err != nil {
			_ = main.Close()
			return nil, err
		}
		s.metrics = side.Addr()
		s.serve(side, operations(a), nil)
	}
	s.serve(main, handler, certificates)
	return s, nil
}

// front keeps /metrics out of the API: a scrape is no request of a client.
type front struct {
	metrics http.Handler
	api     http.Handler
}

func (a *API) front() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", a.Metrics.Handler())
	return front{metrics: mux, api: a}
}

func (f front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/metrics" {
		f.metrics.ServeHTTP(w, r)
		return
	}
	f.api.ServeHTTP(w, r)
}

// operations is what only the operators' network may see.
func operations(a *API) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", a.Metrics.Handler())
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}

func (s *Server) serve(l net.Listener, h http.Handler, certificates *tls.Config) {
	server := &http.Server{
		Handler:           bodiesInTime(h),
		ReadHeaderTimeout: headerTimeout,
		WriteTimeout:      requestTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    headerBytes,
		TLSConfig:         certificates,
		// What it has to say is about single connections: clients that hang up.
		ErrorLog: slog.NewLogLogger(s.api.Logger.Handler(), slog.LevelDebug),
	}
	s.servers = append(s.servers, server)
	go func() {
		var err error
		if certificates != nil {
			err = server.ServeTLS(l, "", "")
		} else {
			err = server.Serve(l)
		}
		if !errors.Is(err, http.ErrServerClosed) {
			s.failed <- err
		}
	}()
}

// URL is the address of the API, with the port that was bound.
func (s *Server) URL() string {
	scheme := "http"
	if s.config.TLSCert != "" {
		scheme = "https"
	}
	return scheme + "://" + reachable(s.address)
}

// MetricsURL is the address of /metrics.
func (s *Server) MetricsURL() string {
	if s.metrics == nil {
		return s.URL() + "/metrics"
	}
	return "http://" + reachable(s.metrics) + "/metrics"
}

// reachable names an unspecified address by one that can be called from here.
func reachable(a net.Addr) string {
	tcp, ok := a.(*net.TCPAddr)
	if ok && tcp.IP.IsUnspecified() {
		return net.JoinHostPort("localhost", fmt.Sprint(tcp.Port))
	}
	return a.String()
}

// Failed tells when serving ended without a shutdown.
func (s *Server) Failed() <-chan error { return s.failed }

// Shutdown says in /readyz that no more requests should come, then accepts
// none, and returns when those under way are answered, or DrainTimeout is over.
func (s *Server) Shutdown() error {
	s.api.Drain()
	if s.config.DrainDelay > 0 {
		<-time.After(s.config.DrainDelay)
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.config.DrainTimeout)
	defer cancel()
	var errs []error
	for i := len(s.servers) - 1; i >= 0; i-- { // metrics last
		if err := s.servers[i].Shutdown(ctx); err != nil {
			errs = append(errs, err, s.servers[i].Close())
		}
	}
	return errors.Join(errs...)
}
