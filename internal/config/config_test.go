package config_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/config"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/keyring"
	"github.com/stoa-lrs/stoa/internal/secret"
)

const pepper = "STOA_KEY_PEPPER=1:aHVudGVyMmh1bnRlcjJodW50ZXIyaHVudGVyMmh1bnRlcjI="

func TestEveryWrongVariableIsNamedAtOnceAndNoSecretIsShown(t *testing.T) {
	t.Parallel()
	_, err := config.Load([]string{
		"STOA_DATABASE_URL=postgres://stoa_app:hunter2@host:notaport/db",
		"STOA_OWNER_DATABASE_URL=mysql://root:hunter2@",
		"STOA_OPERATOR_DATABASE_URL=%zz hunter2",
		"STOA_DATABASE_CONNECTIONS=many",
		"STOA_INGEST_LANES=0",
		"STOA_REDIS_URL=http://:hunter2@redis",
		"STOA_BLOB_URL=ftp://u:hunter2@host",
		"STOA_KEY_PEPPER=1:aHVudGVyMg==",
		"STOA_KEYRING_KMS=base64key://hunter2",
		"STOA_LISTEN=8080",
		"STOA_METRICS_LISTEN=:99999",
		"STOA_PUBLIC_URL=lrs.example.com",
		"STOA_TLS_CERT=/nowhere/cert.pem",
		"STOA_TRUSTED_PROXIES=10.0.0.0/8,nowhere",
		"STOA_CORS_ORIGINS=https://a.example.com/path",
		"STOA_DRAIN_DELAY=soon",
		"STOA_AUDIT_ANCHOR_URL=ftp://u:hunter2@host",
		"STOA_PRIVATE_NETWORKS=home",
		"STOA_VIEWING_CAP=0",
		"STOA_SESSION_IDLE=1s",
		"STOA_SESSION_LIFE=9999h",
		"STOA_DRAIN_TIMEOUT=2h",
		"STOA_LOG_LEVEL=loud",
		"STOA_LOG_FORMAT=xml",
		"STOA_MAX_STATEMENTS=1.5",
		"STOA_MAX_DEPTH=-1",
		"STOA_MAX_BODY=16MB",
		"STOA_MAX_ATTACHMENT=0",
		"STOA_MAX_ATTACHMENTS=9999999999GiB",
		"STOA_MAX_DOCUMENT=-1KiB",
		"STOA_MAX_PAGE=100001",
		"STOA_KEY_REQUESTS=-1",
		"STOA_KEY_STATEMENTS=x",
		"STOA_TENANT_REQUESTS=2000000000",
		"STOA_TENANT_STATEMENTS= 5 5",
	}, config.Serve)
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	require.NotContains(t, err.Error(), "hunter2")
	require.NotContains(t, err.Error(), "aHVudGVy")
	var names []string
	for _, line := range strings.Split(err.Error(), "\n")[1:] {
		name, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		require.True(t, strings.Contains(text, "must ") || strings.Contains(text, "needed") || strings.Contains(text, "at least"), line)
		names = append(names, strings.TrimPrefix(name, "STOA_"))
	}
	require.Equal(t, strings.Fields(`AUDIT_ANCHOR_URL AUDIT_DATABASE_URL BLOB_URL CORS_ORIGINS DATABASE_CONNECTIONS DATABASE_URL DRAIN_DELAY DRAIN_TIMEOUT
		INGEST_DATABASE_URL INGEST_LANES KEYRING_KMS KEY_PEPPER KEY_REQUESTS KEY_STATEMENTS LISTEN LOG_FORMAT LOG_LEVEL
		MAX_ATTACHMENT MAX_ATTACHMENTS MAX_BODY MAX_DEPTH MAX_DOCUMENT MAX_PAGE MAX_STATEMENTS METRICS_LISTEN
		OPERATOR_DATABASE_URL OWNER_DATABASE_URL PRIVATE_NETWORKS PUBLIC_URL REDIS_URL SESSION_IDLE SESSION_LIFE TENANT_REQUESTS TENANT_STATEMENTS TLS_CERT TLS_KEY
		TRUSTED_PROXIES VIEWING_CAP`), names)
}

func TestACommandNeedsOnlyItsOwn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		need  config.Need
		wrong []string
	}{
		"nothing":  {0, nil},
		"serve":    {config.Serve, []string{"STOA_DATABASE_URL", "STOA_KEY_PEPPER"}},
		"operator": {config.Operator, []string{"STOA_OPERATOR_DATABASE_URL"}},
		"migrate":  {config.Owner | config.Database, []string{"STOA_DATABASE_URL", "STOA_OWNER_DATABASE_URL"}},
		"keyring":  {config.Keyring, []string{"STOA_KEYRING"}},
		"keys":     {config.PublicURL, []string{"STOA_PUBLIC_URL"}},
	} {
		_, err := config.Load(nil, c.need)
		var named []string
		if err != nil {
			for _, line := range strings.Split(err.Error(), "\n")[1:] {
				named = append(named, strings.Fields(line)[0])
			}
		}
		require.Equal(t, c.wrong, named, name)
	}
}

func TestDefaultsAndDerivedURLs(t *testing.T) {
	t.Parallel()
	c, err := config.Load([]string{"STOA_DATABASE_URL=postgres://stoa_app:p%40ss@host:5433/db?sslmode=require", pepper, "STOA_LISTEN=", "PATH=/bin"}, config.Serve)
	require.NoError(t, err)
	require.Equal(t, "postgres://stoa_ingest:p%40ss@host:5433/db?sslmode=require", c.Database().IngestURL)
	require.Equal(t, "postgres://stoa_operator:p%40ss@host:5433/db?sslmode=require", c.OperatorDatabaseURL.Reveal())
	require.Equal(t, []any{16, 2}, []any{c.Database().MaxConns, c.Database().Lanes})
	require.Equal(t, ":8080", c.Listen, "an empty variable is none")
	require.Equal(t, []string{"*"}, c.CORSOrigins)
	require.Equal(t, 30*time.Second, c.DrainTimeout)
	require.Equal(t, config.Bytes(16<<20), c.MaxBody)
	require.Equal(t, slog.LevelInfo, c.LogLevel)
	require.Equal(t, 600000, c.RateLimit().Limits.KeyRequests)
	require.Empty(t, c.RateLimit().URL)
	require.NotNil(t, c.Peppers)
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", c, *c, *c), "p%40ss")

	c, err = config.Load([]string{
		"STOA_DATABASE_URL=host=/run/postgresql user=stoa_app dbname=stoa", "STOA_INGEST_DATABASE_URL=host=/run/postgresql user=stoa_ingest dbname=stoa",
		"STOA_OPERATOR_DATABASE_URL=host=/run/postgresql user=stoa_operator dbname=stoa",
		"STOA_AUDIT_DATABASE_URL=host=/run/postgresql user=stoa_audit dbname=stoa", pepper,
		"STOA_TRUSTED_PROXIES=10.0.0.0/8,::1", "STOA_CORS_ORIGINS=none", "STOA_LOG_LEVEL=debug", "STOA_MAX_BODY=64KiB", "STOA_KEY_REQUESTS=0",
		"STOA_KEYRING=/var/lib/stoa/keyring.json", "STOA_KEYRING_KMS=awskms://alias/stoa?region=eu-central-1",
		"STOA_BLOB_URL=s3://bucket?region=eu-central-1", "STOA_REDIS_URL=rediss://:x@redis:6380/1", "STOA_PUBLIC_URL=https://lrs.example.com/",
	}, config.Serve|config.Operator|config.Keyring)
	require.NoError(t, err)
	require.Equal(t, keyring.Config{File: "/var/lib/stoa/keyring.json", KMS: secret.New("awskms://alias/stoa?region=eu-central-1")}, c.Keyring())
	require.Equal(t, "[10.0.0.0/8 ::1/128]", fmt.Sprint(c.TrustedProxies))
	require.Empty(t, c.CORSOrigins)
	require.Equal(t, slog.LevelDebug, c.LogLevel)
	require.Equal(t, config.Bytes(64<<10), c.MaxBody)
	require.Len(t, c.RoleURLs(), 4)
}

func TestWhatCouldNotBeReadAgainIsNotAccepted(t *testing.T) {
	t.Parallel()
	_, err := config.Load([]string{"STOA_MAX_BODY=60MiB", "STOA_MAX_DOCUMENT=256MiB"}, 0)
	require.NoError(t, err)
	_, err = config.Load([]string{"STOA_MAX_BODY=61MiB", "STOA_MAX_DOCUMENT=257MiB"}, 0)
	require.ErrorContains(t, err, "STOA_MAX_BODY must be a size up to 60MiB")
	require.ErrorContains(t, err, "STOA_MAX_DOCUMENT must be a size up to 256MiB")
}

func TestCertificateAndKeyGoTogether(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "cert.pem")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := config.Load([]string{"STOA_TLS_KEY=" + file}, 0)
	require.ErrorContains(t, err, "STOA_TLS_CERT is needed")
	_, err = config.Load([]string{"STOA_TLS_KEY=" + file, "STOA_TLS_CERT=" + file}, 0)
	require.NoError(t, err)
}

func TestTheDevFileStandsInWhereNoDatabaseIsNamed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "dev.env")
	none, err := config.Environ([]string{"PATH=/bin"}, path)
	require.NoError(t, err)
	require.Equal(t, []string{"PATH=/bin"}, none)

	require.NoError(t, config.WriteFile(path, map[string]string{"STOA_PUBLIC_URL": "http://localhost:1", "STOA_DATABASE_URL": "postgres://a:b=c@h/d", "HOME": "/elsewhere"}))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	got, err := config.Environ([]string{"PATH=/bin", "STOA_PUBLIC_URL=http://mine", "STOA_DATABASE_URL="}, path)
	require.NoError(t, err)
	require.Equal(t, []string{"PATH=/bin", "STOA_PUBLIC_URL=http://mine", "STOA_DATABASE_URL=", "STOA_DATABASE_URL=postgres://a:b=c@h/d"}, got)
	loaded, err := config.Load(got, config.Database)
	require.NoError(t, err)
	require.Equal(t, "postgres://a:b=c@h/d", loaded.DatabaseURL.Reveal())

	own := []string{"STOA_OPERATOR_DATABASE_URL=postgres://x"}
	got, err = config.Environ(own, path)
	require.NoError(t, err)
	require.Equal(t, own, got, "who names a database means that one")

	require.NoError(t, os.Chmod(path, 0o640))
	_, err = config.Environ(nil, path)
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	require.Error(t, config.WriteFile(path, map[string]string{"STOA_X": "a\nSTOA_Y=b"}))
	require.NoFileExists(t, filepath.Join(filepath.Dir(path), ".env-"))
}

func TestTheConsoleNeedsMoreToServeThanAKeyNeedsToBeMade(t *testing.T) {
	t.Parallel()
	environ := []string{"STOA_DATABASE_URL=postgres://stoa_app:x@host/db", pepper, "STOA_KEYRING=/var/lib/stoa/keyring.json"}
	_, err := config.Load(environ, config.Serve)
	require.ErrorContains(t, err, "STOA_REDIS_URL")
	require.ErrorContains(t, err, "STOA_PUBLIC_URL")
	environ = append(environ, "STOA_REDIS_URL=redis://redis:6379/0")
	_, err = config.Load(append(environ, "STOA_PUBLIC_URL=https://lrs.example.com/base"), config.Serve)
	require.ErrorContains(t, err, "without a path")
	_, err = config.Load(append(environ, "STOA_PUBLIC_URL=https://lrs.example.com/"), config.Serve)
	require.NoError(t, err)
	_, err = config.Load(append(environ, "STOA_PUBLIC_URL=https://lrs.example.com"), config.Database|config.Peppers|config.PublicURL)
	require.NoError(t, err)
}
