import { Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { IconRefresh, IconTemplate } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { api, unwrap } from '@/api/client';
import { usePaged } from '@/api/paged';
import { useCan } from '@/api/session';
import type { Page, Template } from '@/api/types';
import { codeText } from '@/i18n';
import { languageName } from '@/ui/format';
import { Ago, PageBody, PageHead, Tag, type Tone } from '@/ui/parts';
import { Row, Rows } from '@/ui/rows';
import { Empty } from '@/ui/states';
import { failed, told } from '@/ui/toast';

const tone: Record<string, Tone> = { APPROVED: 'good', PENDING: 'accent', REJECTED: 'bad', PAUSED: 'warn', DISABLED: 'bad', FLAGGED: 'warn', LIMIT_EXCEEDED: 'warn' };

/** The WhatsApp templates as Meta lists them; only approved ones may go out. */
export default function Templates() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const configure = useCan('configure');
  const list = usePaged<Template>(['templates', 'all'], () => unwrap<Page<Template>>(api.GET('/templates')));
  const sync = useMutation({
    mutationFn: () => unwrap<{ templates: number }>(api.POST('/templates/sync', { body: {} })),
    onSuccess: (r) => told(t('templates.synced', { count: r.templates })),
    onError: failed,
    onSettled: () => client.invalidateQueries({ queryKey: ['templates'] }),
  });
  const button = configure && <Button variant="default" leftSection={<IconRefresh size={16} aria-hidden />} loading={sync.isPending} onClick={() => sync.mutate()}>{t('templates.sync')}</Button>;
  return (
    <PageBody>
      <PageHead title={t('templates.title')} action={button}>{t('templates.lead')}</PageHead>
      <Rows list={list} label={t('templates.title')} empty={<Empty title={t('templates.none')} icon={<IconTemplate size={26} stroke={1.4} aria-hidden />} action={button}>{t('templates.none_text')}</Empty>}>
        {(x) => <TemplateRow key={x.id} x={x} />}
      </Rows>
    </PageBody>
  );
}

function TemplateRow({ x }: { x: Template }) {
  const { t, i18n } = useTranslation();
  const why = x.reason && x.reason !== 'NONE' ? x.reason : '';
  return (
    <Row side={<Tag tone={tone[x.status] ?? 'plain'}>{codeText('template_status', x.status)}</Tag>}>
      <strong><code>{x.name}</code></strong>
      <p className="said" dir="auto" lang={x.language.split('_')[0]}>{x.body}</p>
      {why && <p style={{ color: 'var(--p-bad-ink)' }}>{codeText('template_reason', why)}</p>}
      <small>
        <span>{languageName(x.language.replace('_', '-'), i18n.language) || x.language}</span>
        <span>{codeText('template_category', x.category)}</span>
        {x.quality && x.quality !== 'UNKNOWN' && <span>{t('templates.quality')}: {codeText('template_quality', x.quality)}</span>}
        <span>{t('templates.read')} <Ago at={x.synced_at} /></span>
      </small>
    </Row>
  );
}
