package tenant

import (
	"context"
	"fmt"
	"net/netip"
	"reflect"

	"github.com/jackc/pgx/v5/pgtype"
	"gorm.io/gorm/schema"

	"github.com/stoa-lrs/stoa/internal/authz"
)

// gorm knows no array columns: these two serializers read and write them.
func init() {
	schema.RegisterSerializer("scopes", scopesColumn{})
	schema.RegisterSerializer("networks", networksColumn{})
}

// types is never changed after this, which makes it safe to share.
var types = pgtype.NewMap()

type scopesColumn struct{} // text[] of names

func (scopesColumn) Scan(ctx context.Context, field *schema.Field, dst reflect.Value, value any) error {
	var names []string
	if err := types.SQLScanner(&names).Scan(value); err != nil {
		return fmt.Errorf("read %s: %w", field.Name, err)
	}
	s, err := authz.ParseScopes(names)
	if err != nil {
		return fmt.Errorf("read %s: %w", field.Name, err)
	}
	field.ReflectValueOf(ctx, dst).Set(reflect.ValueOf(s))
	return nil
}

func (scopesColumn) Value(_ context.Context, _ *schema.Field, _ reflect.Value, value any) (any, error) {
	return value.(authz.Scopes).Names(), nil
}

type networksColumn struct{} // cidr[]

func (networksColumn) Scan(ctx context.Context, field *schema.Field, dst reflect.Value, value any) error {
	var networks []netip.Prefix
	if err := types.SQLScanner(&networks).Scan(value); err != nil {
		return fmt.Errorf("read %s: %w", field.Name, err)
	}
	field.ReflectValueOf(ctx, dst).Set(reflect.ValueOf(networks))
	return nil
}

func (networksColumn) Value(_ context.Context, _ *schema.Field, _ reflect.Value, value any) (any, error) {
	return value.([]netip.Prefix), nil
}
