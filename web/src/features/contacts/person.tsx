import { Button, Group, Loader } from '@mantine/core';
import { IconArrowLeft, IconArrowMerge, IconEraser } from '@tabler/icons-react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useLedger } from '@/api/consent';
import { usePerson } from '@/api/person';
import { useCan } from '@/api/session';
import type { ContactDetail } from '@/api/types';
import { ConsentStates } from '@/ui/consent';
import { date } from '@/ui/format';
import { Identity, identityName } from '@/ui/identity';
import { Journey } from '@/ui/journey';
import { LedgerRow } from '@/ui/ledger-row';
import { Ago, ChannelMark, PageBody, PageHead, Tag } from '@/ui/parts';
import { PersonFacts } from '@/ui/person';
import { PersonBookings } from '@/ui/person-bookings';
import { Rows } from '@/ui/rows';
import { Sep } from '@/ui/sep';
import { Empty, Loaded } from '@/ui/states';
import { Timeline } from '@/ui/timeline';
import { called } from '@/ui/who';
import { isHarmful, VeiledLine } from '@/ui/veil';
import { Preview } from '@/ui/words';
import css from './contacts.module.css';
import { Duplicates } from './duplicates';
import { Erase } from './erase';
import { MergeDialog, Merges } from './merge';
import { Proof } from './proof';
import { useErasure } from './queries';

const route = getRouteApi('/contacts/$id');

/** One person: who they are on each network and why we think so, what they agreed to, what was said. */
export default function Person() {
  const { t } = useTranslation();
  const { id } = route.useParams();
  const query = usePerson(Number(id));
  return (
    <PageBody>
      <p style={{ margin: '0 0 10px' }}><Link to="/contacts" className={css.back}><IconArrowLeft size={15} aria-hidden />{t('contacts.title')}</Link></p>
      <Loaded query={query} rows={6}>{(c) => <Opened key={c.id} c={c} />}</Loaded>
    </PageBody>
  );
}

function Opened({ c }: { c: ContactDetail }) {
  const { t, i18n } = useTranslation();
  const configure = useCan('configure');
  const audit = useCan('audit');
  const converse = useCan('converse');
  const [erasing, setErasing] = useState(false);
  const [merging, setMerging] = useState(false);
  const first = c.identities[0];
  const erased = c.erased && !c.name;
  const name = c.name || (!erased && !c.known && first ? identityName(first) : called(c));
  return (
    <>
      <PageHead title={name} action={!erased && (
        <Group gap={8}>
          {converse && <Button variant="default" leftSection={<IconArrowMerge size={16} aria-hidden />} onClick={() => setMerging(true)}>{t('merge.do')}</Button>}
          {configure && <Button variant="default" color="red" leftSection={<IconEraser size={16} aria-hidden />} onClick={() => setErasing(true)}>{t('contacts.erase')}</Button>}
        </Group>
      )}>
        {c.blocked_at && <Tag tone="bad">{t('contacts.blocked')}</Tag>}
      </PageHead>
      {c.erased && configure && <Emptying contact={c.id} />}
      <div className={css.grid}>
        <div className={css.column}>
          <Block title={t('inbox.contact')}>
            {erased ? <small>{t('contacts.since')} {date(c.created_at, i18n.language)}</small> : <PersonFacts person={c} after={[[t('contacts.since'), date(c.created_at, i18n.language)]]} />}
          </Block>
          <Block title={t('contact.identities')}><ul className="entries">{c.identities.map((i) => <Identity key={i.id} i={i} />)}</ul><Merges contact={c.id} /></Block>
          {converse && !erased && <Duplicates contact={c.id} />}
          {!erased && <Block title={t('contact.consent')}><ConsentStates contact={c.id} states={c.consent} />{configure && <Proof contact={c.id} />}</Block>}
        </div>
        <div className={css.column}>
          <Block title={t('inbox.title')}>
            {c.conversations.length === 0 && <small>{t('contacts.no_conversations')}</small>}
            <ul className="entries">{c.conversations.map((e) => <li key={e.id}><ChannelMark channel={e.channel} /><div style={{ minWidth: 0 }}><Link to="/inbox" search={{ view: 'all', id: e.id }} className={css.talk} dir="auto">{e.preview ? <VeiledLine harmful={isHarmful(e.preview_harm)}><Preview text={e.preview} /></VeiledLine> : t('inbox.no_text')}</Link><small><Ago at={e.opened_at} /><Sep />{t(e.resolved_at ? 'inbox.resolved' : 'inbox.open')}</small></div></li>)}</ul>
            <p className={css.links}><Link to="/moderation" search={{ queue: 'all', contact: c.id }}>{t('contact.comments')}</Link><Sep /><Link to="/outbox" search={{ view: 'all', contact: c.id }}>{t('contacts.outgoing')}</Link></p>
          </Block>
          {!erased && <Block title={t('person.bookings')}><PersonBookings contact={c.id} /></Block>}
          <Block title={t('contact.journey')}><Journey steps={c.journey} /></Block>
        </div>
      </div>
      <section style={{ marginTop: 22 }} aria-label={t('timeline.title')}><div className={css.title}><h2>{t('timeline.title')}</h2></div><div className={`panel ${css.block}`}><Timeline contact={c.id} beside={['contact', c.id]} /></div></section>
      {audit && <Ledger contact={c.id} />}
      {merging && <MergeDialog into={c} onClose={() => setMerging(false)} />}
      {erasing && <Erase id={c.id} name={name} onClose={() => setErasing(false)} />}
    </>
  );
}

/** While what names an erased person elsewhere is still being emptied. */
function Emptying({ contact }: { contact: number }) {
  const { t } = useTranslation();
  const under = useErasure(contact, true).data?.under_way;
  return <p role="status" className={css.emptying}>{under && <><Loader size={14} aria-hidden />{t('contacts.emptying')}</>}</p>;
}

function Ledger({ contact }: { contact: number }) {
  const { t } = useTranslation();
  const list = useLedger(contact);
  if (list.query.isSuccess && list.items.length === 0) return null;
  return (
    <section style={{ marginTop: 22 }}>
      <div className={css.title}><h2>{t('ledger.title')}</h2><Link to="/consent">{t('ledger.verify')}</Link></div>
      <Rows list={list} label={t('ledger.title')} empty={<Empty title={t('contact.consent_none')} />}>{(e) => <LedgerRow key={e.seq} e={e} person={false} />}</Rows>
    </section>
  );
}

function Block({ title, children }: { title: string; children: ReactNode }) {
  return <section className={`panel ${css.block}`}><h2>{title}</h2>{children}</section>;
}
