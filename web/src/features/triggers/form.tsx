import { Button, MultiSelect, NumberInput, Select, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { ApiError } from '@/api/errors';
import { useAccounts } from '@/api/overview';
import { codeText } from '@/i18n';
import { channelNames } from '@/ui/parts';
import { Languages } from './languages';
import { faults, splitReplies, type Draft } from './model';
import { PostPicker } from './post-picker';
import css from './triggers.module.css';

interface Props { draft: Draft; live: boolean; busy: boolean; error: unknown; onChange: (next: Partial<Draft>) => void; onSave: (goLive: boolean) => void }

const intents = ['price', 'info_request', 'booking', 'order_status', 'support', 'praise', 'complaint', 'opt_in'];

export function TriggerForm({ draft, live, busy, error, onChange, onSave }: Props) {
  const { t } = useTranslation();
  return (
    <div className={css.form}>
      <div>
        <When draft={draft} onChange={onChange} error={error} />
        <section className={`panel ${css.step}`}>
          <h2>{t('trigger.where')}</h2>
          <p>{t('trigger.where_text')}</p>
          <PostPicker selected={draft.post_ids} onChange={(post_ids) => onChange({ post_ids })} />
        </section>
        <section className={`panel ${css.step}`}>
          <h2>{t('trigger.what')}</h2>
          <p>{t('trigger.what_text')}</p>
          <Languages draft={draft} onChange={onChange} />
        </section>
        <Bridge draft={draft} onChange={onChange} />
      </div>
      <Summary draft={draft} live={live} busy={busy} onSave={onSave} />
    </div>
  );
}

function When({ draft, onChange, error }: Pick<Props, 'draft' | 'onChange' | 'error'>) {
  const { t } = useTranslation();
  const field = (name: string) => (error instanceof ApiError ? error.field(name) : undefined);
  return (
    <section className={`panel ${css.step}`}>
      <h2>{t('trigger.when')}</h2>
      <p>{t('trigger.when_text')}</p>
      <TextInput label={t('triggers.name')} required value={draft.name} error={field('name')} onChange={(e) => onChange({ name: e.currentTarget.value })} mb={12} />
      <div className={css.two}>
        <TextInput type="datetime-local" label={t('trigger.starts')} description={t('trigger.starts_text')} value={draft.starts_at} error={field('starts_at')} onChange={(e) => onChange({ starts_at: e.currentTarget.value })} />
        <TextInput type="datetime-local" label={t('trigger.ends')} description={t('trigger.ends_text')} value={draft.ends_at} error={field('ends_at')} onChange={(e) => onChange({ ends_at: e.currentTarget.value })} />
        <MultiSelect label={t('trigger.sources')} value={draft.sources} onChange={(sources) => onChange({ sources })} data={[{ value: 'comment', label: t('trigger.source.comment') }, { value: 'message', label: t('trigger.source.message') }]} />
        <MultiSelect label={t('trigger.intents')} description={t('trigger.intents_text')} value={draft.intents} searchable onChange={(next) => onChange({ intents: next })} data={[...new Set([...intents, ...draft.intents])].map((v) => ({ value: v, label: codeText('intent', v) }))} />
      </div>
    </section>
  );
}

function Bridge({ draft, onChange }: Pick<Props, 'draft' | 'onChange'>) {
  const { t } = useTranslation();
  const numbers = (useAccounts().data?.items ?? []).filter((a) => a.channel === 'whatsapp' && a.state !== 'removed');
  return (
    <section className={`panel ${css.step}`}>
      <h2>{t('trigger.bridge')}</h2>
      <p>{t('trigger.bridge_text')}</p>
      <div className={css.two}>
        <Select label={t('trigger.number')} value={String(draft.handoff_account_id ?? '')} onChange={(v) => onChange({ handoff_account_id: v ? Number(v) : null })} data={[{ value: '', label: t('trigger.no_number') }, ...numbers.map((a) => ({ value: String(a.id), label: a.name || a.phone || channelNames.whatsapp }))]} />
        <NumberInput label={t('trigger.valid')} description={t('trigger.valid_text')} min={1} max={168} value={Math.round(draft.valid_minutes / 60)} onChange={(v) => onChange({ valid_minutes: Math.max(1, Number(v) || 24) * 60 })} />
        <NumberInput label={t('trigger.priority')} description={t('trigger.priority_text')} min={0} max={1000} value={draft.priority} onChange={(v) => onChange({ priority: Number(v) || 0 })} />
      </div>
    </section>
  );
}

/** The trigger told in one go, and what is still missing. */
function Summary({ draft, live, busy, onSave }: Pick<Props, 'draft' | 'live' | 'busy' | 'onSave'>) {
  const { t } = useTranslation();
  const missing = faults(draft);
  const words = Object.values(draft.by).flatMap((l) => l.words);
  const first = Object.values(draft.by).find((l) => l.replies.trim() || l.private.trim());
  return (
    <aside className={`panel ${css.summary}`} aria-label={t('trigger.summary')}>
      <h2>{t('trigger.summary')}</h2>
      <ol>
        <li>{words.length > 0 ? t('trigger.says_words', { words: words.slice(0, 5).join(', ') }) : draft.intents.length > 0 ? t('trigger.says_intent', { intents: draft.intents.map((i) => codeText('intent', i)).join(', ') }) : t('trigger.says_nothing')}</li>
        <li>{draft.post_ids.length > 0 ? t('trigger.on_posts', { count: draft.post_ids.length }) : t('trigger.on_all')}</li>
        {first && splitReplies(first.replies)[0] && <li>{t('trigger.public')}<div className={css.bubble} dir="auto">{splitReplies(first.replies)[0]}</div></li>}
        {first?.private && <li>{t('trigger.private')}<div className={`said ${css.bubble}`} dir="auto">{first.private}</div></li>}
        <li>{t('trigger.once')}</li>
      </ol>
      {missing.length > 0 && <ul style={{ margin: 0, paddingInlineStart: 18, color: 'var(--p-warn-ink)' }}>{missing.map((m) => <li key={m}>{t(`trigger.missing.${m}`, { link: '{{link}}' })}</li>)}</ul>}
      <Button disabled={missing.length > 0} loading={busy} onClick={() => onSave(!live)}>{live ? t('trigger.save_live') : t('trigger.go_live')}</Button>
      {!live && <Button variant="default" disabled={missing.length > 0} loading={busy} onClick={() => onSave(false)}>{t('trigger.save_draft')}</Button>}
    </aside>
  );
}
