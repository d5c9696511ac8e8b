import { Alert, Button, FileButton, Group, Modal, Progress, Stack, Textarea } from '@mantine/core';
import { IconArrowLeft, IconDownload, IconFileImport, IconUpload } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { fileLink } from '@/api/client';
import { ApiError } from '@/api/errors';
import { useCan } from '@/api/session';
import type { ConsentImport } from '@/api/types';
import { dateTime, quoted } from '@/ui/format';
import { useNamed } from '@/ui/named';
import { Ago, PageBody, PageHead, Tag, type Tone } from '@/ui/parts';
import { Row, Rows } from '@/ui/rows';
import { Empty, Failure } from '@/ui/states';
import { fileText } from '@/ui/file-text';
import { failed, told } from '@/ui/toast';
import { useCancel, useConfirm, useImports, useUpload } from './queries';

const tone: Record<ConsentImport['state'], Tone> = { checked: 'warn', running: 'accent', done: 'good', cancelled: 'plain' };

/** Lists of consents from other systems: read, vouched for by the owner, entered row by row. */
export default function Imports() {
  const { t } = useTranslation();
  const allowed = useCan('configure');
  const list = useImports(allowed);
  const upload = useUpload();
  if (!allowed) return <Failure error={new ApiError(403, {})} />;
  const read = (file: File | null) => {
    if (!file) return;
    if (file.size > 3_500_000) { failed(new ApiError(413, { title: t('imports.too_large'), detail: t('imports.too_large'), kind: 'invalid' })); return; }
    fileText(file).then((text) => upload.mutate({ name: file.name, text }, { onSuccess: () => told(t('imports.read')), onError: failed }), failed);
  };
  return (
    <PageBody>
      <p style={{ margin: '0 0 10px' }}><Link to="/contacts" style={{ display: 'inline-flex', gap: 5, alignItems: 'center', fontSize: '0.8125rem', textDecoration: 'none' }}><IconArrowLeft size={15} aria-hidden />{t('contacts.title')}</Link></p>
      <PageHead title={t('imports.title')} action={<FileButton onChange={read} accept=".csv,text/csv,text/plain">{(props) => <Button {...props} leftSection={<IconUpload size={16} aria-hidden />} loading={upload.isPending}>{t('imports.upload')}</Button>}</FileButton>}>{t('imports.lead')}</PageHead>
      <Alert mb={14} p="sm" title={t('imports.columns')}><code>phone, consent_at, source, wording_version, evidence_id</code><br />{t('imports.columns_more')} <code>name, language, kind, act</code></Alert>
      <Rows list={list} label={t('imports.title')} empty={<Empty title={t('imports.none')} icon={<IconFileImport size={26} stroke={1.4} aria-hidden />}>{t('imports.none_text')}</Empty>}>{(i) => <One key={i.id} i={i} />}</Rows>
    </PageBody>
  );
}

function One({ i }: { i: ConsentImport }) {
  const { t, i18n } = useTranslation();
  const named = useNamed();
  const owner = useCan('own');
  const cancel = useCancel();
  const [vouching, setVouching] = useState(false);
  const able = i.rows - i.refused;
  const done = i.imported + i.suppressed;
  const wrong = i.refused + i.suppressed;
  return (
    <Row side={<Tag tone={tone[i.state]}>{t(`import_state.${i.state}`)}</Tag>}>
      <strong dir="auto">{i.name}</strong>
      <small><span>{i.uploaded_by}</span><span><Ago at={i.created_at} /></span><span>{t('imports.rows', { count: i.rows })}</span></small>
      <small><span>{t('imports.imported', { count: i.imported })}</span><span>{t('imports.waiting', { count: i.waiting })}</span><span>{t('imports.refused', { count: i.refused })}</span><span>{t('imports.suppressed', { count: i.suppressed })}</span></small>
      {i.state === 'running' && <Progress my={6} value={able > 0 ? (100 * done) / able : 100} aria-label={t('imports.progress')} />}
      {i.origin && <p className="said" dir="auto">{quoted(i.origin, i18n.language)} – {i.confirmed_by}</p>}
      <Group gap={6} mt={6}>
        {i.state === 'checked' && owner && <Button size="compact-sm" {...named(t('imports.confirm'), i.name, dateTime(i.created_at, i18n.language))} onClick={() => setVouching(true)} disabled={able === 0}>{t('imports.confirm')}</Button>}
        {i.state === 'checked' && !owner && <small>{t('imports.owner')}</small>}
        {wrong > 0 && <Button component="a" href={fileLink(`/consent-imports/${i.id}/errors`)} download {...named(t('imports.errors', { count: wrong }), i.name, dateTime(i.created_at, i18n.language))} size="compact-sm" variant="default" leftSection={<IconDownload size={14} aria-hidden />}>{t('imports.errors', { count: wrong })}</Button>}
        {(i.state === 'checked' || i.state === 'running') && <Button size="compact-sm" variant="default" color="red" loading={cancel.isPending} {...named(t('imports.cancel'), i.name, dateTime(i.created_at, i18n.language))} onClick={() => cancel.mutate(i.id, { onError: failed })}>{t('imports.cancel')}</Button>}
      </Group>
      {vouching && <Vouch i={i} onClose={() => setVouching(false)} />}
    </Row>
  );
}

function Vouch({ i, onClose }: { i: ConsentImport; onClose: () => void }) {
  const { t } = useTranslation();
  const [origin, setOrigin] = useState('');
  const confirm = useConfirm();
  const submit = () => confirm.mutate({ id: i.id, origin: origin.trim() }, { onSuccess: () => { told(t('imports.confirmed')); onClose(); }, onError: failed });
  return (
    <Modal opened onClose={onClose} title={t('imports.vouch')} closeButtonProps={{ 'aria-label': t('act.close') }}>
      <form onSubmit={(e) => { e.preventDefault(); submit(); }}>
        <Stack gap="sm">
          <p style={{ margin: 0 }}>{t('imports.vouch_text', { count: i.rows - i.refused })}</p>
          <Textarea label={t('imports.origin')} description={t('imports.origin_text')} autosize minRows={3} maxLength={2000} value={origin} onChange={(e) => setOrigin(e.currentTarget.value)} data-autofocus />
          <Group justify="flex-end"><Button variant="default" onClick={onClose}>{t('act.cancel')}</Button><Button type="submit" disabled={origin.trim().length < 20} loading={confirm.isPending}>{t('imports.confirm')}</Button></Group>
        </Stack>
      </form>
    </Modal>
  );
}
