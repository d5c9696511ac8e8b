import { ActionIcon, Button, Textarea } from '@mantine/core';
import { IconClock, IconLock, IconSend2, IconTemplate } from '@tabler/icons-react';
import { useState, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { ConversationDetail, Suggestion } from '@/api/types';
import { useNow } from '@/ui/clock';
import { duration } from '@/ui/format';
import { useKeys } from '@/ui/keys';
import { failed } from '@/ui/toast';
import css from './inbox.module.css';
import { useQuickReplies, useSend, useSuggestions } from './queries';
import { SuggestionList } from './suggestions';
import { drafts, matchQuick, windowState } from './talk';
import { TemplatePicker } from './template-picker';

/** Where an answer is written: suggestions by key, quick replies by slash, a draft that is never lost. */
export function Composer({ c }: { c: ConversationDetail }) {
  const { t } = useTranslation();
  const now = useNow();
  const window_ = windowState(c, now);
  const [templates, setTemplates] = useState(false);
  if (c.state === 'resolved') return <div className={css.compose}><span className={css.line}>{t('inbox.is_resolved')}</span></div>;
  return (
    <div className={css.compose}>
      {window_.kind === 'shut' ? (
        <div className={css.shut}>
          <IconLock size={17} aria-hidden />
          <span style={{ flex: 1 }}>{t(c.channel === 'whatsapp' ? 'inbox.window.shut_whatsapp' : 'inbox.window.shut')}</span>
          {c.channel === 'whatsapp' && <Button size="compact-sm" variant="default" leftSection={<IconTemplate size={15} aria-hidden />} onClick={() => setTemplates(true)}>{t('inbox.template')}</Button>}
        </div>
      ) : <Writing c={c} window_={window_} onTemplates={() => setTemplates(true)} />}
      {templates && <TemplatePicker c={c} onClose={() => setTemplates(false)} />}
    </div>
  );
}

function Writing({ c, window_, onTemplates }: { c: ConversationDetail; window_: ReturnType<typeof windowState>; onTemplates: () => void }) {
  const { t } = useTranslation();
  const suggestions = useSuggestions(c.id, true);
  const quick = useQuickReplies();
  const send = useSend(c.id);
  const [text, setText] = useState(() => drafts.get(c.id));
  const [used, setUsed] = useState<Suggestion | undefined>();
  const [picked, setPicked] = useState<number | undefined>();
  const [row, setRow] = useState(0);
  const offered = suggestions.data?.items ?? [];
  const found = matchQuick(text, quick.data?.items ?? [], c.language || c.contact.language);

  const write = (next: string) => { setText(next); drafts.set(c.id, next); setRow(0); if (!next) setUsed(undefined); };
  const edit = (s: Suggestion) => { write(s.text); setUsed(s); setPicked(undefined); document.getElementById('reply')?.focus(); };
  const submit = (body: string, suggestion?: Suggestion) => {
    if (!body.trim() || send.isPending) return;
    const revision = suggestion ? (suggestions.data?.revision ?? c.revision) : c.revision;
    send.mutate({ text: body.trim(), revision, ...(suggestion ? { suggestion_id: suggestion.id } : {}) }, {
      onSuccess: () => { write(''); setPicked(undefined); },
      onError: (error) => { failed(error); void suggestions.refetch(); },
    });
  };
  const pick = (n: number) => { if (offered[n]) setPicked(n); };
  const chosen = picked === undefined ? undefined : offered[picked];
  useKeys(t('inbox.suggestions'), [
    ...offered.slice(0, 3).map((_, n) => ({ key: String(n + 1), label: t('inbox.key.pick', { n: n + 1 }), run: () => pick(n) })),
    ...(chosen ? [{ key: 'Enter', label: t('inbox.key.send'), run: () => submit(chosen.text, chosen) }, { key: 'Tab', label: t('inbox.key.edit'), run: () => edit(chosen) }] : []),
  ]);

  const onKey = (e: KeyboardEvent<HTMLTextAreaElement>) => {
    if (e.nativeEvent.isComposing) return;
    const reply = found[row];
    if (reply && (e.key === 'Enter' || e.key === 'Tab')) { e.preventDefault(); write(reply.text); return; }
    if (found.length > 0 && (e.key === 'ArrowDown' || e.key === 'ArrowUp')) { e.preventDefault(); setRow((row + (e.key === 'ArrowDown' ? 1 : found.length - 1)) % found.length); return; }
    if (e.key === 'Tab' && !e.shiftKey && !text && offered[picked ?? 0]) { e.preventDefault(); edit(offered[picked ?? 0] as Suggestion); return; }
    if (e.key === 'Enter' && !e.shiftKey) { e.preventDefault(); submit(text, used); return; }
    if (e.key === 'Escape') e.currentTarget.blur();
  };

  return (
    <>
      <SuggestionList query={suggestions} conversation={c.id} picked={picked} onSend={(s) => submit(s.text, s)} onEdit={edit} />
      {found.length > 0 && (
        <div className={css.quick} role="listbox" aria-label={t('inbox.quick')}>
          {found.map((r, n) => <button key={r.id} type="button" role="option" aria-selected={n === row} onClick={() => { write(r.text); document.getElementById('reply')?.focus(); }}><b>/{r.shortcut}</b><span className="clip" dir="auto">{r.text}</span></button>)}
        </div>
      )}
      <Textarea id="reply" autosize minRows={1} maxRows={9} dir="auto" aria-label={t('inbox.reply')} placeholder={t('inbox.placeholder')} value={text} onChange={(e) => write(e.currentTarget.value)} onKeyDown={onKey} />
      <div className={css.line}>
        <WindowClock state={window_} />
        <span style={{ display: 'flex', gap: 8 }}>
          {c.channel === 'whatsapp' && <ActionIcon variant="default" size={34} aria-label={t('inbox.template')} title={t('inbox.template')} onClick={onTemplates}><IconTemplate size={17} aria-hidden /></ActionIcon>}
          <Button onClick={() => submit(text, used)} loading={send.isPending} disabled={!text.trim()} rightSection={<IconSend2 size={16} aria-hidden />}>{t('act.send')}</Button>
        </span>
      </div>
    </>
  );
}

function WindowClock({ state }: { state: ReturnType<typeof windowState> }) {
  const { t, i18n } = useTranslation();
  const now = useNow();
  if (!state.until) return <span />;
  const left = duration((Date.parse(state.until) - now) / 1000, i18n.language);
  return <span style={{ display: 'inline-flex', gap: 6, alignItems: 'center' }}><IconClock size={15} aria-hidden />{t(`inbox.window.${state.kind}`, { left })}</span>;
}
