import { ActionIcon, Button, Drawer } from '@mantine/core';
import { IconArrowLeft, IconCheck, IconInfoCircle, IconMailCheck, IconRobot, IconRotate, IconRoute, IconUserCheck } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useCan } from '@/api/session';
import type { ConversationDetail, Provenance } from '@/api/types';
import { languageName } from '@/ui/format';
import { useCame } from '@/ui/identity';
import { useKeys } from '@/ui/keys';
import { channelNames, Face, Tag } from '@/ui/parts';
import { Dotted } from '@/ui/sep';
import { Loaded, Loading } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { isHarmful } from '@/ui/veil';
import { DeskMenu } from './desk-menu';
import { Composer } from './composer';
import type { Panel } from './contact-panel';
import css from './inbox.module.css';
import { Owner } from './owner';
import { useConversation, useMarkRead, useStep, type Step } from './queries';
import { calledIn, nameOf } from './talk';
import { Thread } from './thread';
import { useNewest } from './use-said';

/** Beside the words and after them: what is written comes first. */
const ContactPanel = lazy(() => import('./contact-panel').then((m) => ({ default: m.ContactPanel })));

interface Props { id: number; at?: number | undefined; panel: Panel; onPanel: (p: Panel) => void; onClose: () => void; onNext: () => void; onOpen: (id: number) => void }

/** What takes a step back where a toast offers to. */
const takenBack: Partial<Record<Step, Step>> = { resolve: 'reopen', spam: 'not-spam', 'not-spam': 'spam' };

/** One conversation and the person it is with. */
export function Talk(props: Props) {
  const query = useConversation(props.id);
  useNewest(props.id);
  return query.data ? <Opened c={query.data} {...props} /> : <section className={css.middle}><Loaded query={query}>{() => null}</Loaded></section>;
}

function Opened({ c, at, panel, onPanel, onClose, onNext, onOpen }: Props & { c: ConversationDetail }) {
  const { t } = useTranslation();
  const converse = useCan('converse');
  const [info, setInfo] = useState(false);
  const step = useStep(c.id);
  const { mutate: markRead } = useMarkRead();
  useEffect(() => { if (converse && c.unread > 0) markRead(c.id); }, [converse, c.id, c.unread, markRead]);

  const go = (s: Step) => step.mutate(s, {
    onSuccess: () => {
      const back = takenBack[s];
      told(t(`inbox.done.${s}`), back ? () => step.mutate(back) : undefined);
      if (s === 'resolve' || s === 'spam') onNext();
    },
    onError: failed,
  });
  useKeys(t('inbox.this'), converse ? [
    { key: 'r', label: t('inbox.focus'), run: () => document.getElementById('reply')?.focus() },
    { key: 'e', label: t('inbox.resolve'), run: () => go(c.state === 'open' ? 'resolve' : 'reopen') },
    { key: 't', label: t('inbox.take_over'), run: () => { if (c.handler === 'bot') go('take-over'); } },
    { key: 'b', label: t('inbox.return'), run: () => { if (c.handler === 'human') go('return-to-bot'); } },
  ] : []);
  useKeys(t('inbox.this'), [{ key: 'h', label: t('inbox.panel.key'), run: () => { onPanel(panel === 'person' ? 'timeline' : 'person'); if (window.matchMedia('(max-width: 1180px)').matches) setInfo(true); } }]);

  return (
    <>
      <section className={css.middle} aria-label={t('inbox.talk', { name: calledIn(c) })}>
        <Bar c={c} busy={step.isPending} converse={converse} onStep={go} onClose={onClose} onInfo={() => setInfo(true)} />
        {c.came_from && <CameBar from={c.came_from} />}
        <Thread c={c} at={at} />
        {converse ? <Composer c={c} /> : <div className={css.compose}><span className={css.line}>{t('inbox.read_only')}</span></div>}
      </section>
      <aside className={`${css.panelSide} ${css.docked}`} aria-label={t('inbox.contact')}><Suspense fallback={<Loading rows={4} />}><ContactPanel c={c} panel={panel} onPanel={onPanel} onOpen={onOpen} /></Suspense></aside>
      <Drawer opened={info} onClose={() => setInfo(false)} position="right" size={330} padding={0} title={<span style={{ padding: '0 16px' }}>{t('inbox.contact')}</span>} closeButtonProps={{ 'aria-label': t('act.close') }}><Suspense fallback={<Loading rows={4} />}><ContactPanel c={c} panel={panel} onPanel={onPanel} onOpen={onOpen} onJump={() => setInfo(false)} /></Suspense></Drawer>
    </>
  );
}

/** Where the conversation began; it leads to the comment, else to the trigger. */
function CameBar({ from }: { from: Provenance }) {
  const text = useCame(from);
  if (!text) return null;
  const said = <span className="clip" dir="auto" title={isHarmful(from.comment?.harm) ? undefined : from.comment?.text}>{text}</span>;
  return <div className={css.origin}><IconRoute size={16} stroke={1.6} aria-hidden />{from.comment ? <Link to="/moderation" search={{ queue: 'all', id: from.comment.id }} className="clip">{said}</Link> : said}</div>;
}

interface BarProps { c: ConversationDetail; busy: boolean; converse: boolean; onStep: (s: Step) => void; onClose: () => void; onInfo: () => void }

function Bar({ c, busy, converse, onStep, onClose, onInfo }: BarProps) {
  const { t, i18n } = useTranslation();
  const language = languageName(c.language || c.contact.language, i18n.language);
  return (
    <header className={css.bar}>
      <span className={css.back}><ActionIcon variant="subtle" size="lg" aria-label={t('act.back')} onClick={onClose}><IconArrowLeft size={18} aria-hidden /></ActionIcon></span>
      <Face name={nameOf(c)} channel={c.channel} />
      <div className={css.name}>
        <h2 className="clip" dir="auto">{calledIn(c)}</h2>
        <small className="clip"><Dotted of={[channelNames[c.channel], language]} /></small>
      </div>
      {c.handler === 'bot' && <span className={css.hideSmall}><Tag tone="bot" title={c.handler_reason}>{t('inbox.bot_answers')}</Tag></span>}
      <Owner c={c} converse={converse} />
      {converse && (
        <>
          {c.spam && <Button variant="default" leftSection={<IconMailCheck size={16} aria-hidden />} disabled={busy} onClick={() => onStep('not-spam')}>{t('inbox.not_spam')}</Button>}
          <DeskMenu c={c} onStep={onStep} />
          {c.state === 'open' && c.handler === 'bot' && <Button variant="default" leftSection={<IconUserCheck size={16} aria-hidden />} disabled={busy} onClick={() => onStep('take-over')}>{t('inbox.take_over')}</Button>}
          {c.state === 'open' && c.handler === 'human' && !c.spam && <ActionIcon variant="default" size={34} disabled={busy} aria-label={t('inbox.return')} title={t('inbox.return')} onClick={() => onStep('return-to-bot')}><IconRobot size={17} aria-hidden /></ActionIcon>}
          {c.state === 'open'
            ? <Button variant="default" leftSection={<IconCheck size={16} aria-hidden />} disabled={busy} onClick={() => onStep('resolve')}>{t('inbox.resolve')}</Button>
            : <Button variant="default" leftSection={<IconRotate size={16} aria-hidden />} disabled={busy} onClick={() => onStep('reopen')}>{t('inbox.reopen')}</Button>}
        </>
      )}
      <span className={css.toggle}><ActionIcon variant="default" size={34} aria-label={t('inbox.contact')} onClick={onInfo}><IconInfoCircle size={17} aria-hidden /></ActionIcon></span>
    </header>
  );
}
