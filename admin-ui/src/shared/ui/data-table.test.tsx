import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import type { Pages } from '@/api/pages';
import { renderIn } from '@/testing/render';
import { DataTable } from './data-table';

const pages = (over: Partial<Pages<string>>) =>
  ({
    rows: [],
    error: null,
    isPending: false,
    isFetchingNextPage: false,
    hasNextPage: false,
    fetchNextPage: vi.fn(),
    refetch: vi.fn(),
    ...over,
  }) as unknown as Pages<string>;

const table = (of: Pages<string>, searchedTo?: string) =>
  renderIn(
    <DataTable
      label="Things"
      columns={[{ id: 'thing', header: 'Thing', cell: (row) => row }]}
      pages={of}
      rowId={(row) => row}
      empty={<p>nothing at all</p>}
      searchedTo={searchedTo}
    />,
  );

test('nothing so far is not nothing: it says how far was searched, and goes on', async () => {
  const of = pages({ hasNextPage: true });
  table(of, '2026-09-21T12:00:00Z');
  expect(screen.queryByText('nothing at all')).not.toBeInTheDocument();
  expect(screen.getByText(/searched back to Sep 21, 2026, 14:00:00/)).toBeInTheDocument();
  await userEvent.click(screen.getByRole('button', { name: 'Search on' }));
  expect(of.fetchNextPage).toHaveBeenCalledOnce();
});

test('a page that ended early says so below its rows', () => {
  table(pages({ rows: ['a'], hasNextPage: true }), '2026-09-21T12:00:00Z');
  expect(screen.getByText(/1 row so far · searched back to/)).toBeInTheDocument();
  expect(screen.getByRole('button', { name: 'Search on' })).toBeInTheDocument();
});

test('at the end there is nothing to go on with', () => {
  table(pages({}));
  expect(screen.getByText('nothing at all')).toBeInTheDocument();
  expect(screen.queryByRole('button')).not.toBeInTheDocument();
});
