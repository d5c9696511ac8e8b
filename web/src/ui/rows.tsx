import { Button } from '@mantine/core';
import { useRef, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Paged } from '@/api/paged';
import { labelled } from './format';
import { useKeys } from './keys';
import css from './rows.module.css';
import { Failure, Loading } from './states';

interface Props<T> { list: Paged<T>; label: string; empty: ReactNode; children: (item: T) => ReactNode }

/** A list of cards that comes in pages: loading, failed, empty, and more at the foot. J and K walk through it. */
export function Rows<T>({ list, label, empty, children }: Props<T>) {
  const { t } = useTranslation();
  const box = useRef<HTMLUListElement>(null);
  const step = (by: 1 | -1) => {
    const rows = [...(box.current?.children ?? [])].filter((x): x is HTMLElement => x instanceof HTMLElement);
    const at = rows.findIndex((r) => r.contains(document.activeElement));
    rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + by))]?.focus();
  };
  useKeys(label, [{ key: 'j', label: t('rows.next'), run: () => step(1) }, { key: 'k', label: t('rows.previous'), run: () => step(-1) }]);
  const { query, items } = list;
  if (query.isPending) return <div className="panel"><Loading rows={5} /></div>;
  if (query.isError && items.length === 0) return <div className="panel"><Failure error={query.error} retry={() => void query.refetch()} /></div>;
  if (items.length === 0) return <div className="panel">{empty}</div>;
  return (
    <>
      <ul ref={box} className={`panel ${css.rows}`} aria-label={label}>{items.map(children)}</ul>
      {query.hasNextPage && <div className={css.more}><Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>{t('rows.more')}</Button></div>}
    </>
  );
}

/** One card: a mark, what it is, what can be done. */
export function Row({ mark, side, children }: { mark?: ReactNode; side?: ReactNode; children: ReactNode }) {
  return <li className={`${css.row} ${mark === undefined ? css.bare : ''}`} tabIndex={-1}>{mark !== undefined && <span className={css.mark}>{mark}</span>}<div className={css.what}>{children}</div>{side && <div className={css.side}>{side}</div>}</li>;
}

/** Choices of which one is on: views of a list; in a bar, beside something else. They have a name of their own, or that of what they are views of. */
export function Views<V extends string>({ label, of, value, views, onView, bar }: { bar?: boolean; value: V; views: readonly { value: V; label: string; count?: number | undefined }[]; onView: (v: V) => void } & ({ label: string; of?: never } | { of: string; label?: never })) {
  const { t, i18n } = useTranslation();
  return (
    <div className={css.views} data-bar={bar || undefined} role="group" aria-label={label ?? labelled(t('rows.views'), of, i18n.language)}>
      {views.map((v) => <button key={v.value} type="button" className={css.view} aria-pressed={v.value === value} onClick={() => onView(v.value)}>{v.label}{v.count ? <>{' '}<span className={css.count}>{v.count}</span></> : null}</button>)}
    </div>
  );
}
