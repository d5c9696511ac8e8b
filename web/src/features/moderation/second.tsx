import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { IconSparkles, IconUserQuestion } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useOverview } from '@/api/overview';
import { api, unwrap } from '@/api/client';
import type { CommentDetail, Opinion } from '@/api/types';
import { codeText } from '@/i18n';
import { percent } from '@/ui/format';
import { Tag } from '@/ui/parts';
import { Sep } from '@/ui/sep';
import { failed, told } from '@/ui/toast';
import css from './moderation.module.css';

/** A second opinion: of the language model at once, or of a colleague who does not know what was decided. */
export function SecondOpinion({ comment }: { comment: CommentDetail }) {
  const { t, i18n } = useTranslation();
  const llm = useOverview().data?.llm;
  const ask = useMutation({ mutationFn: () => unwrap<Opinion>(api.POST('/comments/{id}/opinion', { params: { path: { id: comment.id } }, body: {} })), onError: failed });
  const colleague = useMutation({ mutationFn: () => unwrap(api.POST('/comments/{id}/second-look', { params: { path: { id: comment.id } }, body: {} })), onSuccess: () => told(t('second.asked')), onError: failed });
  const decided = comment.verdict?.tier === 'person' && comment.review === null;
  const canAsk = Boolean(llm?.configured) && comment.text !== '';
  if (!decided && !canAsk) return null;
  const o = ask.data;
  return (
    <section className={`panel ${css.side}`} aria-label={t('second.title')}>
      <h2>{t('second.title')}</h2>
      <div className={css.row}>
        {canAsk && <Button size="xs" variant="default" loading={ask.isPending} leftSection={<IconSparkles size={15} aria-hidden />} onClick={() => ask.mutate()}>{t('second.model')}</Button>}
        {decided && <Button size="xs" variant="default" loading={colleague.isPending} leftSection={<IconUserQuestion size={15} aria-hidden />} onClick={() => colleague.mutate()}>{t('second.colleague')}</Button>}
      </div>
      <div aria-live="polite">
        {o && (
          <p className={css.opinion}>
            <Tag tone={o.agrees ? 'good' : 'warn'}>{t(o.agrees ? 'second.agrees' : 'second.differs')}</Tag> <b>{o.category === 'none' ? t('second.nothing') : codeText('category', o.category)}</b> {percent(o.score, i18n.language)}
            {o.reason && <span dir="auto"><Sep />{o.reason}</span>}<small>{o.model}<Sep />{o.prompt}</small>
          </p>
        )}
      </div>
    </section>
  );
}
