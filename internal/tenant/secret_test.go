package tenant_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/secret"
	"github.com/stoa-lrs/stoa/internal/tenant"
)

func (p platform) rotate(t *tenant.Tenant, user string, grace time.Duration, at time.Time) (k *tenant.Key, plain secret.Text, err error) {
	err = p.try(t, func(tx *postgres.Tx) (err error) {
		k, plain, err = tenant.Rotate(tx, p.peppers, user, grace, at)
		return err
	})
	return k, plain, err
}

// works says which of the secrets open the key at that time.
func (p platform) works(t *tenant.Tenant, k *tenant.Key, at time.Time, secrets ...secret.Text) (out []bool) {
	c := p.credential(t, k)
	for _, s := range secrets {
		_, ok := c.Match(p.peppers, s.Reveal(), at)
		out = append(out, ok)
	}
	return out
}

func TestRotationKeepsTheOldSecretForItsGrace(t *testing.T) {
	t.Parallel()
	p := setup(t)
	acme := p.tenant("acme")
	k, one := p.key(acme, tenant.NewKey{Store: p.store(acme, "s", tenant.Sandbox).ID})

	rotated, two, err := p.rotate(acme, k.User, time.Hour, now)
	require.NoError(t, err)
	require.Len(t, rotated.Secrets, 2, "newest first")
	require.Nil(t, rotated.Secrets[0].ExpiresAt)
	require.Equal(t, now.Add(time.Hour), *rotated.Secrets[1].ExpiresAt)
	require.Equal(t, []bool{true, true}, p.works(acme, k, now.Add(time.Hour-1), one, two))
	require.Equal(t, []bool{false, true}, p.works(acme, k, now.Add(time.Hour), one, two))

	// The old one's last use can be seen.
	used := now.Add(time.Minute)
	p.in(acme, func(tx *postgres.Tx) error {
		require.NoError(t, tenant.RecordUses(tx, []tenant.Use{{Key: k.ID, Secret: rotated.Secrets[1].ID, At: used}}))
		return tenant.RecordUses(tx, []tenant.Use{{Key: k.ID, Secret: rotated.Secrets[1].ID, At: now}}) // late: changes nothing
	})
	p.in(acme, func(tx *postgres.Tx) error {
		got, err := tenant.GetKey(tx, k.User)
		require.Nil(t, got.Secrets[0].LastUsedAt)
		require.Equal(t, used, *got.Secrets[1].LastUsedAt)
		require.Equal(t, used, *got.LastUsedAt())
		return err
	})

	// A second rotation with a longer grace does not prolong the first one's.
	_, three, err := p.rotate(acme, k.User, 2*time.Hour, now)
	require.NoError(t, err)
	require.Equal(t, []bool{true, true, true}, p.works(acme, k, now, one, two, three))
	require.Equal(t, []bool{false, true, true}, p.works(acme, k, now.Add(time.Hour), one, two, three))

	// Without a grace everything older ends now.
	_, four, err := p.rotate(acme, k.User, 0, now)
	require.NoError(t, err)
	require.Equal(t, []bool{false, false, false, true}, p.works(acme, k, now, one, two, three, four))
}

func TestRotationIsRefused(t *testing.T) {
	t.Parallel()
	p := setup(t)
	acme := p.tenant("acme")
	s := p.store(acme, "s", tenant.Sandbox)
	end := now.Add(time.Minute)
	expiring, _ := p.key(acme, tenant.NewKey{Store: s.ID, ExpiresAt: &end})
	k, first := p.key(acme, tenant.NewKey{Store: s.ID})
	for name, c := range map[string]struct {
		user  string
		grace time.Duration
		at    time.Time
		want  fault.Kind
	}{
		"negative": {k.User, -1, now, fault.Invalid},
		"too long": {k.User, tenant.MaxGrace + 1, now, fault.Invalid},
		"expired":  {expiring.User, 0, end, fault.Conflict},
		"unknown":  {"1-00000001", 0, now, fault.NotFound},
	} {
		_, _, err := p.rotate(acme, c.user, c.grace, c.at)
		require.Equal(t, c.want, fault.KindOf(err), "%s: %v", name, err)
	}
	for range 7 {
		_, _, err := p.rotate(acme, k.User, tenant.MaxGrace, now)
		require.NoError(t, err)
	}
	_, _, err := p.rotate(acme, k.User, tenant.MaxGrace, now)
	require.Equal(t, fault.Conflict, fault.KindOf(err), "unbounded")
	require.Equal(t, []bool{true}, p.works(acme, k, now, first), "what was refused changed nothing")
	_, last, err := p.rotate(acme, k.User, 0, now)
	require.NoError(t, err)
	require.Equal(t, []bool{false, true}, p.works(acme, k, now, first, last))
}

func TestRotationsAtOnceAllLeaveOneSecretWithoutEnd(t *testing.T) {
	t.Parallel()
	p := setup(t)
	acme := p.tenant("acme")
	k, first := p.key(acme, tenant.NewKey{Store: p.store(acme, "s", tenant.Sandbox).ID})
	secrets := make([]secret.Text, 6)
	errs := make([]error, len(secrets))
	var wg sync.WaitGroup
	for i := range secrets {
		wg.Go(func() { _, secrets[i], errs[i] = p.rotate(acme, k.User, time.Hour, now) })
	}
	wg.Wait()
	for i := range errs {
		require.NoError(t, errs[i])
	}
	require.NotContains(t, p.works(acme, k, now, append(secrets, first)...), false)
	later := p.works(acme, k, now.Add(time.Hour), append(secrets, first)...)
	lasting := 0
	for _, ok := range later {
		if ok {
			lasting++
		}
	}
	require.Equal(t, 1, lasting, "of %v", later)
}

func TestRevocationIsForGood(t *testing.T) {
	t.Parallel()
	p := setup(t)
	acme := p.tenant("acme")
	k, _ := p.key(acme, tenant.NewKey{Store: p.store(acme, "s", tenant.Sandbox).ID})
	for _, at := range []time.Time{now, now.Add(time.Hour)} { // the second time changes nothing
		p.in(acme, func(tx *postgres.Tx) error {
			got, err := tenant.Revoke(tx, k.User, at)
			require.NoError(t, err)
			require.Equal(t, now, *got.RevokedAt)
			require.Equal(t, tenant.KeyRevoked, got.Status(at))
			return nil
		})
	}
	require.Equal(t, tenant.KeyRevoked, p.credential(acme, k).Status(now))
	_, _, err := p.rotate(acme, k.User, 0, now)
	require.Equal(t, fault.Conflict, fault.KindOf(err))
}
