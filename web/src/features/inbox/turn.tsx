import { IconAlertCircle, IconCheck, IconChecks, IconClock, IconFile, IconRobot } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Message } from '@/api/types';
import { codeText } from '@/i18n';
import { clock } from '@/ui/format';
import { Tag } from '@/ui/parts';
import { isHarmful, Veil, type Lift } from '@/ui/veil';
import { Words } from '@/ui/words';
import css from './inbox.module.css';
import { fate } from './talk';

interface TurnProps { m: Message; /** somebody of the brand has answered this person */ known: boolean; lift: Lift; follows: boolean; name: string; place: number; of: number }

/** Whether all that a message says is veiled. */
export const harms = (m: Message): boolean => m.direction === 'in' && !m.deleted_at && isHarmful(m.harm);

/** A picture or film of a stranger at which nobody has looked. Whoever is being answered sends what they were asked for. */
const unseen = (m: Message, known: boolean): boolean => m.direction === 'in' && !m.deleted_at && m.unseen && !known && (m.detail.attachments ?? []).some((a) => a.url?.startsWith('/') && (a.type === 'image' || a.type === 'video'));

/** Whether something of a message is veiled: only what the customer wrote or sent can be. */
export const veils = (m: Message, known: boolean): boolean => harms(m) || unseen(m, known);

/** One message with who said it and what became of it; place and of tell a screen reader where in the thread it stands (-1: not known yet). */
export function Turn({ m, known, lift, follows, name, place, of }: TurnProps) {
  const { t } = useTranslation();
  const out = m.direction === 'out';
  return (
    <article aria-posinset={of < 0 ? undefined : place} aria-setsize={of} className={`${css.turn} ${out ? css.out : ''} ${m.author === 'bot' ? css.bot : ''} ${follows ? css.follows : ''}`}>
      {!follows && (
        <div className={css.by}>
          {m.author === 'bot' && <IconRobot size={13} aria-hidden />}
          {m.author === 'contact' ? <span dir="auto">{name}</span> : m.author === 'member' ? m.member_name : t(`inbox.author.${m.author}`)}
        </div>
      )}
      <div className={css.bubble}>{m.deleted_at ? <p className={css.gone}>{t(m.detail.erased ? 'inbox.erased' : 'inbox.deleted')}</p> : <Veil harmful={harms(m)} lift={lift}><Content m={m} lift={!harms(m) && unseen(m, known) ? lift : undefined} /></Veil>}</div>
      <Meta m={m} />
    </article>
  );
}

/** Lift: its files are behind a veil of their own. */
function Content({ m, lift }: { m: Message; lift: Lift | undefined }) {
  const { t } = useTranslation();
  const attachments = m.detail.attachments ?? [];
  const tapped = m.detail.referral;
  return (
    <>
      {tapped && <Tag title={tapped.source_id || tapped.ad_id}>{t('inbox.tapped', { what: tapped.headline || tapped.source || t('inbox.tapped_link') })}</Tag>}
      <Veil harmful={lift !== undefined} lift={lift} says="veil.unseen">
        {attachments.map((a, i) => a.url?.startsWith('/')
          ? <Shown key={i} type={a.type} url={a.url} name={a.name || codeText('attachment', a.type)} />
          : <Tag key={i} title={a.note}>{a.name || codeText('attachment', a.type)}{a.note && ` – ${a.note}`}</Tag>)}
      </Veil>
      {m.text && <p className="said" dir="auto"><Words text={m.text} /></p>}
      {!m.text && attachments.length === 0 && <p className={css.gone}>{codeText('message_type', m.type) || t('inbox.no_text')}</p>}
      {(m.detail.buttons ?? []).length > 0 && <div className={css.buttons}>{m.detail.buttons?.map((b, i) => <span key={i} dir="auto">{b.title}</span>)}</div>}
    </>
  );
}

/** A file as far as a browser shows it; else a link to it. */
function Shown({ type, url, name }: { type: string; url: string; name: string }) {
  if (type === 'image') return <img src={url} alt={name} className={css.picture} />;
  if (type === 'video') return <video src={url} controls preload="metadata" aria-label={name} className={css.picture} />;
  if (type === 'audio' || type === 'voice') return <audio src={url} controls preload="none" aria-label={name} className={css.sound} />;
  return <a href={url} target="_blank" rel="noreferrer" className={css.fileLink}><IconFile size={16} aria-hidden />{name}</a>;
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
