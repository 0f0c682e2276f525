package config

import (
	"errors"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/keyring"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/redisconn"
	"github.com/stoa-lrs/stoa/internal/secret"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

const databaseForm = "postgres://role:password@host:5432/database"

// database checks the URLs and derives those that are not given.
func (v *verdict) database(c *Config, need Need) {
	v.need("DATABASE_URL", c.DatabaseURL, need&Database != 0, strings.Replace(databaseForm, "role", postgres.AppRole, 1))
	v.need("OWNER_DATABASE_URL", c.OwnerDatabaseURL, need&Owner != 0,
		databaseForm+" of the role that shall own the schema")
	for name, text := range map[string]secret.Text{
		"DATABASE_URL": c.DatabaseURL, "OWNER_DATABASE_URL": c.OwnerDatabaseURL,
		"INGEST_DATABASE_URL": c.IngestDatabaseURL, "OPERATOR_DATABASE_URL": c.OperatorDatabaseURL, "AUDIT_DATABASE_URL": c.AuditDatabaseURL,
	} {
		if !text.IsZero() && postgres.CheckURL(text.Reveal()) != nil {
			v.fail(name, "must have the form %s (it is not shown: it may hold a password)", databaseForm)
		}
	}
	for name, derived := range map[string]struct {
		url  *secret.Text
		role string
	}{
		"INGEST_DATABASE_URL":   {&c.IngestDatabaseURL, postgres.IngestRole},
		"OPERATOR_DATABASE_URL": {&c.OperatorDatabaseURL, postgres.OperatorRole},
		"AUDIT_DATABASE_URL":    {&c.AuditDatabaseURL, postgres.AuditRole},
	} {
		if !derived.url.IsZero() || c.DatabaseURL.IsZero() {
			continue
		}
		text, err := postgres.RoleURL(c.DatabaseURL.Reveal(), derived.role)
		if err != nil {
			v.fail(name, "is needed, because STOA_DATABASE_URL does not have the form %s", databaseForm)
		}
		*derived.url = secret.New(text)
	}
	v.need("OPERATOR_DATABASE_URL", c.OperatorDatabaseURL, need&Operator != 0,
		strings.Replace(databaseForm, "role", postgres.OperatorRole, 1)+", or STOA_DATABASE_URL with the same password")
}

// service checks everything about serving.
func (v *verdict) service(c *Config, need Need) {
	v.need("KEY_PEPPER", c.KeyPepper, need&Peppers != 0, "1: and the output of `openssl rand -base64 32`; keep it as safe as the database")
	if !c.KeyPepper.IsZero() {
		var err error
		if c.Peppers, err = tenant.ParsePeppers(c.KeyPepper.Reveal()); err != nil {
			v.fail("KEY_PEPPER", "is not valid: %s", message(err))
		}
	}
	if need&Keyring != 0 && c.KeyringFile == "" {
		v.fail("KEYRING", "is needed: the file of the key ring, such as /var/lib/stoa/keyring.json; `stoa keyring create` makes it")
	}
	if !c.KeyringKMS.IsZero() {
		if err := keyring.CheckKMS(c.KeyringKMS.Reveal()); err != nil {
			v.fail("KEYRING_KMS", "cannot be used: %s", message(err))
		}
	}
	if c.KeyringFile != "" && need&serving != 0 {
		v.need("REDIS_URL", c.RedisURL, true, "sessions of the console are there; without STOA_KEYRING there is no console")
		if c.PublicURL == "" {
			v.fail("PUBLIC_URL", "is needed for the console: https://lrs.example.com, as browsers reach the service")
		} else if u, err := url.Parse(c.PublicURL); err == nil && strings.Trim(u.Path, "/") != "" {
			v.fail("PUBLIC_URL", "must be without a path where there is a console (STOA_KEYRING): its cookies and pages are those of a whole host")
		}
	}
	if u, err := url.Parse(c.AuditAnchorURL.Reveal()); !c.AuditAnchorURL.IsZero() && (err != nil || !slices.Contains(blobSchemes, u.Scheme)) {
		v.fail("AUDIT_ANCHOR_URL", "must begin with one of %s://, and be empty for no anchors", strings.Join(blobSchemes, "://, "))
	}
	if !c.RedisURL.IsZero() && redisconn.Check(c.RedisURL.Reveal()) != nil {
		v.fail("REDIS_URL", "must have the form redis://user:password@host:6379/0, or be empty for limits per process")
	}
	if u, err := url.Parse(c.BlobURL.Reveal()); err != nil || !slices.Contains(blobSchemes, u.Scheme) {
		v.fail("BLOB_URL", "must begin with one of %s://, such as file:///var/lib/stoa/attachments", strings.Join(blobSchemes, "://, "))
	}
	v.address("LISTEN", c.Listen, true)
	v.address("METRICS_LISTEN", c.MetricsListen, false)

	if need&PublicURL != 0 && c.PublicURL == "" {
		v.fail("PUBLIC_URL", "is needed: https://lrs.example.com, as clients reach the service")
	}
	if c.PublicURL != "" && !isWebURL(c.PublicURL) {
		v.fail("PUBLIC_URL", "must be an http or https URL without query and fragment, such as https://lrs.example.com")
	}
	if slices.Equal(c.CORSOrigins, []string{"none"}) {
		c.CORSOrigins = nil
	}
	for _, origin := range c.CORSOrigins {
		u, err := url.Parse(origin)
		if origin != "*" && (err != nil || !isWebURL(origin) || u.Path != "") {
			v.fail("CORS_ORIGINS", "must be *, none, or origins separated by commas, such as https://content.example.com")
		}
	}
	for name, pair := range map[string][2]string{"TLS_CERT": {c.TLSCert, c.TLSKey}, "TLS_KEY": {c.TLSKey, c.TLSCert}} {
		switch {
		case pair[0] == "" && pair[1] != "":
			v.fail(name, "is needed: certificate and key are files, and go together")
		case pair[0] != "" && !readable(pair[0]):
			v.fail(name, "must be a PEM file that can be read; %q cannot", pair[0])
		}
	}
}

var blobSchemes = []string{"file", "s3", "gs", "azblob", "mem"}

func (v *verdict) address(name, address string, needed bool) {
	if address == "" && !needed {
		return
	}
	if _, port, err := net.SplitHostPort(address); err != nil || port == "" {
		v.fail(name, "must be host:port or :port, such as :8080")
	} else if _, err := net.LookupPort("tcp", port); err != nil {
		v.fail(name, "must have a port from 0 to 65535")
	}
}

func isWebURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" &&
		u.RawQuery == "" && u.Fragment == "" && u.User == nil
}

// message is an error's public text.
func message(err error) string {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.Message
	}
	return err.Error()
}
