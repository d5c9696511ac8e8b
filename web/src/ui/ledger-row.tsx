import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Channel, ConsentEntry } from '@/api/types';
import { codeText } from '@/i18n';
import { dateTime, labelled, quoted } from './format';
import { ChannelMark, channelNames, Tag, type Tone } from './parts';
import { Row } from './rows';
import { Sep } from './sep';
import { called } from './who';

const tone: Partial<Record<ConsentEntry['act'], Tone>> = { grant: 'good', import: 'good', withdraw: 'bad', refuse: 'bad', doubt: 'warn', expire: 'warn' };

/** One entry of the ledger: who did what, to which wording, in whose words, and its place in the chain. */
export function LedgerRow({ e, person = true }: { e: ConsentEntry; person?: boolean }) {
  const { t, i18n } = useTranslation();
  const channel = e.channel in channelNames ? (e.channel as Channel) : undefined;
  return (
    <Row mark={channel && <ChannelMark channel={channel} size={20} />} side={<Tag tone={tone[e.act] ?? 'plain'}>{t(`consent_act.${e.act}`)}</Tag>}>
      <strong>
        {codeText('purpose', e.purpose)}<Sep />{channel ? channelNames[channel] : codeText('consent_channel', e.channel)}
        {person && <><Sep />{e.erased ? <em>{t('ledger.erased')}</em> : <Link to="/contacts/$id" params={{ id: String(e.contact_id) }} dir="auto">{called(e)}</Link>}</>}
      </strong>
      {e.words && <p className="said" dir="auto">{quoted(e.words, i18n.language)}</p>}
      {e.wording && <small dir="auto">{labelled(t('ledger.wording'), quoted(e.wording, i18n.language), i18n.language)}</small>}
      <small>
        <span>{dateTime(e.at, i18n.language)}</span>
        <span>{codeText('how', e.how)}</span>
        {e.kind === 'inferred' && <span>{t('ledger.inferred')}</span>}
        {e.valid_until && <span>{t('ledger.until', { at: dateTime(e.valid_until, i18n.language) })}</span>}
        <span>{t('contact.entry', { n: e.seq })}</span>
        <span title={e.hash}><code>{e.hash.slice(0, 10)}</code></span>
      </small>
    </Row>
  );
}
