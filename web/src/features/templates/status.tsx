import { useTranslation } from 'react-i18next';
import type { TemplateDraft } from '@/api/types';
import { codeText } from '@/i18n';
import { Tag, type Tone } from '@/ui/parts';

const tones: Record<string, Tone> = { APPROVED: 'good', PENDING: 'accent', REJECTED: 'bad', PAUSED: 'warn', DISABLED: 'bad', FLAGGED: 'warn', LIMIT_EXCEEDED: 'warn' };

/** What Meta says of a template, and whether it was taken out of use here. */
export function MetaStatus({ status, paused, reason }: { status: string; paused: boolean; reason?: string | undefined }) {
  const { t } = useTranslation();
  if (paused) return <Tag tone="warn">{t('templates.paused_here')}</Tag>;
  return <Tag tone={tones[status] ?? 'plain'} {...(reason ? { title: codeText('template_reason', reason) } : {})}>{codeText('template_status', status)}</Tag>;
}

const steps: Record<TemplateDraft['state'], Tone> = { draft: 'plain', asked: 'accent', approved: 'good', returned: 'warn', submitted: 'plain' };

/** Where a draft stands: in the team, on its way to Meta, at Meta. */
export function DraftStatus({ d }: { d: TemplateDraft }) {
  const { t } = useTranslation();
  const m = d.template;
  const out = ['failed', 'refused', 'expired', 'cancelled'].includes(d.action_state);
  return (
    <>
      {d.state !== 'submitted' && <Tag tone={steps[d.state]} {...(d.note ? { title: d.note } : {})}>{t(`templates.state.${d.state}`)}</Tag>}
      {d.state === 'submitted' && out && <Tag tone="bad" title={d.action_meaning}>{t('templates.not_submitted')}</Tag>}
      {d.state === 'submitted' && !out && d.action_state !== 'done' && <Tag tone="accent">{t('templates.on_its_way')}</Tag>}
      {m && !m.deleted && <MetaStatus status={m.status} paused={m.paused} reason={m.reason} />}
      {m && m.category !== d.definition.category && !m.deleted && <Tag tone="warn" title={t('templates.refiled_text')}>{t('templates.refiled', { category: codeText('template_category', m.category) })}</Tag>}
      {m?.category_next && <Tag tone="warn">{t('templates.will_refile', { category: codeText('template_category', m.category_next) })}</Tag>}
      {m?.quality && m.quality !== 'UNKNOWN' && m.quality !== 'GREEN' && <Tag tone={m.quality === 'RED' ? 'bad' : 'warn'}>{t('templates.quality')}: {codeText('template_quality', m.quality)}</Tag>}
      {d.state !== 'submitted' && (d.faults ?? []).length > 0 && <Tag tone="warn">{t('templates.faults', { count: (d.faults ?? []).length })}</Tag>}
    </>
  );
}
