package audit_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/audit"
	"github.com/stoa-lrs/stoa/internal/postgres"
)

// TestAProofIsCheckedByHand does what docs/audit.md tells, step by step, with
// nothing of the package but the JSON that it prints.
func TestAProofIsCheckedByHand(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.record(w.mine, 1)
	w.seal()
	w.record(w.mine, 13)
	w.seal()
	for _, line := range w.list(w.mine, audit.Filter{}) {
		var printed []byte
		w.in(w.mine, func(tx *postgres.Tx) error {
			p, err := audit.Prove(tx, &line)
			require.NoError(t, err)
			printed, err = json.Marshal(p)
			return err
		})
		var p struct {
			Leaf  []byte
			Index int
			Path  []string
			Seal  struct {
				Tenant, Number, Count, Total, Last, Settled, Days, Expires int64
				Kind, Events, Root, Previous                               string
				At, Newest                                                 time.Time
				Signature                                                  []byte
				Key                                                        string
			}
			Hash string
		}
		require.NoError(t, json.Unmarshal(printed, &p))

		// 1: the event.
		leaf := binary.BigEndian.AppendUint64([]byte("stoa/audit/event/1\n"), uint64(w.mine.Tenant()))
		leaf = binary.BigEndian.AppendUint64(leaf, uint64(line.ID))
		leaf = binary.BigEndian.AppendUint64(leaf, uint64(line.At.UnixMicro()))
		texts := []string{
			string(line.Actor.Kind), line.Actor.ID, line.Actor.Name, string(line.Type), line.Target.Kind, line.Target.ID, line.Target.Name,
			string(line.Outcome), line.Address, line.UserAgent, line.Session, line.RequestID, line.Details,
		}
		for _, text := range texts {
			leaf = append(binary.BigEndian.AppendUint32(leaf, uint32(len(text))), text...)
		}
		require.Equal(t, leaf, p.Leaf)
		// 2 and 3: up the path.
		hash := sum([]byte{0}, p.Leaf)
		at, last := p.Index, int(p.Seal.Count)-1
		for _, text := range p.Path {
			if at%2 == 1 || at == last {
				hash = sum([]byte{1}, unhex(t, text), hash)
				for at%2 == 0 && at != 0 {
					at, last = at/2, last/2
				}
			} else {
				hash = sum([]byte{1}, hash, unhex(t, text))
			}
			at, last = at/2, last/2
		}
		require.Zero(t, last)
		require.Equal(t, p.Seal.Root, hex.EncodeToString(hash))
		// 4: the header.
		header := []byte("stoa/audit/seal/1\n")
		number := func(n int64) { header = binary.BigEndian.AppendUint64(header, uint64(n)) }
		number(p.Seal.Tenant)
		number(p.Seal.Number)
		header = append(binary.BigEndian.AppendUint32(header, uint32(len(p.Seal.Kind))), p.Seal.Kind...)
		for _, n := range []int64{
			p.Seal.At.UnixMicro(), p.Seal.Count, p.Seal.Total, p.Seal.Last, p.Seal.Settled, p.Seal.Newest.UnixMicro(), p.Seal.Days, p.Seal.Expires,
		} {
			number(n)
		}
		for _, text := range []string{p.Seal.Events, p.Seal.Root, p.Seal.Previous} {
			header = append(header, unhex(t, text)...)
		}
		// 5: the signature.
		require.True(t, ed25519.Verify(w.keys.all[0].Public().(ed25519.PublicKey), header, p.Seal.Signature))
		// 6: the hash.
		whole := []byte{2}
		for _, part := range [][]byte{header, []byte(p.Seal.Key), p.Seal.Signature} {
			whole = append(binary.BigEndian.AppendUint32(whole, uint32(len(part))), part...)
		}
		require.Equal(t, p.Hash, hex.EncodeToString(sum(whole)))
	}
}

func sum(parts ...[]byte) []byte {
	h := sha256.New()
	for _, part := range parts {
		h.Write(part)
	}
	return h.Sum(nil)
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	require.NoError(t, err)
	return b
}
