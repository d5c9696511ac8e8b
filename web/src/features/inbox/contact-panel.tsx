import { Button, TagsInput } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useCan } from '@/api/session';
import type { ConsentState, ConversationDetail } from '@/api/types';
import { codeText } from '@/i18n';
import { languageName } from '@/ui/format';
import { Ago, ChannelMark, channelNames, Facts, Tag, type Tone } from '@/ui/parts';
import { Identity } from '@/ui/identity';
import { failed } from '@/ui/toast';
import { Preview } from '@/ui/words';
import { ConsentForm } from './consent-form';
import css from './inbox.module.css';
import { useLabels } from './queries';
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
        <ul className={css.rows}>{c.identities.map((i) => <Identity key={i.id} i={i} />)}</ul>
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
