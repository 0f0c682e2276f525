package lrs

import "github.com/jackc/pgx/v5/pgtype"

// column is an array parameter. pgx encodes a slice of a type that it does not
// know through reflection, element by element; pointers to pgtype's own types
// it encodes directly, without allocating.
type column[T any] []T

// Dimensions implements pgtype.ArrayGetter.
func (c column[T]) Dimensions() []pgtype.ArrayDimension {
	return []pgtype.ArrayDimension{{Length: int32(len(c)), LowerBound: 1}}
}

// Index implements pgtype.ArrayGetter.
func (c column[T]) Index(i int) any { return &c[i] }

// IndexType implements pgtype.ArrayGetter.
func (c column[T]) IndexType() any { return new(T) }

func int8Of(n int64) pgtype.Int8 { return pgtype.Int8{Int64: n, Valid: true} }
