import { useTranslation } from 'react-i18next';
import type { Step } from '@/api/types';
import { codeText } from '@/i18n';
import { Ago, ChannelMark } from './parts';

/** A person's way: comment, invitation, arrival, consent. */
export function Journey({ steps }: { steps: Step[] }) {
  const { t } = useTranslation();
  if (steps.length === 0) return <small>{t('contact.journey_none')}</small>;
  return <ul className="entries">{steps.map((s, n) => <li key={n}><ChannelMark channel={s.channel} /><div>{codeText('journey', s.what)}<small><Ago at={s.at} /></small></div></li>)}</ul>;
}
