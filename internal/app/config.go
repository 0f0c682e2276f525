package app

import (
	"io"
	"log/slog"

	"github.com/stoa-lrs/stoa/internal/config"
	"github.com/stoa-lrs/stoa/internal/httpapi"
)

// From returns what the configuration says.
func From(c *config.Config, log *slog.Logger) Config {
	return Config{
		Database: c.Database(), BlobURL: c.BlobURL.Reveal(), RateLimit: c.RateLimit(), Peppers: c.Peppers,
		PublicURL: c.PublicURL, PageMax: c.MaxPage,
		TrustedProxies: c.TrustedProxies, CORSOrigins: c.CORSOrigins,
		Limits: httpapi.Limits{
			Statements: c.MaxStatements, Depth: c.MaxDepth,
			Body: int64(c.MaxBody), Attachment: int64(c.MaxAttachment), Attachments: int64(c.MaxAttachments),
			Document: int64(c.MaxDocument), BodyMemory: int64(c.BodyMemory),
		},
		Server: httpapi.ServerConfig{
			Listen: c.Listen, MetricsListen: c.MetricsListen, TLSCert: c.TLSCert, TLSKey: c.TLSKey,
			DrainDelay: c.DrainDelay, DrainTimeout: c.DrainTimeout,
		},
		Console: Console{
			Keyring: c.Keyring(), OperatorURL: c.OperatorDatabaseURL, AuditURL: c.AuditDatabaseURL, RedisURL: c.RedisURL,
			AnchorURL: c.AuditAnchorURL, PrivateNetworks: c.PrivateNetworks, ViewingCap: c.ViewingCap,
			SessionIdle: c.SessionIdle, SessionLife: c.SessionLife,
		},
		Logger: log,
	}
}

// Logger returns the logger that the configuration asks for, writing to w.
func Logger(c *config.Config, w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "text" {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}
