import { Button, Popover, TagsInput } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useCan } from '@/api/session';
import type { ConsentState, ConversationDetail, IdentityPanel } from '@/api/types';
import { codeText } from '@/i18n';
import { languageName } from '@/ui/format';
import { Ago, ChannelMark, channelNames, Facts, Tag, type Tone } from '@/ui/parts';
import { failed, told } from '@/ui/toast';
import { Preview } from '@/ui/words';
import { ConsentForm } from './consent-form';
import css from './inbox.module.css';
import { useLabels, useUnjoin } from './queries';
import { nameOf } from './talk';

/** The person: who they are on each network and how we know, what they agreed to, how they came here. */
export function ContactPanel({ c, onOpen }: { c: ConversationDetail; onOpen: (id: number) => void }) {
  const { t, i18n } = useTranslation();
  const converse = useCan('converse');
  const labels = useLabels(c.id);
  return (
    <>
      <section className={css.section}>
        <h3>{t('inbox.contact')}</h3>
        <Facts rows={[[t('contact.name'), <span key="n" dir="auto">{nameOf(c)}</span>], [t('contact.language'), languageName(c.contact.language || c.language, i18n.language)], [t('contact.team'), c.team]]} />
        <TagsInput mt={10} size="xs" label={t('contact.labels')} value={c.labels} readOnly={!converse} onChange={(next) => labels.mutate(next, { onError: failed })} />
      </section>
      <section className={css.section}>
        <h3>{t('contact.identities')}</h3>
        <ul className={css.rows}>{c.identities.map((i) => <Identity key={i.id} i={i} conversation={c.id} converse={converse} />)}</ul>
      </section>
      <Consent c={c} converse={converse} />
      <section className={css.section}>
        <h3>{t('contact.journey')}</h3>
        {c.journey.length === 0 && <small>{t('contact.journey_none')}</small>}
        <ul className={css.rows}>
          {c.journey.map((j, n) => <li key={n}><ChannelMark channel={j.channel} /><div dir="auto">{codeText('journey', j.what)}<small><Ago at={j.at} /></small></div></li>)}
        </ul>
        <Link to="/moderation" search={{ queue: 'all', contact: c.contact.id }} style={{ fontSize: '0.8125rem', display: 'inline-block', marginTop: 8 }}>{t('contact.comments')}</Link>
      </section>
      {c.earlier.length > 0 && (
        <section className={css.section}>
          <h3>{t('contact.earlier')}</h3>
          <ul className={css.rows}>
            {c.earlier.map((e) => <li key={e.id}><ChannelMark channel={e.channel} /><div><Button variant="transparent" p={0} h="auto" maw="100%" onClick={() => onOpen(e.id)}><span className="clip" dir="auto">{e.preview ? <Preview text={e.preview} /> : t('inbox.no_text')}</span></Button><small><Ago at={e.opened_at} /></small></div></li>)}
          </ul>
        </section>
      )}
    </>
  );
}

/** One identity; where it was joined to this person, the evidence and a way to part them again. */
function Identity({ i, conversation, converse }: { i: IdentityPanel; conversation: number; converse: boolean }) {
  const { t } = useTranslation();
  const unjoin = useUnjoin(conversation);
  const [sure, setSure] = useState(false);
  const join = i.join;
  return (
    <li>
      <ChannelMark channel={i.channel} />
      <div style={{ minWidth: 0 }}>
        <span dir="auto">{i.username ? `@${i.username}` : i.phone || i.name || channelNames[i.channel]}</span>
        {i.username && i.phone && <small>{i.phone}</small>}
        {join && (
          <>
            <small>{t('contact.joined', { how: codeText('join_how', join.how) })} · <Ago at={join.at} /></small>
            {join.evidence && <small>{join.evidence}</small>}
            {converse && (
              <Popover opened={sure} onChange={setSure} withArrow width={250} trapFocus>
                <Popover.Target><Button size="compact-xs" variant="default" mt={4} onClick={() => setSure(!sure)}>{t('contact.unjoin')}</Button></Popover.Target>
                <Popover.Dropdown>
                  <p style={{ margin: '0 0 8px', fontSize: '0.8125rem' }}>{t('contact.unjoin_text')}</p>
                  <Button size="compact-sm" loading={unjoin.isPending} onClick={() => unjoin.mutate({ identity: i.id, join: join.id }, { onSuccess: () => { setSure(false); told(t('contact.unjoined')); }, onError: failed })}>{t('contact.unjoin_do')}</Button>
                </Popover.Dropdown>
              </Popover>
            )}
          </>
        )}
      </div>
    </li>
  );
}

const tone: Record<ConsentState['state'], Tone> = { granted: 'good', withdrawn: 'bad', doubt: 'warn', none: 'plain' };

function Consent({ c, converse }: { c: ConversationDetail; converse: boolean }) {
  const { t } = useTranslation();
  const [form, setForm] = useState(false);
  const known = c.consent.filter((s) => s.state !== 'none');
  return (
    <section className={css.section}>
      <h3>{t('contact.consent')}</h3>
      {known.length === 0 && <small>{t('contact.consent_none')}</small>}
      <ul className={css.rows}>
        {known.map((s) => (
          <li key={`${s.channel}-${s.purpose}`} style={{ gridTemplateColumns: 'minmax(0,1fr)' }}>
            <div>
              <Tag tone={tone[s.state]}>{t(`consent.${s.state}`)}</Tag> {codeText('purpose', s.purpose)} · {channelNames[s.channel] ?? codeText('consent_channel', s.channel)}
              {s.since && <small><Ago at={s.since} />{s.how ? ` · ${codeText('how', s.how)}` : ''}{s.seq ? ` · ${t('contact.entry', { n: s.seq })}` : ''}</small>}
              {s.wording && <small className="clip2" dir="auto" title={s.wording}>“{s.wording}”</small>}
            </div>
          </li>
        ))}
      </ul>
      {converse && <Button size="compact-xs" variant="default" mt={10} onClick={() => setForm(true)}>{t('contact.record')}</Button>}
      {form && <ConsentForm c={c} onClose={() => setForm(false)} />}
    </section>
  );
}
