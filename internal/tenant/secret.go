package tenant

import (
	"time"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/id"
	"github.com/stoa-lrs/stoa/internal/postgres"
	"github.com/stoa-lrs/stoa/internal/secret"
)

// MaxGrace is how long a rotated secret may go on working.
const MaxGrace = 30 * 24 * time.Hour

// maxSecrets bounds what every request of a key has to be compared with.
const maxSecrets = 8

// listed is how long after its end a secret is still listed, so that its last
// use can be seen.
const listed = 30 * 24 * time.Hour

func addSecret(tx *postgres.Tx, peppers *Peppers, k *Key, now time.Time) (secret.Text, error) {
	plain := newSecret()
	h, _ := peppers.hash(peppers.current, k.TenantID, k.ID, plain.Reveal())
	s := Secret{TenantID: k.TenantID, KeyID: k.ID, ID: id.New(), Pepper: peppers.current, CreatedAt: now}
	if err := tx.Gorm().Create(&hashedSecret{s, h[:]}).Error; err != nil {
		return secret.Text{}, err
	}
	k.Secrets = append([]Secret{s}, k.Secrets...)
	return plain, nil
}

// loadSecrets fills in the secrets of keys: those that work, and those that
// ended not long before the newest rotation's clock.
func loadSecrets(tx *postgres.Tx, keys []Key) error {
	ids := make([]int64, len(keys))
	at := make(map[int64]*Key, len(keys))
	for i := range keys {
		keys[i].Secrets = []Secret{}
		ids[i], at[keys[i].ID] = keys[i].ID, &keys[i]
	}
	if len(ids) == 0 {
		return nil
	}
	var secrets []Secret
	err := tx.Gorm().Where("key_id in ?", ids).
		Where("expires_at is null or expires_at > now() - ?::interval", listed.String()).
		Order("key_id, expires_at desc nulls first, created_at desc, id").Find(&secrets).Error
	for _, s := range secrets {
		at[s.KeyID].Secrets = append(at[s.KeyID].Secrets, s)
	}
	return err
}

// Rotate gives a key a new secret, which can be had here only. Every older one
// goes on working for the grace, 0 to MaxGrace, or until its own earlier end.
// Rotations of one key wait for each other, so that each ends the one before.
// Invalid: the grace; NotFound: the key; Conflict: the key is revoked or
// expired, or too many secrets are still in their grace.
func Rotate(tx *postgres.Tx, peppers *Peppers, user string, grace time.Duration, now time.Time) (*Key, secret.Text, error) {
	var none secret.Text
	if grace < 0 || grace > MaxGrace {
		return nil, none, fault.New(fault.Invalid, "the grace of %s is not valid: 0 to 30 days", grace)
	}
	k, err := findKey(tx, locked(tx), user)
	if err != nil {
		return nil, none, err
	}
	if err := k.refuseConsole(); err != nil {
		return nil, none, err
	}
	if s := k.Status(now); s != KeyActive {
		return nil, none, fault.New(fault.Conflict, "the key %q is %s: create another", user, s)
	}
	now = kept(now)
	working, end := 0, now.Add(grace)
	for i := range k.Secrets {
		s := &k.Secrets[i]
		if s.ExpiresAt != nil && !s.ExpiresAt.After(now) {
			continue
		}
		if s.ExpiresAt == nil || s.ExpiresAt.After(end) {
			s.ExpiresAt = &end
			if err := tx.Gorm().Model(s).Update("expires_at", end).Error; err != nil {
				return nil, none, err
			}
		}
		if grace > 0 {
			working++
		}
	}
	if working >= maxSecrets {
		return nil, none, fault.New(fault.Conflict,
			"%d older secrets of the key %q are still in their grace: rotate with a grace of 0 to end them", working, user)
	}
	plain, err := addSecret(tx, peppers, k, now)
	if err != nil {
		return nil, none, err
	}
	k.Version++
	if err := tx.Gorm().Model(k).Update("version", k.Version).Error; err != nil {
		return nil, none, err
	}
	return k, plain, audit.Record(tx, audit.Event{
		Type: audit.KeyRotated, Target: k.target(), Details: map[string]any{"grace": grace.String(), "still_working": working},
	})
}

// Revoke ends a key for good, on every replica within a second. Revoking twice
// is no error and keeps the first time. NotFound: the key.
func Revoke(tx *postgres.Tx, user string, now time.Time) (*Key, error) {
	k, err := findKey(tx, locked(tx), user)
	if err != nil || k.RevokedAt != nil {
		return k, err
	}
	now = kept(now)
	k.RevokedAt = &now
	k.Version++
	if err := tx.Gorm().Model(k).Updates(map[string]any{"revoked_at": now, "version": k.Version}).Error; err != nil {
		return nil, err
	}
	return k, audit.Record(tx, audit.Event{Type: audit.KeyRevoked, Target: k.target(), Before: k.state()})
}
