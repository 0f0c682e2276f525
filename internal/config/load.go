package config

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/secret"
)

// prefix begins the name of every variable.
const prefix = "STOA_"

// Need is what a command cannot do without.
type Need uint8

// The needs; a command adds up its own.
const (
	Database  Need = 1 << iota // the application's database
	Operator                   // the operator's role in it
	Owner                      // the owner's role in it
	Peppers                    // for secrets of keys
	PublicURL                  // for the authority of new keys
	Keyring                    // for secrets at rest, seals and pseudonyms

	serving // what people need who sign in, if there is a key ring

	// Serve is all that `stoa serve` needs.
	Serve = Database | Peppers | serving
)

// Load reads the variables, given as NAME=value. The error is one Invalid that
// names every wrong variable and what would be right; it shows no secret. An
// empty variable is as good as none.
func Load(environ []string, need Need) (*Config, error) {
	var c Config
	v := &verdict{wrong: map[string]string{}}
	err := env.ParseWithOptions(&c, env.Options{
		Prefix:      prefix,
		Environment: given(environ),
	})
	v.unparsed(err)
	v.check(&c, need)
	return &c, v.err()
}

// given drops empty variables: they are as good as not set, which is what
// templates of containers mean by them.
func given(environ []string) map[string]string {
	variables := env.ToMap(environ)
	maps.DeleteFunc(variables, func(_, value string) bool { return value == "" })
	return variables
}

// verdict collects what is wrong, by variable.
type verdict struct{ wrong map[string]string }

// fail keeps the first complaint about a variable.
func (v *verdict) fail(name, format string, args ...any) {
	if _, there := v.wrong[prefix+name]; !there {
		v.wrong[prefix+name] = fmt.Sprintf(format, args...)
	}
}

func (v *verdict) err() error {
	if len(v.wrong) == 0 {
		return nil
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(v.wrong)) {
		fmt.Fprintf(&b, "\n  %s %s", name, v.wrong[name])
	}
	return fault.New(fault.Invalid, "the configuration is not valid:%s", b.String())
}

// unparsed turns the library's errors, which name fields, into ours.
func (v *verdict) unparsed(err error) {
	all, ok := errors.AsType[env.AggregateError](err)
	if !ok {
		if err != nil {
			v.fail("*", "cannot be read: %v", err)
		}
		return
	}
	for _, one := range all.Errors {
		parse, ok := errors.AsType[env.ParseError](one)
		if !ok {
			v.fail("*", "cannot be read: %v", one)
			continue
		}
		field, _ := reflect.TypeFor[Config]().FieldByName(parse.Name)
		v.fail(field.Tag.Get("env"), "must be %s", right(field.Type))
	}
}

// right says what a value of that type looks like.
func right(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[time.Duration]():
		return "a duration, such as 30s or 1m30s"
	case reflect.TypeFor[Bytes]():
		return "a size, such as 65536, 64KiB or 16MiB"
	case reflect.TypeFor[slog.Level]():
		return "debug, info, warn or error"
	case reflect.TypeFor[Networks]():
		return "addresses or networks separated by commas, such as 10.0.0.0/8,2001:db8::/32"
	}
	return "a whole number"
}

func (v *verdict) check(c *Config, need Need) {
	v.database(c, need)
	v.service(c, need)
	for name, n := range map[string]int{
		"DATABASE_CONNECTIONS": c.DatabaseConnections, "INGEST_LANES": c.IngestLanes,
		"MAX_STATEMENTS": c.MaxStatements, "MAX_DEPTH": c.MaxDepth, "MAX_PAGE": c.MaxPage,
	} {
		if n < 1 || n > 100_000 {
			v.fail(name, "must be a number from 1 to 100000")
		}
	}
	// A statement is read as a whole, and internal/lrs takes no row of more than
	// 64 MiB for sound; Postgres has no value of more than 1 GiB.
	for name, size := range map[string]struct{ is, most Bytes }{"MAX_BODY": {c.MaxBody, 60 << 20}, "MAX_DOCUMENT": {c.MaxDocument, 256 << 20}} {
		if size.is > size.most {
			v.fail(name, "must be a size up to %dMiB", size.most>>20)
		}
	}
	for name, n := range map[string]int{
		"KEY_REQUESTS": c.KeyRequests, "KEY_STATEMENTS": c.KeyStatements,
		"TENANT_REQUESTS": c.TenantRequests, "TENANT_STATEMENTS": c.TenantStatements,
	} {
		if n < 0 || n > 1_000_000_000 {
			v.fail(name, "must be a number a minute from 1 to 1000000000, or 0 for no limit")
		}
	}
	if c.ViewingCap < 1 || c.ViewingCap > 1_000_000_000 {
		v.fail("VIEWING_CAP", "must be a number an hour from 1 to 1000000000")
	}
	for name, d := range map[string]time.Duration{"SESSION_IDLE": c.SessionIdle, "SESSION_LIFE": c.SessionLife} {
		if d < time.Minute || d > 30*24*time.Hour {
			v.fail(name, "must be a duration from 1m to 720h")
		}
	}
	for name, d := range map[string]time.Duration{"DRAIN_DELAY": c.DrainDelay, "DRAIN_TIMEOUT": c.DrainTimeout} {
		if d < 0 || d > time.Hour {
			v.fail(name, "must be a duration from 0s to 1h")
		}
	}
	if c.LogFormat != "json" && c.LogFormat != "text" {
		v.fail("LOG_FORMAT", "must be json or text")
	}
}

// need complains about a text that is missing.
func (v *verdict) need(name string, text secret.Text, needed bool, example string) {
	if needed && text.IsZero() {
		v.fail(name, "is needed: %s", example)
	}
}

func readable(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	_ = f.Close()
	return true
}
