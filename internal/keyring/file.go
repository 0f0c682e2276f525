package keyring

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/stoa-lrs/stoa/internal/fault"
)

// document is the file, as JSON. Version 1 is the only one so far.
type document struct {
	Format  string   `json:"format"` // "stoa-keyring"
	Version int      `json:"version"`
	DataKey []byte   `json:"data_key"` // 32 bytes, AES-256-GCM, encrypted by the wrapping key; another one in each version of the file
	Keysets []sealed `json:"keysets"`
}

// sealed is one keyset: Tink's EncryptedKeyset, with heading as associated data.
type sealed struct {
	heading
	Keyset []byte `json:"keyset"`
}

// heading is what may be read without the key, and not changed.
type heading struct {
	Purpose Purpose    `json:"purpose"`
	Keys    []birthday `json:"keys"`
}

// birthday is when a key was made.
type birthday struct {
	ID        uint32    `json:"id"`
	CreatedAt time.Time `json:"created_at"`
}

const (
	format  = "stoa-keyring"
	version = 1
	maxFile = 1 << 20 // bytes; some thousand rotations
)

// read returns the document in the file and the file's state when it was read.
func read(f *os.File) (*document, fs.FileInfo, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, nil, unreadable(f.Name(), err)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, nil, unreadable(f.Name(), err)
	}
	var d document
	// The error of the decoder may quote what it read: it is not passed on.
	if len(text) > maxFile || json.Unmarshal(text, &d) != nil || d.Format != format {
		return nil, nil, fault.New(fault.Invalid, "%s is no key ring", f.Name())
	}
	if d.Version != version {
		return nil, nil, fault.New(fault.Invalid, "the key ring %s has version %d, this program reads version %d", f.Name(), d.Version, version)
	}
	return &d, info, nil
}

// load reads and decrypts the file.
func load(ctx context.Context, c Config) (*keys, error) {
	f, err := os.Open(c.File)
	if err != nil {
		return nil, unreadable(c.File, err)
	}
	defer f.Close()
	return loadFrom(ctx, c, f)
}

func loadFrom(ctx context.Context, c Config, f *os.File) (*keys, error) {
	d, info, err := read(f)
	if err != nil {
		return nil, err
	}
	dataKey, err := unwrap(ctx, c, d.DataKey)
	if err != nil {
		return nil, err
	}
	master, err := subtle.NewAESGCM(dataKey)
	if err != nil {
		return nil, fault.New(fault.Invalid, "the data key of %s has not 32 bytes", c.File)
	}
	k := &keys{info: info, sets: map[Purpose]set{}}
	for _, s := range d.Keysets {
		handle, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(s.Keyset)), master, s.bytes())
		if err != nil {
			return nil, fault.New(fault.Invalid, "the %s of the key ring %s were changed, or are another key ring's", s.Purpose, c.File)
		}
		k.sets[s.Purpose] = set{handle, s.Keys}
	}
	if err := k.open(); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the key ring %s is not complete", c.File)
	}
	return k, nil
}

// bytes is the associated data of a keyset.
func (h heading) bytes() []byte {
	text := fmt.Appendf(nil, "%s %d %s", format, version, h.Purpose)
	for _, k := range h.Keys {
		text = fmt.Appendf(text, " %d@%d", k.ID, k.CreatedAt.Unix())
	}
	return text
}

// encode returns the document of these sets, under a new data key.
func encode(ctx context.Context, c Config, sets map[Purpose]set) ([]byte, error) {
	dataKey := make([]byte, 32)
	_, _ = rand.Read(dataKey) // never fails: the program ends instead
	master, err := subtle.NewAESGCM(dataKey)
	if err != nil {
		return nil, err
	}
	d := document{Format: format, Version: version}
	if d.DataKey, err = wrap(ctx, c, dataKey); err != nil {
		return nil, err
	}
	for _, purpose := range Purposes {
		s := sealed{heading: heading{purpose, sets[purpose].keys}}
		var b bytes.Buffer
		if err := sets[purpose].handle.WriteWithAssociatedData(keyset.NewBinaryWriter(&b), master, s.bytes()); err != nil {
			return nil, err
		}
		s.Keyset = b.Bytes()
		d.Keysets = append(d.Keysets, s)
	}
	text, err := json.MarshalIndent(d, "", "  ")
	return append(text, '\n'), err
}

// Create makes a key ring with one key for each purpose, and the local wrapping
// key where there is none yet. A key ring that exists is Conflict and stays.
func Create(ctx context.Context, c Config, now time.Time) error {
	if _, err := os.Lstat(c.File); err == nil {
		return errExists(c.File)
	}
	if err := makeLocalKey(c); err != nil {
		return err
	}
	sets := map[Purpose]set{}
	for _, purpose := range Purposes {
		s, err := set{handle: nil}.add(purpose, now)
		if err != nil {
			return err
		}
		sets[purpose] = s
	}
	text, err := encode(ctx, c, sets)
	if err != nil {
		return err
	}
	return put(c.File, text, func(temporary string) error {
		err := os.Link(temporary, c.File) // unlike Rename it replaces nothing
		if errors.Is(err, fs.ErrExist) {
			return errExists(c.File)
		}
		return err
	})
}

func errExists(path string) error {
	return fault.New(fault.Conflict, "there is a key ring at %s already: what it has encrypted could not be read without it", path)
}

// Rotate gives each of the purposes (none: all) a new key, from now on the one
// in use; those before go on decrypting and verifying. New keys of pseudonyms
// mean new pseudonyms for everybody.
func Rotate(ctx context.Context, c Config, now time.Time, purposes ...Purpose) error {
	if len(purposes) == 0 {
		purposes = Purposes
	}
	f, err := lock(c.File)
	if err != nil {
		return err
	}
	defer f.Close() // and with it the lock
	k, err := loadFrom(ctx, c, f)
	if err != nil {
		return err
	}
	for _, purpose := range purposes {
		s, there := k.sets[purpose]
		if !there {
			return fault.New(fault.Invalid, "a key ring has no %q: it has secrets, seals and pseudonyms", purpose)
		}
		if k.sets[purpose], err = s.add(purpose, now); err != nil {
			return err
		}
	}
	text, err := encode(ctx, c, k.sets)
	if err != nil {
		return err
	}
	return put(c.File, text, func(temporary string) error { return os.Rename(temporary, c.File) })
}

// lock opens the file and claims it, so that of two rotations at once none is
// lost. The file may be replaced while this waits: then it waits for the new one.
func lock(path string) (*os.File, error) {
	for {
		f, err := os.Open(path)
		if err != nil {
			return nil, unreadable(path, err)
		}
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
			f.Close()
			return nil, unreadable(path, err)
		}
		mine, err := f.Stat()
		if err == nil {
			var there fs.FileInfo
			if there, err = os.Stat(path); err == nil && os.SameFile(mine, there) {
				return f, nil
			}
		}
		f.Close()
		if err != nil {
			return nil, unreadable(path, err)
		}
	}
}

// put writes a file of mode 0600 beside path and lets place put it there: what
// is at path is complete at every moment.
func put(path string, content []byte, place func(temporary string) error) (err error) {
	defer func() {
		if err != nil && fault.KindOf(err) == fault.Internal {
			err = fault.Wrap(fault.Invalid, err, "the key ring %s cannot be written", path)
		}
	}()
	f, err := os.CreateTemp(filepath.Dir(path), ".keyring-*") // 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone when it was renamed
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := place(f.Name()); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync() // the name, too, survives a power cut
}
