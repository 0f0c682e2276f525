package tenant

import (
	"strings"

	"github.com/stoa-lrs/stoa/internal/id"
)

// A key's user name says by itself which tenant and key it means, so that
// looking it up can happen inside that tenant's own transaction:
//
//	<tenant id>-<key id>     e.g. 3-h4k2m9q0
//
// both in the digits of package id. There is exactly one spelling of each name.

// UserName returns the Basic user name of a key. Both ids are positive.
func UserName(tenant, key int64) string {
	var t []byte
	for n := tenant; n > 0; n >>= 5 {
		t = append([]byte{id.Digits[n&31]}, t...)
	}
	return string(t) + "-" + id.Text(key)
}

// ParseUserName undoes UserName; false for everything that it never returns.
func ParseUserName(user string) (tenant, key int64, ok bool) {
	t, k, found := strings.Cut(user, "-")
	if !found || len(t) == 0 || len(t) > 12 || t[0] == '0' {
		return 0, 0, false
	}
	for i := range len(t) {
		d := strings.IndexByte(id.Digits, t[i])
		if d < 0 {
			return 0, 0, false
		}
		tenant = tenant<<5 | int64(d)
	}
	if key, ok = id.Parse(k); !ok {
		return 0, 0, false
	}
	return tenant, key, true
}
