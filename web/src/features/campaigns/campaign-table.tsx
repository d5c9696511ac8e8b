import { ActionIcon, Menu } from '@mantine/core';
import { IconCopy, IconDotsVertical, IconFileCertificate, IconPencil } from '@tabler/icons-react';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useCan, useMe } from '@/api/session';
import type { Campaign } from '@/api/types';
import { Table, Tag } from '@/ui/parts';
import { failed, told } from '@/ui/toast';
import { CampaignForm } from './campaign-form';
import { FunnelLine } from './funnel';
import { usePeriod } from './period';
import { useCampaignState, useDuplicateCampaign, useEvidence } from './queries';
import { next, tone } from './trigger-table';
import css from './campaigns.module.css';

export function CampaignTable({ items, may }: { items: Campaign[]; may: boolean }) {
  const { t } = useTranslation();
  const period = usePeriod(useMe().data?.workspace.time_zone ?? 'UTC');
  return (
    <Table label={t('campaigns.campaigns')} head={[t('triggers.name'), t('triggers.state'), t('campaigns.parts'), t('triggers.results'), '']}>
      {items.map((x) => (
        <tr key={x.id}>
          <td><Link to="/campaigns/$id" params={{ id: String(x.id) }} className={css.name}>{x.name}</Link><div className={css.under}>{period(x)}</div></td>
          <td><Tag tone={tone[x.state]}>{t(`trigger_state.${x.state}`)}</Tag></td>
          <td>{t('campaigns.triggers', { count: x.trigger_ids.length })}{x.templates.length > 0 && <div className={css.under}>{t('campaigns.templates', { count: x.templates.length })}</div>}</td>
          <td><FunnelLine funnel={x.funnel} /></td>
          <td><CampaignMenu x={x} may={may} /></td>
        </tr>
      ))}
    </Table>
  );
}

/** What can be done with a campaign; the evidence comes as a file. */
export function CampaignMenu({ x, may }: { x: Campaign; may: boolean }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [editing, setEditing] = useState(false);
  const proves = useCan('supervise');
  const change = useCampaignState();
  const copy = useDuplicateCampaign();
  const evidence = useEvidence();
  if (!may && !proves) return null;
  const save = (bundle: unknown) => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([JSON.stringify(bundle, null, 2)], { type: 'application/json' }));
    link.download = `campaign-${x.id}.json`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target><ActionIcon variant="subtle" color="gray" aria-label={t('triggers.more', { name: x.name })} loading={change.isPending || copy.isPending || evidence.isPending}><IconDotsVertical size={17} aria-hidden /></ActionIcon></Menu.Target>
        <Menu.Dropdown>
          {may && next[x.state].map((state) => <Menu.Item key={state} onClick={() => change.mutate({ id: x.id, state }, { onSuccess: () => told(t(`campaigns.now.${state}`)), onError: failed })}>{t(`triggers.make.${state}`)}</Menu.Item>)}
          {may && <Menu.Item leftSection={<IconPencil size={15} aria-hidden />} onClick={() => setEditing(true)}>{t('campaigns.edit')}</Menu.Item>}
          {may && <Menu.Item leftSection={<IconCopy size={15} aria-hidden />} onClick={() => copy.mutate(x.id, { onSuccess: (made) => { told(t('campaigns.copied')); void navigate({ to: '/campaigns/$id', params: { id: String(made.id) } }); }, onError: failed })}>{t('campaigns.duplicate')}</Menu.Item>}
          {proves && <Menu.Item leftSection={<IconFileCertificate size={15} aria-hidden />} onClick={() => evidence.mutate(x.id, { onSuccess: save, onError: failed })}>{t('campaigns.evidence')}</Menu.Item>}
        </Menu.Dropdown>
      </Menu>
      {editing && <CampaignForm campaign={x} onClose={() => setEditing(false)} />}
    </>
  );
}
