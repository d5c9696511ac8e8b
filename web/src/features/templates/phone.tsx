import { IconArrowBackUp, IconCopy, IconExternalLink, IconFile, IconForms, IconMapPin, IconPhone, IconPhoto, IconVideo } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { TemplatePreview } from '@/api/types';
import css from './templates.module.css';

const files = { IMAGE: IconPhoto, VIDEO: IconVideo, DOCUMENT: IconFile, LOCATION: IconMapPin } as const;
const buttons = { URL: IconExternalLink, PHONE_NUMBER: IconPhone, COPY_CODE: IconCopy, FLOW: IconForms, QUICK_REPLY: IconArrowBackUp } as const;

/** A template as a phone shows it, from top to bottom. */
export function Phone({ preview, language, label }: { preview: TemplatePreview; language: string; label: string }) {
  const { t } = useTranslation();
  const File = preview.header ? files[preview.header.format as keyof typeof files] : undefined;
  return (
    <figure className={css.phone} aria-label={label}>
      <div className={css.bubble} lang={language.split('_')[0]} dir="auto">
        {File && <span className={css.file}><File size={30} stroke={1.3} aria-hidden /><span className="sr-only">{t(`templates.header.${preview.header?.format ?? 'IMAGE'}`)}</span></span>}
        {preview.header?.text && <strong className={css.head}>{preview.header.text}</strong>}
        <p className={css.text}>
          {(preview.body ?? []).map((s, i) => <span key={i} className={[s.bold && css.bold, s.italic && css.italic, s.strike && css.strike, s.mono && css.mono, s.open && css.hole].filter(Boolean).join(' ')}>{s.text}</span>)}
          {preview.text === '' && <span className={css.hole}>{t('templates.empty_body')}</span>}
        </p>
        {preview.footer && <small className={css.footer}>{preview.footer}</small>}
      </div>
      {(preview.buttons ?? []).map((b, i) => {
        const Icon = buttons[b.type as keyof typeof buttons] ?? IconArrowBackUp;
        return <span key={i} className={css.tap} title={b.url ?? ''}><Icon size={15} aria-hidden />{b.text}</span>;
      })}
    </figure>
  );
}
