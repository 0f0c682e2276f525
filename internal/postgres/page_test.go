package postgres_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stoa-lrs/stoa/internal/postgres"
)

func TestAPageIsBounded(t *testing.T) {
	t.Parallel()
	for limit, want := range map[int]int{-1: 100, 0: 100, 1: 1, 1000: 1000, 1001: 1000} {
		require.Equal(t, want, postgres.Page{Limit: limit}.Rows(), limit)
	}
	for _, c := range []struct {
		rows, want []int
		next       string
	}{
		{nil, nil, ""},
		{[]int{7, 8}, []int{7, 8}, ""},
		{[]int{7, 8, 9}, []int{7, 8}, "8"},
	} {
		page, next := postgres.Cut(postgres.Page{Limit: 2}, c.rows, strconv.Itoa)
		require.Equal(t, c.want, page)
		require.Equal(t, c.next, next)
	}
}
