import { Button, Group, Modal, Select, Stack, Textarea } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { IconCopy, IconHierarchy2 } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, unwrap } from '@/api/client';
import type { Review, ReviewBatch } from '@/api/types';
import { Ago } from '@/ui/parts';
import { Sep } from '@/ui/sep';
import { failed, told } from '@/ui/toast';
import css from './moderation.module.css';

function useFresh() {
  const client = useQueryClient();
  return () => { for (const key of ['comments', 'comment', 'overview']) void client.invalidateQueries({ queryKey: [key] }); };
}

/** A storm of the same text is one decision; all of it can be taken back at once. */
export function Alike({ review, onDone }: { review: Review; onDone: () => void }) {
  const { t } = useTranslation();
  const onSettled = useFresh();
  const [hours, setHours] = useState('h24');
  const decide = useMutation({ mutationFn: (verb: 'approve' | 'hide') => unwrap<ReviewBatch>(api.POST('/reviews/{id}/alike', { params: { path: { id: review.id } }, body: { verb, hours: Number(hours.slice(1)) } })), onSettled });
  const undo = useMutation({ mutationFn: (batch: number) => unwrap<ReviewBatch>(api.POST('/review-batches/{id}/undo', { params: { path: { id: batch } }, body: {} })), onSettled });
  if (review.alike === 0) return null;
  const all = (verb: 'approve' | 'hide') => void decide.mutateAsync(verb).then((b) => { told(b.left > 0 ? t(`alike.started.${verb}`, { count: b.done + b.left }) : t(`alike.done.${verb}`, { count: b.done }), () => void undo.mutateAsync(b.batch).then((u) => told(t('alike.undone', { count: u.done + u.left })), failed)); onDone(); }, failed);
  return (
    <div className={css.note} style={{ flexWrap: 'wrap' }}>
      <IconCopy size={16} aria-hidden />
      <span style={{ flex: '1 1 200px' }}>{t('alike.text', { count: review.alike })}</span>
      <Select size="xs" w={200} aria-label={t('alike.hold')} value={hours} onChange={(v) => setHours(v ?? 'h24')} allowDeselect={false} data={['h0', 'h2', 'h24', 'h168'].map((h) => ({ value: h, label: t(`alike_hold.${h}`) }))} />
      <Button size="compact-sm" variant="default" loading={decide.isPending} onClick={() => all('approve')}>{t('alike.approve')}</Button>
      <Button size="compact-sm" variant="default" loading={decide.isPending} onClick={() => all('hide')}>{t('alike.hide')}</Button>
    </div>
  );
}

/** Gives an item that was passed to supervisors back to everybody. */
function useGiveBack(id: number) {
  const { t } = useTranslation();
  const onSettled = useFresh();
  const back = useMutation({ mutationFn: () => unwrap(api.POST('/reviews/{id}/unescalate', { params: { path: { id } }, body: {} })), onSettled });
  return { pending: back.isPending, run: () => void back.mutateAsync().then(() => told(t('escalate.returned')), failed) };
}

/** Says that an item was passed to supervisors, and why; what two reviewers disagree about stays there. */
export function Escalated({ review, allowed }: { review: Review; allowed: boolean }) {
  const { t } = useTranslation();
  const back = useGiveBack(review.id);
  if (!review.escalated_at) return null;
  return (
    <div className={css.note} style={{ flexWrap: 'wrap' }}>
      <IconHierarchy2 size={16} aria-hidden />
      <span dir="auto" style={{ flex: '1 1 200px' }}>{t('escalate.passed', { reason: review.escalation })}<Sep /><Ago at={review.escalated_at} /></span>
      {allowed && review.why !== 'disagreement' && <Button size="compact-sm" variant="default" loading={back.pending} onClick={back.run}>{t('escalate.back')}</Button>}
    </div>
  );
}

/** Passes an item to supervisors, with a reason. */
export function Escalate({ review, onClose }: { review: Review; onClose: () => void }) {
  const { t } = useTranslation();
  const onSettled = useFresh();
  const back = useGiveBack(review.id);
  const [reason, setReason] = useState('');
  const pass = useMutation({ mutationFn: () => unwrap(api.POST('/reviews/{id}/escalate', { params: { path: { id: review.id } }, body: { reason: reason.trim() } })), onSettled });
  const submit = () => void pass.mutateAsync().then(() => { told(t('escalate.done'), back.run); onClose(); }, failed);
  return (
    <Modal opened onClose={onClose} title={t('escalate.title')} closeButtonProps={{ 'aria-label': t('act.close') }}>
      <form onSubmit={(e) => { e.preventDefault(); submit(); }}>
        <Stack gap="sm">
          <Textarea label={t('escalate.why')} required maxLength={500} autosize minRows={2} data-autofocus value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
          <Group justify="flex-end"><Button variant="default" onClick={onClose}>{t('act.cancel')}</Button><Button type="submit" loading={pass.isPending} disabled={!reason.trim()}>{t('escalate.title')}</Button></Group>
        </Stack>
      </form>
    </Modal>
  );
}
