package config

import (
	"errors"
	"math"
	"net/netip"
	"strconv"
	"strings"

	"github.com/stoa-lrs/stoa/internal/tenant"
)

// Networks is a list of addresses and networks.
type Networks []netip.Prefix

// UnmarshalText reads 10.0.0.0/8,::1; see tenant.ParseNetworks.
func (n *Networks) UnmarshalText(text []byte) (err error) {
	*n, err = tenant.ParseNetworks(strings.Split(string(text), ","))
	return err
}

// Bytes is a size: a number of bytes, or of KiB, MiB or GiB.
type Bytes int64

// UnmarshalText reads 65536, 64KiB, 16MiB or 1GiB.
func (b *Bytes) UnmarshalText(text []byte) error {
	number, factor := strings.TrimSpace(string(text)), int64(1)
	for i, unit := range []string{"KiB", "MiB", "GiB"} {
		if rest, found := strings.CutSuffix(number, unit); found {
			number, factor = strings.TrimSpace(rest), 1<<(10*(i+1))
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n <= 0 || n > math.MaxInt64/factor {
		return errors.New("not a size")
	}
	*b = Bytes(n * factor)
	return nil
}
