// Package config reads the STOA_* variables and says what is wrong with them,
// all of it at once. It owns their names, defaults and meaning; it opens
// nothing. Secrets among them do not print (package secret).
package config

import (
	"log/slog"
	"time"

	"github.com/stoa-lrs/stoa/internal/keyring"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/ratelimit"
	"github.com/stoa-lrs/stoa/internal/secret"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

// Config is everything that can be configured. After Load it is valid: what the
// command needs is there, and the rest is well-formed or empty.
type Config struct {
	// The database, one URL for each role. Ingest, operator and audit default to
	// STOA_DATABASE_URL with the role's name instead.
	OwnerDatabaseURL    secret.Text `env:"OWNER_DATABASE_URL"`    // owns the schema: `stoa migrate` only
	DatabaseURL         secret.Text `env:"DATABASE_URL"`          // as stoa_app
	IngestDatabaseURL   secret.Text `env:"INGEST_DATABASE_URL"`   // as stoa_ingest
	OperatorDatabaseURL secret.Text `env:"OPERATOR_DATABASE_URL"` // as stoa_operator
	AuditDatabaseURL    secret.Text `env:"AUDIT_DATABASE_URL"`    // as stoa_audit
	DatabaseConnections int         `env:"DATABASE_CONNECTIONS" envDefault:"16"`
	IngestLanes         int         `env:"INGEST_LANES" envDefault:"2"` // transactions that store statements at once: about one a processor

	RedisURL  secret.Text `env:"REDIS_URL"` // "": each process limits rates by itself
	BlobURL   secret.Text `env:"BLOB_URL" envDefault:"file:///var/lib/stoa/attachments"`
	KeyPepper secret.Text `env:"KEY_PEPPER"` // see tenant.ParsePeppers
	Peppers   *tenant.Peppers

	KeyringFile string      `env:"KEYRING"`     // see package keyring
	KeyringKMS  secret.Text `env:"KEYRING_KMS"` // "": a local key beside the file

	Listen         string        `env:"LISTEN" envDefault:":8080"`
	MetricsListen  string        `env:"METRICS_LISTEN"` // "": /metrics is served with everything else
	PublicURL      string        `env:"PUBLIC_URL"`     // where clients reach the service; home page of keys' accounts
	TLSCert        string        `env:"TLS_CERT"`       // files, both or none
	TLSKey         string        `env:"TLS_KEY"`
	TrustedProxies Networks      `env:"TRUSTED_PROXIES"`             // whose X-Forwarded-For is believed
	CORSOrigins    []string      `env:"CORS_ORIGINS" envDefault:"*"` // empty after "none"
	DrainDelay     time.Duration `env:"DRAIN_DELAY" envDefault:"0s"`
	DrainTimeout   time.Duration `env:"DRAIN_TIMEOUT" envDefault:"30s"`

	// The console: people, their sign-in, the audit log. It is there when there is a key ring.
	AuditAnchorURL  secret.Text   `env:"AUDIT_ANCHOR_URL"`              // "": seals of the audit log are kept in the database only
	PrivateNetworks Networks      `env:"PRIVATE_NETWORKS"`              // not public, and yet identity providers and webhooks may be there
	ViewingCap      int           `env:"VIEWING_CAP" envDefault:"2000"` // statements that a person may look at in an hour
	SessionIdle     time.Duration `env:"SESSION_IDLE" envDefault:"8h"`
	SessionLife     time.Duration `env:"SESSION_LIFE" envDefault:"24h"`

	LogLevel  slog.Level `env:"LOG_LEVEL" envDefault:"INFO"`
	LogFormat string     `env:"LOG_FORMAT" envDefault:"json"` // json or text

	// What one request may be.
	MaxStatements  int   `env:"MAX_STATEMENTS" envDefault:"1000"`
	MaxDepth       int   `env:"MAX_DEPTH" envDefault:"64"`
	MaxBody        Bytes `env:"MAX_BODY" envDefault:"16MiB"`
	MaxAttachment  Bytes `env:"MAX_ATTACHMENT" envDefault:"64MiB"`
	MaxAttachments Bytes `env:"MAX_ATTACHMENTS" envDefault:"256MiB"`
	MaxDocument    Bytes `env:"MAX_DOCUMENT" envDefault:"10MiB"`
	MaxPage        int   `env:"MAX_PAGE" envDefault:"500"`
	BodyMemory     Bytes `env:"BODY_MEMORY" envDefault:"128MiB"` // of all requests together; beyond it they wait

	// Numbers a minute; 0 is unlimited. They stop what has gone wild, on one
	// process's capacity; a platform with paying tenants sets its own.
	KeyRequests      int `env:"KEY_REQUESTS" envDefault:"600000"`
	KeyStatements    int `env:"KEY_STATEMENTS" envDefault:"3000000"`
	TenantRequests   int `env:"TENANT_REQUESTS" envDefault:"1200000"`
	TenantStatements int `env:"TENANT_STATEMENTS" envDefault:"6000000"`
}

// Database returns what postgres.Open wants.
func (c *Config) Database() postgres.Config {
	return postgres.Config{
		URL: c.DatabaseURL.Reveal(), IngestURL: c.IngestDatabaseURL.Reveal(),
		MaxConns: c.DatabaseConnections, Lanes: c.IngestLanes,
	}
}

// Keyring returns what keyring.Open wants.
func (c *Config) Keyring() keyring.Config {
	return keyring.Config{File: c.KeyringFile, KMS: c.KeyringKMS}
}

// RateLimit returns what ratelimit.New wants, less a logger.
func (c *Config) RateLimit() ratelimit.Config {
	return ratelimit.Config{URL: c.RedisURL.Reveal(), Limits: ratelimit.Limits{
		KeyRequests: c.KeyRequests, KeyStatements: c.KeyStatements,
		TenantRequests: c.TenantRequests, TenantStatements: c.TenantStatements,
	}}
}

// RoleURLs lists the URLs of the roles that the service uses, for postgres.Migrate.
func (c *Config) RoleURLs() []string {
	return []string{c.DatabaseURL.Reveal(), c.IngestDatabaseURL.Reveal(), c.OperatorDatabaseURL.Reveal(), c.AuditDatabaseURL.Reveal()}
}
