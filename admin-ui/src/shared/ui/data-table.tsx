import { Button, Loader, Skeleton } from '@mantine/core';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { type CSSProperties, memo, type ReactNode, useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { Pages } from '@/api/pages';
import { useShortcuts } from '@/shared/lib/shortcuts';
import { useFormat } from '@/shared/lib/tenant';
import { ErrorState, SoFarState } from './empty-state';
import classes from './page.module.css';

export interface Column<T> {
  id: string;
  /** Empty only for a column of buttons. */
  header: string;
  cell: (row: T) => ReactNode;
  width?: number | string;
  end?: boolean;
  /** Left out on screens narrower than: sm 768 px, md 992 px. */
  below?: 'sm' | 'md';
}

interface Props<T> {
  label: string;
  columns: Column<T>[];
  pages: Pages<T>;
  rowId: (row: T) => string;
  /** Opens a row: its first cell becomes a button, which j and k go through. */
  onOpen?: (row: T) => void;
  /** What is shown when there is nothing. */
  empty: ReactNode;
  /** One line a row, cut at its end; for long lists. */
  oneLine?: boolean;
  /** Draw every row, also those out of sight: for printing. */
  all?: boolean;
  /** The server stopped looking at this time, before the page was full. */
  searchedTo?: string;
}

/** From how many rows on those out of sight are not drawn. */
const many = 120;

/** A list page by page: "load more" asks for the next, j and k move, and only what is seen is drawn. */
export function DataTable<T>({ label, columns, pages, rowId, onOpen, empty, oneLine, all, searchedTo }: Props<T>) {
  const { t } = useTranslation('shared');
  const format = useFormat();
  const body = useRef<HTMLTableSectionElement>(null);
  const { rows } = pages;
  // Scrolling draws this table anew and again, but none of the rows that stay in sight.
  const cells = useMemo<Cells<unknown>>(
    () => ({ columns: columns as Column<unknown>[], onOpen: onOpen as Cells<unknown>['onOpen'], oneLine }),
    [columns, onOpen, oneLine],
  );
  const virtual = rows.length > many && !all;
  const virtualizer = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => 38,
    overscan: 14,
    enabled: virtual,
    getItemKey: (i) => rowId(rows[i] as T),
    scrollMargin: body.current?.offsetTop ?? 0,
  });

  const step = (by: number) => {
    const row = document.activeElement?.closest('tr[data-index]');
    const at =
      row && body.current?.contains(row) ? Number(row.getAttribute('data-index')) + by : by > 0 ? 0 : rows.length - 1;
    if (at < 0 || at >= rows.length) return;
    if (virtual) virtualizer.scrollToIndex(at, { align: 'auto' });
    requestAnimationFrame(() =>
      body.current?.querySelector<HTMLElement>(`tr[data-index="${at}"] [data-open]`)?.focus(),
    );
  };
  useShortcuts(onOpen ? { j: () => step(1), k: () => step(-1) } : {});

  if (pages.error && rows.length === 0) return <ErrorState error={pages.error} retry={() => void pages.refetch()} />;
  if (!pages.isPending && rows.length === 0) {
    if (!pages.hasNextPage) return <>{empty}</>;
    return (
      <SoFarState
        to={searchedTo && format.time(searchedTo)}
        on={() => void pages.fetchNextPage()}
        pending={pages.isFetchingNextPage}
      />
    );
  }

  const items = virtual ? virtualizer.getVirtualItems() : undefined;
  const margin = virtualizer.options.scrollMargin;
  const before = items?.[0] ? items[0].start - margin : 0;
  const after = items?.length ? virtualizer.getTotalSize() - ((items.at(-1)?.end ?? 0) - margin) : 0;
  const shown = items?.map((i) => i.index) ?? rows.map((_, i) => i);
  return (
    <div>
      <div className={classes.scroll}>
        <table
          className={`${classes.table} ${oneLine ? classes.one : ''}`}
          aria-label={label}
          aria-rowcount={pages.hasNextPage ? -1 : rows.length + 1}
          aria-busy={pages.isPending}
        >
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column.id} scope="col" className={place(column)} style={width(column.width)}>
                  {column.header || <span className="visually-hidden">{t('actions')}</span>}
                </th>
              ))}
            </tr>
          </thead>
          <tbody ref={body}>
            {pages.isPending && <Placeholder columns={columns.map(place)} />}
            {before > 0 && <Spacer height={before} columns={columns.length} />}
            {shown.map((i) => {
              const row = rows[i];
              if (row === undefined) return null;
              return (
                <Row
                  key={rowId(row)}
                  row={row}
                  at={i}
                  cells={cells}
                  measure={virtual ? virtualizer.measureElement : undefined}
                />
              );
            })}
            {after > 0 && <Spacer height={after} columns={columns.length} />}
          </tbody>
        </table>
      </div>
      <div className={`${classes.more} ${classes.noPrint}`} aria-live="polite">
        {!pages.isPending && (
          <span>
            {t(pages.hasNextPage ? 'table.so_far' : 'table.all', {
              count: rows.length,
              shown: format.number(rows.length),
            })}
            {pages.hasNextPage && searchedTo && ` · ${t('table.searched', { to: format.time(searchedTo) })}`}
          </span>
        )}
        {pages.hasNextPage && (
          <Button
            variant="default"
            size="compact-sm"
            onClick={() => void pages.fetchNextPage()}
            loading={pages.isFetchingNextPage}
          >
            {t(searchedTo ? 'table.on' : 'table.more')}
          </Button>
        )}
        {pages.isFetchingNextPage && <Loader size="xs" aria-label={t('loading')} />}
      </div>
      {pages.error && rows.length > 0 && <ErrorState error={pages.error} retry={() => void pages.fetchNextPage()} />}
    </div>
  );
}

interface Cells<T> {
  columns: Column<T>[];
  onOpen?: (row: T) => void;
  oneLine?: boolean;
}

const Row = memo(function Row({
  row,
  at,
  cells: { columns, onOpen, oneLine },
  measure,
}: {
  row: unknown;
  at: number;
  cells: Cells<unknown>;
  measure: ((element: Element | null) => void) | undefined;
}) {
  return (
    <tr data-index={at} aria-rowindex={at + 2} ref={measure}>
      {columns.map((column, n) => {
        const content = column.cell(row);
        const cut = oneLine && column.header ? <span className={classes.clip}>{content}</span> : content;
        return (
          <td key={column.id} className={place(column)}>
            {n === 0 && onOpen ? (
              <button
                type="button"
                data-open
                className={`${classes.open} ${oneLine ? classes.clip : ''}`}
                onClick={() => onOpen(row)}
              >
                {content}
              </button>
            ) : (
              cut
            )}
          </td>
        );
      })}
    </tr>
  );
});

function place<T>(column: Column<T>): string | undefined {
  return (
    [column.end && classes.end, column.below === 'sm' && classes.belowSm, column.below === 'md' && classes.belowMd]
      .filter(Boolean)
      .join(' ') || undefined
  );
}

/** The width that a column asks for, as page.module.css reads it. */
function width(of: number | string | undefined): CSSProperties | undefined {
  return of === undefined
    ? undefined
    : ({ '--column-width': typeof of === 'number' ? `${of}px` : of } as CSSProperties);
}

function Spacer({ height, columns }: { height: number; columns: number }) {
  return (
    <tr className={classes.spacer} aria-hidden>
      <td colSpan={columns} style={{ height }} />
    </tr>
  );
}

/** As high as rows are, so that nothing jumps when they come. */
function Placeholder({ columns }: { columns: (string | undefined)[] }) {
  return [0, 1, 2, 3, 4, 5].map((row) => (
    <tr key={row}>
      {columns.map((place, n) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: columns have no other name here, and stay in their places
        <td key={n} className={place}>
          <Skeleton height={12} my={5} width={n === 0 ? '70%' : '50%'} />
        </td>
      ))}
    </tr>
  ));
}
