import { Button, Textarea } from '@mantine/core';
import { useRef, useState, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { keepText, useKept } from '@/ui/kept';
import { failed } from '@/ui/toast';
import { useAddNote } from './desk';
import css from './inbox.module.css';
import { useMembers } from './queries';
import { mentioned, mentionQuery } from './when';

/** A note for the team: it never leaves. An @ names a member, who is told. What is half written waits for the next time. */
export function NoteBox({ id, onDone }: { id: number; onDone: () => void }) {
  const { t } = useTranslation();
  const members = useMembers().data?.items ?? [];
  const add = useAddNote(id);
  const field = useRef<HTMLTextAreaElement>(null);
  const kept = `note.${id}`;
  const [text, setText] = useKept(kept);
  const [cursor, setCursor] = useState(0);
  const [row, setRow] = useState(0);
  const query = mentionQuery(text, cursor);
  const found = query === undefined ? [] : members.filter((m) => (m.name || m.email).toLowerCase().includes(query.toLowerCase())).slice(0, 6);

  const submit = () => { if (text.trim()) void add.mutateAsync({ text: text.trim(), mentions: mentioned(text, members) }).then(() => { keepText(kept, ''); onDone(); }, failed); };
  const pick = (name: string) => {
    const head = text.slice(0, cursor - (query ?? '').length - 1);
    const next = `${head}@${name} `;
    setText(next + text.slice(cursor));
    setCursor(next.length);
    setRow(0);
    field.current?.focus();
  };
  const onKey = (e: KeyboardEvent<HTMLTextAreaElement>) => {
    if (e.nativeEvent.isComposing) return;
    const m = found[row];
    if (m && (e.key === 'Enter' || e.key === 'Tab')) { e.preventDefault(); pick(m.name || m.email); return; }
    if (found.length > 0 && (e.key === 'ArrowDown' || e.key === 'ArrowUp')) { e.preventDefault(); setRow((row + (e.key === 'ArrowDown' ? 1 : found.length - 1)) % found.length); return; }
    if (e.key === 'Enter' && !e.shiftKey) { e.preventDefault(); submit(); return; }
    if (e.key === 'Escape') onDone();
  };
  return (
    <>
      {found.length > 0 && (
        <div className={css.quick} role="listbox" aria-label={t('inbox.mention')}>
          {found.map((m, n) => <button key={m.user_id} type="button" role="option" aria-selected={n === row} onClick={() => pick(m.name || m.email)}><b>@{m.name || m.email}</b></button>)}
        </div>
      )}
      <Textarea ref={field} autoFocus autosize minRows={2} maxRows={9} dir="auto" className={css.noteField ?? ''} aria-label={t('inbox.note')} placeholder={t('inbox.note_placeholder')} value={text} maxLength={4000}
        onChange={(e) => { setText(e.currentTarget.value); setCursor(e.currentTarget.selectionStart); setRow(0); }} onKeyDown={onKey} />
      <div className={css.line}>
        <span>{t('inbox.note_text')}</span>
        <span style={{ display: 'flex', gap: 8 }}><Button variant="default" onClick={onDone}>{t('act.cancel')}</Button><Button onClick={submit} loading={add.isPending} disabled={!text.trim()}>{t('inbox.note_add')}</Button></span>
      </div>
    </>
  );
}
