import { Tooltip } from '@mantine/core';
import { IconBrandFacebook, IconBrandInstagram, IconBrandMessenger, IconBrandWhatsapp, IconPhoto } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { channelNames, type Channel } from '@/api/types';
import { useNow } from './clock';
import { dateTime, initials, timeAgo } from './format';
import css from './parts.module.css';

const channelIcons = { facebook: IconBrandFacebook, instagram: IconBrandInstagram, messenger: IconBrandMessenger, whatsapp: IconBrandWhatsapp };
export { channelNames };

/** Accounts to choose from; those that share a name, as a Page and its Instagram do, are told apart by their network. */
export function accountChoices(accounts: readonly { id: number; name: string; external_id: string; channel: Channel }[]): { value: string; label: string }[] {
  const called = accounts.map((a) => a.name || a.external_id);
  return accounts.map((a, i) => {
    const name = called[i] ?? '';
    return { value: String(a.id), label: called.filter((c) => c === name).length > 1 ? `${name} (${channelNames[a.channel]})` : name };
  });
}

/** The mark of a network, with its name for those who do not see it. */
export function ChannelMark({ channel, size = 16 }: { channel: Channel; size?: number }) {
  const Icon = channelIcons[channel] ?? IconPhoto;
  return <Icon size={size} stroke={1.8} className={css[channel]} role="img" aria-label={channelNames[channel] ?? channel} />;
}

/** A person's initials with the mark of the network they write on. */
export function Face({ name, channel }: { name: string; channel?: Channel }) {
  return (
    <span className={css.avatar} aria-hidden={channel ? undefined : true}>
      <span aria-hidden>{initials(name)}</span>
      {channel && (
        <span className={css.mark}>
          <ChannelMark channel={channel} size={13} />
        </span>
      )}
    </span>
  );
}

export type Tone = 'good' | 'warn' | 'bad' | 'bot' | 'accent' | 'plain';

/** A small word about a state. */
export function Tag({ tone = 'plain', children, title }: { tone?: Tone; children: ReactNode; title?: string }) {
  const tag = <span className={`${css.tag} ${tone === 'plain' ? '' : (css[tone] ?? '')}`}>{children}</span>;
  return title ? <Tooltip label={title} multiline maw={320}>{tag}</Tooltip> : tag;
}

/** How long ago; the full time when pointed at. */
export function Ago({ at, className }: { at: string; className?: string }) {
  const { i18n } = useTranslation();
  const now = useNow();
  return (
    <time dateTime={at} title={dateTime(at, i18n.language)} className={className}>
      {timeAgo(at, now, i18n.language)}
    </time>
  );
}

export function PageHead({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <header className={css.pageHead}>
      <div>
        <h1>{title}</h1>
        {children && <p>{children}</p>}
      </div>
      {action}
    </header>
  );
}

export function PageBody({ children }: { children: ReactNode }) {
  return <div className={css.page}>{children}</div>;
}

/** Pairs of a name and a value; empty values are left out. */
export function Facts({ rows }: { rows: [string, ReactNode][] }) {
  const shown = rows.filter(([, value]) => value !== '' && value !== null && value !== undefined);
  return (
    <dl className={css.facts}>
      {shown.map(([name, value], i) => (
        <div key={`${name} ${i}`} style={{ display: 'contents' }}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A plain table; on a phone each row is a card that names its values itself. */
export function Table({ head, children, label }: { head: string[]; children: ReactNode; label: string }) {
  const { t } = useTranslation();
  const names = Object.fromEntries(head.flatMap((h, i) => (h && i > 0 ? [[`--head-${i + 1}`, JSON.stringify(h)]] : [])));
  return (
    <div className={`panel ${css.tableWrap}`} tabIndex={0} role="region" aria-label={label} style={names}>
      <table className={css.table}>
        <thead>
          <tr>{head.map((h, i) => <th key={i} scope="col">{h || <span className="sr-only">{t('act.actions')}</span>}</th>)}</tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

/** A picture from our own store; where it is missing, a quiet frame or nothing. */
export function Picture({ src, alt, className, frame = true }: { src: string; alt: string; className?: string; frame?: boolean }) {
  const [broken, setBroken] = useState('');
  if (!src || broken === src) {
    if (!frame) return null;
    return <span className={className} style={{ display: 'grid', placeItems: 'center', background: 'var(--p-hover)', color: 'var(--mantine-color-dimmed)' }} {...(alt ? { role: 'img', 'aria-label': alt } : { 'aria-hidden': true })}><IconPhoto size={20} stroke={1.4} aria-hidden /></span>;
  }
  return <img src={src} alt={alt} className={className} loading="lazy" onError={() => setBroken(src)} />;
}
