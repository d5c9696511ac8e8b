import { Button, Menu, ActionIcon } from '@mantine/core';
import { IconBolt, IconDotsVertical, IconPlus } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useCan } from '@/api/session';
import type { Trigger } from '@/api/types';
import { codeText } from '@/i18n';
import { dateTime } from '@/ui/format';
import { PageBody, PageHead, Table, Tag, type Tone } from '@/ui/parts';
import { Empty, Loaded } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { useTriggers, useTriggerState } from './queries';
import css from './triggers.module.css';

const tone: Record<Trigger['state'], Tone> = { draft: 'plain', live: 'good', paused: 'warn', archived: 'plain' };
const next: Record<Trigger['state'], Trigger['state'][]> = { draft: ['live', 'archived'], live: ['paused'], paused: ['live', 'archived'], archived: ['draft'] };

/** Keyword triggers: when this comes, on these posts, in this period, then answer that. */
export default function Triggers() {
  const { t } = useTranslation();
  const query = useTriggers();
  const campaign = useCan('campaign');
  const create = campaign && <Button renderRoot={(props) => <Link {...props} to="/triggers/$id" params={{ id: 'new' }} />} leftSection={<IconPlus size={16} aria-hidden />}>{t('triggers.new')}</Button>;
  return (
    <PageBody>
      <PageHead title={t('triggers.title')} action={create}>{t('triggers.lead')}</PageHead>
      <Loaded query={query}>
        {({ items }) => items.length === 0 ? <div className="panel"><Empty title={t('triggers.none')} icon={<IconBolt size={26} stroke={1.4} aria-hidden />} action={create}>{t('triggers.none_text')}</Empty></div> : (
          <Table label={t('triggers.title')} head={[t('triggers.name'), t('triggers.state'), t('triggers.words'), t('triggers.results'), '']}>
            {items.map((x) => <Row key={x.id} x={x} campaign={campaign} />)}
          </Table>
        )}
      </Loaded>
    </PageBody>
  );
}

function Row({ x, campaign }: { x: Trigger; campaign: boolean }) {
  const { t, i18n } = useTranslation();
  const words = [...new Set((x.keywords ?? []).flatMap((k) => [...(k.words ?? []), ...(k.phrases ?? [])]))];
  const ends = x.ends_at ? t('triggers.until', { at: dateTime(x.ends_at, i18n.language) }) : t('triggers.open_end');
  return (
    <tr>
      <td><Link to="/triggers/$id" params={{ id: String(x.id) }} className={css.name}>{x.name}</Link><div style={{ color: 'var(--mantine-color-dimmed)', fontSize: '0.78125rem' }}>{ends}</div></td>
      <td><Tag tone={tone[x.state]}>{t(`trigger_state.${x.state}`)}</Tag></td>
      <td><span className={css.words}>{words.slice(0, 6).map((w) => <Tag key={w}>{w}</Tag>)}{words.length > 6 && <Tag>+{words.length - 6}</Tag>}{(x.intents ?? []).map((i) => <Tag key={i} tone="accent">{codeText('intent', i)}</Tag>)}</span></td>
      <td><Funnel x={x} /></td>
      <td>{campaign && <StateMenu x={x} />}</td>
    </tr>
  );
}

function Funnel({ x }: { x: Trigger }) {
  const { t } = useTranslation();
  const steps = [['matched', x.runs.matched], ['private_replied', x.runs.private_replied], ['handed_off', x.runs.handed_off], ['joined', x.runs.joined]] as const;
  return <span className={css.funnel}>{steps.map(([name, n]) => <span key={name}><b>{n}</b> {t(`triggers.run.${name}`)}</span>)}</span>;
}

function StateMenu({ x }: { x: Trigger }) {
  const { t } = useTranslation();
  const change = useTriggerState();
  return (
    <Menu position="bottom-end">
      <Menu.Target><ActionIcon variant="subtle" color="gray" aria-label={t('triggers.more', { name: x.name })} loading={change.isPending}><IconDotsVertical size={17} aria-hidden /></ActionIcon></Menu.Target>
      <Menu.Dropdown>
        {next[x.state].map((state) => <Menu.Item key={state} onClick={() => change.mutate({ id: x.id, state }, { onSuccess: () => told(t(`triggers.now.${state}`)), onError: failed })}>{t(`triggers.make.${state}`)}</Menu.Item>)}
      </Menu.Dropdown>
    </Menu>
  );
}
