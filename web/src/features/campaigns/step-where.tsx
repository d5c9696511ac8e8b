import { Checkbox, TagsInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { fieldError } from './errors';
import { sources } from './model';
import { PostPicker } from './posts';
import type { StepProps } from './wizard';
import css from './campaigns.module.css';

/** Which posts, and which of the things that people write there. */
export function StepWhere({ draft, error, onChange }: StepProps) {
  const { t } = useTranslation();
  return (
    <>
      <section className={`panel ${css.step}`}>
        <h2>{t('trigger.where')}</h2>
        <p>{t('trigger.where_text')}</p>
        <PostPicker selected={draft.post_ids} onChange={(post_ids) => onChange({ post_ids })} />
        <TagsInput mt={14} label={t('trigger.hashtags')} description={t('trigger.hashtags_text')} value={draft.hashtags} error={fieldError(error, 'hashtags')} onChange={(list) => onChange({ hashtags: list.map((x) => x.replace(/^#/, '')) })} splitChars={[',', ' ']} acceptValueOnBlur />
      </section>
      <section className={`panel ${css.step}`}>
        <Checkbox.Group data-fault="sources" label={t('trigger.sources')} value={draft.sources} onChange={(v) => onChange({ sources: v })} error={draft.sources.length === 0 ? t('trigger.missing.sources') : fieldError(error, 'sources')}>
          <div className={css.checks}>{sources.map((s) => <Checkbox key={s} size="md" value={s} label={t(`trigger.source.${s}`)} />)}</div>
        </Checkbox.Group>
      </section>
    </>
  );
}
