import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, unwrap } from '@/api/client';
import type { BotFlowDetail } from '@/api/types';
import { Ago, Table, Tag } from '@/ui/parts';
import { Loaded } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { useDiff, useLive } from './queries';
import css from './flows.module.css';

/** What was published, by whom, who is inside, and how it differs from the draft. */
export function Versions({ flow, may, onTake }: { flow: BotFlowDetail; may: boolean; onTake: (document: string) => void }) {
  const { t } = useTranslation();
  const [from, setFrom] = useState(flow.versions[0]?.number ?? 0);
  const live = useLive(flow.id);
  const diff = useDiff(flow.id, from, 0, from > 0);
  const take = useMutation({ mutationFn: (number: number) => unwrap<{ document: string }>(api.GET('/flows/{id}/version', { params: { path: { id: flow.id }, query: { number } } })), onSuccess: (v) => { onTake(v.document); told(t('flows.taken')); }, onError: failed });
  if (flow.versions.length === 0) return <p className={css.hint}>{t('flows.no_versions')}</p>;
  return (
    <>
      <Table label={t('flows.versions')} head={[t('flows.version'), t('flows.note'), t('flows.began'), t('flows.inside'), t('flows.published_at'), '']}>
        {flow.versions.map((v) => (
          <tr key={v.number}>
            <td>{v.number} {v.live && <Tag tone="good">{t('flows.live')}</Tag>}</td>
            <td>{v.note}</td><td>{v.began}</td><td>{v.inside}</td><td><Ago at={v.published_at} /> {v.published_by}</td>
            <td>
              <Button size="compact-sm" variant="subtle" aria-pressed={from === v.number} onClick={() => setFrom(v.number)}>{t('flows.compare')}</Button>
              {may && <Button size="compact-sm" variant="subtle" onClick={() => take.mutate(v.number)}>{t('flows.take')}</Button>}
              {may && <Button size="compact-sm" variant="subtle" onClick={() => live.mutate(v.live ? 0 : v.number, { onError: failed })}>{v.live ? t('flows.stop') : t('flows.make_live')}</Button>}
            </td>
          </tr>
        ))}
      </Table>
      <h2 className={css.diff}>{t('flows.diff', { n: from })}</h2>
      <Loaded query={diff}>
        {({ changes }) => changes.length === 0 ? <p className={css.hint}>{t('flows.no_diff')}</p> : (
          <ul className={`entries ${css.diff}`}>{changes.map((c) => <li key={c.path}><span aria-hidden>{c.kind === 'added' ? '+' : c.kind === 'removed' ? '−' : '~'}</span><div><strong><code>{c.path}</code></strong> {t(`flows.change.${c.kind}`)}{c.was && <pre tabIndex={0} aria-label={t('flows.was')}>{c.was}</pre>}{c.now && <pre tabIndex={0} aria-label={t('flows.now')}>{c.now}</pre>}</div></li>)}</ul>
        )}
      </Loaded>
    </>
  );
}
