import { CloseButton } from '@mantine/core';
import { IconBolt, IconDeviceMobileMessage, IconGavel, IconInbox, IconPlugConnected, IconSettings, IconUsersGroup } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useMe } from '@/api/session';
import { unplaced, zoneHere } from '@/ui/place';
import { useTouch } from '@/ui/touch';
import { tries } from '@/ui/tries';
import css from './home.module.css';

const closedKey = 'ponte.first-steps';

/** For whoever started the demo a minute ago: the way from a comment to WhatsApp, four steps, each a press away. */
export function FirstSteps() {
  const { t } = useTranslation();
  const [closed, setClosed] = useState(() => localStorage.getItem(closedKey) === 'closed');
  const touch = useTouch();
  if (closed) return null;
  const close = () => { localStorage.setItem(closedKey, 'closed'); setClosed(true); };
  return (
    <section className={`panel ${css.first}`} aria-label={t('first.title')}>
      <div className={css.firstHead}>
        <div><h2>{t('first.title')}</h2><p>{t('first.lead')}</p></div>
        <CloseButton aria-label={t('first.close')} onClick={close} />
      </div>
      <ol>
        <Step icon={<IconDeviceMobileMessage size={19} stroke={1.6} aria-hidden />} text={t('first.rude', { words: tries.rude })}><Link to="/rehearse" search={{ say: 'rude' }}>{t('first.rude_do')}</Link></Step>
        <Step icon={<IconGavel size={19} stroke={1.6} aria-hidden />} text={t(touch ? 'first.look_touch' : 'first.look')}><Link to="/moderation" search={{ queue: 'all', state: 'hidden' }}>{t('first.look_do')}</Link></Step>
        <Step icon={<IconDeviceMobileMessage size={19} stroke={1.6} aria-hidden />} text={t('first.info', { words: tries.info })}><Link to="/rehearse" search={{ say: 'info' }}>{t('first.info_do')}</Link></Step>
        <Step icon={<IconInbox size={19} stroke={1.6} aria-hidden />} text={t(touch ? 'first.answer_touch' : 'first.answer')}><Link to="/inbox" search={{ view: 'all', channel: 'whatsapp' }}>{t('first.answer_do')}</Link></Step>
      </ol>
    </section>
  );
}

/** For the owner of a workspace to which nothing is connected: what it takes until the first comment is answered. */
export function SetupSteps() {
  const { t } = useTranslation();
  const zone = useMe().data?.workspace.time_zone ?? '';
  const here = zoneHere();
  return (
    <section className={`panel ${css.first}`} aria-label={t('setup.title')}>
      <div className={css.firstHead}><div><h2>{t('setup.title')}</h2><p>{t('setup.lead')}</p></div></div>
      <ol>
        <Step icon={<IconPlugConnected size={19} stroke={1.6} aria-hidden />} text={t('setup.connect')}><Link to="/accounts">{t('setup.connect_do')}</Link></Step>
        <Step icon={<IconSettings size={19} stroke={1.6} aria-hidden />} text={unplaced({ time_zone: zone }, here) ? `${t('setup.brand')} ${t('setup.place', { zone, here })}` : t('setup.brand')}><Link to="/settings">{t('setup.brand_do')}</Link></Step>
        <Step icon={<IconUsersGroup size={19} stroke={1.6} aria-hidden />} text={t('setup.team')}><Link to="/team">{t('setup.team_do')}</Link></Step>
        <Step icon={<IconBolt size={19} stroke={1.6} aria-hidden />} text={t('setup.trigger')}><Link to="/triggers">{t('setup.trigger_do')}</Link></Step>
      </ol>
    </section>
  );
}

function Step({ icon, text, children }: { icon: ReactNode; text: string; children: ReactNode }) {
  return <li>{icon}<div><p>{text}</p>{children}</div></li>;
}
