import { Button, Group, SegmentedControl, Textarea } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Comment } from '@/api/types';
import { keepText, useKept } from '@/ui/kept';
import { failed, told } from '@/ui/toast';
import css from './moderation.module.css';
import { useAnswer } from './queries';

interface Props { comment: Comment; way: 'public' | 'private'; onWay: (way: 'public' | 'private') => void; onDone: () => void }

/** An answer under the comment for everyone, or a private one (one per comment, within seven days). What is half written waits for the next time. */
export function ReplyBox({ comment, way, onWay, onDone }: Props) {
  const { t } = useTranslation();
  const name = `comment.${comment.id}`;
  const [text, setText] = useKept(name);
  const answer = useAnswer();
  const send = () => {
    if (!text.trim() || answer.isPending) return;
    void answer.mutateAsync({ id: comment.id, text: text.trim(), way }).then(() => { keepText(name, ''); told(t('moderation.replied')); onDone(); }, failed);
  };
  return (
    <div className={`panel ${css.side} ${css.reply}`}>
      {!comment.mention && <SegmentedControl size="xs" aria-label={t('moderation.reply_way')} value={way} onChange={(v) => onWay(v as 'public' | 'private')} data={[{ value: 'public', label: t('moderation.reply_public') }, { value: 'private', label: t('moderation.reply_private') }]} />}
      <Textarea autoFocus autosize minRows={2} maxRows={8} dir="auto" aria-label={t('act.reply')} value={text} onChange={(e) => setText(e.currentTarget.value)} description={way === 'private' ? t('moderation.reply_private_text') : undefined}
        onKeyDown={(e) => { if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) send(); if (e.key === 'Escape') onDone(); }} />
      <Group gap="xs">
        <Button onClick={send} loading={answer.isPending} disabled={!text.trim()}>{t('act.send')}</Button>
        <Button variant="subtle" onClick={onDone}>{t('act.cancel')}</Button>
      </Group>
    </div>
  );
}
