package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"
	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

// anchor is what an object in the outside store says: a whole seal and its hash.
type anchor struct {
	Seal
	Hash hash `json:"hash"`
}

// anchorMax is how many bytes of an anchor are read.
const anchorMax = 64 << 10

const anchorTimeout = 20 * time.Second

func anchorPrefix(tenant int64) string { return fmt.Sprintf("audit/%d/", tenant) }

// anchorKey sorts as the number does.
func anchorKey(tenant, number int64) string {
	return fmt.Sprintf("%s%015d.json", anchorPrefix(tenant), number)
}

// Anchor writes the newest seal of every tenant to the outside store, where
// that is not there yet: it holds all seals before it by their hashes. What
// cannot be written is noted with the tenant and tried again the next time.
func (s *Sealer) Anchor(ctx context.Context) error {
	var all []link
	err := s.db.Do(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `with recursive t as (
				(select tenant_id from audit_seals order by tenant_id limit 1) union all
				select (select e.tenant_id from audit_seals e where e.tenant_id > t.tenant_id order by e.tenant_id limit 1) from t where t.tenant_id is not null)
			select s.* from t cross join lateral (select `+sealColumns+` from audit_seals where tenant_id = t.tenant_id order by number desc limit 1) s
			where not exists (select from audit_anchors a where a.tenant_id = t.tenant_id and a.number = s.number and a.error = '')`)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, scanSeal)
		return err
	})
	if err != nil {
		return err
	}
	var errs []error
	failed := int64(0)
	for i := range all {
		l := &all[i]
		number, text := l.Number, ""
		if err := s.put(ctx, &l.Seal); err != nil {
			s.stats.anchorFailures.Add(1)
			failed++
			errs = append(errs, fmt.Errorf("tenant %d, seal %d: %w", l.Tenant, l.Number, err))
			number, text = 0, clean(err.Error(), 500)
		}
		err := s.db.Do(ctx, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `insert into audit_anchors (tenant_id, number, at, error) values ($1, $2, clock_timestamp(), $3)
				on conflict (tenant_id) do update set number = greatest(audit_anchors.number, excluded.number), at = excluded.at, error = excluded.error`,
				l.Tenant, number, text)
			return err
		})
		if err != nil {
			errs = append(errs, err)
		}
	}
	s.stats.unanchored.Store(failed)
	return errors.Join(errs...)
}

// put writes one anchor, never over another.
func (s *Sealer) put(ctx context.Context, seal *Seal) error {
	ctx, cancel := context.WithTimeout(ctx, anchorTimeout)
	defer cancel()
	text, err := json.Marshal(anchor{*seal, seal.hash()})
	if err != nil {
		return err
	}
	key := anchorKey(seal.Tenant, seal.Number)
	if before, err := s.lastAnchor(ctx, seal.Tenant); err != nil || before > seal.Number {
		return first(err, fmt.Errorf("there is an anchor of seal %d already: the chain has been cut off", before))
	}
	err = s.config.Anchors.WriteAll(ctx, key, text, &blob.WriterOptions{ContentType: "application/json", IfNotExist: true})
	if gcerrors.Code(err) != gcerrors.FailedPrecondition && gcerrors.Code(err) != gcerrors.AlreadyExists {
		return err
	}
	there, err := readAnchor(ctx, s.config.Anchors, key)
	if err == nil && there.Hash != seal.hash() {
		err = errors.New("there is another anchor of this seal: the chain has been changed")
	}
	return err
}

// lastAnchor returns up to which seal a tenant's chain was in the outside store.
func (s *Sealer) lastAnchor(ctx context.Context, tenant int64) (number int64, err error) {
	err = s.db.Do(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `select coalesce((select number from audit_anchors where tenant_id = $1), 0)`, tenant).Scan(&number)
	})
	return number, err
}

func readAnchor(ctx context.Context, bucket *blob.Bucket, key string) (*anchor, error) {
	r, err := bucket.NewReader(ctx, key, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	text, err := io.ReadAll(io.LimitReader(r, anchorMax))
	if err != nil {
		return nil, err
	}
	var a anchor
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&a); err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return &a, nil
}
