import { Button, FileButton, NumberInput, TextInput } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { PriceFile, Spending } from '@/api/types';
import { useConfirm } from '@/ui/confirm';
import { dateTime, micros } from '@/ui/format';
import { Tag } from '@/ui/parts';
import { Sep } from '@/ui/sep';
import { Failure } from '@/ui/states';
import { fileText } from '@/ui/file-text';
import { failed, told } from '@/ui/toast';
import { useImportPrices, usePriceFiles, useSpending, useWithdrawPrices } from './queries';
import { Section } from './section';
import css from './settings.module.css';

interface Props { settings: Record<string, unknown>; set: (name: string, value: unknown) => void; error: (name: string) => string | undefined }

/** What messages may cost a day and a month; an empty field is no limit. */
export function MessageBudget({ settings, set, error }: Props) {
  const { t } = useTranslation();
  const limit = (name: 'budget_day_micros' | 'budget_month_micros') => (
    <NumberInput label={t(`settings.field.${name}`)} placeholder={t('prices.no_limit')} min={0} decimalScale={2} error={error(`settings.${name}`)}
      value={typeof settings[name] === 'number' ? Number(settings[name]) / 1e6 : ''} onChange={(v) => set(name, v === '' ? null : Math.round(Number(v) * 1e6))} />
  );
  const hours = (name: 'nudge_hours' | 'read_back_minutes', min: number, max: number, fallback: number, unit: 'hours' | 'minutes') => (
    <NumberInput label={t(`settings.field.${name}`)} min={min} max={max} suffix={` ${t(`unit.${unit}`)}`} error={error(`settings.${name}`)}
      value={typeof settings[name] === 'number' ? Number(settings[name]) : fallback} onChange={(v) => set(name, Number(v) || fallback)} />
  );
  return (
    <Section id="messages">
      <TextInput label={t('settings.field.currency')} description={t('settings.field.currency_text')} maxLength={3} value={String(settings['currency'] ?? '')} error={error('settings.currency')} onChange={(e) => set('currency', e.currentTarget.value.toUpperCase())} />
      <span />
      {limit('budget_day_micros')}
      {limit('budget_month_micros')}
      {hours('nudge_hours', 24, 72, 24, 'hours')}
      {hours('read_back_minutes', 1, 1440, 5, 'minutes')}
    </Section>
  );
}

/** The imported price files, and what was spent by them. */
export function Prices() {
  const { t } = useTranslation();
  const files = usePriceFiles();
  const spending = useSpending();
  const add = useImportPrices();
  const read = (file: File | null) => {
    if (!file) return;
    fileText(file).then((text) => add.mutate({ name: file.name, text }, { onSuccess: (f) => told(t('prices.imported', { version: f.version })) }), failed);
  };
  return (
    <Section id="prices">
      {spending.data && <div className={`${css.wide} ${css.spent}`}><Sum title={t('prices.day')} sum={spending.data.day} currency={spending.data.currency} /><Sum title={t('prices.month')} sum={spending.data.month} currency={spending.data.currency} /></div>}
      <div className={css.wide}>
        <FileButton onChange={read} accept=".csv,text/csv,text/plain">{(props) => <Button {...props} variant="default" leftSection={<IconUpload size={16} aria-hidden />} loading={add.isPending}>{t('prices.import')}</Button>}</FileButton>
        <p className={css.hint}>{t('prices.import_text')}</p>
        {add.error && <Failure error={add.error} />}
      </div>
      <div className={css.wide}>
        {files.data?.items.length === 0 && <p className={css.hint}>{t('prices.none')}</p>}
        {files.error && <Failure error={files.error} />}
        <ul className={css.versions} aria-label={t('prices.files')}>{files.data?.items.map((f) => <Version key={f.id} f={f} />)}</ul>
      </div>
    </Section>
  );
}

function Sum({ title, sum, currency }: { title: string; sum: Spending['day']; currency: string }) {
  const { t, i18n } = useTranslation();
  return (
    <div>
      <small>{title}</small>
      <strong>{micros(sum.micros, i18n.language)} {currency}</strong>
      {sum.limit_micros !== null && <span>{t('prices.of', { limit: `${micros(sum.limit_micros, i18n.language)} ${currency}` })}</span>}
      {sum.unknown > 0 && <Tag tone="warn">{t('prices.unknown', { count: sum.unknown })}</Tag>}
      {sum.other_currency > 0 && <Tag tone="warn">{t('prices.other', { count: sum.other_currency })}</Tag>}
    </div>
  );
}

function Version({ f }: { f: PriceFile }) {
  const { t, i18n } = useTranslation();
  const withdraw = useWithdrawPrices();
  const [ask, dialog] = useConfirm();
  const sure = () => ask({ text: t('prices.sure', { version: f.version }), verb: t('prices.withdraw'), run: () => withdraw.mutate(f.id, { onSuccess: () => told(t('prices.done', { version: f.version })), onError: failed }) });
  return (
    <li>
      {dialog}
      <div>
        <strong>{t('prices.version', { version: f.version })}</strong> <span>{f.name}</span>
        <small>{t('prices.rows', { count: f.rows })}<Sep />{f.currencies}<Sep />{f.from === f.to ? f.from : `${f.from} – ${f.to}`}<Sep />{dateTime(f.imported_at, i18n.language)}</small>
      </div>
      {f.withdrawn_at ? <Tag>{t('prices.withdrawn')}</Tag> : <Button size="compact-sm" variant="default" style={{ flexShrink: 0 }} loading={withdraw.isPending} aria-label={`${t('prices.withdraw')}: ${t('prices.version', { version: f.version })}`} onClick={sure}>{t('prices.withdraw')}</Button>}
    </li>
  );
}
