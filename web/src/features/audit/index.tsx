import { IconHistory } from '@tabler/icons-react';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { api, unwrap } from '@/api/client';
import { ApiError } from '@/api/errors';
import { usePaged } from '@/api/paged';
import { useCan } from '@/api/session';
import type { AuditLine, Page } from '@/api/types';
import { codeText } from '@/i18n';
import { said } from '@/i18n/said';
import { dateTime, languageName } from '@/ui/format';
import { Ago, PageBody, PageHead } from '@/ui/parts';
import { Row, Rows } from '@/ui/rows';
import { Empty, Failure } from '@/ui/states';

const route = getRouteApi('/audit');
/** Who changed what, the newest first. */
export default function Audit() {
  const { t } = useTranslation();
  const audit = useCan('audit');
  const { object } = route.useSearch();
  const list = usePaged<AuditLine>(['audit', object], (cursor) => unwrap<Page<AuditLine>>(api.GET('/audit', { params: { query: { limit: 50, ...(object ? { object } : {}), ...(cursor ? { cursor } : {}) } } })), audit);
  if (!audit) return <Failure error={new ApiError(403, {})} />;
  return (
    <PageBody>
      <PageHead title={t('audit.title')}>{t('audit.lead')}</PageHead>
      {object && <p><ObjectName object={object} /> <Link to="/audit">{t('audit.everything')}</Link></p>}
      <Rows list={list} label={t('audit.title')} empty={<Empty title={t('audit.none')} icon={<IconHistory size={26} stroke={1.4} aria-hidden />} />}>
        {(l) => <Line key={l.id} l={l} />}
      </Rows>
    </PageBody>
  );
}

function Line({ l }: { l: AuditLine }) {
  const { t, i18n } = useTranslation();
  const details = Object.entries(l.detail).filter(([k, v]) => v !== null && v !== '' && !rowNumbers.includes(k)).map(([k, v]) => `${codeText('audit_detail', k)}: ${k === 'override' ? said(l.override_parts, String(v)) : k === 'language' ? languageName(String(v), i18n.language) || String(v) : shown(v)}`);
  return (
    <Row side={<span title={dateTime(l.at, i18n.language)}><Ago at={l.at} /></span>}>
      <strong>{codeText('audit_verb', l.verb)}</strong>
      <small>
        <span>{l.name && l.name !== l.actor ? l.name : actorName(l.actor, t)}</span>
        <span dir="auto">{l.whom || <ObjectName object={l.object} />}</span>
        {details.length > 0 && <span dir="auto">{details.join(', ')}</span>}
        <span><Link to="/audit" search={{ object: l.object }}>{t('audit.same')}</Link></span>
      </small>
    </Row>
  );
}

/** Numbers of rows, which say nothing to a reader; the API has them. */
const rowNumbers = ['action', 'backtest', 'comment', 'conversation', 'join', 'members', 'merge', 'template', 'verdict'];

/** A value of the detail as words. */
function shown(v: unknown): string {
  if (Array.isArray(v)) return v.map(shown).join(', ');
  return typeof v === 'object' ? JSON.stringify(v) : codeText('audit_value', String(v));
}

/** The service itself, or a program with a token. */
function actorName(actor: string, t: (key: string, o?: Record<string, unknown>) => string): string {
  const [kind = '', id = ''] = actor.split(':');
  if (kind === 'user') return t('audit.former', { n: id });
  if (kind === 'token') return t('audit.token', { n: id });
  return codeText('audit_actor', kind);
}

/** What was changed, as a way to it where there is a screen of it. */
function ObjectName({ object }: { object: string }) {
  const [kind = '', id = ''] = object.split(':');
  const n = Number(id);
  const text = [codeText('audit_object', kind), id].filter(Boolean).join(' ');
  const links: Record<string, ReactNode> = {
    comment: <Link to="/moderation" search={{ queue: 'all', id: n }}>{text}</Link>,
    conversation: <Link to="/inbox" search={{ view: 'all', id: n }}>{text}</Link>,
    contact: <Link to="/contacts/$id" params={{ id }}>{text}</Link>,
    trigger: <Link to="/triggers/$id" params={{ id }}>{text}</Link>,
  };
  return Number.isInteger(n) && n > 0 ? (links[kind] ?? text) : text;
}
