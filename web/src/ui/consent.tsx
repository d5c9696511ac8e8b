import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useCan } from '@/api/session';
import type { ConsentState } from '@/api/types';
import { codeText } from '@/i18n';
import { ConsentForm } from './consent-form';
import { quoted } from './format';
import { Ago, channelNames, Tag, type Tone } from './parts';
import { Sep } from './sep';

const tone: Record<ConsentState['state'], Tone> = { granted: 'good', refused: 'bad', withdrawn: 'bad', doubt: 'warn', none: 'plain' };

/** What a person agreed to on which channel, with the wording they answered; and a way to record what they said elsewhere. */
export function ConsentStates({ contact, states }: { contact: number; states: ConsentState[] }) {
  const { t, i18n } = useTranslation();
  const converse = useCan('converse');
  const [form, setForm] = useState(false);
  const known = states.filter((s) => s.state !== 'none');
  return (
    <>
      {known.length === 0 && <small>{t('contact.consent_none')}</small>}
      <ul className="entries">
        {known.map((s) => (
          <li key={`${s.channel}-${s.purpose}`} style={{ gridTemplateColumns: 'minmax(0,1fr)' }}>
            <div>
              <Tag tone={tone[s.state]}>{t(`consent.${s.state}`)}</Tag> {codeText('purpose', s.purpose)}<Sep />{channelNames[s.channel] ?? codeText('consent_channel', s.channel)}
              {s.since && <small><Ago at={s.since} />{s.how ? <><Sep />{codeText('how', s.how)}</> : ''}{s.seq ? <><Sep />{t('contact.entry', { n: s.seq })}</> : ''}</small>}
              {s.wording && <small className="clip2" dir="auto" title={s.wording}>{quoted(s.wording, i18n.language)}</small>}
            </div>
          </li>
        ))}
      </ul>
      {converse && <Button size="compact-sm" variant="default" mt={10} onClick={() => setForm(true)}>{t('contact.record')}</Button>}
      {form && <ConsentForm contact={contact} onClose={() => setForm(false)} />}
    </>
  );
}
