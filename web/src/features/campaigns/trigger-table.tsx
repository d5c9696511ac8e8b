import { ActionIcon, Menu } from '@mantine/core';
import { IconCopy, IconDotsVertical } from '@tabler/icons-react';
import { Link, useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useMe } from '@/api/session';
import type { Trigger } from '@/api/types';
import { codeText } from '@/i18n';
import { Table, Tag, type Tone } from '@/ui/parts';
import { Sep } from '@/ui/sep';
import { failed, told } from '@/ui/toast';
import { FunnelLine } from './funnel';
import { usePeriod } from './period';
import { useDuplicateTrigger, useTriggerState } from './queries';
import css from './campaigns.module.css';

export const tone: Record<Trigger['state'], Tone> = { draft: 'plain', live: 'good', paused: 'warn', archived: 'plain' };
export const next: Record<Trigger['state'], Trigger['state'][]> = { draft: ['live', 'archived'], live: ['paused'], paused: ['live', 'archived'], archived: ['draft'] };

export function TriggerTable({ items, may }: { items: Trigger[]; may: boolean }) {
  const { t } = useTranslation();
  return (
    <Table label={t('triggers.title')} head={[t('triggers.name'), t('triggers.state'), t('triggers.words'), t('triggers.results'), '']}>
      {items.map((x) => <Row key={x.id} x={x} may={may} />)}
    </Table>
  );
}

function Row({ x, may }: { x: Trigger; may: boolean }) {
  const { t } = useTranslation();
  const words = [...new Set((x.keywords ?? []).flatMap((k) => [...(k.words ?? []), ...(k.phrases ?? [])]))];
  const zone = useMe().data?.workspace.time_zone ?? 'UTC';
  const period = usePeriod(zone);
  return (
    <tr>
      <td><Link to="/triggers/$id" params={{ id: String(x.id) }} className={css.name}>{x.name}</Link><div className={css.under}>{period(x)}{x.campaign && <><Sep /><Link to="/campaigns/$id" params={{ id: String(x.campaign_id) }}>{x.campaign}</Link></>}</div></td>
      <td><Tag tone={tone[x.state]}>{t(`trigger_state.${x.state}`)}</Tag></td>
      <td><span className={css.words}>{words.slice(0, 6).map((w) => <Tag key={w}>{w}</Tag>)}{words.length > 6 && <Tag>+{words.length - 6}</Tag>}{(x.intents ?? []).map((i) => <Tag key={i} tone="accent">{codeText('intent', i)}</Tag>)}</span></td>
      <td><FunnelLine funnel={x.funnel} /></td>
      <td>{may && <StateMenu x={x} />}</td>
    </tr>
  );
}

function StateMenu({ x }: { x: Trigger }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const change = useTriggerState();
  const copy = useDuplicateTrigger();
  return (
    <Menu position="bottom-end">
      <Menu.Target><ActionIcon variant="subtle" color="gray" aria-label={t('triggers.more', { name: x.name })} loading={change.isPending || copy.isPending}><IconDotsVertical size={17} aria-hidden /></ActionIcon></Menu.Target>
      <Menu.Dropdown>
        {next[x.state].map((state) => <Menu.Item key={state} onClick={() => change.mutate({ id: x.id, state }, { onSuccess: () => told(t(`triggers.now.${state}`)), onError: failed })}>{t(`triggers.make.${state}`)}</Menu.Item>)}
        <Menu.Item leftSection={<IconCopy size={15} aria-hidden />} onClick={() => copy.mutate(x.id, { onSuccess: (made) => { told(t('campaigns.copied')); void navigate({ to: '/triggers/$id', params: { id: String(made.id) } }); }, onError: failed })}>{t('campaigns.duplicate')}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
