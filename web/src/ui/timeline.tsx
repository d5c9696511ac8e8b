import { Button } from '@mantine/core';
import { IconArrowForwardUp, IconHeadset, IconLink, IconRobot, IconSettings, IconUser } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useRef, useState, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useTimeline } from '@/api/timeline';
import type { Channel, TimelineEntry } from '@/api/types';
import { clock, day } from './format';
import { ChannelMark, channelNames, Tag } from './parts';
import { Views } from './rows';
import { Dotted } from './sep';
import { Failure, Loading } from './states';
import { aside, byDay, standing, titleOf } from './timeline-words';
import css from './timeline.module.css';
import { isHarmful, Veil } from './veil';
import { Words } from './words';

interface Props { contact: number; beside: readonly [string, number]; view?: string; onJump?: () => void }

/** Everything said and done with a person on every channel, the newest first. Arrow keys walk through what can be opened; view is the list of the inbox that a message opens beside. */
export function Timeline({ contact, beside, view = 'all', onJump }: Props) {
  const { t, i18n } = useTranslation();
  const [only, setOnly] = useState<'all' | 'said'>('all');
  const box = useRef<HTMLDivElement>(null);
  const { items, query } = useTimeline(contact, only === 'said', beside);
  const walk = (e: KeyboardEvent) => {
    if (e.key !== 'ArrowDown' && e.key !== 'ArrowUp') return;
    const links = [...(box.current?.querySelectorAll<HTMLAnchorElement>('a[data-entry]') ?? [])];
    const at = links.findIndex((l) => l === document.activeElement);
    if (at < 0) return;
    e.preventDefault();
    links[Math.min(links.length - 1, Math.max(0, at + (e.key === 'ArrowDown' ? 1 : -1)))]?.focus();
  };
  return (
    <div>
      <Views label={t('timeline.show')} value={only} onView={setOnly} views={[{ value: 'all', label: t('timeline.all') }, { value: 'said', label: t('timeline.said') }]} />
      {query.isPending ? <Loading rows={6} /> : query.isError && items.length === 0 ? <Failure error={query.error} retry={() => void query.refetch()} /> : items.length === 0 ? <p className={css.quiet}>{t('timeline.none')}</p> : (
        <div ref={box} onKeyDown={walk}>
          {byDay(items).map((d) => (
            <section key={d.key} aria-label={day(d.at, i18n.language)}>
              <h3 className={css.day}>{day(d.at, i18n.language)}{new Date(d.at).getFullYear() !== new Date().getFullYear() && ` ${String(new Date(d.at).getFullYear())}`}</h3>
              <ul className={css.list}>{d.entries.map((e) => <Entry key={e.key} e={e} view={view} onJump={onJump} />)}</ul>
            </section>
          ))}
          {query.hasNextPage && <div className={css.more}><Button size="compact-sm" variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>{t('timeline.more')}</Button></div>}
        </div>
      )}
    </div>
  );
}

const whose = { customer: IconUser, bot: IconRobot, member: IconHeadset, other_tool: IconArrowForwardUp, system: IconSettings } as const;

interface EntryProps { e: TimelineEntry; view: string; onJump: (() => void) | undefined }

function Entry({ e, view, onJump }: EntryProps) {
  const { t, i18n } = useTranslation();
  const Who = whose[e.by];
  const stands = standing(e, t);
  const small = aside(e, t, i18n.language);
  return (
    <li className={css.entry}>
      <span className={css.mark}>{e.channel in channelNames ? <ChannelMark channel={e.channel as Channel} size={17} /> : <IconLink size={16} stroke={1.6} aria-hidden />}</span>
      <div className={css.body}>
        <div className={css.top}>
          <span className={css.title}>
            <Who size={14} stroke={1.7} role="img" aria-label={t(`timeline.by.${e.by}`)} />
            <Title e={e} view={view} text={titleOf(e, t, i18n.language)} onJump={onJump} />
            {e.name && e.kind !== 'step' && <span dir="auto">{e.name}</span>}
            {stands && <Tag tone={stands.tone} {...(stands.why ? { title: stands.why } : {})}>{stands.text}</Tag>}
          </span>
          <time dateTime={e.at}>{clock(e.at, i18n.language)}</time>
        </div>
        {e.on && <span className={`${css.small} clip`} dir="auto">{t('timeline.on', { post: e.on.split('\n')[0] })}</span>}
        <Said e={e} />
        {small.length > 0 && <span className={css.small} dir="auto"><Dotted of={small} /></span>}
      </div>
    </li>
  );
}

/** What it is; where it can be looked at, a way there. */
function Title({ e, view, text, onJump }: EntryProps & { text: string }) {
  const props = { className: css.what, 'data-entry': true, ...(onJump ? { onClick: onJump } : {}) };
  if (e.comment_id && !e.message_id && ['comment', 'public_reply', 'private_reply', 'invited'].includes(e.kind)) return <Link to="/moderation" search={{ queue: 'all', id: e.comment_id }} {...props}>{text}</Link>;
  if (e.conversation_id) return <Link to="/inbox" search={{ view, id: e.conversation_id, at: e.message_id ?? undefined, panel: 'timeline' }} {...props}>{text}</Link>;
  if (e.kind === 'lead') return <Link to="/leads" {...props}>{text}</Link>;
  return <span className={css.what}>{text}</span>;
}

const spoken = new Set(['comment', 'public_reply', 'private_reply', 'message', 'note']);

function Said({ e }: { e: TimelineEntry }) {
  const { t, i18n } = useTranslation();
  if (e.deleted) return <span className={`${css.small} ${css.gone}`}>{t(e.state === 'erased' ? 'inbox.erased' : 'inbox.deleted')}</span>;
  if (!spoken.has(e.kind)) return null;
  const files = e.files.map((f) => (i18n.exists(`attachment.${f}`) ? t(`attachment.${f}`) : f)).join(', ');
  const text = e.text || files || (i18n.exists(`message_type.${e.what}`) ? t(`message_type.${e.what}`) : t('inbox.no_text'));
  return (
    <>
      <Veil harmful={isHarmful(e.harm) && e.by === 'customer'}><p className={`said ${css.said}`} dir="auto" data-by={e.by} data-kind={e.kind}><Words text={text} /></p></Veil>
      {e.text && files && <span className={css.small}>{files}</span>}
    </>
  );
}
