import { Button, Select } from '@mantine/core';
import { IconSitemap } from '@tabler/icons-react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useCan } from '@/api/session';
import { useFlows } from '@/api/flows';
import type { FlowRun } from '@/api/types';
import { codeText } from '@/i18n';
import { useConfirm } from '@/ui/confirm';
import { Ago, Tag } from '@/ui/parts';
import { Row, Rows, Views } from '@/ui/rows';
import { Sep } from '@/ui/sep';
import { Empty } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { useEndRun, useRuns, useShipped } from './queries';
import css from './runs.module.css';

const route = getRouteApi('/flows');

/** Who is inside which flow and where, and how those who left ended. */
export function Runs() {
  const { t } = useTranslation();
  const { ended = false, flow = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const flows = useFlows().data?.items ?? [];
  const shipped = useShipped(true).data?.items ?? [];
  const names = new Map([...shipped.map((s) => [s.key, s.name] as const), ...flows.map((f) => [f.key, f.name] as const)]);
  const list = useRuns({ ended, flow });
  const empty = <Empty title={t(ended ? 'flow_runs.none_ended' : 'flow_runs.none')} icon={<IconSitemap size={26} stroke={1.4} aria-hidden />}>{t('flow_runs.none_text')}</Empty>;
  return (
    <>
      <div className={css.bar}>
        <Views of={t('flow_runs.title')} value={ended ? 'ended' : 'open'} views={[{ value: 'open', label: t('flow_runs.inside') }, { value: 'ended', label: t('flow_runs.ended') }]} onView={(v) => void navigate({ search: (s) => ({ ...s, ended: v === 'ended' ? true : undefined }) })} />
        <Select size="xs" clearable searchable aria-label={t('flow_runs.which')} placeholder={t('flow_runs.all')} value={flow || null} data={[...names].map(([value, label]) => ({ value, label }))} onChange={(v) => void navigate({ search: (s) => ({ ...s, flow: v ?? undefined }) })} />
      </div>
      <Rows list={list} label={t('flow_runs.title')} empty={empty}>{(r) => <Run key={r.id} r={r} name={names.get(r.flow_key) ?? r.flow_key} />}</Rows>
    </>
  );
}

function Run({ r, name }: { r: FlowRun; name: string }) {
  const { t } = useTranslation();
  const may = useCan('converse');
  const end = useEndRun();
  const [ask, dialog] = useConfirm();
  const answers = Object.entries(r.answers);
  const sure = () => ask({ text: t('flow_runs.sure', { name: r.person }), verb: t('flow_runs.end'), run: () => end.mutate(r.id, { onSuccess: () => told(t('flow_runs.done')), onError: failed }) });
  return (
    <Row side={<>{dialog}<Link to="/inbox" search={{ view: 'all', id: r.conversation_id }}>{t('flow_runs.conversation')}</Link>{may && !r.ended_at && <Button variant="default" size="compact-sm" loading={end.isPending} aria-label={t('flow_runs.end_of', { name: r.person })} onClick={sure}>{t('flow_runs.end')}</Button>}</>}>
      <p><Link to="/contacts/$id" params={{ id: String(r.contact_id) }}>{r.person || t('flow_runs.somebody')}</Link><Sep />{r.flow_id ? <Link to="/flows/$id" params={{ id: String(r.flow_id) }}>{name}</Link> : name}{r.number !== null && ` ${t('flow_runs.version', { n: r.number })}`} {r.ended_at ? <Tag tone={r.why === 'ended' || r.why === 'resolved' ? 'good' : 'plain'}>{codeText('flow_why', r.why)}</Tag> : <Tag tone="accent">{r.step ? t('flow_runs.at_step', { step: r.step }) : t('flow_runs.begins')}</Tag>}</p>
      <small><span>{t(`flow_began.${r.began_with}`)} <Ago at={r.started_at} /></span>{r.ended_at ? <span>{t('flow_runs.left')} <Ago at={r.ended_at} /></span> : <span>{t('flow_runs.moved')} <Ago at={r.updated_at} /></span>}</small>
      {answers.length > 0 && <small dir="auto">{answers.map(([k, v]) => <span key={k}>{k}: {v}</span>)}</small>}
    </Row>
  );
}
