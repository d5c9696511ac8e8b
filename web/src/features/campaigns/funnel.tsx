import { useTranslation } from 'react-i18next';
import type { Funnel } from '@/api/types';
import { micros, percent } from '@/ui/format';
import css from './campaigns.module.css';

const steps = ['matched', 'public_reply', 'private_reply', 'invited', 'started', 'qualified', 'opted_in', 'goal'] as const;
const short = ['matched', 'private_reply', 'started', 'opted_in', 'goal'] as const;

/** The steps that say most, in one line. */
export function FunnelLine({ funnel }: { funnel: Funnel }) {
  const { t, i18n } = useTranslation();
  const n = new Intl.NumberFormat(i18n.language);
  return <span className={css.funnel}>{short.filter((s) => s === 'matched' || funnel[s] > 0).map((s) => <span key={s}><b>{n.format(funnel[s])}</b> {t(`funnel.${s}`)}</span>)}</span>;
}

/** Every step as a bar; how many of the step before it came so far. */
export function FunnelChart({ funnel, goal }: { funnel: Funnel; goal: string }) {
  const { t, i18n } = useTranslation();
  const n = new Intl.NumberFormat(i18n.language);
  const most = Math.max(1, ...steps.map((s) => funnel[s]));
  return (
    <>
      <ol className={css.chart} aria-label={t('funnel.title')}>
        {steps.map((s, i) => {
          const before = s === 'private_reply' || s === 'public_reply' ? funnel.matched : i > 0 ? funnel[steps[i - 1] ?? 'matched'] : 0;
          return (
            <li key={s}>
              <span className={css.chartName}>{s === 'goal' && goal ? t('funnel.goal_named', { goal }) : t(`funnel.${s}`)}</span>
              <span className={css.chartBar} aria-hidden><span style={{ inlineSize: `${(100 * funnel[s]) / most}%` }} /></span>
              <span className={css.chartValue}><b>{n.format(funnel[s])}</b>{before > 0 && <small> {percent(funnel[s] / before, i18n.language)}</small>}</span>
            </li>
          );
        })}
      </ol>
      <p className={css.hint}>
        {t('funnel.explained')}
        {funnel.refused > 0 && <> {t('funnel.refused', { count: funnel.refused })}</>}
        {funnel.goal_value_micros > 0 && <> {t('funnel.value', { value: `${micros(funnel.goal_value_micros, i18n.language)} ${funnel.goal_currency}` })}</>}
      </p>
    </>
  );
}
