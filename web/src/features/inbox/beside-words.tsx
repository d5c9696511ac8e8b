import { ActionIcon, Button } from '@mantine/core';
import { IconClockHour4, IconEye, IconNote, IconX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useCan, useMe } from '@/api/session';
import type { ConversationNote, ConversationStep, Viewer } from '@/api/types';
import { clock, dateTime } from '@/ui/format';
import { Sep } from '@/ui/sep';
import { stepText } from '@/ui/step-text';
import { useNamed } from '@/ui/named';
import { failed } from '@/ui/toast';
import { useCancelScheduled, useRemoveNote, useScheduled } from './desk';
import css from './inbox.module.css';

/** A note of the team among what was said. */
export function NoteTurn({ note, conversation }: { note: ConversationNote; conversation: number }) {
  const { t, i18n } = useTranslation();
  const named = useNamed();
  const me = useMe().data?.user;
  const remove = useRemoveNote(conversation);
  const supervise = useCan('supervise');
  return (
    <article className={css.note} aria-label={t('inbox.note')}>
      <div className={css.by}><IconNote size={13} aria-hidden />{note.author?.name ?? 'API'}<time dateTime={note.created_at}>{clock(note.created_at, i18n.language)}</time>
        {(supervise || note.author?.id === me?.id) && <ActionIcon variant="subtle" color="gray" size="sm" {...named(t('inbox.note_remove'), note.author?.name, dateTime(note.created_at, i18n.language))} onClick={() => remove.mutate(note.id, { onError: failed })}><IconX size={13} aria-hidden /></ActionIcon>}
      </div>
      <p className="said" dir="auto">{note.text}</p>
    </article>
  );
}

/** One line about what happened to the conversation. */
export function StepLine({ step }: { step: ConversationStep }) {
  const { t, i18n } = useTranslation();
  const text = stepText(t, i18n.language, { what: step.what, by: step.by, name: step.member?.name ?? '', team: step.team, detail: step.detail as Record<string, unknown> });
  return <div className={css.step}><span dir="auto">{text}{step.note && <q dir="auto">{step.note}</q>}</span><time dateTime={step.at}>{clock(step.at, i18n.language)}</time></div>;
}

/** Replies that wait for their time, to be seen, changed and taken back. */
export function ScheduledList({ id, converse, onChange }: { id: number; converse: boolean; onChange?: (text: string) => void }) {
  const { t, i18n } = useTranslation();
  const items = useScheduled(id).data?.items ?? [];
  const cancel = useCancelScheduled(id);
  if (items.length === 0) return null;
  return (
    <ul className={css.scheduled} aria-label={t('inbox.scheduled')}>
      {items.map((r) => (
        <li key={r.id}>
          <IconClockHour4 size={16} aria-hidden />
          <span style={{ minWidth: 0, flex: 1 }}><span className="clip" dir="auto">{r.text}</span><small>{dateTime(r.send_at, i18n.language)}<Sep />{r.member}{r.unless_written && <><Sep />{t('inbox.unless_written')}</>}</small></span>
          {converse && onChange && <Button variant="subtle" size="compact-sm" loading={cancel.isPending} onClick={() => cancel.mutate(r.id, { onSuccess: () => onChange(r.text), onError: failed })}>{t('inbox.scheduled_change')}</Button>}
          {converse && <Button variant="subtle" size="compact-sm" color="red" loading={cancel.isPending} onClick={() => cancel.mutate(r.id, { onError: failed })}>{t('act.cancel')}</Button>}
        </li>
      ))}
    </ul>
  );
}

/** Who else has it open: two answers to one customer are one too many. */
export function Others({ list }: { list: Viewer[] }) {
  const { t } = useTranslation();
  const typing = list.filter((v) => v.typing).map((v) => v.member.name);
  const names = list.map((v) => v.member.name);
  return (
    <div role="status" className={list.length === 0 ? 'sr-only' : typing.length > 0 ? css.collision : css.others}>
      {list.length > 0 && <><IconEye size={15} aria-hidden />{typing.length > 0 ? t('inbox.typing', { names: typing.join(', ') }) : t('inbox.looking', { names: names.join(', ') })}</>}
    </div>
  );
}
