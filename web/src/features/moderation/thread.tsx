import { UnstyledButton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Comment, CommentDetail } from '@/api/types';
import { codeText } from '@/i18n';
import { Ago, Picture, Tag } from '@/ui/parts';
import { called } from '@/ui/who';
import css from './moderation.module.css';
import { UnseenPicture, Veiled } from './veil';

/** The comment where it was said: with the one it answers and the ones that answer it. */
export function Thread({ comment, onOpen }: { comment: CommentDetail; onOpen: (id: number) => void }) {
  const { t } = useTranslation();
  const rows = comment.thread.some((c) => c.id === comment.id) ? comment.thread : [...comment.thread, comment];
  const roots = new Set(rows.map((r) => r.external_id));
  const ordered = [...rows].sort((a, b) => Date.parse(a.commented_at) - Date.parse(b.commented_at));
  return (
    <section className={css.thread} aria-label={t('moderation.thread')}>
      {ordered.map((c) => <Said key={c.id} c={c} current={c.id === comment.id} reply={roots.has(c.parent_external_id)} onOpen={onOpen} />)}
    </section>
  );
}

function Said({ c, current, reply, onOpen }: { c: Comment; current: boolean; reply: boolean; onOpen: (id: number) => void }) {
  const { t } = useTranslation();
  return (
    <article className={`${css.said} ${current ? css.this : ''} ${reply ? css.reply : ''}`} aria-current={current || undefined}>
      <header>
        {current ? <b dir="auto">{c.own ? c.author.name || t('comment.us') : called(c.author)}</b> : <UnstyledButton fz="inherit" onClick={() => onOpen(c.id)}><b dir="auto">{c.own ? t('comment.us') : called(c.author)}</b></UnstyledButton>}
        <Ago at={c.commented_at} />
        {c.edited_at && <span>{t('comment.edited')}</span>}
        {c.own && <Tag tone="accent">{t('comment.own')}</Tag>}
        {c.state !== 'visible' && <Tag tone="bad">{t(`comment_state.${c.state}`)}</Tag>}
      </header>
      <Veiled comment={c} keyed={current}>
        <p className={`said ${c.state === 'removed' ? css.gone : ''}`} dir="auto" lang={c.language || undefined}>{c.text || t('comment.no_text')}</p>
        <UnseenPicture comment={c} keyed={current}>{c.attachments.map((a, i) => (a.type === 'image' && a.url ? <Picture key={i} src={a.url} alt={codeText('attachment', a.type)} className={css.attached ?? ''} /> : <Tag key={i}>{codeText('attachment', a.type)}</Tag>))}</UnseenPicture>
      </Veiled>
    </article>
  );
}
