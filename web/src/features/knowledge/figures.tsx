import { Group, Progress, Select } from '@mantine/core';
import { IconChartBar } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { AssistFigure } from '@/api/types';
import { codeText } from '@/i18n';
import { languageName } from '@/ui/format';
import { Table } from '@/ui/parts';
import { Empty, Loaded } from '@/ui/states';
import { useFigures } from './queries';

const outcomes = [
  { key: 'accepted', color: 'teal.7' },
  { key: 'edited', color: 'cyan.6' },
  { key: 'ignored', color: 'gray.5' },
  { key: 'dismissed', color: 'orange.6' },
] as const;

/** Whether suggested replies help, by language and intent. */
export function Figures() {
  const { t, i18n } = useTranslation();
  const [days, setDays] = useState('30');
  const number = new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 0 });
  const percent = new Intl.NumberFormat(i18n.language, { style: 'percent', maximumFractionDigits: 0 });
  const query = useFigures(Number(days));
  return (
    <>
      <Group justify="space-between" mb={12}>
        <Group gap={16}>{(query.data?.items.length ?? 0) > 0 && outcomes.map((o) => <Group key={o.key} gap={6}><span aria-hidden style={{ width: 10, height: 10, borderRadius: 3, background: `var(--mantine-color-${o.color.replace('.', '-')})` }} /><span>{t(`knowledge.outcome.${o.key}`)}</span></Group>)}</Group>
        <Select aria-label={t('knowledge.period')} w={170} value={days} allowDeselect={false} onChange={(v) => setDays(v ?? '30')} data={['7', '30', '90'].map((d) => ({ value: d, label: t('knowledge.days', { count: Number(d) }) }))} />
      </Group>
      <Loaded query={query}>
        {({ items }) => items.length === 0 ? <div className="panel"><Empty title={t('knowledge.no_figures')} icon={<IconChartBar size={26} stroke={1.4} aria-hidden />}>{t('knowledge.no_figures_text')}</Empty></div> : (
          <Table label={t('knowledge.figures')} head={[t('knowledge.intent'), t('knowledge.language'), t('knowledge.offered'), t('knowledge.outcomes'), t('knowledge.changed'), t('knowledge.saved_time')]}>
            {items.map((f) => (
              <tr key={`${f.language} ${f.intent}`}>
                <td>{codeText('intent', f.intent)}</td>
                <td>{languageName(f.language, i18n.language)}</td>
                <td>{number.format(f.sets)}</td>
                <td style={{ minWidth: 220 }}>
                  <Progress.Root size={14} role="img" aria-label={outcomes.map((o) => `${t(`knowledge.outcome.${o.key}`)} ${number.format(f[o.key])}`).join(', ')}>
                    {outcomes.map((o) => <Progress.Section key={o.key} value={(100 * f[o.key]) / Math.max(1, f.sets)} color={o.color} aria-hidden withAria={false} />)}
                  </Progress.Root>
                </td>
                <td>{f.changed === null ? '–' : percent.format(f.changed)}</td>
                <td>{saved(f) === undefined ? '–' : t('knowledge.seconds', { count: saved(f) })}</td>
              </tr>
            ))}
          </Table>
        )}
      </Loaded>
    </>
  );
}

/** Seconds that an answer with a suggestion was quicker than a typed one; only where both were seen often enough to say so. */
function saved(f: AssistFigure): number | undefined {
  if (f.seconds_used === null || f.seconds_by_hand === null || f.accepted + f.edited < 5 || f.ignored < 5) return undefined;
  return Math.round(f.seconds_by_hand - f.seconds_used);
}
