import { Loader } from '@mantine/core';
import { IconCircleCheck, IconCircleDashed, IconCircleX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Check } from '@/api/types';
import { codeText } from '@/i18n';
import { sentence } from '@/ui/reason';
import css from './accounts.module.css';

/** The doctor's findings, each with what to do where it is not in order. */
export function Checks({ checks }: { checks: Check[] }) {
  return <ul className={css.checks} aria-live="polite">{checks.map((c) => <CheckRow key={c.name} c={c} />)}</ul>;
}

export function CheckRow({ c }: { c: Check }) {
  return <Stage state={c.ok ? 'ok' : 'bad'} name={codeText('check', c.name)} detail={sentence('doctor', c.code, c.params, c.detail)}>{!c.ok && c.fix && <small className={css.fix}>{sentence('doctor_fix', c.code, c.params, c.fix)}</small>}</Stage>;
}

/** One thing that is looked at: not begun, under way, in order or not. */
export function Stage({ state, name, detail, children }: { state: 'waits' | 'runs' | 'ok' | 'bad'; name: string; detail?: string | undefined; children?: ReactNode }) {
  const { t } = useTranslation();
  const mark = { waits: <IconCircleDashed size={18} className={css.later} role="img" aria-label={t('accounts.waits')} />, runs: <Loader size={16} role="img" aria-label={t('accounts.runs')} />, ok: <IconCircleCheck size={18} className={css.ok} role="img" aria-label={t('accounts.ok')} />, bad: <IconCircleX size={18} className={css.no} role="img" aria-label={t('accounts.not_ok')} /> }[state];
  return <li>{mark}<div>{name}{detail && <small>{detail}</small>}{children}</div></li>;
}
