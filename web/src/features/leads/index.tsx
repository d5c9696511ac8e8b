import { Button } from '@mantine/core';
import { IconForms } from '@tabler/icons-react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useCan } from '@/api/session';
import type { ReceivedLead } from '@/api/types';
import { said } from '@/i18n/said';
import { dateTime } from '@/ui/format';
import { useNamed } from '@/ui/named';
import { Ago, Facts, PageBody, PageHead, Tag, type Tone } from '@/ui/parts';
import { Row, Rows, Views } from '@/ui/rows';
import { Empty } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { called } from '@/ui/who';
import { Forms } from './forms';
import { useDone, useLeads, views, type View } from './queries';

const route = getRouteApi('/leads');
const tone: Record<string, Tone> = { open: 'warn', done: 'good', wanted: 'plain', kept: 'plain', failed: 'bad' };

/** What came by lead forms, and what their boxes mean. */
export default function Leads() {
  const { t } = useTranslation();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const view: View = search.view ?? 'open';
  return (
    <PageBody>
      <PageHead title={t('leads.title')}>{t('leads.lead')}</PageHead>
      <Views label={t('leads.views')} value={view} onView={(v) => void navigate({ search: { view: v === 'open' ? undefined : v, form: v === 'forms' ? undefined : search.form } })} views={views.map((v) => ({ value: v, label: t(`leads.view.${v}`) }))} />
      {view === 'forms' ? <Forms /> : <Received task={view} form={search.form} />}
    </PageBody>
  );
}

function Received({ task, form }: { task: 'open' | 'done' | 'all'; form: string | undefined }) {
  const { t } = useTranslation();
  const list = useLeads(task, form);
  return (
    <>
      {form && <p><Tag>{t('leads.form', { name: form })}</Tag> <Link to="/leads" search={{ view: task === 'open' ? undefined : task }}>{t('leads.all_forms')}</Link></p>}
      <Rows list={list} label={t('leads.title')} empty={<Empty title={t(`leads.none.${task}`)} icon={<IconForms size={26} stroke={1.4} aria-hidden />}>{t('leads.none_text')}</Empty>}>
        {(l) => <LeadRow key={l.id} l={l} />}
      </Rows>
    </>
  );
}

function LeadRow({ l }: { l: ReceivedLead }) {
  const { t, i18n } = useTranslation();
  const named = useNamed();
  const converse = useCan('converse');
  const done = useDone();
  const state = l.task || l.state;
  return (
    <Row side={<>
      <Tag tone={tone[state] ?? 'plain'}>{t(`leads.state.${state}`)}</Tag>
      {converse && l.task === 'open' && <Button size="compact-sm" variant="default" loading={done.isPending} {...named(t('leads.look'), called(l), dateTime(l.submitted_at, i18n.language))} onClick={() => done.mutate(l.id, { onSuccess: () => told(t('leads.looked')), onError: failed })}>{t('leads.look')}</Button>}
    </>}>
      <strong dir="auto">{l.contact_id ? <Link to="/contacts/$id" params={{ id: String(l.contact_id) }}>{called(l)}</Link> : t('comment.nameless')}</strong>
      {l.reason && <p>{said(l.reason_parts, l.reason)}</p>}
      {(l.answers.length > 0 || l.boxes.length > 0) && (
        <details>
          <summary {...named(t('leads.answers'), called(l), dateTime(l.submitted_at, i18n.language))}>{t('leads.answers')}</summary>
          <Facts rows={[...l.answers.map((a): [string, React.ReactNode] => [a.field, <span key={a.field} dir="auto">{a.values.join(', ')}</span>]), ...l.boxes.map((b): [string, string] => [b.name, t(b.ticked ? 'leads.ticked' : 'leads.unticked')])]} />
        </details>
      )}
      <small>
        <span><Ago at={l.submitted_at} /></span>
        {l.form_id && <span>{t('leads.form', { name: l.form_name || l.form_id })}</span>}
        {l.number && <span>{t(`timeline.number.${l.number}`)}</span>}
        {l.task_by && <span>{t('leads.looked_by', { name: l.task_by })}</span>}
        {l.conversation_id && <span><Link to="/inbox" search={{ view: 'all', id: l.conversation_id }}>{t('leads.conversation')}</Link></span>}
      </small>
    </Row>
  );
}
