package pgserver

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is who runs Postgres, which refuses to run as root. The zero value
// is "ourselves".
type account struct {
	uid, gid uint32
}

// unprivileged chooses the account for root: whoever owns the cluster already,
// else nobody.
func unprivileged(data string) account {
	if info, err := os.Stat(data); err == nil {
		if owner := info.Sys().(*syscall.Stat_t); owner.Uid != 0 {
			return account{uid: owner.Uid, gid: owner.Gid}
		}
	}
	if u, err := user.Lookup("nobody"); err == nil {
		uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
		if errUID == nil && errGID == nil && uid != 0 {
			return account{uid: uint32(uid), gid: uint32(gid)}
		}
	}
	return account{uid: 65534, gid: 65534}
}

// credential drops every group too: root's would go along otherwise.
func (a account) credential() *syscall.Credential {
	if a.uid == 0 {
		return nil
	}
	return &syscall.Credential{Uid: a.uid, Gid: a.gid, Groups: []uint32{}}
}

// own hands files over to the account.
func (a account) own(paths ...string) error {
	if a.uid == 0 {
		return nil
	}
	for _, path := range paths {
		if err := os.Chown(path, int(a.uid), int(a.gid)); err != nil {
			return fmt.Errorf("hand %s to uid %d: %w", path, a.uid, err)
		}
	}
	return nil
}

// mayEnter reports whether the account may enter dir and all that is above it.
func (a account) mayEnter(dir string) bool {
	if a.uid == 0 {
		return true
	}
	if target, err := filepath.EvalSymlinks(dir); err == nil {
		dir = target
	}
	for {
		info, err := os.Stat(dir)
		if err != nil {
			return false
		}
		owner, enter := info.Sys().(*syscall.Stat_t), os.FileMode(0o001)
		switch {
		case owner.Uid == a.uid:
			enter = 0o100
		case owner.Gid == a.gid:
			enter = 0o010
		}
		if info.Mode()&enter == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
		dir = filepath.Dir(dir)
	}
}
