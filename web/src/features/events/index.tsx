import { Button, TextInput } from '@mantine/core';
import { IconCircleCheck, IconSearch } from '@tabler/icons-react';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useAccounts, useOverview } from '@/api/overview';
import { useCan } from '@/api/session';
import type { Delivery, Event } from '@/api/types';
import { said } from '@/i18n/said';
import { codeText } from '@/i18n';
import { bytes, dateTime } from '@/ui/format';
import { useNamed } from '@/ui/named';
import { NothingYet } from '@/ui/nothing-yet';
import { Ago, ChannelMark, PageBody, PageHead, Tag, type Tone } from '@/ui/parts';
import { Row, Rows, Views } from '@/ui/rows';
import { Empty } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { useDeliveries, useEvents, useReplay } from './queries';

const route = getRouteApi('/events');
type View = 'parked' | 'deliveries' | 'all';

/** What came in and what came of it, in a sentence each; what could not be understood waits here. */
export default function Events() {
  const { t } = useTranslation();
  const { view = 'parked', q } = route.useSearch();
  const navigate = route.useNavigate();
  const own = useCan('own');
  const parked = useOverview().data?.parked;
  const views: { value: View; label: string; count?: number | undefined }[] = [{ value: 'parked', label: t('events.view.parked'), count: parked }, { value: 'all', label: t('events.view.all') }, ...(own ? [{ value: 'deliveries' as const, label: t('events.view.deliveries') }] : [])];
  return (
    <PageBody>
      <PageHead title={t('events.title')}>{t('events.lead')}</PageHead>
      <Views label={t('events.views')} value={view} views={views} onView={(v) => void navigate({ search: { view: v === 'parked' ? undefined : v } })} />
      {view !== 'deliveries' && (
        <TextInput key={q ?? ''} mb={14} maw={340} aria-label={t('events.search')} placeholder={t('events.search')} leftSection={<IconSearch size={15} aria-hidden />} defaultValue={q ?? ''}
          onKeyDown={(e) => { if (e.key === 'Enter') { const words = e.currentTarget.value.trim() || undefined; void navigate({ search: (s) => ({ ...s, q: words }) }); } }} />
      )}
      {view === 'deliveries' ? <Deliveries /> : <List parked={view === 'parked'} q={q} />}
    </PageBody>
  );
}

function List({ parked, q }: { parked: boolean; q: string | undefined }) {
  const { t } = useTranslation();
  const list = useEvents(parked ? 'parked' : undefined, q, true);
  const empty = q ? <Empty title={t('state.no_match')}>{t('state.no_match_text')}</Empty>
    : <NothingYet title={t(parked ? 'events.none_parked' : 'events.none')} icon={<IconCircleCheck size={26} stroke={1.4} aria-hidden />}>{t(parked ? 'events.none_parked_text' : 'events.none_text')}</NothingYet>;
  return <Rows list={list} label={t('events.title')} empty={empty}>{(e) => <EventRow key={e.id} e={e} />}</Rows>;
}

const tone: Record<Event['state'], Tone> = { pending: 'accent', done: 'good', parked: 'warn' };

function EventRow({ e }: { e: Event }) {
  const { t, i18n } = useTranslation();
  const named = useNamed();
  const configure = useCan('configure');
  const replay = useReplay('events');
  const account = useAccounts().data?.items.find((a) => a.id === e.account_id);
  return (
    <Row
      mark={account && <ChannelMark channel={account.channel} size={20} />}
      side={<><Tag tone={tone[e.state]}>{t(`event_state.${e.state}`)}</Tag>{configure && e.state === 'parked' && <Button size="compact-sm" variant="default" loading={replay.isPending} {...named(t('events.replay'), codeText('event', e.kind), dateTime(e.occurred_at, i18n.language))} onClick={() => void replay.mutateAsync(e.id).then(() => told(t('events.replayed')), failed)}>{t('events.replay')}</Button>}</>}
    >
      <strong>{codeText('event', e.kind)}</strong>
      {e.reason && <p>{said(e.reason_parts, e.reason)}</p>}
      <small>{account && <span>{account.name}</span>}<span><Ago at={e.occurred_at} /></span>{e.source !== 'webhook' && <span>{codeText('source', e.source)}</span>}{e.attempts > 0 && <span>{t('outbox.attempts', { count: e.attempts })}</span>}</small>
    </Row>
  );
}

/** Whole requests that could not be taken apart; they belong to no workspace, so only owners of all see them. */
function Deliveries() {
  const { t } = useTranslation();
  const list = useDeliveries(true);
  return <Rows list={list} label={t('events.view.deliveries')} empty={<Empty title={t('events.none_deliveries')} icon={<IconCircleCheck size={26} stroke={1.4} aria-hidden />}>{t('events.none_deliveries_text')}</Empty>}>{(d) => <DeliveryRow key={d.id} d={d} />}</Rows>;
}

function DeliveryRow({ d }: { d: Delivery }) {
  const { t, i18n } = useTranslation();
  const named = useNamed();
  const replay = useReplay('deliveries');
  return (
    <Row side={<Button size="compact-sm" variant="default" loading={replay.isPending} {...named(t('events.replay'), t('events.delivery', { n: d.id }))} onClick={() => void replay.mutateAsync(d.id).then(() => told(t('events.replayed')), failed)}>{t('events.replay')}</Button>}>
      <strong>{t('events.delivery', { n: d.id })}</strong>
      <p>{said(d.reason_parts, d.reason)}</p>
      <small><span><Ago at={d.received_at} /></span><span>{codeText('source', d.source)}</span><span>{bytes(d.bytes, i18n.language)}</span>{d.attempts > 1 && <span>{t('outbox.attempts', { count: d.attempts })}</span>}</small>
    </Row>
  );
}
