// SPDX-License-Identifier: Apache-2.0
// A table of any number of rows: sorted, filtered, and only as many rows in the page as can be seen. It is a real table,
// so that screen readers know where they are; what does not fit a phone is told in the first column.
import Box from '@mui/material/Box';
import ButtonBase from '@mui/material/ButtonBase';
import Card from '@mui/material/Card';
import Checkbox from '@mui/material/Checkbox';
import InputAdornment from '@mui/material/InputAdornment';
import Stack from '@mui/material/Stack';
import TextField from '@mui/material/TextField';
import Typography from '@mui/material/Typography';
import { styled } from '@mui/material/styles';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { memo, useDeferredValue, useLayoutEffect, useMemo, useRef, useState, type ReactNode, type Ref } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { useAddress, useTypedAddress } from '../lib/address';
import { formatNumber } from '../lib/format';
import { SearchIcon, SortDownIcon, SortIcon, SortUpIcon } from './icons';

export interface Column<T> {
  id: string;
  header: string;
  cell: (row: T) => ReactNode;
  sort?: (row: T) => string | number;
  width?: string | Record<string, string>;
  hideBelow?: 'sm' | 'md' | 'lg' | 'xl';
  align?: 'right';
  /** The header is for screen readers only: what is below it speaks for itself. */
  hiddenHeader?: boolean;
}

export interface Selection {
  selected: ReadonlySet<string>;
  onChange: (selected: Set<string>) => void;
}

interface Props<T> {
  label: string;
  /** Begins the names of its parameters in the address, where a screen has more than one table. */
  id?: string;
  rows: readonly T[];
  columns: Column<T>[];
  rowKey: (row: T) => string;
  rowName: (row: T) => string;
  hrefOf?: (row: T) => string;
  empty: ReactNode;
  /** What the search looks at; none: there is no search. */
  textOf?: (row: T) => string;
  initialSort?: Sort;
  selection?: Selection;
  toolbar?: ReactNode;
  dimmed?: (row: T) => boolean;
}

interface Sort {
  column: string;
  descending: boolean;
}

/** "time", "-time"; nothing as long as it is sorted as it was at first. */
function useSort<T>({ id = '', columns, initialSort }: Props<T>): [Sort | undefined, (sort: Sort) => void] {
  const [kept, keep] = useAddress(`${id}sort`);
  const write = (sort: Sort | undefined) => (sort ? `${sort.descending ? '-' : ''}${sort.column}` : '');
  const column = kept.replace(/^-/, '');
  const sort = useMemo(
    () => (columns.some((one) => one.id === column && one.sort) ? { column, descending: kept.startsWith('-') } : initialSort),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- columns and the first order are made anew at each render, and mean the same
    [kept],
  );
  return [sort, (next) => keep(write(next) === write(initialSort) ? '' : write(next))];
}

const virtualFrom = 60;
const rowHeight = 57;

export function DataTable<T>(props: Props<T>) {
  const { label, rows, columns, rowKey, rowName, hrefOf, empty, textOf, selection, toolbar, dimmed } = props;
  const { t, i18n } = useTranslation();
  const [sort, setSort] = useSort(props);
  const [search, setSearch] = useTypedAddress(`${props.id ?? ''}search`);
  const wanted = useDeferredValue(search.trim().toLowerCase());
  const collator = useMemo(() => new Intl.Collator(i18n.language, { numeric: true }), [i18n.language]);

  const shown = useMemo(() => {
    const words = wanted.split(/\s+/).filter(Boolean);
    const found = words.length && textOf ? rows.filter((row) => {
      const text = textOf(row).toLowerCase();
      return words.every((word) => text.includes(word));
    }) : [...rows];
    const by = columns.find((column) => column.id === sort?.column)?.sort;
    if (!by) return found;
    const direction = sort?.descending ? -1 : 1;
    const keyed = found.map((row) => ({ row, key: by(row) }));
    keyed.sort((a, b) => {
      const order = typeof a.key === 'number' && typeof b.key === 'number' ? a.key - b.key : collator.compare(String(a.key), String(b.key));
      return order === 0 ? collator.compare(rowKey(a.row), rowKey(b.row)) : order * direction;
    });
    return keyed.map(({ row }) => row);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- columns are made anew at each render, and mean the same
  }, [rows, wanted, sort, collator]);

  const body = useRef<HTMLTableSectionElement>(null);
  const [margin, setMargin] = useState(0);
  useLayoutEffect(() => {
    const top = body.current ? body.current.getBoundingClientRect().top + window.scrollY : 0;
    if (Math.abs(top - margin) > 1) setMargin(top);
  });
  const virtual = shown.length > virtualFrom;
  const virtualizer = useWindowVirtualizer({ count: virtual ? shown.length : 0, estimateSize: () => rowHeight, overscan: 12, scrollMargin: margin });
  const items = virtualizer.getVirtualItems();
  const first = items[0];
  const last = items[items.length - 1];
  const visible = virtual ? items.map((item) => ({ row: shown[item.index]!, index: item.index })) : shown.map((row, index) => ({ row, index }));
  const before = virtual && first ? first.start - margin : 0;
  const after = virtual && last ? virtualizer.getTotalSize() - (last.end - margin) : 0;

  if (rows.length === 0) return <Card>{toolbar && <Box sx={{ p: 2, pb: 0 }}>{toolbar}</Box>}{empty}</Card>;

  const hidden = (column: Column<T>) => (column.hideBelow ? { display: { xs: 'none', [column.hideBelow]: 'table-cell' } } : {});
  // All cells' style is the table's: thousands of cells scroll by, and none of them computes its own.
  const style = {
    width: '100%', borderCollapse: 'collapse', tableLayout: 'fixed',
    '& tr[data-index]': { height: rowHeight, '&:hover': { backgroundColor: 'action.hover' }, '&.link': { cursor: 'pointer' }, '&.dimmed': { opacity: 0.72 } },
    '& tr[data-index] > td': { px: 1.5, py: 0.75, textAlign: 'left', borderTop: 1, borderColor: 'divider', overflow: 'hidden', overflowWrap: 'anywhere', fontSize: '0.9rem' },
    '& tr[data-index] > td.select': { p: 0.25, width: 46 },
    ...Object.fromEntries(columns.map((column, i) => [
      `& tr[data-index] > td.c${i}`,
      { textAlign: column.align ?? 'left', ...(column.align === 'right' ? { whiteSpace: 'nowrap' } : {}), ...hidden(column) },
    ])),
  };
  const shownKeys = selection ? shown.map(rowKey) : [];
  const selectedShown = selection ? shownKeys.filter((key) => selection.selected.has(key)).length : 0;

  return (
    <Card>
      {(textOf || toolbar) && (
        <Stack direction="row" spacing={1.5} useFlexGap sx={{ p: 1.5, flexWrap: 'wrap', alignItems: 'center' }}>
          {textOf && (
            <TextField
              type="search"
              value={search}
              onChange={(event) => setSearch(event.target.value)}
              placeholder={t('table.search')}
              slotProps={{
                htmlInput: { 'aria-label': t('table.searchIn', { what: label }) },
                input: { startAdornment: <InputAdornment position="start"><SearchIcon fontSize="small" /></InputAdornment> },
              }}
              sx={{ maxWidth: 320, flex: '1 1 200px' }}
            />
          )}
          <Box sx={{ flex: '1 1 auto', display: 'flex', gap: 1, flexWrap: 'wrap', alignItems: 'center' }}>{toolbar}</Box>
          <Typography variant="body2" color="text.secondary" role="status">
            {wanted || shown.length !== rows.length
              ? t('table.someOf', { shown: formatNumber(shown.length, i18n.language), all: formatNumber(rows.length, i18n.language) })
              : t('table.count', { count: rows.length, number: formatNumber(rows.length, i18n.language) })}
          </Typography>
        </Stack>
      )}
      <Box component="table" aria-label={label} aria-rowcount={shown.length + 1} sx={style}>
        <thead>
          <tr aria-rowindex={1}>
            {selection && (
              <Box component="th" scope="col" sx={{ width: 46, p: 0.25 }}>
                <Checkbox
                  size="small"
                  checked={shown.length > 0 && selectedShown === shown.length}
                  indeterminate={selectedShown > 0 && selectedShown < shown.length}
                  onChange={() => selection.onChange(new Set(selectedShown === shown.length ? [] : shownKeys))}
                  slotProps={{ input: { 'aria-label': t('table.selectAll') } }}
                />
              </Box>
            )}
            {columns.map((column) => {
              const sorted = sort?.column === column.id;
              return (
                <Box
                  component="th"
                  key={column.id}
                  scope="col"
                  aria-sort={sorted ? (sort.descending ? 'descending' : 'ascending') : undefined}
                  sx={{ width: column.width, px: 1.5, py: 1, textAlign: column.align ?? 'left', color: 'text.secondary', fontSize: '0.8125rem', fontWeight: 600, verticalAlign: 'bottom', ...hidden(column) }}
                >
                  {column.sort ? (
                    <ButtonBase
                      onClick={() => setSort({ column: column.id, descending: sorted ? !sort.descending : false })}
                      sx={{ font: 'inherit', color: 'inherit', borderRadius: 1, gap: 0.25, minHeight: 24, textAlign: 'inherit', hyphens: 'auto' }}
                    >
                      {column.header}
                      {sorted ? (sort.descending ? <SortDownIcon sx={{ fontSize: 16 }} /> : <SortUpIcon sx={{ fontSize: 16 }} />) : <SortIcon sx={{ fontSize: 14, opacity: 0.5 }} />}
                    </ButtonBase>
                  ) : column.hiddenHeader ? <HiddenText>{column.header}</HiddenText> : column.header}
                </Box>
              );
            })}
          </tr>
        </thead>
        <tbody ref={body}>
          {before > 0 && <tr aria-hidden="true" style={{ height: before }}><td /></tr>}
          {visible.map(({ row, index }) => {
            const key = rowKey(row);
            return (
              <Row
                key={key}
                id={key}
                row={row}
                index={index}
                columns={columns}
                measure={virtual ? virtualizer.measureElement : undefined}
                href={hrefOf?.(row)}
                dimmed={dimmed?.(row) ?? false}
                selection={selection}
                selected={selection?.selected.has(key) ?? false}
                rowName={rowName}
              />
            );
          })}
          {after > 0 && <tr aria-hidden="true" style={{ height: after }}><td /></tr>}
        </tbody>
      </Box>
      {shown.length === 0 && <NothingFound text={t('table.nothingFound', { search })} />}
    </Card>
  );
}

interface RowProps<T> {
  id: string;
  row: T;
  index: number;
  columns: Column<T>[];
  measure: Ref<HTMLTableRowElement> | undefined;
  href: string | undefined;
  dimmed: boolean;
  selection: Selection | undefined;
  selected: boolean;
  rowName: (row: T) => string;
}

/** Scrolling renders the table for each frame, but of its rows only those that are new. */
const Row = memo(function Row<T>({ id, row, index, columns, measure, href, dimmed, selection, selected, rowName }: RowProps<T>) {
  const { t } = useTranslation();
  const [, navigate] = useLocation();
  return (
    <tr
      data-index={index}
      ref={measure}
      aria-rowindex={index + 2}
      className={`${href ? 'link' : ''} ${dimmed ? 'dimmed' : ''}`}
      onClick={href ? (event) => {
        // The link in the row is for keyboards; a click anywhere else in it means the same.
        if (!(event.target as Element).closest('a,button,input,label') && !window.getSelection()?.toString()) navigate(href);
      } : undefined}
    >
      {selection && (
        <td className="select">
          <Checkbox
            size="small"
            checked={selected}
            onChange={() => {
              const next = new Set(selection.selected);
              if (!next.delete(id)) next.add(id);
              selection.onChange(next);
            }}
            slotProps={{ input: { 'aria-label': t('table.select', { name: rowName(row) }) } }}
          />
        </td>
      )}
      {columns.map((column, i) => <td key={column.id} className={`c${i}`}>{column.cell(row)}</td>)}
    </tr>
  );
}) as <T>(props: RowProps<T>) => ReactNode;

export const HiddenText = ({ children }: { children: ReactNode }) => (
  <Box component="span" sx={{ position: 'absolute', width: '1px', height: '1px', overflow: 'hidden', clipPath: 'inset(50%)', whiteSpace: 'nowrap' }}>{children}</Box>
);

const NothingFound = ({ text }: { text: string }) => (
  <Typography color="text.secondary" sx={{ p: 4, textAlign: 'center' }}>{text}</Typography>
);

const narrow = { color: 'var(--mui-palette-text-secondary)', fontSize: '0.8125rem' };
const below = {
  sm: styled('div')({ ...narrow, '@media (min-width:600px)': { display: 'none' } }),
  md: styled('div')({ ...narrow, '@media (min-width:900px)': { display: 'none' } }),
};
/** What the hidden columns of a narrow screen would say, below the row's name. */
export function OnNarrow({ below: width, children }: { below: keyof typeof below; children: ReactNode }) {
  const Below = below[width];
  return <Below>{children}</Below>;
}
