package keyring_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/stoa-lrs/stoa/internal/fault"
	"github.com/stoa-lrs/stoa/internal/keyring"
)

var tenants, texts = rapid.Int64Range(1, 1<<62), rapid.SliceOfN(rapid.Byte(), 0, 300)

func TestWhatIsEncryptedComesBackOnlyInItsPlace(t *testing.T) {
	t.Parallel()
	_, r := setup(t)
	rapid.Check(t, func(t *rapid.T) {
		tenant, column, plain := tenants.Draw(t, "tenant"), rapid.StringMatching(`[a-z_.]{1,30}`).Draw(t, "column"), texts.Draw(t, "plain")
		cipher, err := r.Encrypt(tenant, column, plain)
		require.NoError(t, err)
		again, err := r.Encrypt(tenant, column, plain)
		require.NoError(t, err)
		require.NotEqual(t, cipher, again, "equal secrets must not be seen to be equal")
		back, err := r.Decrypt(tenant, column, cipher)
		require.NoError(t, err)
		require.Equal(t, string(plain), string(back))

		for _, elsewhere := range []struct {
			tenant int64
			column string
		}{{tenant + 1, column}, {tenant, column + "x"}, {tenant, ""}, {tenant<<8 | int64(column[0]), column[1:]}} {
			_, err := r.Decrypt(elsewhere.tenant, elsewhere.column, cipher)
			require.Equal(t, fault.Internal, fault.KindOf(err), elsewhere)
			require.Error(t, err, elsewhere)
		}
		changed := bytes.Clone(cipher)
		changed[rapid.IntRange(0, len(changed)-1).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		_, err = r.Decrypt(tenant, column, changed)
		require.Error(t, err)
		_, err = r.Decrypt(tenant, column, cipher[:rapid.IntRange(0, len(cipher)-1).Draw(t, "length")])
		require.Error(t, err)
	})
}

func TestASealIsVerifiedByAnyProgram(t *testing.T) {
	t.Parallel()
	_, r := setup(t)
	rapid.Check(t, func(t *rapid.T) {
		data := texts.Draw(t, "data")
		id, signature, err := r.Sign(data)
		require.NoError(t, err)
		require.NoError(t, r.Verify(id, data, signature))
		public := r.PublicKeys()
		require.Len(t, public, 1)
		require.Equal(t, id, public[0].ID)
		require.True(t, ed25519.Verify(public[0].Key, data, signature))

		require.Equal(t, fault.Invalid, fault.KindOf(r.Verify(id, append(data, 0), signature)))
		signature[rapid.IntRange(0, len(signature)-1).Draw(t, "at")] ^= 1
		require.Equal(t, fault.Invalid, fault.KindOf(r.Verify(id, data, signature)))
		require.Error(t, r.Verify(id, data, nil))
		require.Error(t, r.Verify("00000000", data, signature))
		public[0].Key[0] ^= 1 // a copy
		require.NotEqual(t, public[0].Key, r.PublicKeys()[0].Key)
	})
}

func TestAPseudonymIsStableReversibleAndOfOneTenant(t *testing.T) {
	t.Parallel()
	c, r := setup(t)
	replica := open(t, c)
	shape := regexp.MustCompile(`^[a-z2-7]+$`)
	rapid.Check(t, func(t *rapid.T) {
		tenant, identity := tenants.Draw(t, "tenant"), texts.Draw(t, "identity")
		pseudonym, err := r.Pseudonyms(tenant).Encrypt(identity)
		require.NoError(t, err)
		require.Regexp(t, shape, pseudonym)
		same, err := replica.Pseudonyms(tenant).Encrypt(identity)
		require.NoError(t, err)
		require.Equal(t, pseudonym, same)
		if len(identity) < 64 {
			require.Len(t, pseudonym, 135)
		}
		other, err := r.Pseudonyms(tenant + 1).Encrypt(identity)
		require.NoError(t, err)
		require.NotEqual(t, pseudonym, other)
		longer, err := r.Pseudonyms(tenant).Encrypt(append(bytes.Clone(identity), 0))
		require.NoError(t, err)
		require.NotEqual(t, pseudonym, longer)

		back, err := replica.Pseudonyms(tenant).Decrypt(pseudonym)
		require.NoError(t, err)
		require.Equal(t, string(identity), string(back))
		_, err = r.Pseudonyms(tenant + 1).Decrypt(pseudonym)
		require.Equal(t, fault.NotFound, fault.KindOf(err))
		for _, wrong := range []string{"", "a", strings.ToUpper(pseudonym), pseudonym + "a", pseudonym[1:], "x" + pseudonym, pseudonym + "=", "../" + pseudonym} {
			_, err := r.Pseudonyms(tenant).Decrypt(wrong)
			require.Equal(t, fault.NotFound, fault.KindOf(err), wrong)
		}
		at := rapid.IntRange(0, len(pseudonym)-1).Draw(t, "at")
		letter := rapid.StringMatching(`[a-z2-7]`).Draw(t, "letter")
		if changed := pseudonym[:at] + letter + pseudonym[at+1:]; changed != pseudonym {
			_, err := r.Pseudonyms(tenant).Decrypt(changed)
			require.Equal(t, fault.NotFound, fault.KindOf(err), "one text for one pseudonym")
		}
	})
}

func TestAPseudonymHasBounds(t *testing.T) {
	t.Parallel()
	_, r := setup(t)
	lengths := map[int]bool{}
	for n := range 1024 {
		p, err := r.Pseudonyms(1).Encrypt(make([]byte, n))
		require.NoError(t, err)
		lengths[len(p)] = true
	}
	require.Len(t, lengths, 5, "64, 128, 256, 512 and 1024 bytes")
	long, err := r.Pseudonyms(1).Encrypt(make([]byte, 1<<16-1))
	require.NoError(t, err)
	_, err = r.Pseudonyms(1).Decrypt(long)
	require.NoError(t, err)
	_, err = r.Pseudonyms(1).Encrypt(make([]byte, 1<<16))
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	_, err = r.Pseudonyms(1).Decrypt(strings.Repeat("a", 1<<20))
	require.Equal(t, fault.NotFound, fault.KindOf(err))
}

func TestARotationIsNoticedWithoutARestart(t *testing.T) {
	t.Parallel()
	c, r := setup(t)
	replica := open(t, c)
	cipher, err := r.Encrypt(1, "secret", []byte("x"))
	require.NoError(t, err)
	seal, signature, err := r.Sign([]byte("x"))
	require.NoError(t, err)
	pseudonym, err := r.Pseudonyms(1).Encrypt([]byte("x"))
	require.NoError(t, err)

	require.NoError(t, keyring.Rotate(t.Context(), c, day.Add(time.Hour)))
	rotated := open(t, c)
	newCipher, err := rotated.Encrypt(1, "secret", []byte("x"))
	require.NoError(t, err)
	newSeal, newSignature, err := rotated.Sign([]byte("x"))
	require.NoError(t, err)
	newPseudonym, err := rotated.Pseudonyms(1).Encrypt([]byte("x"))
	require.NoError(t, err)
	require.NotEqual(t, cipher[:5], newCipher[:5])
	require.NotEqual(t, seal, newSeal)
	require.NotEqual(t, pseudonym, newPseudonym)

	// A key that is not known yet is looked for at once, each by a replica of its own.
	plain, err := r.Decrypt(1, "secret", newCipher)
	require.NoError(t, err)
	require.Equal(t, "x", string(plain))
	require.NoError(t, replica.Verify(newSeal, []byte("x"), newSignature))
	require.NoError(t, r.Verify(seal, []byte("x"), signature), "those before go on verifying")
	for _, p := range []string{pseudonym, newPseudonym} {
		plain, err = replica.Pseudonyms(1).Decrypt(p)
		require.NoError(t, err)
		require.Equal(t, "x", string(plain))
	}
	plain, err = rotated.Decrypt(1, "secret", cipher)
	require.NoError(t, err)
	require.Equal(t, "x", string(plain))

	// One that only makes things sees it by the clock.
	require.NoError(t, keyring.Rotate(t.Context(), c, day.Add(2*time.Hour), keyring.Seals))
	require.Eventually(t, func() bool {
		id, _, err := r.Sign([]byte("x"))
		require.NoError(t, err)
		return id != seal && id != newSeal
	}, 10*time.Second, 20*time.Millisecond)
	keys, err := r.List()
	require.NoError(t, err)
	require.Len(t, keys, 2+3+2)
	inUse := map[keyring.Purpose]time.Time{}
	for _, k := range keys {
		require.Regexp(t, `^[0-9a-f]{8}$`, k.ID)
		if k.Status == "in use" {
			require.Zero(t, inUse[k.Purpose], "one key is in use")
			inUse[k.Purpose] = k.CreatedAt
		}
	}
	require.Equal(t, map[keyring.Purpose]time.Time{
		keyring.Secrets: day.Add(time.Hour), keyring.Seals: day.Add(2 * time.Hour), keyring.Pseudonym: day.Add(time.Hour),
	}, inUse)
}

func TestRotationsAtOnceAreAllKept(t *testing.T) {
	t.Parallel()
	c, r := setup(t)
	var group sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		group.Go(func() { errs[i] = keyring.Rotate(t.Context(), c, day, keyring.Secrets) })
		// Meanwhile it is read whole, at every moment.
		cipher, err := r.Encrypt(1, "c", []byte("x"))
		require.NoError(t, err)
		_, err = open(t, c).Decrypt(1, "c", cipher)
		require.NoError(t, err)
	}
	group.Wait()
	require.Equal(t, make([]error, 6), errs)
	keys, err := open(t, c).List()
	require.NoError(t, err)
	require.Len(t, keys, 3+6)
}

func TestAnotherRingsValuesAreRefused(t *testing.T) {
	t.Parallel()
	_, mine := setup(t)
	_, theirs := setup(t)
	cipher, err := theirs.Encrypt(1, "c", []byte("x"))
	require.NoError(t, err)
	_, err = mine.Decrypt(1, "c", cipher)
	require.ErrorContains(t, err, "does not have the key")
	id, signature, err := theirs.Sign([]byte("x"))
	require.NoError(t, err)
	require.ErrorContains(t, mine.Verify(id, []byte("x"), signature), "does not have the key")
	pseudonym, err := theirs.Pseudonyms(1).Encrypt([]byte("x"))
	require.NoError(t, err)
	_, err = mine.Pseudonyms(1).Decrypt(pseudonym)
	require.Equal(t, fault.NotFound, fault.KindOf(err))
	sum := sha256.Sum256([]byte("x"))
	_, err = mine.Decrypt(1, "c", append([]byte{1}, sum[:]...))
	require.Error(t, err)
}
