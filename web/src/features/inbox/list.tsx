import { SegmentedControl, Select, TextInput } from '@mantine/core';
import { IconMoodSmile, IconSearch } from '@tabler/icons-react';
import type { UseInfiniteQueryResult } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useLabelList, useTeams } from '@/api/desk';
import type { Conversation } from '@/api/types';
import { duration } from '@/ui/format';
import { useNow } from '@/ui/clock';
import { NothingYet } from '@/ui/nothing-yet';
import { Ago, channelNames, Face, Tag } from '@/ui/parts';
import { Failure, Loading } from '@/ui/states';
import { called } from '@/ui/who';
import { isHarmful, VeiledLine } from '@/ui/veil';
import { Preview } from '@/ui/words';
import css from './inbox.module.css';
import { useCounts } from './desk';
import { LabelName } from './label-name';
import { views, type Filters, type View } from './queries';

interface Props {
  query: UseInfiniteQueryResult;
  conversations: Conversation[];
  filters: Filters;
  selected: number | undefined;
  onSelect: (id: number) => void;
  onView: (view: View) => void;
  onFilter: (next: Partial<Omit<Filters, 'view'>>) => void;
}

export function List(props: Props) {
  const { t } = useTranslation();
  const { query, conversations } = props;
  return (
    <section className={css.list} aria-label={t('inbox.list')}>
      <FilterBar {...props} />
      {query.isPending ? <Loading rows={8} />
        : query.isError && conversations.length === 0 ? <Failure error={query.error} retry={() => void query.refetch()} />
        : conversations.length === 0 ? <NothingYet title={t(props.filters.q ? 'state.no_match' : `inbox.empty.${props.filters.view}`)} icon={<IconMoodSmile size={26} stroke={1.4} aria-hidden />}>{t(props.filters.q ? 'state.no_match_text' : 'inbox.empty_text')}</NothingYet>
        : <Rows {...props} />}
    </section>
  );
}

function FilterBar({ filters, onView, onFilter }: Props) {
  const { t } = useTranslation();
  const teams = useTeams().data?.items ?? [];
  const labels = useLabelList().data?.items ?? [];
  const counts = useCounts().data;
  return (
    <div className={css.filters}>
      <div className={css.head}>
        <h1>{t('inbox.title')}</h1>
        <SegmentedControl size="xs" aria-label={t('inbox.state')} value={filters.state ?? 'open'} onChange={(v) => onFilter({ state: v === 'resolved' ? 'resolved' : undefined })} data={[{ value: 'open', label: t('inbox.open') }, { value: 'resolved', label: t('inbox.resolved') }]} />
      </div>
      <div className={css.views} role="group" aria-label={t('inbox.views')}>
        {views.map((v) => <button key={v} type="button" className={css.view} aria-pressed={filters.view === v} onClick={() => onView(v)}>{t(`inbox.view.${v}`)}{counts && counts[v] > 0 && v !== 'all' ? <>{' '}<span className={css.viewCount} data-bad={v === 'overdue'}>{counts[v] > 999 ? '999+' : counts[v]}</span></> : null}</button>)}
      </div>
      <div style={{ display: 'grid', gridTemplateColumns: 'minmax(0,1fr) 146px', gap: 8 }}>
        <TextInput key={filters.q ?? ''} size="xs" aria-label={t('inbox.search')} placeholder={t('inbox.search_hint')} title={t('inbox.search')} leftSection={<IconSearch size={15} aria-hidden />} defaultValue={filters.q ?? ''}
          onKeyDown={(e) => { if (e.key === 'Enter') onFilter({ q: e.currentTarget.value.trim() || undefined }); }} onBlur={(e) => { const q = e.currentTarget.value.trim() || undefined; if (q !== filters.q) onFilter({ q }); }} />
        <Select size="xs" aria-label={t('inbox.channel')} value={filters.channel ?? ''} onChange={(v) => onFilter({ channel: v || undefined })} data={[{ value: '', label: t('inbox.all_channels') }, ...Object.entries(channelNames).map(([value, label]) => ({ value, label }))]} />
        {teams.length > 0 && <Select size="xs" aria-label={t('contact.team')} value={filters.team ?? ''} onChange={(v) => onFilter({ team: v || undefined })} data={[{ value: '', label: t('inbox.all_teams') }, ...teams.map((x) => ({ value: x.name, label: `${x.name} (${x.open})` }))]} />}
        {labels.length > 0 && <Select size="xs" aria-label={t('contact.labels')} value={filters.label ?? ''} onChange={(v) => onFilter({ label: v || undefined })} data={[{ value: '', label: t('inbox.all_labels') }, ...labels.map((x) => ({ value: x.name, label: `${x.name} (${x.open})` }))]} />}
      </div>
    </div>
  );
}

function Rows({ query, conversations, filters, selected, onSelect }: Props) {
  const { t } = useTranslation();
  const scroll = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({ count: conversations.length, getScrollElement: () => scroll.current, estimateSize: () => 84, overscan: 8, getItemKey: (i) => conversations[i]?.id ?? i });
  const at = conversations.findIndex((c) => c.id === selected);
  useEffect(() => { if (at >= 0) rows.scrollToIndex(at, { align: 'auto' }); }, [at, rows]);
  const last = rows.getVirtualItems().at(-1)?.index ?? 0;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  useEffect(() => { if (last >= conversations.length - 5 && hasNextPage && !isFetchingNextPage) void fetchNextPage(); }, [last, conversations.length, hasNextPage, isFetchingNextPage, fetchNextPage]);
  return (
    <div ref={scroll} className={css.scroll}>
      <ul aria-label={`${t('inbox.list')}: ${t(`inbox.view.${filters.view}`)}`} style={{ height: rows.getTotalSize(), position: 'relative', margin: 0, padding: 0, listStyle: 'none' }}>
        {rows.getVirtualItems().map((row) => {
          const c = conversations[row.index];
          return c && (
            <li key={row.key} ref={rows.measureElement} data-index={row.index} style={{ position: 'absolute', insetInline: 0, top: 0, transform: `translateY(${row.start}px)` }}>
              <Item c={c} current={c.id === selected} onSelect={onSelect} />
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function Item({ c, current, onSelect }: { c: Conversation; current: boolean; onSelect: (id: number) => void }) {
  const { t, i18n } = useTranslation();
  const now = useNow();
  return (
    <button type="button" className={css.item} aria-current={current} onClick={() => onSelect(c.id)}>
      <Face name={c.contact.name} channel={c.channel} />
      <span style={{ minWidth: 0 }}>
        <span className={css.top}><b className="clip" dir="auto">{called(c.contact)}</b><Ago at={c.last_message_at} /></span>
        <span className={css.preview} data-unread={c.unread > 0}>
          <span className="clip" dir="auto"><VeiledLine harmful={isHarmful(c.preview_harm)}><Preview text={c.preview} /></VeiledLine></span>
          {c.unread > 0 && <span className={css.unread}>{c.unread}<span className="sr-only"> {t('inbox.unread')}</span></span>}
        </span>
        <span className={css.foot}>
          {c.desk.priority === 'danger' && <Tag tone="bad">{t('inbox.priorities.danger')}</Tag>}
          {c.waiting_since && <Tag tone={c.overdue ? 'bad' : 'warn'}>{t('inbox.waits', { time: duration((now - Date.parse(c.waiting_since)) / 1000, i18n.language) })}</Tag>}
          {c.desk.due_at && <Due at={c.desk.due_at} overdue={c.overdue} />}
          {c.desk.priority !== 'normal' && c.desk.priority !== 'danger' && <Tag tone={c.desk.priority === 'low' ? 'plain' : 'bad'}>{t(`inbox.priorities.${c.desk.priority}`)}</Tag>}
          {c.desk.vip && <Tag tone="accent">{t('inbox.vip')}</Tag>}
          {c.desk.snoozed && <Tag>{t('inbox.view.snoozed')}</Tag>}
          {c.handler === 'bot' ? <Tag tone="bot">{t('inbox.bot')}</Tag> : c.assignee && <Tag>{c.assignee.name}</Tag>}
          {c.spam && <Tag tone="warn">{t('inbox.view.spam')}</Tag>}
          {c.labels.slice(0, 2).map((l) => <Tag key={l}><LabelName name={l} /></Tag>)}
        </span>
      </span>
    </button>
  );
}

/** How long until the answer is due; nothing once it is red, because that says it already. */
function Due({ at, overdue }: { at: string; overdue: boolean }) {
  const { t, i18n } = useTranslation();
  const left = (Date.parse(at) - useNow()) / 1000;
  if (overdue) return null;
  return <Tag tone={left < 0 ? 'bad' : left < 300 ? 'warn' : 'plain'}>{left < 0 ? t('inbox.late') : t('inbox.due', { time: duration(left, i18n.language) })}</Tag>;
}
