import { ActionIcon, Button, Menu, Popover, Textarea } from '@mantine/core';
import { IconAlertTriangle, IconClock, IconClockHour4, IconLock, IconMoodSmile, IconNote, IconSend2, IconTemplate } from '@tabler/icons-react';
import { useState, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useMe } from '@/api/session';
import type { ConversationDetail, Suggestion } from '@/api/types';
import { useNow } from '@/ui/clock';
import { Loading } from '@/ui/states';
import { duration } from '@/ui/format';
import { useKeys } from '@/ui/keys';
import { failed, told } from '@/ui/toast';
import { AttachButton, FileList, useFiles } from './attach';
import { Others, ScheduledList } from './beside-words';
import { useDraft, usePresence, useTyping } from './desk';
import css from './inbox.module.css';
import { useQuickReplies, useSend } from './queries';
import { SuggestionList } from './suggestions';
import { NoteBox } from './note-box';
import { matchQuick, nameOf, windowState } from './talk';
import { TemplatePicker } from './template-picker';
import { TimeDialog } from './time-dialog';
import { useCollision } from './use-collision';
import { useDrafting } from './use-drafting';
import { fillVariables, laterTimes } from './when';

/** Where an answer is written: suggestions by key, quick replies by slash, a draft that is never lost. */
export function Composer({ c }: { c: ConversationDetail }) {
  const { t } = useTranslation();
  const now = useNow();
  const window_ = windowState(c, now);
  const [templates, setTemplates] = useState(false);
  const [noting, setNoting] = useState(false);
  const draft = useDraft(c.id);
  useKeys(t('inbox.this'), [{ key: 'n', label: t('inbox.note_write'), run: () => setNoting(true) }]);
  if (noting) return <div className={css.compose}><NoteBox id={c.id} onDone={() => setNoting(false)} /></div>;
  const note = <Button variant="subtle" size="compact-sm" leftSection={<IconNote size={15} aria-hidden />} onClick={() => setNoting(true)}>{t('inbox.note_write')}</Button>;
  if (c.state === 'resolved') return <div className={css.compose}><span className={css.line}>{t('inbox.is_resolved')}{note}</span></div>;
  return (
    <div className={css.compose}>
      {(window_.kind === 'shut' || !draft.ready) && <ScheduledList id={c.id} converse />}
      {window_.kind === 'shut' ? (
        <div className={css.shut}>
          <IconLock size={17} aria-hidden />
          <span>{t(c.channel === 'whatsapp' ? 'inbox.window.shut_whatsapp' : 'inbox.window.shut')}</span>
          {c.channel === 'whatsapp' && <Button size="compact-sm" variant="default" leftSection={<IconTemplate size={15} aria-hidden />} onClick={() => setTemplates(true)}>{t('inbox.template')}</Button>}
          {note}
        </div>
      ) : draft.ready ? <Writing c={c} window_={window_} draft={draft} onNote={() => setNoting(true)} onTemplates={() => setTemplates(true)} /> : <Loading rows={1} />}
      {templates && <TemplatePicker c={c} onClose={() => setTemplates(false)} />}
    </div>
  );
}

function Writing({ c, window_, draft, onNote, onTemplates }: { c: ConversationDetail; window_: ReturnType<typeof windowState>; draft: ReturnType<typeof useDraft>; onNote: () => void; onTemplates: () => void }) {
  const { t } = useTranslation();
  const suggested = useDrafting(c.id, c.revision);
  const quick = useQuickReplies();
  const send = useSend(c.id);
  const me = useMe().data;
  const [text, setText] = useState(draft.initial);
  const others = usePresence(c.id, useTyping(text));
  const [asking, setAsking] = useState(false);
  const [used, setUsed] = useState<Suggestion | undefined>();
  const [picked, setPicked] = useState<number | undefined>(); // its id: what comes in its place is not chosen
  const [row, setRow] = useState(0);
  const offered = suggested.offered;
  const found = matchQuick(text, quick.data?.items ?? [], c.language || c.contact.language);

  const collision = useCollision(c.waiting_since, text !== '');
  const write = (next: string) => { setText(next); draft.keep(next); setRow(0); if (!next) setUsed(undefined); };
  // What is written meanwhile, or stood there beside a suggestion that was sent by its key, is not thrown away.
  const sent = (body: string) => setText((now) => {
    if (now.trim() !== body.trim()) return now;
    draft.keep('');
    return '';
  });
  const edit = (s: Suggestion) => { write(s.text); setUsed(s); setPicked(undefined); document.getElementById('reply')?.focus(); };
  const attached = useFiles(c);
  const many = attached.files.length > 0;
  // Where a text may stand beside the one file it is its caption; else it goes first, as a message of its own.
  const submitFiles = async (body: string, suggestion?: Suggestion) => {
    if (!attached.ready || send.isPending) return;
    const sole = attached.files.length === 1 ? attached.files[0]?.kept : undefined;
    const caption = sole !== undefined && c.files.some((l) => l.type === sole.type && l.caption);
    const used = suggestion ? { suggestion_id: suggestion.id } : {};
    const revision = suggestion ? (suggested.state.revision ?? c.revision) : c.revision;
    try {
      if (body.trim() && !caption) { await send.mutateAsync({ text: body.trim(), revision, ...used }); write(''); }
      for (const f of attached.files) {
        if (!f.kept) continue;
        await send.mutateAsync({ text: caption ? body.trim() : '', revision, file_id: f.kept.id, ...(caption ? used : {}) });
        attached.drop(f.key);
      }
      write('');
    } catch (error) { failed(error); }
  };
  const submit = (body: string, suggestion?: Suggestion) => {
    if (collision.stops()) return;
    if (many) { void submitFiles(body, suggestion); return; }
    if (!body.trim() || send.isPending) return;
    const revision = suggestion ? (suggested.state.revision ?? c.revision) : c.revision;
    setPicked(undefined); // the next key is about the next answer
    send.mutate({ text: body.trim(), revision, ...(suggestion ? { suggestion_id: suggestion.id } : {}) }, {
      onSuccess: () => { sent(body); setUsed((now) => (now === suggestion ? undefined : now)); },
      onError: (error) => { failed(error); suggested.again(); },
    });
  };
  const quickly = (body: string) => { write(fillVariables(body, { name: nameOf(c), agent: me?.user.name ?? '', brand: me?.workspace.brand ?? '' })); document.getElementById('reply')?.focus(); };
  const takeBack = (body: string) => { write(text.trim() ? `${body}\n${text}` : body); told(t('inbox.scheduled_taken')); document.getElementById('reply')?.focus(); };
  const later = (at: string, unless: boolean) => {
    setAsking(false);
    send.mutate({ text: text.trim(), revision: c.revision, send_at: at, unless_written: unless }, { onSuccess: () => { write(''); told(t('inbox.scheduled_done')); }, onError: failed });
  };
  const pick = (n: number) => { if (offered[n]) setPicked(offered[n].id); };
  const chosen = offered.find((s) => s.id === picked);
  useKeys(t('inbox.suggestions'), [
    ...offered.map((_, n) => ({ key: String(n + 1), label: t('inbox.key.pick', { n: n + 1 }), run: () => pick(n) })),
    ...(chosen ? [{ key: 'Enter', label: t('inbox.key.send'), run: () => submit(chosen.text, chosen) }, { key: 'Tab', label: t('inbox.key.edit'), run: () => edit(chosen) }] : []),
  ]);

  const onKey = (e: KeyboardEvent<HTMLTextAreaElement>) => {
    if (e.nativeEvent.isComposing) return;
    const reply = found[row];
    if (reply && (e.key === 'Enter' || e.key === 'Tab')) { e.preventDefault(); quickly(reply.text); return; }
    if (found.length > 0 && (e.key === 'ArrowDown' || e.key === 'ArrowUp')) { e.preventDefault(); setRow((row + (e.key === 'ArrowDown' ? 1 : found.length - 1)) % found.length); return; }
    const first = chosen ?? offered[0];
    if (e.key === 'Tab' && !e.shiftKey && !text && first) { e.preventDefault(); edit(first); return; }
    if (e.key === 'Enter' && !e.shiftKey) { e.preventDefault(); submit(text, used); return; }
    if (e.key === 'Escape') leave(e.currentTarget);
  };

  return (
    <>
      <ScheduledList id={c.id} converse onChange={takeBack} />
      <Others list={others} />
      <SuggestionList suggested={suggested} picked={chosen} onSend={(s) => submit(s.text, s)} onEdit={edit} />
      {found.length > 0 && (
        <div className={css.quick} role="listbox" aria-label={t('inbox.quick')}>
          {found.map((r, n) => <button key={r.id} type="button" role="option" aria-selected={n === row} onClick={() => quickly(r.text)}><b>/{r.shortcut}</b><span className="clip" dir="auto">{r.text}</span></button>)}
        </div>
      )}
      {collision.met && <p role="alert" className={css.collision}><IconAlertTriangle size={16} aria-hidden /> {t(collision.warned ? 'inbox.collision_again' : 'inbox.collision')}</p>}
      <FileList files={attached.files} onDrop={attached.drop} />
      <Textarea id="reply" autosize minRows={1} maxRows={9} dir="auto" aria-label={t('inbox.reply')} placeholder={t('inbox.placeholder')} value={text} onChange={(e) => write(e.currentTarget.value)} onKeyDown={onKey} onPaste={attached.onPaste} onDrop={attached.onDrop} onDragOver={attached.onDragOver} />
      <div className={css.line}>
        <WindowClock state={window_} />
        <span style={{ display: 'flex', gap: 8, flexWrap: 'wrap', justifyContent: 'flex-end' }}>
          <ActionIcon variant="default" size={34} aria-label={t('inbox.note_write')} title={t('inbox.note_write')} onClick={onNote}><IconNote size={17} aria-hidden /></ActionIcon>
          <AttachButton c={c} onAdd={attached.add} />
          <Emoji onPick={(e) => { write(text + e); document.getElementById('reply')?.focus(); }} />
          {c.channel === 'whatsapp' && <ActionIcon variant="default" size={34} aria-label={t('inbox.template')} title={t('inbox.template')} onClick={onTemplates}><IconTemplate size={17} aria-hidden /></ActionIcon>}
          {c.channel !== 'facebook' && <Later disabled={!text.trim() || many || send.isPending} until={window_.until} onAsk={() => setAsking(true)} onChoose={(at) => later(at, true)} />}
          <Button onClick={() => submit(text, used)} loading={send.isPending} disabled={many ? !attached.ready : !text.trim()} rightSection={<IconSend2 size={16} aria-hidden />}>{t('act.send')}</Button>
        </span>
      </div>
      {asking && <TimeDialog title={t('inbox.send_later')} verb={t('inbox.send_later')} before={window_.until} unlessWritten onClose={() => setAsking(false)} onChoose={later} />}
    </>
  );
}

/** Out of the field, so that keys are commands again: to the line of the conversation, where that is seen. */
function leave(field: HTMLElement) {
  const row = [...document.querySelectorAll<HTMLElement>('button[aria-current="true"]')].find((el) => el.getClientRects().length > 0);
  if (row) row.focus({ preventScroll: true });
  else field.blur();
}

/** When else it could go: a few times people mean, or one of their own. */
function Later({ disabled, until, onAsk, onChoose }: { disabled: boolean; until: string | null; onAsk: () => void; onChoose: (at: string) => void }) {
  const { t } = useTranslation();
  return (
    <Menu position="top-end" width={220} withinPortal>
      <Menu.Target><ActionIcon variant="default" size={34} disabled={disabled} aria-label={t('inbox.send_later')} title={t('inbox.send_later')}><IconClockHour4 size={17} aria-hidden /></ActionIcon></Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t('inbox.send_later')}</Menu.Label>
        {laterTimes(new Date()).filter((x) => !until || x.at.toISOString() < until).map((x) => <Menu.Item key={x.name} onClick={() => onChoose(x.at.toISOString())}>{t(`inbox.later.${x.name}`)}</Menu.Item>)}
        <Menu.Item onClick={onAsk}>{t('inbox.choose_time')}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

const emoji = ['🙂', '😀', '😉', '😊', '🙏', '👍', '👌', '👏', '🎉', '❤️', '☀️', '✅', '⏰', '📍', '📅', '📦', '🚚', '💶', '😔', '🤝'];

function Emoji({ onPick }: { onPick: (e: string) => void }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  return (
    <Popover opened={open} onChange={setOpen} position="top-end" withinPortal trapFocus>
      <Popover.Target><ActionIcon variant="default" size={34} aria-label={t('inbox.emoji')} title={t('inbox.emoji')} onClick={() => setOpen(!open)}><IconMoodSmile size={17} aria-hidden /></ActionIcon></Popover.Target>
      <Popover.Dropdown p={6} aria-label={t('inbox.emoji')}><div className={css.emoji}>{emoji.map((e) => <button key={e} type="button" onClick={() => { setOpen(false); onPick(e); }}>{e}</button>)}</div></Popover.Dropdown>
    </Popover>
  );
}

function WindowClock({ state }: { state: ReturnType<typeof windowState> }) {
  const { t, i18n } = useTranslation();
  const now = useNow();
  if (!state.until) return <span />;
  const left = duration((Date.parse(state.until) - now) / 1000, i18n.language);
  return <span style={{ display: 'inline-flex', gap: 6, alignItems: 'center' }}><IconClock size={15} aria-hidden />{t(`inbox.window.${state.kind}`, { left })}</span>;
}
