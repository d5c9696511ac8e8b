import { Button, Drawer, Group, Select, Stack, Textarea } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useCan } from '@/api/session';
import type { Version, VersionDetail } from '@/api/types';
import { said } from '@/i18n/said';
import { percent } from '@/ui/format';
import { Ago, Facts, Table, Tag, type Tone } from '@/ui/parts';
import { Empty, Loaded } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { diff, folded } from './model';
import css from './policies.module.css';
import { Preview } from './preview';
import { useAgain, useMove, useRules, useVersion, useVersions } from './queries';

const tones: Record<Version['state'], Tone> = { backtest: 'plain', shadow: 'bot', live: 'good', retired: 'plain' };

/** Every version of policy, thresholds, rules and prompt, with the state it is in. */
export function VersionsTab({ open, onOpen }: { open: number | undefined; onOpen: (id: number | undefined) => void }) {
  const { t } = useTranslation();
  const query = useVersions();
  const [kind, setKind] = useState('');
  return (
    <div className={css.stack}>
      <Select size="xs" maw={220} label={t('versions.kind')} value={kind} onChange={(v) => setKind(v ?? '')} data={[{ value: '', label: t('filter.any') }, ...(['policy', 'thresholds', 'rules', 'rule', 'prompt', 'model'] as const).map((k) => ({ value: k, label: t(`versions.${k}`) }))]} />
      <Loaded query={query} rows={6}>{(page) => {
        const items = page.items.filter((v) => !kind || v.kind === kind);
        return items.length === 0 ? <Empty title={t('versions.none')}>{t('versions.none_text')}</Empty> : (
          <Table label={t('policies_tab.versions')} head={['№', t('versions.kind'), t('versions.version'), t('versions.state'), t('versions.by'), t('versions.why')]}>
            {items.map((v) => (
              <tr key={v.id}>
                <td><button type="button" className={css.link} onClick={() => onOpen(v.id)} aria-label={t('versions.open', { id: v.id })}>{v.id}</button></td>
                <td>{t(`versions.${v.kind}`)}{v.name && <div className={css.quiet}>{v.name}</div>}</td><td><code>{v.version}</code></td>
                <td><Tag tone={tones[v.state]}>{t(`version_state.${v.state}`)}</Tag></td><td style={{ minWidth: 110 }}>{said(v.created_by_parts, v.created_by)}<div className={css.quiet}><Ago at={v.state_at} /></div></td><td style={{ minWidth: 260 }}>{said(v.why_parts, v.override || v.note)}</td>
              </tr>
            ))}
          </Table>
        );
      }}</Loaded>
      {open !== undefined && <Open id={open} onClose={() => onOpen(undefined)} />}
    </div>
  );
}

function Open({ id, onClose }: { id: number; onClose: () => void }) {
  const { t } = useTranslation();
  const query = useVersion(id);
  return (
    <Drawer opened onClose={onClose} position="right" size="xl" title={t('versions.title', { id })} closeButtonProps={{ 'aria-label': t('act.close') }}>
      <Loaded query={query} rows={5}>{(v) => <Detail v={v} />}</Loaded>
    </Drawer>
  );
}

function Detail({ v }: { v: VersionDetail }) {
  const { t, i18n } = useTranslation();
  const s = v.shadow;
  const latest = v.backtests[0];
  return (
    <Stack gap="md">
      <div><Tag tone={tones[v.state]}>{t(`version_state.${v.state}`)}</Tag> {t(`versions.${v.kind}`)} {v.name} <code>{v.version}</code></div>
      {v.note && <p className={css.quiet}>{v.note}</p>}
      {latest && <Preview id={latest.id} {...(v.kind === 'rule' ? { rule: v.name } : {})} />}
      {(s.items > 0 || v.state === 'shadow') && (
        <section className={css.preview} aria-label={t('version_state.shadow')}>
          <Facts rows={[
            [t('versions.judged'), s.items], [t('versions.agreement'), s.agreement === null ? '–' : percent(s.agreement, i18n.language)], [t('versions.kappa'), s.kappa === null ? '–' : s.kappa.toFixed(2)],
            [t('versions.right'), s.decided > 0 ? t('versions.right_of', { right: s.right, live: s.live_right, decided: s.decided }) : ''], [t('versions.failed'), s.failed || ''],
          ]} />
          {v.state === 'shadow' && <p className={css.quiet}>{v.ready ? t('versions.ready') : v.missing}</p>}
        </section>
      )}
      <Steps v={v} />
      <Changes v={v} />
    </Stack>
  );
}

/** The next steps: on history again, into shadow, live; what is missing can be overruled by a reason that is kept. */
function Steps({ v }: { v: VersionDetail }) {
  const { t } = useTranslation();
  const allowed = useCan('configure');
  const [reason, setReason] = useState('');
  const move = useMove();
  const again = useAgain();
  if (!allowed) return null;
  const to = (state: Version['state']) => move.mutate({ id: v.id, state, reason: reason.trim() }, { onSuccess: () => { setReason(''); told(t(`version_moved.${state}`)); }, onError: failed });
  const step = (state: Version['state'], label: string, filled = false) => <Button key={state} size="xs" variant={filled ? 'filled' : 'default'} loading={move.isPending} onClick={() => to(state)}>{label}</Button>;
  return (
    <Stack gap="xs">
      {v.state !== 'live' && <Textarea label={t('versions.reason')} description={t('versions.reason_hint')} autosize maxLength={500} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />}
      <Group gap="xs">
        {v.state !== 'live' && <Button size="xs" variant="default" loading={again.isPending} onClick={() => again.mutate(v.id, { onError: failed })}>{t('versions.again')}</Button>}
        {v.state === 'backtest' && step('shadow', t('versions.to_shadow'), true)}
        {v.state !== 'live' && v.kind !== 'model' && step('live', t('versions.to_live'), v.state === 'shadow')}
        {(v.state === 'shadow' || v.state === 'retired') && step('backtest', t('versions.to_backtest'))}
        {(v.state === 'backtest' || v.state === 'shadow' || (v.state === 'live' && v.kind === 'rule')) && step('retired', t('versions.to_retired'))}
      </Group>
    </Stack>
  );
}

/** What a version changes against the live one of its kind. */
function Changes({ v }: { v: VersionDetail }) {
  const { t } = useTranslation();
  const versions = useVersions();
  const rules = useRules();
  const live = versions.data?.items.find((o) => o.kind === (v.kind === 'thresholds' ? 'policy' : v.kind) && o.state === 'live' && o.name === (v.kind === 'rule' ? v.name : '') && o.id !== v.id);
  const other = useVersion(live?.id ?? v.id);
  const document = v.kind === 'rule' ? rules.data?.items.find((r) => r.name === v.name)?.document : live ? other.data?.document : undefined;
  const before = v.kind === 'thresholds' && document ? Object.fromEntries(Object.entries(document as object).filter(([k]) => k in (v.document as object))) : document;
  const list = folded(diff(before ?? {}, v.document));
  const changed = list.some((l) => l.kind !== 'same' && l.kind !== 'gap');
  return (
    <section aria-label={t('versions.diff')}>
      <h3 className={css.heading}>{t('versions.diff')}</h3>
      {!changed ? <p className={css.quiet}>{t('versions.no_diff')}</p> : (
        <pre className={css.diff} tabIndex={0}>{list.map((l, i) => <span key={i} data-kind={l.kind}>{l.kind === 'gap' ? t('versions.gap', { count: Number(l.text) }) : `${l.kind === 'in' ? '+' : l.kind === 'out' ? '−' : ' '} ${l.text}`}{'\n'}</span>)}</pre>
      )}
    </section>
  );
}
