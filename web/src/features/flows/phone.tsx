import { Button, Select, TextInput } from '@mantine/core';
import { IconClockHour4, IconPlayerSkipBack, IconSend } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Played, PlayMove } from '@/api/types';
import { languageName } from '@/ui/format';
import { Sep } from '@/ui/sep';
import { Failure } from '@/ui/states';
import { usePlay } from './queries';
import css from './flows.module.css';

type Shown = PlayMove & { label: string };

/** Plays the draft as it is being written: nothing leaves and nothing is kept. */
export function Phone({ id, document, languages, ready, onAt }: { id: number; document: string; languages: string[]; ready: boolean; onAt: (step: string | undefined) => void }) {
  const { t, i18n } = useTranslation();
  const [language, setLanguage] = useState<string>();
  const [moves, setMoves] = useState<Shown[]>([]);
  const [text, setText] = useState('');
  const talk = useRef<HTMLDivElement>(null);
  const speaks = language ?? languages[0] ?? 'en';
  const play = usePlay(id, document, speaks, moves.map(({ label: _, ...m }) => m), ready);
  const turns = play.data?.turns ?? [];
  const last = turns[turns.length - 1];
  useEffect(() => { onAt(last?.step); if (talk.current) talk.current.scrollTop = talk.current.scrollHeight; }, [last, onAt]); // the page stays where it is
  const go = (m: PlayMove, label: string) => { setMoves([...moves, { ...m, label }]); setText(''); };
  const ended = last?.waiting === 'ended';
  if (!ready) return <p className={css.hint}>{t('flows.play_faults')}</p>;
  return (
    <section className={css.phone} aria-label={t('flows.play')}>
      <div className={css.phoneHead}>
        <Select size="xs" aria-label={t('flows.play_language')} data={languages.map((l) => ({ value: l, label: languageName(l, i18n.language) || l }))} value={speaks} allowDeselect={false} onChange={(v) => { setLanguage(v ?? undefined); setMoves([]); }} />
        <Button size="xs" variant="default" leftSection={<IconPlayerSkipBack size={14} aria-hidden />} disabled={moves.length === 0} onClick={() => setMoves([])}>{t('flows.play_again')}</Button>
      </div>
      {play.isError && <Failure error={play.error} retry={() => setMoves(moves.slice(0, -1))} />}
      <div ref={talk} className={css.talk} role="log" aria-live="polite" aria-label={t('flows.talk')} tabIndex={0}>
        {turns.map((turn, i) => <TurnView key={i} turn={turn} said={i > 0 ? moves[i - 1]?.label : undefined} active={i === turns.length - 1 && !ended} onTap={(payload, title) => go({ payload }, title)} />)}
        {ended && <p className={css.hint}>{t('flows.play_ended', { why: t(`flows.why.${last.why}`, { defaultValue: last.why }) })}</p>}
      </div>
      {last?.waiting === 'outcome' && (
        <div className={css.phoneHead}>
          <Button size="xs" variant="light" onClick={() => go({ outcome: { status: 200, body: '{}' } }, t('flows.call_ok'))}>{t('flows.call_ok')}</Button>
          <Button size="xs" variant="light" color="red" onClick={() => go({ outcome: { status: 0, failure: 'timeout' } }, t('flows.call_failed'))}>{t('flows.call_failed')}</Button>
        </div>
      )}
      {last?.due && !ended && <Button size="xs" variant="default" leftSection={<IconClockHour4 size={14} aria-hidden />} onClick={() => go({ silent: true }, t('flows.silent'))}>{t('flows.silent')}</Button>}
      <form className={css.phoneHead} onSubmit={(e) => { e.preventDefault(); if (text.trim()) go({ text: text.trim() }, text.trim()); }}>
        <TextInput aria-label={t('flows.say')} placeholder={t('flows.say')} value={text} onChange={(e) => setText(e.currentTarget.value)} style={{ flex: 1 }} />
        <Button type="submit" aria-label={t('flows.send')} disabled={!text.trim()}><IconSend size={16} aria-hidden /></Button>
      </form>
    </section>
  );
}

function TurnView({ turn, said, active, onTap }: { turn: Played['turns'][number]; said: string | undefined; active: boolean; onTap: (payload: string, title: string) => void }) {
  const { t } = useTranslation();
  return (
    <>
      {said !== undefined && <p className={css.mine} dir="auto">{said}</p>}
      {turn.says.map((s, i) => (
        <div key={i} className={css.theirs}>
          {s.media && <small>{s.media}</small>}
          <p className="said" dir="auto" lang={s.language}>{s.text || t('flows.no_text')}</p>
          {s.promotional && <small>{t('flows.promotional')}</small>}
          {s.wanted && <small className={css.warn}>{t('flows.wanted', { language: s.wanted })}</small>}
          {s.link_url && <small className="clip">{s.link_title}<Sep />{s.link_url}</small>}
          {s.options.length > 0 && <div className={css.options}>{s.options.map((o) => <Button key={o.payload} size="xs" variant="default" disabled={!active} onClick={() => onTap(o.payload, o.title)}>{o.title}</Button>)}</div>}
        </div>
      ))}
      {turn.does.map((d, i) => <p key={i} className={css.deed}>{t(`flows.does.${d.kind}`, { defaultValue: d.kind })}: {d.detail}</p>)}
    </>
  );
}
