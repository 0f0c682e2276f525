package tenant

import (
	"fmt"
	"strings"
)

// A key's user name says by itself which tenant and key it means, so that
// looking it up can happen inside that tenant's own transaction:
//
//	<tenant id>-<key id>     e.g. 3-h4k2m9q0
//
// both in Crockford's base 32 in lower case, without its i, l, o and u. There is
// exactly one spelling of each name.
const (
	digits    = "0123456789abcdefghjkmnpqrstvwxyz"
	keyDigits = 8
	maxKeyID  = 1<<(5*keyDigits) - 1 // 40 bits: enough to be unique in a tenant, exact in a JSON number
)

// UserName returns the Basic user name of a key. Both ids are positive.
func UserName(tenant, key int64) string {
	var t []byte
	for n := tenant; n > 0; n >>= 5 {
		t = append([]byte{digits[n&31]}, t...)
	}
	var k [keyDigits]byte
	for i := keyDigits - 1; i >= 0; i-- {
		k[i] = digits[key&31]
		key >>= 5
	}
	return fmt.Sprintf("%s-%s", t, k[:])
}

// ParseUserName undoes UserName; false for everything that it never returns.
func ParseUserName(user string) (tenant, key int64, ok bool) {
	t, k, found := strings.Cut(user, "-")
	if !found || len(t) == 0 || len(t) > 12 || t[0] == '0' || len(k) != keyDigits {
		return 0, 0, false
	}
	tenant, okTenant := parseDigits(t)
	key, okKey := parseDigits(k)
	if !okTenant || !okKey || key == 0 {
		return 0, 0, false
	}
	return tenant, key, true
}

func parseDigits(s string) (n int64, ok bool) {
	for i := range len(s) {
		d := strings.IndexByte(digits, s[i])
		if d < 0 {
			return 0, false
		}
		n = n<<5 | int64(d)
	}
	return n, true
}
