import { Button, Menu } from '@mantine/core';
import { IconPlus, IconSitemap } from '@tabler/icons-react';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFlows } from '@/api/flows';
import { useCan } from '@/api/session';
import { Ago, PageBody, PageHead, Table, Tag } from '@/ui/parts';
import { Views } from '@/ui/rows';
import { Empty, Loaded } from '@/ui/states';
import { failed } from '@/ui/toast';
import { useAddFlow, useShipped } from './queries';
import { DefaultFlow } from './default';
import { Runs } from './runs';
import { Secrets } from './secrets';

const route = getRouteApi('/flows');

const blank = (key: string) => `${JSON.stringify({ format: 1, id: key, version: 1, name: 'New flow', languages: ['en'], steps: [
  { id: 'welcome', type: 'message', text: { en: 'Hi {{contact.first_name|there}}!' }, next: 'topic' },
  { id: 'topic', type: 'question', text: { en: 'How can we help?' }, answer: { kind: 'text' }, next: 'person' },
  { id: 'person', type: 'hand_over', text: { en: 'A colleague will answer you here.' } },
] }, null, 2)}\n`;

/** Bot flows: what is a draft, what is live, who is inside. */
export default function Flows() {
  const { tab = 'flows' } = route.useSearch();
  const navigate = route.useNavigate();
  const configure = useCan('configure');
  const { t } = useTranslation();
  const go = useNavigate();
  const may = useCan('campaign');
  const list = useFlows();
  const [asked, setAsked] = useState(false);
  const shipped = useShipped(asked);
  const add = useAddFlow();
  const make = (document: string) => add.mutate(document, { onSuccess: (f) => void go({ to: '/flows/$id', params: { id: String(f.id) } }), onError: failed });
  const taken = new Set(list.data?.items.map((f) => f.key));
  const free = (key: string) => { let name = key; for (let n = 2; taken.has(name); n++) name = `${key}-${n}`; return name; };
  const create = may && (
    <Menu onOpen={() => setAsked(true)} position="bottom-end" withinPortal>
      <Menu.Target><Button leftSection={<IconPlus size={16} aria-hidden />} loading={add.isPending}>{t('flows.new')}</Button></Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => make(blank(free('flow')))}>{t('flows.blank')}</Menu.Item>
        <Menu.Label>{t('flows.library')}</Menu.Label>
        {(shipped.data?.items ?? []).map((s) => <Menu.Item key={s.key} onClick={() => make(s.document.replace(`"id": "${s.key}"`, `"id": "${free(s.key)}"`))}>{t(`flows.shipped.${s.key}`, { defaultValue: s.name })}</Menu.Item>)}
      </Menu.Dropdown>
    </Menu>
  );
  const views = [{ value: 'flows', label: t('flows.title') }, { value: 'runs', label: t('flow_runs.title') }, ...(configure ? [{ value: 'secrets' as const, label: t('flow_secrets.title') }] : [])] as const;
  const choose = <Views of={t('flows.title')} value={tab} views={views} onView={(v) => void navigate({ search: v === 'flows' ? {} : { tab: v } })} />;
  if (tab !== 'flows') return <PageBody><PageHead title={t('flows.title')}>{t('flows.lead')}</PageHead>{choose}{tab === 'runs' ? <Runs /> : <Secrets />}</PageBody>;
  return (
    <PageBody>
      <PageHead title={t('flows.title')} action={create}>{t('flows.lead')}</PageHead>
      {choose}
      {configure && (list.data?.items.length ?? 0) > 0 && <DefaultFlow flows={list.data?.items ?? []} />}
      <Loaded query={list}>
        {({ items }) => items.length === 0 ? <div className="panel"><Empty title={t('flows.none')} icon={<IconSitemap size={26} stroke={1.4} aria-hidden />} action={create}>{t('flows.none_text')}</Empty></div> : (
          <Table label={t('flows.title')} head={[t('flows.name'), t('flows.state'), t('flows.inside'), t('flows.changed')]}>
            {items.map((f) => (
              <tr key={f.id}>
                <td><Link to="/flows/$id" params={{ id: String(f.id) }}>{f.name}</Link><br /><small><code>{f.key}</code></small></td>
                <td>{f.live_number ? <Tag tone="good">{t('flows.live_n', { n: f.live_number })}</Tag> : <Tag>{t('flows.draft')}</Tag>} {f.live_number && f.changed ? <Tag tone="warn">{t('flows.draft_differs')}</Tag> : null} {f.problems.length > 0 ? <Tag tone="bad">{t('flows.problems', { count: f.problems.length })}</Tag> : null}</td>
                <td>{f.inside}</td>
                <td><Ago at={f.updated_at} /></td>
              </tr>
            ))}
          </Table>
        )}
      </Loaded>
    </PageBody>
  );
}
