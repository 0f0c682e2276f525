package keyring

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"slices"
	"strings"

	"gocloud.dev/gcerrors"
	"gocloud.dev/secrets"
	"gocloud.dev/secrets/localsecrets"

	"github.com/stoa-lrs/stoa/internal/fault"
)

const localScheme = "base64key"

var schemes = []string{"awskms", "gcpkms", "azurekeyvault", "hashivault", localScheme}

// CheckKMS returns an Invalid error unless text is the URL of a wrapping key, as
// https://gocloud.dev/howto/secrets/ has them: awskms://…, gcpkms://…,
// azurekeyvault://…, hashivault://…, or base64key://KEY with 32 bytes of base64
// for URLs. The error does not show it: it may be a key.
func CheckKMS(text string) error {
	u, err := url.Parse(text)
	if err != nil || !slices.Contains(schemes, u.Scheme) {
		return fault.New(fault.Invalid, "it must begin with one of %s://", strings.Join(schemes, "://, "))
	}
	if u.Scheme != localScheme {
		return nil
	}
	// Without a key the library would make one, and forget it.
	if _, err := localsecrets.Base64Key(u.Host); err != nil || u.Host == "" {
		return fault.New(fault.Invalid, "%s:// must be followed by 32 bytes of base64 for URLs (- and _, not + and /)", localScheme)
	}
	return nil
}

// keeper opens the wrapping key.
func keeper(ctx context.Context, c Config) (*secrets.Keeper, error) {
	if c.KMS.IsZero() {
		return localKeeper(c.localKey())
	}
	if err := CheckKMS(c.KMS.Reveal()); err != nil {
		return nil, err
	}
	k, err := secrets.OpenKeeper(ctx, c.KMS.Reveal())
	if err != nil {
		if strings.HasPrefix(c.KMS.Reveal(), localScheme) {
			err = nil // it quotes the URL
		}
		return nil, fault.Wrap(fault.Invalid, err, "the wrapping key of the key ring cannot be opened (a build with the tag nocloud has no clouds)")
	}
	return k, nil
}

func wrap(ctx context.Context, c Config, plain []byte) ([]byte, error) {
	return withKeeper(ctx, c, "encrypt", func(ctx context.Context, k *secrets.Keeper) ([]byte, error) { return k.Encrypt(ctx, plain) })
}

func unwrap(ctx context.Context, c Config, cipher []byte) ([]byte, error) {
	return withKeeper(ctx, c, "decrypt", func(ctx context.Context, k *secrets.Keeper) ([]byte, error) { return k.Decrypt(ctx, cipher) })
}

func withKeeper(ctx context.Context, c Config, verb string, do func(context.Context, *secrets.Keeper) ([]byte, error)) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	k, err := keeper(ctx, c)
	if err != nil {
		return nil, err
	}
	defer func() { _ = k.Close() }()
	out, err := do(ctx, k)
	if err == nil {
		return out, nil
	}
	local := c.KMS.IsZero() || strings.HasPrefix(c.KMS.Reveal(), localScheme)
	if local {
		return nil, fault.New(fault.Invalid, "the wrapping key does not %s this key ring: it is another one's", verb)
	}
	kind := fault.Invalid
	switch gcerrors.Code(err) {
	case gcerrors.Unknown, gcerrors.Internal, gcerrors.DeadlineExceeded, gcerrors.Canceled, gcerrors.ResourceExhausted:
		kind = fault.Unavailable
	}
	return nil, fault.Wrap(kind, err, "the KMS does not %s the key ring's data key", verb)
}

// localKey is the file of the wrapping key when there is no KMS: base64, 32 bytes.
func (c Config) localKey() string { return c.File + ".key" }

// makeLocalKey makes the local wrapping key unless there is one, or a KMS.
func makeLocalKey(c Config) error {
	if !c.KMS.IsZero() {
		return nil
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails: the program ends instead
	text := base64.StdEncoding.EncodeToString(key) + "\n"
	return put(c.localKey(), []byte(text), func(temporary string) error {
		err := os.Link(temporary, c.localKey())
		if errors.Is(err, fs.ErrExist) {
			return nil // kept: another key ring may need it
		}
		return err
	})
}

// localKeeper reads the local wrapping key. One that others may read is none.
func localKeeper(path string) (*secrets.Keeper, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the wrapping key %s of the key ring cannot be read (STOA_KEYRING_KMS names one elsewhere)", path)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fault.New(fault.Invalid, "the wrapping key %s can be read by others: chmod 600", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the wrapping key %s of the key ring cannot be read", path)
	}
	key, err := localsecrets.Base64KeyStd(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fault.New(fault.Invalid, "the file %s does not hold 32 bytes of base64", path)
	}
	return localsecrets.NewKeeper(key), nil
}
