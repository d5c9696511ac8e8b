import { Button, Group } from '@mantine/core';
import { IconForms, IconPlus } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useCan } from '@/api/session';
import type { LeadForm } from '@/api/types';
import { codeText } from '@/i18n';
import { useConfirm } from '@/ui/confirm';
import { languageName, quoted } from '@/ui/format';
import { Tag } from '@/ui/parts';
import { Row } from '@/ui/rows';
import rows from '@/ui/rows.module.css';
import { Empty, Loaded } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { FormDialog } from './form-dialog';
import { useForms, useStopForm } from './queries';

/** The forms that leads came by, and those whose box is told of. */
export function Forms() {
  const { t } = useTranslation();
  const configure = useCan('configure');
  const query = useForms();
  const [open, setOpen] = useState<Partial<LeadForm> | undefined>();
  const tell = configure && <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setOpen({})}>{t('leads.tell')}</Button>;
  return (
    <>
      <Group justify="space-between" mb={14} align="flex-start"><p style={{ margin: 0, maxWidth: '68ch', color: 'var(--mantine-color-dimmed)' }}>{t('leads.forms_lead')}</p>{tell}</Group>
      <Loaded query={query} rows={3}>
        {({ items }) => items.length === 0
          ? <div className="panel"><Empty title={t('leads.no_forms')} icon={<IconForms size={26} stroke={1.4} aria-hidden />}>{t('leads.no_forms_text')}</Empty></div>
          : <ul className={`panel ${rows.rows}`} aria-label={t('leads.view.forms')}>{items.map((f) => <FormRow key={`${f.id} ${f.form_id}`} f={f} configure={configure} onOpen={() => setOpen(f)} />)}</ul>}
      </Loaded>
      {open && <FormDialog form={open} onClose={() => setOpen(undefined)} />}
    </>
  );
}

function FormRow({ f, configure, onOpen }: { f: LeadForm; configure: boolean; onOpen: () => void }) {
  const { t, i18n } = useTranslation();
  const [ask, dialog] = useConfirm();
  const stop = useStopForm();
  const name = f.name || f.form_id;
  return (
    <Row side={<>
      {f.id === 0 && <Tag tone="warn">{t('leads.untold')}</Tag>}
      {f.unready && <Tag tone="warn">{t('leads.unready_tag')}</Tag>}
      {configure && <Button size="compact-sm" variant="default" aria-label={t(f.id ? 'leads.change_of' : 'leads.tell_of', { name })} onClick={onOpen}>{t(f.id ? 'bookings.change' : 'leads.tell')}</Button>}
      {configure && f.id !== 0 && <Button size="compact-sm" variant="subtle" color="red" loading={stop.isPending} aria-label={t('leads.stop_of', { name })} onClick={() => ask({ text: t('leads.stop_sure'), verb: t('leads.stop'), run: () => stop.mutate(f.id, { onSuccess: () => told(t('leads.stopped')), onError: failed }) })}>{t('leads.stop')}</Button>}
      {dialog}
    </>}>
      <strong dir="auto">{name}</strong>
      {f.wording && <p className="said" dir="auto" lang={f.language}>{quoted(f.wording, i18n.language)}</p>}
      {f.unready && <p className="said" role="note">{t(`leads.unready.${f.unready}`, { name: f.template })}</p>}
      <small>
        {f.name && <span>{f.form_id}</span>}
        {f.id !== 0 && <><span>{t('leads.box_means', { box: f.box_key })}</span><span>{codeText('purpose', f.purpose)}</span><span>{languageName(f.language, i18n.language)}</span><span>{t('leads.template_line', { name: f.template })}</span></>}
        <span><Link to="/leads" search={{ view: 'all', form: f.form_id }}>{t('leads.count', { count: f.leads })}</Link></span>
        {f.tasks > 0 && <span><Link to="/leads" search={{ form: f.form_id }}>{t('leads.waiting', { count: f.tasks })}</Link></span>}
      </small>
    </Row>
  );
}
