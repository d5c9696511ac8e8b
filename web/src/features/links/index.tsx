import { Button, CopyButton } from '@mantine/core';
import { IconCopy, IconDownload, IconPlus, IconPrinter, IconQrcode } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { fileLink } from '@/api/client';
import { useCan } from '@/api/session';
import type { HandoffLink } from '@/api/types';
import { useConfirm } from '@/ui/confirm';
import { languageName } from '@/ui/format';
import { Ago, PageBody, PageHead, Picture } from '@/ui/parts';
import { Row } from '@/ui/rows';
import rows from '@/ui/rows.module.css';
import { Empty, Loaded } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import css from './links.module.css';
import { NewLink } from './new-link';
import { useEndLink, useLinks, useReasons } from './queries';

/** Links and QR codes to WhatsApp, one a place, and how many people came by each. */
export default function Links() {
  const { t } = useTranslation();
  const may = useCan('campaign');
  const query = useLinks();
  const [making, setMaking] = useState(false);
  const make = may && <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setMaking(true)}>{t('links.new')}</Button>;
  return (
    <PageBody>
      <PageHead title={t('links.title')} action={make}>{t('links.lead')}</PageHead>
      <Loaded query={query} rows={3}>
        {({ items }) => items.length === 0
          ? <div className="panel"><Empty title={t('links.none')} icon={<IconQrcode size={26} stroke={1.4} aria-hidden />}>{t('links.none_text')}</Empty></div>
          : <ul className={`panel ${rows.rows}`} aria-label={t('links.title')}>{items.map((l) => <LinkRow key={l.id} l={l} may={may} />)}</ul>}
      </Loaded>
      {making && <NewLink onClose={() => setMaking(false)} />}
    </PageBody>
  );
}

function LinkRow({ l, may }: { l: HandoffLink; may: boolean }) {
  const { t, i18n } = useTranslation();
  const [ask, dialog] = useConfirm();
  const end = useEndLink();
  const { triggers, campaigns } = useReasons();
  const trigger = triggers.find((x) => x.id === l.trigger_id);
  const campaign = campaigns.find((x) => x.id === l.campaign_id);
  const code = fileLink(`/handoff-links/${l.id}/qr`);
  const png = fileLink(`/handoff-links/${l.id}/qr?format=png`);
  const name = l.name;
  return (
    <Row mark={<Picture src={code} alt={t('links.code', { name })} className={css.code ?? ''} />} side={<span className={css.started}>{t('links.started', { count: l.started })}</span>}>
      <strong dir="auto">{name}</strong>
      <small>
        {languageName(l.language, i18n.language) && <span>{languageName(l.language, i18n.language)}</span>}
        {trigger && <span><Link to="/triggers/$id" params={{ id: String(trigger.id) }}>{trigger.name}</Link></span>}
        {campaign && <span><Link to="/campaigns/$id" params={{ id: String(campaign.id) }}>{campaign.name}</Link></span>}
        <span>{t('links.since')} <Ago at={l.created_at} /></span>
      </small>
      <div className={css.acts}>
        <CopyButton value={l.link}>{({ copied, copy }) => <Button size="compact-sm" variant="default" leftSection={<IconCopy size={14} aria-hidden />} aria-label={t(copied ? 'links.copied' : 'links.copy_of', { name })} onClick={copy}>{t(copied ? 'act.copied' : 'links.copy')}</Button>}</CopyButton>
        <Button size="compact-sm" variant="default" leftSection={<IconPrinter size={14} aria-hidden />} renderRoot={(p) => <Link to="/links/$id" params={{ id: String(l.id) }} {...p} aria-label={t('links.poster_of', { name })} />}>{t('links.poster')}</Button>
        <Button size="compact-sm" variant="subtle" component="a" href={code} download={`whatsapp-${l.id}.svg`} leftSection={<IconDownload size={14} aria-hidden />} aria-label={t('links.svg_of', { name })}>{t('links.svg')}</Button>
        <Button size="compact-sm" variant="subtle" component="a" href={png} download={`whatsapp-${l.id}.png`} leftSection={<IconDownload size={14} aria-hidden />} aria-label={t('links.png_of', { name })}>{t('links.png')}</Button>
        {may && <Button size="compact-sm" variant="subtle" color="red" loading={end.isPending} aria-label={t('links.end_of', { name })} onClick={() => ask({ text: t('links.end_sure', { name }), verb: t('links.end'), run: () => end.mutate(l.id, { onSuccess: () => told(t('links.ended')), onError: failed }) })}>{t('links.end')}</Button>}
      </div>
      {dialog}
    </Row>
  );
}
