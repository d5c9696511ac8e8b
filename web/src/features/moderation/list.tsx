import { IconCheck, IconCircleCheck } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import type { UseInfiniteQueryResult } from '@tanstack/react-query';
import { useEffect, useRef, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Comment } from '@/api/types';
import { NothingYet } from '@/ui/nothing-yet';
import { Ago, Face } from '@/ui/parts';
import { Failure, Loading } from '@/ui/states';
import { called } from '@/ui/who';
import { FilterBar } from './filters';
import { narrowing } from './flow';
import type { Mark } from './marked';
import css from './moderation.module.css';
import type { Filters } from './queries';
import { CommentTags } from './tags';
import { VeiledLine } from './veil';

interface Props {
  query: UseInfiniteQueryResult;
  comments: Comment[];
  filters: Filters;
  selected: number | undefined;
  marked: readonly Comment[];
  /** Missing for those who cannot decide. */
  onMark: Mark | undefined;
  foot: ReactNode;
  onSelect: (id: number) => void;
  onFilter: (next: Partial<Filters>) => void;
}

export function List(props: Props) {
  const { t } = useTranslation();
  return (
    <section className={css.list} aria-label={t('moderation.queue')}>
      <FilterBar filters={props.filters} onFilter={props.onFilter} />
      {props.query.isPending ? <Loading rows={7} />
        : props.query.isError && props.comments.length === 0 ? <Failure error={props.query.error} retry={() => void props.query.refetch()} />
        : props.comments.length === 0 ? <NothingHere filters={props.filters} />
        : <Rows {...props} />}
      {props.foot}
    </section>
  );
}

function NothingHere({ filters }: { filters: Filters }) {
  const { t } = useTranslation();
  const narrowed = Boolean(filters.q || filters.account || filters.post || filters.contact) || narrowing(filters) > 0;
  return (
    <NothingYet title={t(narrowed ? 'state.no_match' : filters.queue === 'all' ? 'moderation.none' : 'moderation.clear')} icon={<IconCircleCheck size={26} stroke={1.4} aria-hidden />}>
      {t(narrowed ? 'state.no_match_text' : filters.queue === 'all' ? 'moderation.none_text' : 'moderation.clear_text')}
    </NothingYet>
  );
}

function Rows({ query, comments, selected, marked, onMark, onSelect }: Props) {
  const { t } = useTranslation();
  const scroll = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({ count: comments.length, getScrollElement: () => scroll.current, estimateSize: () => 98, overscan: 8, getItemKey: (i) => comments[i]?.id ?? i });
  const at = comments.findIndex((c) => c.id === selected);
  useEffect(() => { if (at >= 0) rows.scrollToIndex(at, { align: 'auto' }); }, [at, rows]);
  const last = rows.getVirtualItems().at(-1)?.index ?? 0;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  useEffect(() => { if (last >= comments.length - 5 && hasNextPage && !isFetchingNextPage) void fetchNextPage(); }, [last, comments.length, hasNextPage, isFetchingNextPage, fetchNextPage]);
  return (
    <div ref={scroll} className={css.scroll}>
      <ul aria-label={t('moderation.list')} style={{ height: rows.getTotalSize(), position: 'relative', margin: 0, padding: 0, listStyle: 'none' }}>
        {rows.getVirtualItems().map((row) => {
          const c = comments[row.index];
          return c && (
            <li key={row.key} ref={rows.measureElement} data-index={row.index} style={{ position: 'absolute', insetInline: 0, top: 0, transform: `translateY(${row.start}px)` }}>
              <Item c={c} current={c.id === selected} marked={marked.includes(c)} onSelect={onSelect} />
              {onMark && <MarkBox c={c} marked={marked.includes(c)} onMark={onMark} />}
            </li>
          );
        })}
      </ul>
    </div>
  );
}

/** Beside the comment and not in it: what is inside a button cannot be pressed by itself. With Shift it marks all up to here. */
function MarkBox({ c, marked, onMark }: { c: Comment; marked: boolean; onMark: Mark }) {
  const { t } = useTranslation();
  const name = c.own ? c.author.name || t('comment.us') : called(c.author);
  return <label className={css.markBox}><input type="checkbox" aria-label={t('marked.named', { name })} checked={marked} onChange={(e) => onMark(c.id, e.nativeEvent instanceof MouseEvent && e.nativeEvent.shiftKey)} /></label>;
}

function Item({ c, current, marked, onSelect }: { c: Comment; current: boolean; marked: boolean; onSelect: (id: number) => void }) {
  const { t } = useTranslation();
  return (
    <button type="button" className={css.item} aria-current={current} data-marked={marked || undefined} onClick={() => onSelect(c.id)}>
      <Face name={c.author.name || (c.own ? t('comment.us') : '')} channel={c.channel} />
      <span style={{ minWidth: 0 }}>
        <span className={css.itemTop}><b className="clip" dir="auto">{c.own ? c.author.name || t('comment.us') : called(c.author)}</b><Ago at={c.commented_at} /></span>
        <span className={`clip2 ${css.itemText}`} dir="auto" lang={c.language || undefined}><VeiledLine comment={c}>{c.text || t('comment.no_text')}</VeiledLine></span>
        <span className={css.itemFoot}>{marked && <span className={css.mark}><IconCheck size={13} aria-hidden /> {t('marked.one')}</span>}<CommentTags c={c} /></span>
      </span>
    </button>
  );
}
