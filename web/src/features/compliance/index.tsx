import { Button, Group, Modal, Stack, Textarea } from '@mantine/core';
import { IconShieldCheck } from '@tabler/icons-react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '@/api/errors';
import { useCan } from '@/api/session';
import type { Channel, ComplianceItem } from '@/api/types';
import { codeText } from '@/i18n';
import { dateTime, labelled, quoted } from '@/ui/format';
import { useNamed } from '@/ui/named';
import { Ago, ChannelMark, channelNames, PageBody, PageHead, Tag, type Tone } from '@/ui/parts';
import { Row, Views } from '@/ui/rows';
import rows from '@/ui/rows.module.css';
import { Sep } from '@/ui/sep';
import { Empty, Failure, Loaded } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { called } from '@/ui/who';
import { useCompliance, useResolve, type View } from './queries';

const route = getRouteApi('/compliance');
const tone: Record<ComplianceItem['level'], Tone> = { waiting: 'plain', alarm: 'warn', breach: 'bad', resolved: 'good' };

/** Complaints and requests that owner and admin answer by a deadline. */
export default function Compliance() {
  const { t } = useTranslation();
  const allowed = useCan('configure');
  const view: View = route.useSearch().view ?? 'open';
  const navigate = route.useNavigate();
  if (!allowed) return <Failure error={new ApiError(403, {})} />;
  return (
    <PageBody>
      <PageHead title={t('compliance.title')}>{t('compliance.lead')}</PageHead>
      <Views of={t('compliance.title')} value={view} onView={(v) => void navigate({ search: { view: v === 'open' ? undefined : v }, replace: true })} views={[{ value: 'open', label: t('compliance.open') }, { value: 'resolved', label: t('compliance.resolved') }]} />
      <Items view={view} />
    </PageBody>
  );
}

function Items({ view }: { view: View }) {
  const { t } = useTranslation();
  const query = useCompliance(view);
  const [closing, setClosing] = useState<ComplianceItem>();
  return (
    <>
      <Loaded query={query} rows={4}>
        {(page) => page.items.length === 0
          ? <div className="panel"><Empty title={t('compliance.none')} icon={<IconShieldCheck size={26} stroke={1.4} aria-hidden />}>{t('compliance.none_text')}</Empty></div>
          : <ul className={`panel ${rows.rows}`} aria-label={t('compliance.title')}>{page.items.map((i) => <Item key={i.id} i={i} onClose={() => setClosing(i)} />)}</ul>}
      </Loaded>
      {closing && <Resolve item={closing} onClose={() => setClosing(undefined)} />}
    </>
  );
}

function Item({ i, onClose }: { i: ComplianceItem; onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const named = useNamed();
  const channel = i.channel in channelNames ? (i.channel as Channel) : undefined;
  return (
    <Row mark={channel && <ChannelMark channel={channel} size={20} />} side={<><Tag tone={tone[i.level]}>{t(`compliance_level.${i.level}`)}</Tag>{i.level !== 'resolved' && <Button size="compact-sm" variant="default" {...named(t('compliance.close'), t(`compliance_kind.${i.kind}`), i.contact_name || i.account_name || i.detail, dateTime(i.opened_at, i18n.language))} onClick={onClose}>{t('compliance.close')}</Button>}</>}>
      <strong>{t(`compliance_kind.${i.kind}`)}<Sep /><Subject i={i} /></strong>
      {i.kind === 'unreachable' && <p className="said">{codeText('compliance_lost', i.matched)}</p>}
      <small>
        {i.kind === 'unreachable' ? i.until && <span>{t('compliance.until', { at: dateTime(i.until, i18n.language) })}</span> : <span>{quoted(i.matched, i18n.language)}</span>}<span><Ago at={i.opened_at} /></span>
        {i.level !== 'resolved' && <span>{t('compliance.due', { at: dateTime(i.due_at, i18n.language), last: dateTime(i.breach_at, i18n.language) })}</span>}
        {i.conversation_id && <Link to="/inbox" search={{ view: 'all', id: i.conversation_id }}>{t('compliance.conversation')}</Link>}
        {i.comment_id && <Link to="/moderation" search={{ queue: 'all', id: i.comment_id }}>{t('compliance.comment')}</Link>}
      </small>
      {i.resolution && <p className="said" dir="auto">{i.resolution}{i.resolved_by && <small> – {i.resolved_by}</small>}</p>}
    </Row>
  );
}

/** Whom or what it is about: a person, somebody the network withholds, an account or the brand's contact. */
function Subject({ i }: { i: ComplianceItem }) {
  const { t } = useTranslation();
  if (i.contact_id) return <Link to="/contacts/$id" params={{ id: String(i.contact_id) }} dir="auto">{called({ name: i.contact_name, erased: i.contact_erased })}</Link>;
  if (i.account_id) return <Link to="/accounts">{i.account_name}</Link>;
  return i.kind === 'unreachable' ? <>{t('compliance.contact')} <span dir="auto">{i.detail}</span></> : <>{t('compliance.withheld')}</>;
}

function Resolve({ item, onClose }: { item: ComplianceItem; onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const [text, setText] = useState('');
  const resolve = useResolve();
  const submit = () => resolve.mutate({ id: item.id, resolution: text.trim() }, { onSuccess: () => { told(t('compliance.closed')); onClose(); }, onError: failed });
  return (
    <Modal opened onClose={onClose} title={labelled(codeText('compliance_kind', item.kind), item.contact_name || item.account_name || item.detail || called({ name: '', erased: item.contact_erased }), i18n.language)} closeButtonProps={{ 'aria-label': t('act.close') }}>
      <form onSubmit={(e) => { e.preventDefault(); submit(); }}>
        <Stack gap="sm">
          <Textarea label={t('compliance.what')} description={t('compliance.what_text')} autosize minRows={3} maxLength={1000} value={text} onChange={(e) => setText(e.currentTarget.value)} data-autofocus />
          <Group justify="flex-end"><Button variant="default" onClick={onClose}>{t('act.cancel')}</Button><Button type="submit" disabled={text.trim().length < 3} loading={resolve.isPending}>{t('compliance.close')}</Button></Group>
        </Stack>
      </form>
    </Modal>
  );
}
