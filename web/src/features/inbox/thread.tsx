import { Button } from '@mantine/core';
import { IconAlertCircle, IconCheck, IconChecks, IconClock, IconRobot } from '@tabler/icons-react';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { ConversationDetail, Message } from '@/api/types';
import { codeText } from '@/i18n';
import { clock, day } from '@/ui/format';
import { Tag } from '@/ui/parts';
import { Failure, Loading } from '@/ui/states';
import { Words } from '@/ui/words';
import css from './inbox.module.css';
import { useMessages } from './queries';
import { NoteTurn, StepLine } from './beside-words';
import { useNotes, useScheduled, useSteps } from './desk';
import { entries, fate, nameOf, weave } from './talk';

/** What was said, newest at the foot; the reversed column keeps the foot in view while older turns come in above. */
export function Thread({ c }: { c: ConversationDetail }) {
  const { t, i18n } = useTranslation();
  const query = useMessages(c.id);
  const notes = useNotes(c.id).data;
  const steps = useSteps(c.id).data;
  const later = useScheduled(c.id).data;
  const whole = query.hasNextPage === false;
  const drawn = useMemo(() => {
    // What waits for its time stands beside the thread, not in it.
    const said = [...(query.data?.pages ?? [])].reverse().flatMap((p) => p.items).filter((m) => !later?.items.some((r) => r.id === m.action?.id));
    return weave(entries(said), notes?.items ?? [], steps?.items ?? [], whole);
  }, [query.data, notes, steps, later, whole]);
  if (query.isPending) return <div className={css.thread}><Loading rows={5} /></div>;
  if (query.isError && drawn.length === 0) return <div className={css.thread}><Failure error={query.error} retry={() => void query.refetch()} /></div>;
  return (
    <div className={css.thread} tabIndex={0} role="log" aria-label={t('inbox.messages')}>
      <div className={css.turns}>
        {query.hasNextPage && <Button variant="subtle" size="compact-sm" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()} style={{ alignSelf: 'center' }}>{t('inbox.earlier')}</Button>}
        {drawn.map((e) => e.kind === 'day' ? <div key={e.key} className={css.day}>{day(e.at, i18n.language)}</div> : e.kind === 'note' ? <NoteTurn key={e.key} note={e.note} conversation={c.id} /> : e.kind === 'step' ? <StepLine key={e.key} step={e.step} /> : <Turn key={e.key} m={e.message} follows={e.follows} name={nameOf(c) || t('comment.nameless')} />)}
      </div>
    </div>
  );
}

function Turn({ m, follows, name }: { m: Message; follows: boolean; name: string }) {
  const { t } = useTranslation();
  const out = m.direction === 'out';
  return (
    <article className={`${css.turn} ${out ? css.out : ''} ${m.author === 'bot' ? css.bot : ''} ${follows ? css.follows : ''}`}>
      {!follows && (
        <div className={css.by}>
          {m.author === 'bot' && <IconRobot size={13} aria-hidden />}
          {m.author === 'contact' ? <span dir="auto">{name}</span> : m.author === 'member' ? m.member_name : t(`inbox.author.${m.author}`)}
        </div>
      )}
      <div className={css.bubble}>{m.deleted_at ? <p className={css.gone}>{t('inbox.deleted')}</p> : <Content m={m} />}</div>
      <Meta m={m} />
    </article>
  );
}

function Content({ m }: { m: Message }) {
  const { t } = useTranslation();
  const attachments = m.detail.attachments ?? [];
  return (
    <>
      {attachments.map((a, i) => a.url?.startsWith('/')
        ? (a.type === 'image' ? <img key={i} src={a.url} alt={a.name || codeText('attachment', a.type)} style={{ maxWidth: '100%', borderRadius: 8, display: 'block' }} /> : <a key={i} href={a.url} target="_blank" rel="noreferrer">{a.name || codeText('attachment', a.type)}</a>)
        : <Tag key={i} title={a.note}>{a.name || codeText('attachment', a.type)}{a.note && ` – ${a.note}`}</Tag>)}
      {m.text && <p className="said" dir="auto"><Words text={m.text} /></p>}
      {!m.text && attachments.length === 0 && <p className={css.gone}>{codeText('message_type', m.type) || t('inbox.no_text')}</p>}
      {(m.detail.buttons ?? []).length > 0 && <div className={css.buttons}>{m.detail.buttons?.map((b, i) => <span key={i} dir="auto">{b.title}</span>)}</div>}
    </>
  );
}

const marks = { sent: IconCheck, delivered: IconChecks, read: IconChecks, failed: IconAlertCircle, waiting: IconClock, stopped: IconAlertCircle } as const;

function Meta({ m }: { m: Message }) {
  const { t, i18n } = useTranslation();
  const f = fate(m);
  const Mark = f.kind === 'none' ? undefined : marks[f.kind];
  const bad = f.kind === 'failed' || f.kind === 'stopped';
  return (
    <div className={css.meta}>
      {m.reactions.map((r, i) => <span key={i} className={css.react}>{r.emoji}</span>)}
      {m.edited_at && <span>{t('comment.edited')}</span>}
      <time dateTime={m.at}>{clock(m.at, i18n.language)}</time>
      {Mark && (
        <span className={bad ? css.failed : f.kind === 'read' ? css.read : ''} style={{ display: 'inline-flex', gap: 3, alignItems: 'center' }}>
          <Mark size={14} role="img" aria-label={t(`fate.${f.kind}`)} />
          {(bad || f.kind === 'waiting') && (f.why || t(`fate.${f.kind}`))}
        </span>
      )}
    </div>
  );
}
