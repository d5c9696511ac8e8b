import { ActionIcon, Button, Textarea } from '@mantine/core';
import { IconChecks, IconSend2 } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Channel } from '@/api/types';
import { clock, day } from '@/ui/format';
import { pieces } from '@/ui/links';
import { ChannelMark } from '@/ui/parts';
import { failed } from '@/ui/toast';
import { useDeed, type StageButton, type StageMessage, type StagePerson } from './control';
import css from './rehearse.module.css';
import { taps } from './stage';

interface Props {
  name: string;
  channel: Channel;
  account: string;
  person: StagePerson;
  messages: StageMessage[];
  start: string;
  bare?: boolean;
  onOpen: (url: string) => void;
}

/** A chat as the customer sees it: their own words on the right. */
export function Chat({ name, channel, account, person, messages, start, bare = false, onOpen }: Props) {
  const { t } = useTranslation();
  const [text, setText] = useState(start);
  const deed = useDeed();
  const kind = channel === 'whatsapp' ? 'whatsapp' : 'dm';
  const send = (words: string, tap?: { as: 'button' | 'row'; what: StageButton }) => {
    if (!words.trim() || deed.isPending) return;
    deed.mutate({ kind, account, person: person.id, text: words.trim(), ...(tap && kind === 'whatsapp' ? { [tap.as]: tap.what } : {}) }, { onSuccess: () => { if (!tap) setText(''); }, onError: failed });
  };
  const last = messages.at(-1)?.id;
  return (
    <>
      {!bare && <div className={css.bar}><ChannelMark channel={channel} size={20} /><b className="clip">{name}</b></div>}
      <div className={css.chat} tabIndex={0} role="log" aria-label={t('inbox.messages')}>
        <div>{messages.length === 0 ? <small>{t('rehearse.silence')}</small> : messages.map((m) => <Bubble key={m.id} m={m} fresh={m.id === last} onOpen={onOpen} onButton={(what) => send(what.title, { as: m.list ? 'row' : 'button', what })} />)}</div>
      </div>
      <div className={css.write}>
        <Textarea size="xs" style={{ flex: 1 }} autosize minRows={1} maxRows={4} dir="auto" aria-label={t('rehearse.message')} placeholder={t('rehearse.message')} value={text} onChange={(e) => setText(e.currentTarget.value)}
          onKeyDown={(e) => { if (e.key === 'Enter' && !e.shiftKey && !e.nativeEvent.isComposing) { e.preventDefault(); send(text); } }} />
        <ActionIcon size={30} variant="filled" loading={deed.isPending} disabled={!text.trim()} aria-label={t('act.send')} onClick={() => send(text)}><IconSend2 size={16} aria-hidden /></ActionIcon>
      </div>
    </>
  );
}

function Bubble({ m, fresh, onOpen, onButton }: { m: StageMessage; fresh: boolean; onOpen: (url: string) => void; onButton: (b: StageButton) => void }) {
  const { t, i18n } = useTranslation();
  const mine = !m.from_brand;
  return (
    <div className={`${css.bubble} ${mine ? css.mine : ''}`}>
      <p className="said" dir="auto">
        {m.deleted ? <em>{t('inbox.deleted')}</em> : pieces(m.text).map((x, i) => x.kind === 'text' ? x.text : <button key={i} type="button" className={css.link} onClick={() => onOpen(x.url)}>{x.url}</button>)}
      </p>
      {m.link && <Button size="compact-sm" variant="default" mt={6} onClick={() => m.link && onOpen(m.link.id)}>{m.link.title}</Button>}
      {taps(m).length > 0 && <div className={css.replies}>{taps(m).map((b) => <Button key={b.id} size="compact-sm" variant="default" disabled={!fresh} onClick={() => onButton(b)}>{b.title}</Button>)}</div>}
      <small>{new Date(m.at).toDateString() === new Date().toDateString() ? '' : `${day(m.at, i18n.language)}, `}{clock(m.at, i18n.language)} {!mine && m.status === 'read' && <IconChecks size={12} aria-hidden />}</small>
    </div>
  );
}
