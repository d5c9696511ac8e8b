import { Alert, Button, Group, Modal, SegmentedControl, Stack, Textarea } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useCan } from '@/api/session';
import type { ContactBrief, Merge } from '@/api/types';
import { codeText } from '@/i18n';
import { labelled, quoted } from '@/ui/format';
import { Ago } from '@/ui/parts';
import { Sep } from '@/ui/sep';
import { failed, told } from '@/ui/toast';
import css from './contacts.module.css';
import { PickPerson } from '@/ui/pick-person';
import { called } from '@/ui/who';
import { useMerge, useMerges, useUnmerge } from './queries';

/** Makes one contact of two: says which one stays, what happens where both say something, and asks why. */
export function MergeDialog({ into, from, onClose }: { into: ContactBrief; from?: ContactBrief; onClose: () => void }) {
  const { t } = useTranslation();
  const [picked, setPicked] = useState<ContactBrief | undefined>(from);
  const other = picked?.id ?? 0;
  const [stays, setStays] = useState('into');
  const [reason, setReason] = useState('');
  const merge = useMerge();
  const keep = stays === 'into' ? into.id : other;
  const gone = stays === 'into' ? other : into.id;
  const submit = () => merge.mutate({ id: keep, from_id: gone, reason: reason.trim() }, { onSuccess: () => { told(t('merge.done')); onClose(); }, onError: failed });
  const name = (c: ContactBrief) => c.name || c.known ? called(c) : t('merge.number', { id: c.id });
  return (
    <Modal opened onClose={onClose} title={t('merge.title')} closeButtonProps={{ 'aria-label': t('act.close') }}>
      <form onSubmit={(e) => { e.preventDefault(); submit(); }}>
        <Stack gap="sm">
          {!from && <PickPerson label={t('merge.other')} description={t('merge.other_text')} not={into.id} onChange={setPicked} />}
          {picked && <div><strong id="stays">{t('merge.stays')}</strong><SegmentedControl fullWidth orientation="vertical" mt={4} aria-labelledby="stays" value={stays} onChange={setStays} data={[{ value: 'into', label: <bdi>{name(into)}</bdi> }, { value: 'from', label: <bdi>{name(picked)}</bdi> }]} /></div>}
          <Textarea label={t('merge.reason')} description={t('merge.reason_text')} autosize minRows={2} maxLength={500} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
          <Alert p="sm">{t('merge.rule')}</Alert>
          <Group justify="flex-end"><Button variant="default" onClick={onClose}>{t('act.cancel')}</Button><Button type="submit" disabled={!reason.trim() || !other} loading={merge.isPending}>{t('merge.do')}</Button></Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** What was merged into a person, and the way back. */
export function Merges({ contact }: { contact: number }) {
  const { t, i18n } = useTranslation();
  const converse = useCan('converse');
  const query = useMerges(contact);
  const undo = useUnmerge();
  const list = query.data?.items ?? [];
  if (list.length === 0) return null;
  const part = (m: Merge) => undo.mutate(m.id, { onSuccess: () => told(t('merge.parted')), onError: failed });
  return (
    <ul className={css.pairs} aria-label={t('merge.merged')}>
      {list.map((m) => (
        <li key={m.id}>
          <span dir="auto">{m.from_name || t('merge.number', { id: m.from_id })}{m.undone_at && <><Sep /><Link to="/contacts/$id" params={{ id: String(m.from_id) }}>{t('merge.open')}</Link></>}</span>
          <small>{m.by && `${m.by}, `}<Ago at={m.at} />{labelled('', quoted(m.reason, i18n.language), i18n.language)}{m.lost.length > 0 && <><Sep />{t('merge.lost', { fields: m.lost.map((f) => codeText('merge_field', f)).join(', ') })}</>}{m.undone_at && <><Sep />{t('merge.was_parted')}</>}</small>
          {converse && !m.undone_at && m.into_id === contact && <Button size="compact-sm" variant="default" loading={undo.isPending && undo.variables === m.id} onClick={() => part(m)}>{t('merge.undo')}</Button>}
        </li>
      ))}
    </ul>
  );
}
