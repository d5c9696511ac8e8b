import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Account, Action } from '@/api/types';
import { codeText } from '@/i18n';
import { useNow } from '@/ui/clock';
import { dateTime, micros } from '@/ui/format';
import { useNamed } from '@/ui/named';
import { Ago, ChannelMark, Tag, type Tone } from '@/ui/parts';
import { reasonText } from '@/ui/reason';
import { Row } from '@/ui/rows';
import { failed, told } from '@/ui/toast';
import { called } from '@/ui/who';
import { Words } from '@/ui/words';
import { useCancel, useRetry } from './queries';

const tone: Record<Action['state'], Tone> = { planned: 'plain', sending: 'accent', done: 'good', failed: 'bad', unknown: 'warn', held: 'warn', refused: 'bad', cancelled: 'plain', expired: 'plain' };

interface Props { a: Action; account: Account | undefined; campaign: boolean; onSettle: () => void }

/** One thing that goes out: to whom, what, why it stands where it stands, and what a person can do about it. */
export function ActionRow({ a, account, campaign, onSettle }: Props) {
  const { t, i18n } = useTranslation();
  const now = useNow();
  const why = a.state === 'done' ? '' : reasonText(a.reason, a.meaning);
  const later = a.state === 'planned' && Date.parse(a.not_before) > now + 60_000;
  return (
    <Row mark={account && <ChannelMark channel={account.channel} size={20} />} side={<><Tag tone={tone[a.state]}>{codeText('action_state', a.state)}</Tag>{campaign && <Deeds a={a} now={now} onSettle={onSettle} />}</>}>
      <strong>{codeText('action', a.kind)} <Whom a={a} /></strong>
      {a.text && <p className="said clip2" dir="auto"><Words text={a.text} /></p>}
      {why && <p style={{ color: a.state === 'failed' || a.state === 'refused' ? 'var(--p-bad-ink)' : undefined }}>{why}</p>}
      <small>
        <span>{a.actor_name || t(`outbox.origin.${a.origin}`, { defaultValue: a.origin })}</span>
        <span>{codeText('purpose', a.purpose)}</span>
        <span>{a.done_at ? <Ago at={a.done_at} /> : <Ago at={a.created_at} />}</span>
        {later && <span>{t('moderation.not_before', { at: dateTime(a.not_before, i18n.language) })}</span>}
        {a.cost.micros !== null && a.cost.micros > 0 && <span>{micros(a.cost.micros, i18n.language)} {a.cost.currency}</span>}
        {a.cost.state === 'unknown' && <span>{t('prices.unknown', { count: 1 })}</span>}
        {why && a.reason && <span><Link to="/outbox" search={(s) => ({ ...s, reason: a.reason })} aria-label={t('outbox.only', { reason: why })}>{t('outbox.same')}</Link></span>}
        {a.attempts > 1 && <span>{t('outbox.attempts', { count: a.attempts })}</span>}
      </small>
    </Row>
  );
}

/** Whom it concerns, with a way to the conversation or comment. */
function Whom({ a }: { a: Action }) {
  const name = called({ name: a.contact_name, erased: a.contact_erased });
  if (a.conversation_id) return <Link to="/inbox" search={{ view: 'all', id: a.conversation_id }} dir="auto">{name}</Link>;
  if (a.comment_id) return <Link to="/moderation" search={{ queue: 'all', id: a.comment_id }} dir="auto">{name}</Link>;
  return a.contact_id ? <Link to="/contacts/$id" params={{ id: String(a.contact_id) }} dir="auto">{name}</Link> : null;
}

function Deeds({ a, now, onSettle }: { a: Action; now: number; onSettle: () => void }) {
  const { t, i18n } = useTranslation();
  const named = useNamed();
  const of = [codeText('action', a.kind), called({ name: a.contact_name, erased: a.contact_erased }), dateTime(a.created_at, i18n.language)];
  const cancel = useCancel();
  const retry = useRetry();
  if (a.state === 'unknown') return <Button size="compact-sm" {...named(t('outbox.settle'), ...of)} onClick={onSettle}>{t('outbox.settle')}</Button>;
  if (a.state === 'planned' || a.state === 'held') return <Button size="compact-sm" variant="default" loading={cancel.isPending} {...named(t('outbox.cancel'), ...of)} onClick={() => void cancel.mutateAsync(a.id).then(() => told(t('outbox.cancelled')), failed)}>{t('outbox.cancel')}</Button>;
  if (a.state === 'failed' && Date.parse(a.valid_until) > now) return <Button size="compact-sm" variant="default" loading={retry.isPending} {...named(t('outbox.retry'), ...of)} onClick={() => void retry.mutateAsync(a.id).then(() => told(t('outbox.again')), failed)}>{t('outbox.retry')}</Button>;
  return null;
}
