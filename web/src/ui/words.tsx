import { IconBrandWhatsapp } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { inShort, pieces, readWhatsAppLink } from './links';
import css from './parts.module.css';

/** What somebody wrote, with links to WhatsApp drawn as what they are. Nothing in it can be clicked: it is data. */
export function Words({ text }: { text: string }) {
  return <>{pieces(text).map((p, i) => p.kind === 'link' && readWhatsAppLink(p.url) ? <WhatsAppChip key={i} url={p.url} /> : <span key={i}>{p.kind === 'link' ? p.url : p.text}</span>)}</>;
}

function WhatsAppChip({ url }: { url: string }) {
  const { t } = useTranslation();
  const link = readWhatsAppLink(url);
  const personal = /\bPNT-/.test(link?.text ?? '');
  return (
    <span className={css.chip} title={link?.text}>
      <IconBrandWhatsapp size={15} stroke={1.8} aria-hidden />
      {t(personal ? 'link.whatsapp_personal' : 'link.whatsapp')}
    </span>
  );
}

/** The beginning of a text in one line. */
export function Preview({ text }: { text: string }) {
  const { t } = useTranslation();
  return <>{inShort(text, t('link.whatsapp'))}</>;
}
