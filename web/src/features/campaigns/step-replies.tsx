import { ActionIcon, Button, Select, Textarea } from '@mantine/core';
import { IconBrandWhatsapp, IconPlus, IconTrash } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useAccounts } from '@/api/overview';
import { useMe } from '@/api/session';
import { channelNames } from '@/ui/parts';
import { fieldError } from './errors';
import { LanguageTabs } from './languages';
import { anyLanguage, splitReplies, type PerLanguage } from './model';
import type { StepProps } from './wizard';
import css from './campaigns.module.css';

const linkPlace = '{{link}}';
const mostVariants = 10;

/** What is said in public and in private, and where the link leads. */
export function StepReplies({ draft, error, lacking, onChange }: StepProps) {
  const { t } = useTranslation();
  const numbers = (useAccounts().data?.items ?? []).filter((a) => a.channel === 'whatsapp' && a.state !== 'removed');
  const linked = draft.handoff_account_id !== null;
  return (
    <>
      <section className={`panel ${css.step}`}>
        <h2>{t('trigger.bridge')}</h2>
        <p>{t('trigger.bridge_text')}</p>
        <Select label={t('trigger.number')} wrapperProps={{ 'data-fault': 'account' }} value={String(draft.handoff_account_id ?? '')} error={fieldError(error, 'handoff_account_id') ?? (lacking.includes('account') ? t('trigger.missing.account') : undefined)} onChange={(v) => onChange({ handoff_account_id: v ? Number(v) : null })} data={[{ value: '', label: t('trigger.no_number') }, ...numbers.map((a) => ({ value: String(a.id), label: a.name || a.phone || channelNames.whatsapp }))]} />
      </section>
      <section className={`panel ${css.step}`}>
        <h2>{t('trigger.what')}</h2>
        <p>{t('trigger.what_text')}</p>
        <LanguageTabs draft={draft} onChange={onChange} without={anyLanguage}>
          {(language, value, change) => (
            <div className={css.halves}>
              <Said language={language} value={value} linked={linked} error={error} wanting={lacking.includes('replies')} onChange={change} />
              <Phone value={value} />
            </div>
          )}
        </LanguageTabs>
      </section>
    </>
  );
}

function Said({ language, value, linked, error, wanting, onChange }: { language: string; value: PerLanguage; linked: boolean; error: unknown; wanting: boolean; onChange: (next: Partial<PerLanguage>) => void }) {
  const { t } = useTranslation();
  const lines = value.replies === '' ? [''] : value.replies.split('\n');
  const set = (list: string[]) => onChange({ replies: list.join('\n') });
  const lacks = linked && value.private.trim() !== '' && !value.private.includes(linkPlace);
  return (
    <div className={css.fields}>
      <fieldset className={css.variants} data-fault="replies">
        <legend>{t('trigger.replies')}</legend>
        <p className={css.hint}>{t('trigger.replies_text')}</p>
        {lines.map((line, i) => (
          <div key={i} className={css.variant}>
            <Textarea autosize minRows={1} dir="auto" lang={language} aria-label={t('trigger.variant', { n: i + 1 })} error={wanting && i === 0 ? t('trigger.missing.replies') : undefined} value={line} onChange={(e) => set(lines.map((x, k) => (k === i ? e.currentTarget.value.replace(/\n/g, ' ') : x)))} />
            {lines.length > 1 && <ActionIcon variant="subtle" color="gray" aria-label={t('trigger.remove_variant', { n: i + 1 })} onClick={() => set(lines.filter((_, k) => k !== i))}><IconTrash size={16} aria-hidden /></ActionIcon>}
          </div>
        ))}
        {lines.length < mostVariants && <Button variant="subtle" size="compact-sm" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => set([...lines, ''])}>{t('trigger.add_variant')}</Button>}
        {fieldError(error, `public_replies.${language}`) && <p role="alert">{fieldError(error, `public_replies.${language}`)}</p>}
      </fieldset>
      <Textarea wrapperProps={{ 'data-fault': 'link' }} label={t('trigger.private_label')} description={t('trigger.private_text', { link: linkPlace })} autosize minRows={3} dir="auto" lang={language} value={value.private} error={lacks ? t('trigger.missing.link', { link: linkPlace }) : fieldError(error, `private_reply.${language}`)} onChange={(e) => onChange({ private: e.currentTarget.value })} />
      {linked && !value.private.includes(linkPlace) && <Button variant="default" size="compact-sm" leftSection={<IconBrandWhatsapp size={15} aria-hidden />} onClick={() => onChange({ private: `${value.private.trimEnd()} ${linkPlace}`.trim() })}>{t('trigger.put_link')}</Button>}
    </div>
  );
}

/** How a customer sees it: the reply under the comment, and the message in private. */
function Phone({ value }: { value: PerLanguage }) {
  const { t } = useTranslation();
  const brand = useMe().data?.workspace.brand ?? '';
  const first = splitReplies(value.replies)[0];
  const parts = value.private.trim().split(linkPlace);
  return (
    <figure className={css.phone}>
      <figcaption>{t('trigger.preview')}</figcaption>
      {first && <div className={css.publicSaid}><b>{brand}</b> <span dir="auto">{first}</span></div>}
      {value.private.trim() !== '' && (
        <div className={css.privateSaid} dir="auto">
          {parts.map((p, i) => <span key={i}>{i > 0 && <span className={css.linkChip}><IconBrandWhatsapp size={14} aria-hidden /> {t('link.whatsapp_personal')}</span>}{p}</span>)}
        </div>
      )}
      {!first && value.private.trim() === '' && <p className={css.hint}>{t('trigger.preview_empty')}</p>}
    </figure>
  );
}
