import { Button, FileButton, Group, Input } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import { useMe } from '@/api/session';
import type { TemplateDefinition } from '@/api/types';
import { failed } from '@/ui/toast';
import { useAddSample } from './queries';
import css from './templates.module.css';

type Header = NonNullable<TemplateDefinition['header']>;

const takes = { IMAGE: 'image/jpeg,image/png', VIDEO: 'video/mp4', DOCUMENT: 'application/pdf' } as const;
export type FileFormat = keyof typeof takes;

/** The file above the body: Meta's reviewers see it, and customers too where no other is given. */
export function SampleField({ header, format, error, disabled, onChange }: { header: Header; format: FileFormat; error: string; disabled: boolean; onChange: (header: Header) => void }) {
  const { t } = useTranslation();
  const add = useAddSample();
  const id = useId();
  const workspace = useMe().data?.workspace.id;
  const take = (file: File | null) => { if (file) add.mutate({ format, file }, { onSuccess: (kept) => onChange({ format, sample: kept.sample }), onError: failed }); };
  const address = header.sample && workspace ? `/media/${header.sample}?workspace=${workspace}` : '';
  return (
    <Input.Wrapper id={id} label={t('templates.sample')} description={t(`templates.sample_text.${format}`)} error={error || undefined} labelElement="div">
      <Group gap="sm" mt={6}>
        {address && format === 'IMAGE' && <img className={css.sample} src={address} alt={t('templates.sample_now')} />}
        {address && format !== 'IMAGE' && <a href={address} target="_blank" rel="noreferrer">{t('templates.sample_now')}</a>}
        {!header.sample && header.example && <span className={css.dim}>{t('templates.sample_at_meta')}</span>}
        <FileButton onChange={take} accept={takes[format]} disabled={disabled}>
          {(props) => <Button {...props} variant="default" size="compact-md" disabled={disabled} loading={add.isPending} leftSection={<IconUpload size={15} aria-hidden />}>{t(header.sample ? 'templates.sample_another' : 'templates.sample_choose')}</Button>}
        </FileButton>
      </Group>
    </Input.Wrapper>
  );
}
