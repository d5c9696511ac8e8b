import { ActionIcon, Menu } from '@mantine/core';
import { IconDotsVertical, IconTemplate } from '@tabler/icons-react';
import { Link, useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useMissed } from '@/api/flows';
import { useCan } from '@/api/session';
import { usePaged } from '@/api/paged';
import { api, unwrap } from '@/api/client';
import type { Page, Template } from '@/api/types';
import { codeText } from '@/i18n';
import { useConfirm } from '@/ui/confirm';
import { languageName } from '@/ui/format';
import { Ago } from '@/ui/parts';
import { Row, Rows } from '@/ui/rows';
import { Empty } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { call, useChange } from './queries';
import { MetaStatus } from './status';

/** The templates as Meta has them, whoever wrote them. */
export function Listed() {
  const { t } = useTranslation();
  const list = usePaged<Template>(['templates', 'all'], () => unwrap<Page<Template>>(api.GET('/templates')));
  return (
    <Rows list={list} label={t('templates.view.meta')} empty={<Empty title={t('templates.none')} icon={<IconTemplate size={26} stroke={1.4} aria-hidden />}>{t('templates.none_text')}</Empty>}>
      {(x) => <ListedRow key={x.id} x={x} />}
    </Rows>
  );
}

function ListedRow({ x }: { x: Template }) {
  const { t, i18n } = useTranslation();
  const why = x.reason && x.reason !== 'NONE' ? x.reason : '';
  const name = languageName(x.language.replace('_', '-'), i18n.language) || x.language;
  return (
    <Row side={<><MetaStatus status={x.status} paused={x.paused} reason={why} /><More x={x} /></>}>
      <strong>{x.draft_id ? <Link to="/templates/$id" params={{ id: String(x.draft_id) }}><code>{x.name}</code></Link> : <code>{x.name}</code>}</strong>
      <p className="said" dir="auto" lang={x.language.split('_')[0]}>{x.body}</p>
      {why && <p style={{ color: 'var(--p-bad-ink)' }}>{codeText('template_reason', why)}</p>}
      <small>
        <span>{name}</span>
        <span>{codeText('template_category', x.category)}{x.category_asked && x.category_asked !== x.category ? ` (${t('templates.asked_for', { category: codeText('template_category', x.category_asked) })})` : ''}</span>
        {x.category_next && <span>{t('templates.will_refile', { category: codeText('template_category', x.category_next) })}</span>}
        {x.quality && x.quality !== 'UNKNOWN' && <span>{t('templates.quality')}: {codeText('template_quality', x.quality)}</span>}
        <span>{t('templates.read')} <Ago at={x.synced_at} /></span>
      </small>
    </Row>
  );
}

function More({ x }: { x: Template }) {
  const { t } = useTranslation();
  const may = useCan('campaign');
  const navigate = useNavigate();
  const [ask, dialog] = useConfirm();
  const pause = useChange(x.paused ? call.resume : call.pause);
  const unpause = useChange(call.unpause);
  const drop = useChange(call.drop);
  const take = useChange(call.take);
  const missed = useMissed('templates');
  if (!may) return null;
  return (
    <>
      {dialog}
      <Menu position="bottom-end">
        <Menu.Target><ActionIcon variant="subtle" color="gray" aria-label={t('templates.more', { name: x.name, language: x.language })}><IconDotsVertical size={17} aria-hidden /></ActionIcon></Menu.Target>
        <Menu.Dropdown>
          {x.draft_id === 0 && x.editable && <Menu.Item onClick={() => take.mutate(x.id, { onSuccess: (d) => void navigate({ to: '/templates/$id', params: { id: String(d.id) } }), onError: failed })}>{t('templates.take')}</Menu.Item>}
          <Menu.Item onClick={() => pause.mutate(x.id, { onSuccess: () => told(t(x.paused ? 'templates.resumed' : 'templates.paused')), onError: failed })}>{t(x.paused ? 'templates.resume' : 'templates.pause')}</Menu.Item>
          {x.status === 'PAUSED' && <Menu.Item onClick={() => unpause.mutate(x.id, { onSuccess: () => told(t('templates.asked_meta')), onError: failed })}>{t('templates.unpause')}</Menu.Item>}
          <Menu.Item color="red" onClick={() => ask({ text: t('templates.delete_sure', { name: x.name, language: x.language }) + missed(x.name), verb: t('templates.delete'), run: () => drop.mutate(x.id, { onSuccess: () => told(t('templates.asked_meta')), onError: failed }) })}>{t('templates.delete')}</Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </>
  );
}
