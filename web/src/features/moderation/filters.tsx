import { ActionIcon, Button, Popover, SegmentedControl, Select, Stack, TextInput } from '@mantine/core';
import { IconAdjustmentsHorizontal, IconSearch, IconX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useAccounts } from '@/api/overview';
import { codeText } from '@/i18n';
import { languageName } from '@/ui/format';
import { accountChoices } from '@/ui/parts';
import { VeilSwitch } from '@/ui/veil';
import { narrowing } from './flow';
import css from './moderation.module.css';
import type { Filters } from './queries';
import { ScreenTabs } from './tabs';

interface Props { filters: Filters; onFilter: (next: Partial<Filters>) => void }

const languages = ['en', 'it', 'fr', 'ro', 'es', 'de', 'pt', 'other', 'unknown'];
export const categories = ['hate', 'harassment', 'sexual', 'violence', 'self_harm', 'profanity', 'personal_data', 'spam', 'scam', 'impersonation', 'self_promotion'];

/** What the list is narrowed by; the rarer ones behind a button that says how many are set. */
export function FilterBar({ filters, onFilter }: Props) {
  const { t } = useTranslation();
  const accounts = (useAccounts().data?.items ?? []).filter((a) => a.channel !== 'whatsapp');
  return (
    <div className={css.filters}>
      <div className={css.head}>
        <h1>{t('moderation.title')}</h1>
        <SegmentedControl size="xs" aria-label={t('moderation.which')} value={filters.queue ?? 'open'} onChange={(v) => onFilter({ queue: v === 'all' ? 'all' : undefined, state: undefined, by: undefined })} data={[{ value: 'open', label: t('moderation.open') }, { value: 'all', label: t('moderation.all') }]} />
      </div>
      <ScreenTabs />
      <TextInput key={filters.q ?? ''} size="xs" aria-label={t('moderation.search')} placeholder={t('moderation.search')} leftSection={<IconSearch size={15} aria-hidden />} defaultValue={filters.q ?? ''}
        onKeyDown={(e) => { if (e.key === 'Enter') onFilter({ q: e.currentTarget.value.trim() || undefined }); }} onBlur={(e) => { const q = e.currentTarget.value.trim() || undefined; if (q !== filters.q) onFilter({ q }); }} />
      <div style={{ display: 'grid', gridTemplateColumns: 'minmax(0, 1fr) auto', gap: 8 }}>
        <Select size="xs" searchable={accounts.length > 8} comboboxProps={{ width: 'max-content', position: 'bottom-start' }} styles={{ dropdown: { minWidth: 200, maxWidth: 'min(420px, 92vw)' } }} aria-label={t('moderation.account')} value={String(filters.account ?? '')} onChange={(v) => onFilter({ account: v ? Number(v) : undefined })} data={[{ value: '', label: t('moderation.all_accounts') }, ...accountChoices(accounts)]} />
        <More filters={filters} onFilter={onFilter} />
      </div>
      {filters.post !== undefined && <Chip label={t('filter.post')} onClear={() => onFilter({ post: undefined })} />}
      {filters.contact !== undefined && <Chip label={t('filter.person')} onClear={() => onFilter({ contact: undefined })} />}
    </div>
  );
}

function Chip({ label, onClear }: { label: string; onClear: () => void }) {
  const { t } = useTranslation();
  return <span className={css.chip}>{label}<ActionIcon size="sm" variant="subtle" color="gray" aria-label={t('filter.clear_named', { name: label })} onClick={onClear}><IconX size={13} aria-hidden /></ActionIcon></span>;
}

function More({ filters, onFilter }: Props) {
  const { t, i18n } = useTranslation();
  const n = narrowing(filters);
  const choice = (name: 'language' | 'category' | 'tier' | 'sure' | 'age' | 'state' | 'by', label: string, values: readonly string[], text: (v: string) => string) => (
    <Select key={name} size="xs" label={label} comboboxProps={{ withinPortal: false }} value={filters[name] ?? ''} onChange={(v) => onFilter({ [name]: v || undefined })} data={[{ value: '', label: t('filter.any') }, ...values.map((v) => ({ value: v, label: text(v) }))]} />
  );
  return (
    <Popover position="bottom-end" width={250} trapFocus withRoles={false}>
      <Popover.Target>
        <Button size="xs" variant={n > 0 ? 'light' : 'default'} leftSection={<IconAdjustmentsHorizontal size={15} aria-hidden />} aria-haspopup="dialog">{n > 0 ? t('filter.more_n', { n }) : t('filter.more')}</Button>
      </Popover.Target>
      <Popover.Dropdown role="dialog" aria-label={t('filter.more')}>
        <Stack gap={8}>
          {choice('language', t('filter.language'), languages, (v) => languageName(v, i18n.language) || t(`filter_lang.${v === 'other' ? 'another' : 'unknown'}`))}
          {choice('category', t('filter.category'), categories, (v) => codeText('category', v))}
          {choice('age', t('filter.age'), ['1h', '24h', '7d', '30d', 'older'], (v) => t(`filter_age.${v}`))}
          {choice('tier', t('filter.tier'), ['rules', 'model', 'llm', 'policy', 'person'], (v) => t(`tier.${v}`))}
          {choice('sure', t('filter.sure'), ['low', 'high'], (v) => t(`filter_sure.${v}`))}
          {filters.queue === 'all' && choice('state', t('moderation.state'), ['visible', 'hidden', 'removed'], (v) => t(`comment_state.${v}`))}
          {filters.queue === 'all' && choice('by', t('filter.by'), ['machine', 'person'], (v) => t(`filter_by.${v}`))}
          {n > 0 && <Button size="xs" variant="subtle" onClick={() => onFilter({ language: undefined, category: undefined, age: undefined, tier: undefined, sure: undefined, state: undefined, by: undefined })}>{t('filter.clear')}</Button>}
          <VeilSwitch />
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
