import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useRejoin, useUnjoin } from '@/api/joins';
import { useCan } from '@/api/session';
import type { IdentityPanel, Join, Parted, Provenance } from '@/api/types';
import { codeText } from '@/i18n';
import { duration } from './format';
import { useNamed } from './named';
import { Ago, ChannelMark, channelNames } from './parts';
import css from './parts.module.css';
import { Dotted, Sep } from './sep';
import { failed, told } from './toast';
import { isHarmful, VeiledLine } from './veil';

/** What a person is called by one of their identities. */
export function identityName(i: IdentityPanel): string {
  return i.username ? `@${i.username}` : i.name || i.phone || channelNames[i.channel];
}

/** One identity; where it was joined to this person, the evidence and one press to part them again. */
export function Identity({ i }: { i: IdentityPanel }) {
  const name = identityName(i);
  const also = [i.name, i.phone].filter((x) => x && x !== name);
  return (
    <li>
      <ChannelMark channel={i.channel} />
      <div style={{ minWidth: 0 }}>
        <span dir="auto">{name}</span>
        {also.length > 0 && <small dir="auto"><Dotted of={also} /></small>}
        {i.join && <Joined i={i} join={i.join} />}
        {i.parted && <PartedFrom i={i} parted={i.parted} />}
      </div>
    </li>
  );
}

function Joined({ i, join }: { i: IdentityPanel; join: Join }) {
  const { t, i18n } = useTranslation();
  const named = useNamed();
  const converse = useCan('converse');
  const unjoin = useUnjoin();
  const rejoin = useRejoin();
  const ref = { identity: i.id, join: join.id };
  const part = () => void unjoin.mutateAsync(ref).then(() => told(t('contact.unjoined'), () => rejoin.mutate(ref, { onError: failed })), failed);
  const proof = join.proof;
  const usedAfter = (given: string, used: string) => {
    const seconds = (Date.parse(used) - Date.parse(given)) / 1000;
    return seconds < 60 ? t('contact.proof_at_once') : t('contact.proof_used', { after: duration(seconds, i18n.language) });
  };
  return (
    <div className={css.evidence}>
      <strong>{t('contact.joined', { how: codeText('join_how', join.how) })}</strong>
      <p><Ago at={join.at} />{join.by && <><Sep />{join.by}</>}</p>
      {proof && (
        <>
          <p dir="auto">
            {t('contact.proof_given', { who: proof.given_to || t('comment.nameless'), where: channelNames[proof.channel] })} (<Ago at={proof.given_at} />)
            {proof.used_at && `, ${usedAfter(proof.given_at, proof.used_at)}`}
          </p>
          <Came from={proof} />
        </>
      )}
      {converse && (
        <>
          <Button size="compact-sm" variant="default" mt={6} loading={unjoin.isPending} {...named(t('contact.unjoin'), identityName(i))} onClick={part}>{t('contact.unjoin')}</Button>
          <p>{t('contact.unjoin_text')}</p>
        </>
      )}
    </div>
  );
}

function PartedFrom({ i, parted }: { i: IdentityPanel; parted: Parted }) {
  const { t } = useTranslation();
  const named = useNamed();
  const converse = useCan('converse');
  const rejoin = useRejoin();
  return (
    <div className={css.evidence}>
      <strong>{t('contact.parted', { name: parted.name || t('comment.nameless') })}</strong>
      <p><Ago at={parted.at} />{parted.by && <><Sep />{parted.by}</>}</p>
      {converse && <Button size="compact-sm" variant="default" mt={6} loading={rejoin.isPending} {...named(t('contact.rejoin'), identityName(i))} onClick={() => void rejoin.mutateAsync({ identity: i.id, join: parted.join_id }).then(() => told(t('contact.rejoined')), failed)}>{t('contact.rejoin')}</Button>}
    </div>
  );
}

/** From which comment, under which post, by which trigger; each a way to it. */
export function Came({ from }: { from: Provenance }) {
  const { t } = useTranslation();
  const rows: [string, ReactNode][] = [];
  if (from.comment) rows.push([t('came.comment'), <Link key="c" to="/moderation" search={{ queue: 'all', id: from.comment.id }} dir="auto"><VeiledLine harmful={isHarmful(from.comment.harm)}>{from.comment.text || t('comment.no_text')}</VeiledLine></Link>]);
  if (from.post) rows.push([t('came.post'), <Link key="p" to="/moderation" search={{ queue: 'all', post: from.post.id }} dir="auto">{from.post.text || t('moderation.no_caption')}</Link>]);
  if (from.trigger) rows.push([t('came.trigger'), <Link key="t" to="/triggers/$id" params={{ id: String(from.trigger.id) }} dir="auto">{from.trigger.text}</Link>]);
  return <dl className={css.came}>{rows.map(([name, value]) => <div key={name}><dt>{name}</dt><dd className="clip">{value}</dd></div>)}</dl>;
}

/** The same in one line. */
export function useCame(from: Provenance): string {
  const { t } = useTranslation();
  const parts = [from.post?.text ? t('came.on', { post: from.post.text.split('\n')[0] }) : from.comment ? t('came.plain') : '', from.trigger ? t('came.by', { trigger: from.trigger.text }) : ''];
  return parts.filter(Boolean).join(', ');
}
