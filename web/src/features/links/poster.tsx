import { Button, TextInput } from '@mantine/core';
import { IconArrowLeft, IconPrinter, IconQrcode } from '@tabler/icons-react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { fileLink } from '@/api/client';
import { useMe } from '@/api/session';
import type { HandoffLink } from '@/api/types';
import { readWhatsAppLink } from '@/ui/links';
import { PageBody, PageHead, Picture } from '@/ui/parts';
import { Empty, Loaded } from '@/ui/states';
import css from './links.module.css';
import { useLinks } from './queries';

const route = getRouteApi('/links/$id');

/** What customers read on the poster: in the language of the link, whatever that of the team is. */
const words: Record<string, { heading: string; line: string }> = {
  en: { heading: 'Write to us on WhatsApp', line: 'Point your camera at the code and send the message.' },
  it: { heading: 'Scrivici su WhatsApp', line: 'Inquadra il codice con la fotocamera e invia il messaggio.' },
  fr: { heading: 'Écrivez-nous sur WhatsApp', line: 'Visez le code avec votre appareil photo et envoyez le message.' },
  ro: { heading: 'Scrie-ne pe WhatsApp', line: 'Îndreaptă camera spre cod și trimite mesajul.' },
  es: { heading: 'Escríbenos por WhatsApp', line: 'Apunta la cámara al código y envía el mensaje.' },
  de: { heading: 'Schreib uns auf WhatsApp', line: 'Kamera auf den Code richten und die Nachricht senden.' },
  pt: { heading: 'Escreva-nos no WhatsApp', line: 'Aponte a câmara para o código e envie a mensagem.' },
};

/** A sheet to be printed and hung up. */
export default function Poster() {
  const { t } = useTranslation();
  const { id } = route.useParams();
  const query = useLinks();
  return (
    <PageBody>
      <p className={css.back} style={{ margin: '0 0 10px' }}><Link to="/links"><IconArrowLeft size={15} aria-hidden /> {t('links.back')}</Link></p>
      <Loaded query={query} rows={4}>
        {({ items }) => {
          const link = items.find((l) => String(l.id) === id);
          return link ? <Sheet key={link.id} l={link} /> : <div className="panel"><Empty title={t('links.gone')} icon={<IconQrcode size={26} stroke={1.4} aria-hidden />} /></div>;
        }}
      </Loaded>
    </PageBody>
  );
}

function Sheet({ l }: { l: HandoffLink }) {
  const { t } = useTranslation();
  const me = useMe().data;
  const start = words[l.language] ?? words['en'];
  const [heading, setHeading] = useState(start?.heading ?? '');
  const [line, setLine] = useState(start?.line ?? '');
  const digits = readWhatsAppLink(l.link)?.digits;
  return (
    <>
      <div className={css.back}><PageHead title={t('links.poster_of', { name: l.name })} /></div>
      <div className={css.tools}>
        <TextInput label={t('links.heading')} maxLength={80} dir="auto" value={heading} onChange={(e) => setHeading(e.currentTarget.value)} />
        <TextInput label={t('links.line')} maxLength={160} dir="auto" value={line} onChange={(e) => setLine(e.currentTarget.value)} />
        <Button leftSection={<IconPrinter size={16} aria-hidden />} onClick={() => window.print()}>{t('links.print')}</Button>
      </div>
      <section className={css.sheet} aria-label={t('links.poster')} lang={l.language || 'en'}>
        <div><h2 dir="auto">{heading}</h2>{line && <p dir="auto">{line}</p>}</div>
        <Picture src={fileLink(`/handoff-links/${l.id}/qr`)} alt={t('links.code', { name: l.name })} className={css.missing ?? ''} />
        <div><div className={css.brand} dir="auto">{me?.workspace.brand || me?.workspace.name}</div>{digits && <div className={css.number}>+{digits}</div>}</div>
      </section>
    </>
  );
}
