import { Button } from '@mantine/core';
import { IconCheck, IconEyeOff, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Comment } from '@/api/types';
import { useKeys } from '@/ui/keys';
import { failed, told } from '@/ui/toast';
import { markTo, possible } from './flow';
import css from './moderation.module.css';
import { useAct } from './queries';

/** Marks or unmarks one comment; with upTo all from the one before. */
export type Mark = (id: number, upTo: boolean) => void;

/** The comments of the list that are marked, to be decided together. */
export function useMarks(comments: readonly Comment[], open: number | undefined, allowed: boolean) {
  const { t } = useTranslation();
  const [marks, setMarks] = useState<ReadonlySet<number>>(new Set());
  const [from, setFrom] = useState<number>();
  const ids = comments.map((c) => c.id);
  const marked = comments.filter((c) => marks.has(c.id));
  const clear = () => { setMarks(new Set()); setFrom(undefined); };
  const toggle = (id: number) => {
    const next = new Set(marks);
    if (!next.delete(id)) next.add(id);
    setMarks(next);
    setFrom(id);
  };
  const extend = (id: number) => {
    setMarks(new Set([...marks, ...markTo(ids, from, id)]));
    setFrom(id);
  };
  const keys = allowed && open !== undefined ? [{ key: 'x', label: t('marked.toggle'), run: () => toggle(open) }, { key: 's', label: t('marked.extend'), run: () => extend(open) }] : [];
  const mark: Mark | undefined = allowed ? (id, upTo) => (upTo ? extend(id) : toggle(id)) : undefined;
  return { marked, clear, keys, mark };
}

/** What is done to all that are marked; what cannot be done to one of them is left, and said. */
export function MarkedBar({ marked, onClear }: { marked: readonly Comment[]; onClear: () => void }) {
  const { t } = useTranslation();
  const { mutateAsync: act } = useAct();
  const [busy, setBusy] = useState(false);
  const decide = async (verb: 'approve' | 'hide') => {
    if (busy) return;
    setBusy(true);
    const done: Comment[] = [];
    let refusal: unknown;
    for (const comment of marked) {
      if (!possible(comment)[verb]) continue;
      await act({ verb, comment }).then(() => done.push(comment), (e: unknown) => { refusal = e; });
    }
    setBusy(false);
    onClear();
    const undo = async () => {
      for (const comment of done) await act({ verb: 'undo', comment }).catch(failed);
      told(t('moderation.done.undo'));
    };
    const left = marked.length - done.length;
    if (refusal !== undefined) failed(refusal);
    told(`${t(`marked.done.${verb}`, { count: done.length })}${left > 0 ? ` ${t('marked.left', { count: left })}` : ''}`, done.length > 0 ? () => void undo() : undefined);
  };
  useKeys(t('marked.title'), [
    { key: 'a', label: t('marked.approve'), run: () => void decide('approve') },
    { key: 'h', label: t('marked.hide'), run: () => void decide('hide') },
    { key: 'Escape', label: t('marked.clear'), run: onClear },
  ]);
  return (
    <div className={css.marked} role="toolbar" aria-label={t('marked.title')}>
      <b role="status">{t('marked.count', { count: marked.length })}</b>
      <Button size="compact-sm" disabled={busy} leftSection={<IconCheck size={15} aria-hidden />} onClick={() => void decide('approve')} aria-keyshortcuts="a">{t('act.approve')}</Button>
      <Button size="compact-sm" variant="default" disabled={busy} leftSection={<IconEyeOff size={15} aria-hidden />} onClick={() => void decide('hide')} aria-keyshortcuts="h">{t('act.hide')}</Button>
      <Button size="compact-sm" variant="subtle" color="gray" disabled={busy} leftSection={<IconX size={15} aria-hidden />} onClick={onClear} aria-keyshortcuts="Escape">{t('marked.clear')}</Button>
    </div>
  );
}
