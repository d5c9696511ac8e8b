import { MultiSelect, TagsInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconCircleCheck, IconCircleDashed } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { codeText } from '@/i18n';
import { said } from '@/i18n/said';
import { Ago } from '@/ui/parts';
import { Sep } from '@/ui/sep';
import { Failure, Loading } from '@/ui/states';
import { isHarmful, Veil } from '@/ui/veil';
import { LanguageTabs } from './languages';
import { emptyLanguage, wordless, type Draft, type PerLanguage } from './model';
import { useWordCheck } from './queries';
import type { StepProps } from './wizard';
import css from './campaigns.module.css';

const intents = ['price', 'info_request', 'booking', 'order_status', 'support', 'praise', 'complaint', 'opt_in'];

/** The words, and beside them which of the last comments they meet. */
export function StepWords({ draft, lacking, onChange }: StepProps) {
  const { t } = useTranslation();
  return (
    <div className={css.halves}>
      <section className={`panel ${css.step}`}>
        <h2>{t('wizard.words')}</h2>
        <p>{t('trigger.words_text')}</p>
        <LanguageTabs draft={draft} onChange={onChange}>
          {(language, value, change) => <WordFields language={language} value={value} wanting={lacking.includes('words')} onChange={change} />}
        </LanguageTabs>
        <MultiSelect mt={14} label={t('trigger.intents')} description={t('trigger.intents_text')} value={draft.intents} searchable onChange={(next) => onChange({ intents: next })} data={[...new Set([...intents, ...draft.intents])].map((v) => ({ value: v, label: codeText('intent', v) }))} />
      </section>
      <WordCheckPanel draft={draft} />
    </div>
  );
}

function WordFields({ language, value, wanting, onChange }: { language: string; value: PerLanguage; wanting: boolean; onChange: (next: Partial<PerLanguage>) => void }) {
  const { t } = useTranslation();
  return (
    <div className={css.fields}>
      <TagsInput label={t('trigger.words')} wrapperProps={{ 'data-fault': 'words' }} error={wanting ? t('trigger.missing.words') : undefined} value={value.words} onChange={(words) => onChange({ words })} splitChars={[',', ';']} acceptValueOnBlur lang={language} />
      <TagsInput label={t('trigger.not')} description={t('trigger.not_text')} value={value.not} onChange={(not) => onChange({ not })} splitChars={[',', ';']} acceptValueOnBlur lang={language} />
    </div>
  );
}

function WordCheckPanel({ draft }: { draft: Draft }) {
  const { t } = useTranslation();
  const [late] = useDebouncedValue(draft, 350);
  const asks = late.sources.length > 0 && (wordless(late.sources) || late.intents.length > 0 || Object.values(late.by).some((l = emptyLanguage) => l.words.length > 0));
  const query = useWordCheck(late, asks);
  const list = query.data?.items ?? [];
  const shown = [...list.filter((x) => x.matched).slice(0, 12), ...list.filter((x) => !x.matched).slice(0, 8)];
  return (
    <section className={`panel ${css.step}`} aria-labelledby="check-head">
      <h2 id="check-head">{t('check.title')}</h2>
      {!asks ? <p>{t('check.empty')}</p> : query.isError ? <Failure error={query.error} retry={() => void query.refetch()} /> : query.data === undefined ? <Loading rows={4} /> : (
        <>
          <p role="status">{list.length === 0 ? t('check.no_comments') : t('check.met', { count: query.data.matched, of: query.data.looked })}</p>
          <ul className={css.checked}>
            {shown.map((x) => (
              <li key={x.comment_id} data-met={x.matched || undefined}>
                {x.matched ? <IconCircleCheck size={17} aria-label={t('check.yes')} role="img" /> : <IconCircleDashed size={17} aria-label={t('check.no')} role="img" />}
                <span><Veil harmful={isHarmful(x.harm)}><span className={`said ${css.line}`} dir="auto" lang={x.language || undefined}>{x.text}</span></Veil><small>{x.author}<Sep /><Ago at={x.at} /><Sep />{said(x.why_parts, x.why)}</small></span>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
